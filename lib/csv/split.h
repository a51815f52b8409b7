/*
 * An export split into its rows and checked from end to end, before anybody looks at one of them:
 * UTF-8, strict quoting, and as many fields in every row as in the header.
 *
 * A row is kept as where it begins and the hash of its key, 16 bytes; its fields are parsed again
 * when they are needed (csv_record.h).
 */
#ifndef CSV_SPLIT_H
#define CSV_SPLIT_H

#include "base/status.h"
#include "csv/header.h"
#include "csv/record.h"
#include "csv/rules.h"
#include "csv/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How to look at the bytes: with the widest vectors of the processor, with those of 32 bytes, of
 * 16, without any, or record by record with the parser. The answers are the same, which the tests
 * prove. */
enum csv_way { CSV_BEST, CSV_WIDE, CSV_NARROW, CSV_WORDS, CSV_PLAIN };

struct csv_row {
    uint64_t start; /* offset of its first byte */
    uint64_t key;   /* key_hash of its normalized key, or one of the two below. Whoever compares may
                       keep a number of his own here. */
};

/* What stands in place of the hash of a row that is of no use: its key is empty or, where it must
 * be one, no address; or it does not meet the conditions, and is as if it were not there. */
#define CSV_ROW_SKIPPED ((uint64_t)0)
#define CSV_ROW_OTHER (UINT64_MAX - 1)

/* All borrowed from the table, but the text and the rules, which must outlive it. */
struct csv_table {
    const struct csv_text *text;
    struct csv_header *header; /* NULL for a text without any record */
    size_t key;                /* the first of the keys' columns; CSV_NO_COLUMN only without rows */
    size_t *keys;              /* those of the rules' key columns that there are, in their order */
    size_t key_count;
    struct csv_screen *screen; /* the conditions on rows; NULL without any */
    bool addresses;            /* keys must be addresses */
    struct csv_row *rows;
    size_t count;
    size_t others; /* how many rows do not meet the conditions */
    size_t room;   /* of rows; for csv_table_add */
};

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

/* The key of a parsed record of the table, as it is written: the first of its keys' columns that is
 * not empty. */
struct csv_value csv_table_key(const struct csv_table *table, const struct csv_record *record);

/* Adds a row. False when memory runs out. For those that split. */
bool csv_table_add(struct csv_table *table, uint64_t start, uint64_t key);

/* What csv_row.key is to be for a parsed record, whose key is normalized where it stands. For those
 * that split. */
uint64_t csv_table_hash(const struct csv_table *table, const struct csv_record *record,
                        uint64_t seed);

/* Takes all rows away again. */
void csv_table_clear(struct csv_table *table);

/* NULL is harmless. */
void csv_table_free(struct csv_table *table);

/* The bytes of a row, without its line end and the blank lines and blanks around that. */
const char *csv_table_row(const struct csv_table *table, size_t row, size_t *length);

/* How many bytes a row takes, with what stands between it and the next one. */
uint64_t csv_table_size(const struct csv_table *table, size_t row);

/* Asks the processor to fetch the bytes of a row. */
void csv_table_prefetch(const struct csv_table *table, size_t row);

/* Whether two rows are the same byte for byte, but for what stands around them. */
bool csv_table_same(const struct csv_table *table, size_t row, const struct csv_table *other,
                    size_t other_row);

/* Counts the lines up to a row (csv_text_count). */
void csv_table_line(const struct csv_table *table, size_t row, struct csv_lines *lines);

/* Parses a row. STATUS_IO when it is not what it was when it was checked, or memory ran out. */
enum status csv_table_parse(const struct csv_table *table, size_t row, struct csv_record *record,
                            struct failure *failure);

/* The sentence for a text that is not what it was when it was checked. STATUS_IO. */
enum status csv_table_changed(const struct csv_table *table, struct failure *failure);

#endif
