/*
 * The fast way through an export; csv_split falls back to the plain one wherever it declines.
 */
#ifndef CSV_SCAN_H
#define CSV_SCAN_H

#include "csv/split.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Splits the rows behind the header, which ends at `at`, into `table`, whose header and key are set
 * and which has no rows yet. False, and still no rows, when anything is wrong with any of them or
 * memory ran out: the plain way finds out what. */
bool csv_scan_rows(struct csv_table *table, size_t at, uint64_t seed, enum csv_way way);

#endif
