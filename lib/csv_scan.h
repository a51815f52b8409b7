/*
 * The fast way through an export; csv_split falls back to the plain one wherever it declines.
 */
#ifndef CSV_SCAN_H
#define CSV_SCAN_H

#include "csv_split.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Splits the rows behind the header, which ends at `at`, into `table`, whose header and key are set
 * and which has no rows yet. False, and still no rows, when anything is wrong with any of them or
 * memory ran out: the plain way finds out what. */
bool csv_scan_rows(struct csv_table *table, size_t at, uint64_t seed, enum csv_way way);

/* A field as it is written. */
struct csv_span {
    const char *bytes;
    size_t length;
};

/* Cuts one checked row, without its line end, into at most `most` fields; returns how many there
 * are. */
size_t csv_scan_fields(const char *bytes, size_t length, struct csv_span *fields, size_t most);

/* Takes blanks and quotes off a field: what is left is its value. False when only the parser can
 * tell, for it holds quotes. */
bool csv_scan_value(struct csv_span *field);

/* A value as text_normalize trims it. */
struct csv_span csv_scan_trimmed(struct csv_span value);

#endif
