/*
 * A second csv-diff, which is plain: libcsv over the whole text, every field kept, every row
 * compared with every other one of its key. With lib/ it shares the meaning and
 * libcsv, and no code: what libcsv makes of a text, both take for true.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include <stdbool.h>
#include <stddef.h>

struct oracle_options {
    const char *key;
    const char *columns[8]; /* normalized; compared; none means those that both files have */
    size_t column_count;
    const char *follow;         /* or NULL */
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

#endif
