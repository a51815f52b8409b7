/*
 * A second csv-diff, which is plain: libcsv over the whole text, every field kept, every row
 * compared with every other one of its key. With lib/ it shares the meaning, libcsv and
 * libunistring, and no code: what libcsv makes of a text, and libunistring of a letter, both take
 * for true.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include <stdbool.h>
#include <stddef.h>

/* Names of columns, normalized. */
struct oracle_names {
    const char *names[8];
    size_t count;
};

/* That a column has one of these values or, when negated, none of them. */
struct oracle_condition {
    const char *column;
    bool negated;
    const char *values[3];
    size_t count;
};

struct oracle_options {
    struct oracle_names keys;
    struct oracle_names columns; /* compared; none means those that both files have */
    struct oracle_names follow;
    struct oracle_names may_be_empty;
    struct oracle_condition where[2];
    size_t where_count;
    bool where_possible; /* only in a file that has the columns */
    bool addresses;
    const char *current_column; /* or NULL */
    const char *current_value;
    const char *doubtful_column; /* or NULL */
    const char *doubtful_value;
    bool limited;
    bool limit_is_share;
    size_t limit; /* members, or tenths of a percent */
    bool all;
};

struct oracle_bytes {
    char *bytes;
    size_t length;
};

/* The output into `out`, whose bytes are the caller's to free. Returns the exit status, 0 or 65. */
int oracle_diff(struct oracle_bytes older, struct oracle_bytes newer, const char *newer_name,
                const struct oracle_options *options, struct oracle_bytes *out);

/* The conditions as -w takes them, with a NUL behind them; the bytes are the caller's to free. */
void oracle_conditions(const struct oracle_options *options, struct oracle_bytes *out);

#endif
