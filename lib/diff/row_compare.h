/*
 * Whether two rows are the same, at the least cost: rows of the same bytes need no look at their
 * fields, fields of the same bytes none at what they mean, and the parser has the last word.
 */
#ifndef ROW_COMPARE_H
#define ROW_COMPARE_H

#include "base/status.h"
#include "base/text.h"
#include "csv/table.h"
#include "diff/columns.h"

#include <stdbool.h>
#include <stdint.h>

struct row_compare;

struct row_verdict {
    bool same_key;
    bool same;  /* in the columns that are compared; false without the same key */
    bool stale; /* OLDER's row is out of date; false without the same key */
};

/* What one thread needs to compare; borrows all. `current_value` belongs to columns->current. The
 * caller's, NULL when memory runs out. */
struct row_compare *row_compare_new(const struct csv_table *older, const struct csv_table *newer,
                                    const struct diff_columns *columns, const char *current_value,
                                    const char *doubtful_value);

/* NULL is harmless. */
void row_compare_free(struct row_compare *compare);

/* Compares a row of OLDER with one of NEWER. STATUS_IO when a file changed or memory ran out, here
 * as below. */
enum status row_compare_rows(struct row_compare *compare, uint64_t older, uint64_t newer,
                             struct row_verdict *verdict, struct failure *failure);

/* Whether two rows of one table have the same key. */
enum status row_compare_keys(struct row_compare *compare, const struct csv_table *table,
                             uint64_t one, uint64_t other, bool *same, struct failure *failure);

/* Writes the normalized key and the compared values of a row, each with a NUL, into `text`: two
 * rows are the same when these are equal. */
enum status row_compare_values(struct row_compare *compare, const struct csv_table *table,
                               uint64_t row, struct buffer *text, struct failure *failure);

/* Whether a row of OLDER is out of date. */
enum status row_compare_stale(struct row_compare *compare, uint64_t older, bool *stale,
                              struct failure *failure);

/* Whether nobody knows of a row of OLDER if it is there. */
enum status row_compare_doubtful(struct row_compare *compare, uint64_t older, bool *doubtful,
                                 struct failure *failure);

/* The value of a column; "" for CSV_NO_COLUMN. */
struct csv_value row_compare_value(const struct csv_record *record, size_t column);

#endif
