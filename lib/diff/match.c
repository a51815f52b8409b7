#include "diff/match.h"

#include "base/huge.h"
#include "base/workers.h"
#include "diff/key_index.h"
#include "diff/keys.h"
#include "diff/row_compare.h"

#include <stdlib.h>
#include <string.h>

bool diff_match_updated(const struct diff_match *match, unsigned char state)
{
    return match->all || (state & OLDER_STALE) != 0 || (state & OLDER_SAME) == 0;
}

struct row_compare *diff_match_compare(const struct diff_match *match)
{
    return row_compare_new(match->older, match->newer, match->columns, match->current_value,
                           match->doubtful_value);
}

/* What a row needs comes from four places in memory, one after the other: the index, what is known
 * of the row of OLDER, that row's bytes, NEWER's. Each is asked for so many rows before it is
 * looked at. */
enum { AHEAD = 4, RING = 4 * AHEAD };

/* A thread's share. */
struct share {
    struct diff_match *match;
    const struct diff_keys *keys;
    const struct key_index *index; /* of the keys */
    size_t from;                   /* rows of NEWER */
    size_t to;
    struct row_compare *compare;
    struct candidate {
        uint64_t row; /* of OLDER, or KEY_NONE */
        struct key_probe probe;
    } candidates[RING]; /* of the rows of NEWER that are under way */
    enum status status;
    struct failure failure;
};

/* Notes the verdict on a row of NEWER that has the key of row `first` of OLDER. */
static enum status settle(struct share *share, uint64_t row, uint64_t first,
                          const struct row_verdict *verdict)
{
    struct diff_match *match = share->match;
    unsigned char state = diff_match_state(match, first);
    bool doubtful = (state & OLDER_DOUBTFUL) != 0;
    bool same = verdict->same || (state & OLDER_SAME) != 0;
    if (!same && !doubtful && (state & OLDER_SEVERAL) != 0) {
        enum status status =
            diff_keys_same(share->keys, share->compare, row, &same, &share->failure);
        if (status != STATUS_OK)
            return status;
    }
    bool unchanged =
        same && !verdict->stale && (state & OLDER_STALE) == 0 && !doubtful && !match->all;
    match->newer->rows[row].key = NEWER_MATCHED | (unchanged ? NEWER_UNCHANGED : 0) | first;
    diff_match_note(
        match, first,
        (unsigned char)(OLDER_SEEN | (same ? OLDER_SAME : 0) | (verdict->stale ? OLDER_STALE : 0)));
    return STATUS_OK;
}

static struct candidate *candidate_of(struct share *share, size_t row)
{
    return &share->candidates[row % RING];
}

/* ---- a row of NEWER, step by step ---- */

/* Whether a row has a hash to be looked for. */
static bool has_key(const struct share *share, size_t row)
{
    uint64_t hash = share->match->newer->rows[row].key;
    return hash != CSV_ROW_SKIPPED && hash != CSV_ROW_OTHER;
}

static void ask_for_slot(struct share *share, size_t row)
{
    if (has_key(share, row))
        key_index_prefetch(share->index, share->match->newer->rows[row].key);
}

static void look_up(struct share *share, size_t row)
{
    struct candidate *candidate = candidate_of(share, row);
    uint64_t hash = share->match->newer->rows[row].key;
    candidate->row = KEY_NONE;
    if (has_key(share, row))
        candidate->row = key_index_first(share->index, hash, &candidate->probe);
    if (candidate->row == KEY_NONE)
        return;
    __builtin_prefetch(&share->match->older->rows[candidate->row]);
    __builtin_prefetch((const void *)&share->match->older_state[candidate->row], 1);
}

static void ask_for_bytes(struct share *share, size_t row)
{
    uint64_t older = candidate_of(share, row)->row;
    if (older != KEY_NONE)
        csv_table_prefetch(share->match->older, (size_t)older);
}

/* Compares it with those that may have its key. */
static void match_row(struct share *share, size_t row)
{
    struct candidate *candidate = candidate_of(share, row);
    for (uint64_t older = candidate->row; older != KEY_NONE;
         older = key_index_next(share->index, &candidate->probe)) {
        struct row_verdict verdict;
        share->status = row_compare_rows(share->compare, older, row, &verdict, &share->failure);
        if (share->status == STATUS_OK && verdict.same_key)
            share->status = settle(share, row, older, &verdict);
        if (share->status != STATUS_OK || verdict.same_key)
            return;
    }
}

/* Takes a step, `step` times AHEAD rows behind the first one. */
static inline void take(struct share *share, size_t i, size_t step,
                        void (*work)(struct share *share, size_t row))
{
    size_t row = share->from + i - step * AHEAD;
    if (i >= step * AHEAD && row < share->to)
        work(share, row);
}

