/*
 * Lists of column names, as options and settings have them.
 */
#ifndef CSV_NAMES_H
#define CSV_NAMES_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

/* Starts as {0}; the names are normalized (text_normalize), and owned. */
struct csv_names {
    char **names;
    size_t count;
};

/* Adds the names of a list, which commas or newlines separate. A name that holds one of these, or
 * begins with a quote, stands in quotes, with each quote in it doubled. STATUS_USAGE when a quote
 * is not closed or there is no name in the list, STATUS_IO when memory runs out. */
enum status csv_names_add(struct csv_names *names, const char *list);

/* Frees the names, and leaves none. */
void csv_names_free(struct csv_names *names);

/* Whether a normalized name is among them. */
bool csv_names_have(const struct csv_names *names, const char *name);

/* Reads one item of a list: up to one of the bytes in `ends` or the end of the text, or what stands
 * in quotes before that. `*text` moves behind the item, to that byte. The item, with quotes undone
 * and not trimmed, is the caller's to free; NULL when a quote is not closed, text stands behind a
 * closing one (`*text` is NULL then), or memory runs out. */
char *csv_names_item(const char **text, const char *ends);

#endif
