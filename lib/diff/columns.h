/*
 * Which columns of two exports are compared with each other, and which of OLDER's are carried on.
 */
#ifndef DIFF_COLUMNS_H
#define DIFF_COLUMNS_H

#include "csv/table.h"
#include "diff/diff.h"

/* A column of NEWER and the one of OLDER that has its name; CSV_NO_COLUMN when there is none. */
struct column_pair {
    size_t newer;
    size_t older;
};

/* Of those that a file has, in a row the first that is not empty counts. */
struct column_list {
    size_t *columns;
    size_t count;
};

struct diff_columns {
    struct column_pair *compared; /* in NEWER's order; never the key's column */
    size_t compared_count;
    size_t *carried; /* columns of OLDER */
    size_t carried_count;
    size_t current; /* of OLDER, both; CSV_NO_COLUMN without one */
    size_t doubtful;
    struct column_list follow_older;
    struct column_list follow_newer; /* both empty when nobody is followed */
    bool same_layout;                /* both headers name the same columns in the same order */
    bool longer_layout;              /* OLDER has NEWER's in the same order, and more behind them */
};

/* Works the columns out; `older` is NULL when OLDER is empty. The arrays are the caller's, to be
 * given to diff_columns_free, also on error. STATUS_DATA when NEWER has none of the columns that
 * options name; the sentence says so without the file's name. */
enum status diff_columns_choose(const struct csv_table *older, const struct csv_table *newer,
                                const struct diff_options *options, struct diff_columns *columns,
                                struct failure *failure);

/* Frees the arrays, and leaves none. */
void diff_columns_free(struct diff_columns *columns);

#endif
