/*
 * A checked row cut into its fields as they are written, and what they mean where that is plain to
 * see. Where it is not, the parser tells (csv/record.h).
 */
#ifndef CSV_FIELDS_H
#define CSV_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

/* What may stand around a field, and what ends a row. */
static inline bool csv_is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static inline bool csv_is_line_end(char byte)
{
    return byte == '\n' || byte == '\r';
}

/* A field as it is written. */
struct csv_span {
    const char *bytes;
    size_t length;
};

/* Cuts one checked row, without its line end, into at most `most` fields; returns how many there
 * are. */
size_t csv_fields_cut(const char *bytes, size_t length, struct csv_span *fields, size_t most);

/* Takes blanks and quotes off a field, also blanks in quotes: what is left is its value. False when
 * only the parser can tell, for it holds quotes. */
bool csv_field_value(struct csv_span *field);

/* Whether a field has a value that is not empty. */
bool csv_field_has_value(struct csv_span field);

#endif
