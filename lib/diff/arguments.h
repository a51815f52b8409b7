/*
 * What csv-diff's options take: names of columns, a column's value, a limit. For `take` in struct
 * option_line (base/options.h): `into` is what the name of the function says, and starts zeroed.
 * STATUS_USAGE for a text that is not of that form, STATUS_IO without memory.
 */
#ifndef DIFF_ARGUMENTS_H
#define DIFF_ARGUMENTS_H

#include "base/status.h"
#include "diff/diff.h"

/* A column's value: "COLUMN=VALUE" cut in two, the column normalized. `column` owns both. */
struct diff_column_value {
    char *column;
    const char *value;
};

/* Adds the names of a list to a struct csv_names, as csv_names_add does. */
enum status diff_take_names(void *into, const char *argument);

/* Adds to a struct csv_conditions, as csv_conditions_add does. */
enum status diff_take_conditions(void *into, const char *argument);

/* A struct diff_column_value, in place of the one before, whose `column` is freed. */
enum status diff_take_column_value(void *into, const char *argument);

/* "N" or "P%", a struct diff_limit; of a share, what is less than a millionth of a percent is cut
 * off. */
enum status diff_take_limit(void *into, const char *argument);

#endif