static void match_share(void *job)
{
    struct share *share = job;
    size_t rows = share->to - share->from;
    share->status = STATUS_OK;
    for (size_t i = 0; i < rows + 3 * (size_t)AHEAD && share->status == STATUS_OK; i++) {
        take(share, i, 0, ask_for_slot);
        take(share, i, 1, look_up);
        take(share, i, 2, ask_for_bytes);
        take(share, i, 3, match_row);
    }
}

/* Matches NEWER's rows, in as many shares as there are threads. */
static enum status match_rows(struct diff_match *match, const struct diff_keys *keys,
                              struct failure *failure)
{
    enum { WORTH_IT = 8192 }; /* rows for a thread */
    size_t rows = match->newer->count;
    size_t count = workers_wanted(match->threads, rows, WORTH_IT);
    struct share *shares = calloc(count, sizeof *shares);
    if (shares == NULL)
        return fail_memory(failure);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        shares[i] = (struct share){.match = match,
                                   .keys = keys,
                                   .index = diff_keys_index(keys),
                                   .from = workers_begin(rows, i, count),
                                   .to = workers_begin(rows, i + 1, count),
                                   .compare = diff_match_compare(match)};
        if (shares[i].compare == NULL)
            status = fail_memory(failure);
    }
    if (status == STATUS_OK)
        workers_run(shares, count, sizeof *shares, match_share);
    for (size_t i = 0; i < count; i++) {
        if (status == STATUS_OK && shares[i].status != STATUS_OK) {
            status = shares[i].status;
            *failure = shares[i].failure;
        }
        row_compare_free(shares[i].compare);
    }
    free(shares);
    return status;
}

/* Of the rows of NEWER whose key is new, marks those that repeat an earlier one's. */
static enum status mark_repeats(struct diff_match *match, struct row_compare *compare,
                                struct failure *failure)
{
    struct csv_table *newer = match->newer;
    uint64_t count = 0;
    for (size_t row = 0; row < newer->count; row++)
        count += newer->rows[row].key != 0 && (newer->rows[row].key & NEWER_MATCHED) == 0;
    struct key_index *keys = key_index_new(count);
    enum status status = keys == NULL ? fail_memory(failure) : STATUS_OK;
    for (size_t row = 0; row < newer->count && status == STATUS_OK; row++) {
        uint64_t hash = newer->rows[row].key;
        if (hash == 0 || (hash & NEWER_MATCHED) != 0)
            continue;
        struct key_probe probe;
        uint64_t first;
        status = diff_keys_find(compare, newer, keys, row, &probe, &first, failure);
        if (status == STATUS_OK && first == KEY_NONE)
            (void)key_index_put(keys, &probe, row);
        else if (status == STATUS_OK)
            newer->rows[row].key = NEWER_REPEATS;
    }
    key_index_free(keys);
    return status;
}

/* The same of those whose key is doubtful, so that each of these has one row in NEWER, too. */
static void mark_doubtful_repeats(struct diff_match *match)
{
    struct csv_table *newer = match->newer;
    for (size_t row = 0; row < newer->count; row++) {
        uint64_t key = newer->rows[row].key;
        if ((key & NEWER_MATCHED) == 0 || diff_match_silent(key))
            continue;
        uint64_t older = diff_match_older(match, row);
        unsigned char state = diff_match_state(match, older);
        if ((state & OLDER_DOUBTFUL) != 0 && (state & OLDER_WRITTEN) != 0)
            newer->rows[row].key = NEWER_REPEATS;
        else if ((state & OLDER_DOUBTFUL) != 0)
            diff_match_note(match, older, OLDER_WRITTEN);
    }
}

static size_t state_size(const struct diff_match *match)
{
    return (match->older->count + 1) * sizeof *match->older_state;
}

enum status diff_match_run(struct diff_match *match, struct failure *failure)
{
    struct diff_keys *keys = NULL;
    struct row_compare *compare = diff_match_compare(match);
    match->older_state = huge_new(state_size(match));
    enum status status = compare == NULL || match->older_state == NULL
                             ? fail_memory(failure)
                             : diff_keys_new(match, &keys, failure);
    if (status == STATUS_OK)
        status = match_rows(match, keys, failure);
    diff_keys_free(keys);
    if (status == STATUS_OK)
        status = mark_repeats(match, compare, failure);
    if (status == STATUS_OK && match->columns->doubtful != CSV_NO_COLUMN)
        mark_doubtful_repeats(match);
    row_compare_free(compare);
    return status;
}

void diff_match_free(struct diff_match *match)
{
    huge_free((void *)match->older_state, match->older_state == NULL ? 0 : state_size(match));
    free(match->followed);
    free(match->held);
    match->older_state = NULL;
    match->followed = NULL;
    match->held = NULL;
}
