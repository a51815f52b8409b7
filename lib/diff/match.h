/*
 * Which row of NEWER belongs to which row of OLDER, and whether a member's rows are the same.
 *
 * The outcome is kept where it costs nothing or a byte: in place of the hashes of NEWER's keys, and
 * in a byte for each row of OLDER.
 */
#ifndef DIFF_MATCH_H
#define DIFF_MATCH_H

#include "base/status.h"
#include "csv/table.h"
#include "diff/columns.h"
#include "diff/diff.h"
#include "diff/key_index.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known of a row of OLDER; all but the first is said of a key, at its first row. */
enum {
    OLDER_PASSED = 1,  /* it has no key, or an earlier row has the same one */
    OLDER_SEVERAL = 2, /* later rows have the same key */
    OLDER_SEEN = 4,    /* NEWER has the key */
    OLDER_SAME = 8,    /* ... and a row that is the same */
    OLDER_STALE = 16,  /* out of date: to be written even so */
    OLDER_FOLLOWED =
        32, /* the member has another key now; with OLDER_SEEN, he has none, and is held */
    OLDER_WRITTEN = 64,  /* its change was shown; of a doubtful key, it is known which row of NEWER
                            is the first */
    OLDER_DOUBTFUL = 128 /* nobody knows whether the member is there: new if NEWER has the key */
};

/* What stands in place of a key's hash in a row of NEWER once it is matched: CSV_ROW_SKIPPED or
 * CSV_ROW_OTHER, as before; the hash, its key is new; NEWER_REPEATS, its key is new or doubtful,
 * and an earlier row has it too; else NEWER_MATCHED, the number of the key's first row in OLDER,
 * and NEWER_UNCHANGED where it is known that the key is.
 */
#define NEWER_MATCHED ((uint64_t)1 << 63)
#define NEWER_UNCHANGED ((uint64_t)1 << 62)
#define NEWER_REPEATS UINT64_MAX

/* Whether nothing is to be written of a row of NEWER: it is unchanged, repeats one, or is nobody's.
 */
static inline bool diff_match_silent(uint64_t key)
{
    return (key & NEWER_MATCHED) != 0 && (key & NEWER_UNCHANGED) != 0;
}

/* A row of NEWER whose key is new or doubtful, and the lapsed row of OLDER that it is the
 * continuation of; or one that is skipped, and the row of the member who is held. */
struct followed {
    uint64_t newer;
    uint64_t older;
};

struct row_compare;

struct diff_match {
    const struct csv_table *older; /* borrowed, all three */
    struct csv_table *newer;
    const struct diff_columns *columns;
    const char *current_value;
    const char *doubtful_value;
    uint64_t seed;
    unsigned threads; /* as in workers_wanted */
    bool all;         /* unchanged members are written, too */
    _Atomic unsigned char *older_state;
    struct followed *followed; /* in the order of NEWER, both */
    size_t followed_count;
    struct followed *held;
    size_t held_count;
};

/* Matches the tables of `match`, whose last fields, from older_state on, are NULL or 0 before. They
 * are to be given to diff_match_free, also on error. STATUS_IO. */
enum status diff_match_run(struct diff_match *match, struct failure *failure);

/* Pairs keys that would lapse, unless they are doubtful, with keys that would be new, by the
 * columns to follow: the nth row of NEWER with a value takes the nth of OLDER that has it. Then
 * holds those that would lapse still, doubtful or not, for the rows of NEWER that are skipped: the
 * nth of these with a value holds the key of the nth row of OLDER that has it. After
 * diff_match_run. STATUS_IO. */
enum status diff_match_follow(struct diff_match *match, struct failure *failure);

/* Frees its last fields, from older_state on; the others are borrowed. */
void diff_match_free(struct diff_match *match);

/* What is known of a row of OLDER, adding to it, and taking from it; any thread may. */
static inline unsigned char diff_match_state(const struct diff_match *match, uint64_t older)
{
    return atomic_load_explicit(&match->older_state[older], memory_order_relaxed);
}

static inline void diff_match_note(struct diff_match *match, uint64_t older, unsigned char flags)
{
    if ((diff_match_state(match, older) & flags) != flags)
        atomic_fetch_or_explicit(&match->older_state[older], flags, memory_order_relaxed);
}

static inline void diff_match_forget(struct diff_match *match, uint64_t older, unsigned char flags)
{
    if ((diff_match_state(match, older) & flags) != 0)
        atomic_fetch_and_explicit(&match->older_state[older], (unsigned char)~flags,
                                  memory_order_relaxed);
}

/* Whether a member is held. */
static inline bool diff_match_is_held(unsigned char state)
{
    return (state & OLDER_SEEN) != 0 && (state & OLDER_FOLLOWED) != 0;
}

/* The row of OLDER that has the key of a row of NEWER, KEY_NONE when there is none. The key must
 * not be empty, and the row neither be known as unchanged nor repeat one. */
static inline uint64_t diff_match_older(const struct diff_match *match, uint64_t newer)
{
    uint64_t key = match->newer->rows[newer].key;
    return (key & NEWER_MATCHED) != 0 ? key & ~NEWER_MATCHED : KEY_NONE;
}

/* Whether a key that is in both files is to be written as updated, its state being this. */
bool diff_match_updated(const struct diff_match *match, unsigned char state);

/* Something for one thread to compare with; the caller's, NULL when memory runs out. */
struct row_compare *diff_match_compare(const struct diff_match *match);

#endif
