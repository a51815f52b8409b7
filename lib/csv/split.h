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
    uint64_t key;   /* key_hash of its normalized key; 0 when that is empty. Whoever compares may
                       keep a number of his own here. */
};

/* All borrowed from the table, but the text, which must outlive it. */
struct csv_table {
    const struct csv_text *text;
    struct csv_header *header; /* NULL for a text without any record */
    size_t key;                /* the key's column; CSV_NO_COLUMN only without rows */
    struct csv_row *rows;
    size_t count;
    size_t room; /* of rows; for csv_table_add */
};

/* Splits and checks the text; the key is the column of the normalized name `key`. A text without a
 * record has no header and no rows, one with only a header need not have the key's column. The
 * table is the caller's, to be given to csv_table_free; NULL on error. STATUS_DATA: "file:line:
 * what is wrong; what to do", for the first thing that is wrong. */
enum status csv_split(const struct csv_text *text, const char *key, uint64_t seed, enum csv_way way,
                      struct csv_table **table, struct failure *failure);

/* Adds a row. False when memory runs out. For those that split. */
bool csv_table_add(struct csv_table *table, uint64_t start, uint64_t key);

/* The hash of a parsed record's key, which is normalized where it stands; 0 when it is empty. For
 * those that split. */
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

/* The line that a row begins on, from 1. */
size_t csv_table_line(const struct csv_table *table, size_t row, struct csv_lines *lines);

/* Parses a row. STATUS_IO when it is not what it was when it was checked, or memory ran out. */
enum status csv_table_parse(const struct csv_table *table, size_t row, struct csv_record *record,
                            struct failure *failure);

/* The sentence for a text that is not what it was when it was checked. STATUS_IO. */
enum status csv_table_changed(const struct csv_table *table, struct failure *failure);

#endif
