/*
 * An export split into its rows and checked from end to end, before anybody looks at one of them:
 * UTF-8, strict quoting, and as many fields in every row as in the header.
 */
#ifndef CSV_SPLIT_H
#define CSV_SPLIT_H

#include "base/status.h"
#include "csv/rules.h"
#include "csv/table.h"
#include "csv/text.h"

#include <stdint.h>

/* How to look at the bytes: with the widest vectors of the processor, with those of 32 bytes, of
 * 16, without any, or record by record with the parser. The answers are the same, which the tests
 * prove. */
enum csv_way { CSV_BEST, CSV_WIDE, CSV_NARROW, CSV_WORDS, CSV_PLAIN };

/* Which of the rules count for a file: all; or its keys alone, and then every row that has one is a
 * member, as in what was a list of members already. */
enum csv_scope { CSV_KEYS, CSV_RULES };

/* Splits and checks the text by the rules. A text without a record has no header and no rows, one
 * with only a header need not have a key's column. Columns without a name that are empty throughout
 * are left out (csv_header_leave_out). The table is the caller's, to be given to csv_table_free;
 * NULL on error. STATUS_DATA: "place: what is wrong; what to do" (csv_text_place), for the first
 * thing that is wrong. */
enum status csv_split(const struct csv_text *text, const struct csv_rules *rules,
                      enum csv_scope scope, uint64_t seed, enum csv_way way,
                      struct csv_table **table, struct failure *failure);

#endif
