/*
 * The columns of an export, by their names as compared everywhere (text_normalize).
 */
#ifndef CSV_HEADER_H
#define CSV_HEADER_H

#include "base/status.h"
#include "csv/names.h"
#include "csv/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct csv_header;

#define CSV_NO_COLUMN SIZE_MAX

enum { CSV_QUOTED_MOST = 100 }; /* bytes between the quotes */

/* Takes the names from a parsed record; any number of columns may have none. The header is the
 * caller's, to be given to csv_header_free; NULL on error. STATUS_DATA for a name that occurs
 * twice; the sentence says which, not where. */
enum status csv_header_new(const struct csv_record *record, struct csv_header **header,
                           struct failure *failure);

/* NULL is harmless. */
void csv_header_free(struct csv_header *header);

size_t csv_header_count(const struct csv_header *header);

/* The normalized name of a column. Borrowed. */
struct csv_value csv_header_name(const struct csv_header *header, size_t column);

/* A name as messages have it: in quotes, which nothing in it ends, and cut. */
struct csv_quoted {
    char text[CSV_QUOTED_MOST + 3];
};
struct csv_quoted csv_header_quote(const char *name);

/* The column of that normalized name; CSV_NO_COLUMN when there is none. Of those without a name,
 * the first that is not left out. */
size_t csv_header_find(const struct csv_header *header, const char *name);

/* The columns of those names that there are, in the order of the names; none when the header is
 * NULL. The array is the caller's, to be freed. False, and NULL, without memory. */
bool csv_header_find_all(const struct csv_header *header, const struct csv_names *names,
                         size_t **columns, size_t *count);

/* Leaves a column out, which is known to hold nothing: whoever goes through all of them passes it
 * over. Whether it was. */
void csv_header_leave_out(struct csv_header *header, size_t column);
bool csv_header_is_left_out(const struct csv_header *header, size_t column);

#endif
