/*
 * The rows of a checked export: where each begins and the hash of its key, 16 bytes. The fields are
 * parsed again when they are needed (csv/record.h).
 */
#ifndef CSV_TABLE_H
#define CSV_TABLE_H

#include "base/status.h"
#include "csv/fields.h"
#include "csv/header.h"
#include "csv/record.h"
#include "csv/rules.h"
#include "csv/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct csv_row {
    uint64_t start; /* offset of its first byte */
    uint64_t key;   /* key_hash of its normalized key, or one of the two below. Whoever compares may
                       keep a number of his own here. */
};

/* What stands in place of the hash of a row that is of no use: its key is empty or, where it must
 * be one, no address; or it does not meet the conditions or has no value at all, and is as if it
 * were not there. */
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
    bool judged;               /* rows are judged by the rules, and blank ones are none */
    struct csv_row *rows;
    size_t count;
    size_t others; /* how many rows do not meet the conditions */
    size_t room;   /* of rows; for csv_table_add */
};

/* A table without header, keys and rows, all of which whoever splits fills in; the text is
 * borrowed. The caller's, to be given to csv_table_free; NULL without memory. */
struct csv_table *csv_table_new(const struct csv_text *text);

/* NULL is harmless. */
void csv_table_free(struct csv_table *table);

/* Adds a row. False when memory runs out. For those that split. */
bool csv_table_add(struct csv_table *table, uint64_t start, uint64_t key);

/* Takes all rows away again. */
void csv_table_clear(struct csv_table *table);

/* The key of a parsed record of the table, as it is written: the first of its keys' columns that is
 * not empty. */
struct csv_value csv_table_key(const struct csv_table *table, const struct csv_record *record);

/* What csv_row.key is to be for a parsed record, whose key is normalized where it stands. For those
 * that split. */
uint64_t csv_table_hash(const struct csv_table *table, const struct csv_record *record,
                        uint64_t seed);

/* The bytes of a row, without its line end and the blank lines and blanks around that. */
const char *csv_table_row(const struct csv_table *table, size_t row, size_t *length);

/* Cuts a row into its fields, as many as the header has, which are borrowed from the text. False
 * when it is not what it was when it was checked (csv_table_changed). */
bool csv_table_cut(const struct csv_table *table, size_t row, struct csv_span *fields);

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
