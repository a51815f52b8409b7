/*
 * What csv-diff's options take: names of columns, a column's value, a limit. For `take` in struct
 * option_line (base/options.h): `into` is what the name of the function says, and starts zeroed.
 * STATUS_USAGE for a text that is not of that form, STATUS_IO without memory.
 */
#ifndef DIFF_ARGUMENTS_H
#define DIFF_ARGUMENTS_H

#include "base/status.h"
#include "diff/diff.h"

#include <stddef.h>

/* Names of columns, normalized (text_normalize); to be given to diff_names_free. */
struct diff_names {
    char **names;
    size_t count;
};

/* A column's value: "COLUMN=VALUE" cut in two, the column normalized. `column` owns both. */
struct diff_column_value {
    char *column;
    const char *value;
};

/* One name, into a char *, in place of the one before, which is freed; owned by the caller. */
enum status diff_take_name(void *into, const char *argument);

/* Adds the names of a list, which commas or newlines separate, to a struct diff_names; a name in
 * CSV's quotes may hold these. */
enum status diff_take_names(void *into, const char *argument);

/* Starting zeroed is harmless. */
void diff_names_free(struct diff_names *names);

/* A struct diff_column_value, in place of the one before, whose `column` is freed. */
enum status diff_take_column_value(void *into, const char *argument);

/* "N" or "P%", a struct diff_limit; of a share, what is less than a millionth of a percent is cut
 * off. */
enum status diff_take_limit(void *into, const char *argument);

#endif
