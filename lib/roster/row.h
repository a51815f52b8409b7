/*
 * A member's row as a roster keeps it: two lines of CSV, the columns' names and the values. So a
 * dump is a header and then bytes as they lie, and the names are stored once for all members that
 * have the same.
 */
#ifndef ROSTER_ROW_H
#define ROSTER_ROW_H

#include "base/status.h"
#include "base/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Appends a field: in quotes where it would not be read back as it is without (RFC 4180; blanks at
 * the ends are padding to csv-diff). False as buffer_append. */
bool row_append_field(struct buffer *line, const char *text, size_t length);

/* Appends the names and the values of an object of strings without NUL, a line each, without a
 * newline. False without memory. */
bool row_write(const json_t *row, struct buffer *columns, struct buffer *values);

/* The same, in place of what the buffers hold, of an object that is JSON still, as rosters of the
 * schema before keep it. STATUS_DATA when it is none, STATUS_IO without memory. */
enum status row_write_text(const char *json, struct buffer *columns, struct buffer *values);

/* The fields of a line as an array of strings, a new reference; NULL without memory, or when it is
 * no line that row_write makes. */
json_t *row_fields(const char *line, size_t length);

#endif
