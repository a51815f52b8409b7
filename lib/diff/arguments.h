/*
 * Options whose argument names columns, says which rows count, or limits how many may lapse, as
 * lines of a program's table (base/options.h). Each takes the option's long name, its letter ('\0'
 * for none) and its help, all borrowed; `into` is borrowed until the command line is read, starts
 * zeroed, and what is put there is the caller's. An argument of another form is told as an error of
 * usage.
 */
#ifndef DIFF_ARGUMENTS_H
#define DIFF_ARGUMENTS_H

#include "base/options.h"
#include "diff/diff.h"

/* A column's value: "COLUMN=VALUE" cut in two, the column normalized. `column` owns both. */
struct diff_column_value {
    char *column;
    const char *value;
};

/* "COLUMN,...": adds the names of the list, as csv_names_add does. */
struct option_line diff_option_names(const char *name, char letter, struct csv_names *into,
                                     const char *help);

/* "COLUMN=VALUE,...": adds the conditions, as csv_conditions_add does. */
struct option_line diff_option_conditions(const char *name, char letter,
                                          struct csv_conditions *into, const char *help);

/* "COLUMN=VALUE", in place of the one before, whose `column` is freed. */
struct option_line diff_option_column_value(const char *name, char letter,
                                            struct diff_column_value *into, const char *help);

/* "N|P%"; of a share, what is less than a millionth of a percent is cut off. */
struct option_line diff_option_limit(const char *name, char letter, struct diff_limit *into,
                                     const char *help);

#endif
