#include "diff_match.h"

#include "diff_keys.h"
#include "key_index.h"
#include "row_compare.h"
#include "workers.h"

#include <stdlib.h>
#include <string.h>

bool diff_match_updated(const struct diff_match *match, unsigned char state)
{
    return match->all || (state & OLDER_STALE) != 0 || (state & OLDER_SAME) == 0;
}

struct row_compare *diff_match_compare(const struct diff_match *match)
{
    return row_compare_new(match->older, match->newer, match->columns, match->current_value);
}

/* Rows are matched so many at a time, so that what one of them needs is fetched from memory while
 * the others are looked at. */
enum { BATCH = 64 };

/* A thread's share. */
struct share {
    struct diff_match *match;
    const struct diff_keys *keys;
    const struct key_index *index; /* of the keys */
    size_t from;                   /* rows of NEWER */
    size_t to;
    struct row_compare *compare;
    struct key_probe probes[BATCH];
    uint64_t found[BATCH];
    enum status status;
    struct failure failure;
};

/* Notes the verdict on a row of NEWER that has the key of row `first` of OLDER. */
static enum status settle(struct share *share, uint64_t row, uint64_t first,
                          const struct row_verdict *verdict)
{
    struct diff_match *match = share->match;
    unsigned char state = diff_match_state(match, first);
    bool same = verdict->same || (state & OLDER_SAME) != 0;
    if (!same && (state & OLDER_SEVERAL) != 0) {
        enum status status =
            diff_keys_same(share->keys, share->compare, row, &same, &share->failure);
        if (status != STATUS_OK)
            return status;
    }
    match->newer->rows[row].key = NEWER_MATCHED | first;
    diff_match_note(
        match, first,
        (unsigned char)(OLDER_SEEN | (same ? OLDER_SAME : 0) | (verdict->stale ? OLDER_STALE : 0)));
    return STATUS_OK;
}

/* Compares a row of NEWER with those that may have its key, of which `first` is one. */
static enum status match_row(struct share *share, uint64_t row, uint64_t first,
                             struct key_probe *probe)
{
    for (; first != KEY_NONE; first = key_index_next(share->index, probe)) {
        struct row_verdict verdict;
        enum status status =
            row_compare_rows(share->compare, first, row, &verdict, &share->failure);
        if (status != STATUS_OK)
            return status;
        if (verdict.same_key)
            return settle(share, row, first, &verdict);
    }
    return STATUS_OK;
}

/* Has the processor fetch what is known of a row of OLDER. */
static void fetch(const struct diff_match *match, uint64_t row)
{
    __builtin_prefetch(&match->older->rows[row]);
    __builtin_prefetch((const void *)&match->older_state[row], 1);
}

static enum status match_batch(struct share *share, size_t from, size_t count)
{
    const struct csv_table *older = share->match->older;
    const struct csv_row *rows = share->match->newer->rows;
    for (size_t i = 0; i < count; i++) {
        share->found[i] = KEY_NONE;
        if (rows[from + i].key != 0)
            share->found[i] = key_index_first(share->index, rows[from + i].key, &share->probes[i]);
        if (share->found[i] != KEY_NONE)
            fetch(share->match, share->found[i]);
    }
    for (size_t i = 0; i < count; i++)
        if (share->found[i] != KEY_NONE)
            csv_table_prefetch(older, (size_t)share->found[i]);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = match_row(share, from + i, share->found[i], &share->probes[i]);
    return status;
}

static void match_share(void *job)
{
    struct share *share = job;
    const struct csv_row *rows = share->match->newer->rows;
    share->status = STATUS_OK;
    for (size_t row = share->from; row < share->to && share->status == STATUS_OK; row += BATCH) {
        size_t count = share->to - row < BATCH ? share->to - row : BATCH;
        size_t ahead = share->to - row - count < BATCH ? share->to - row - count : BATCH;
        for (size_t i = 0; i < ahead; i++)
            key_index_prefetch(share->index, rows[row + count + i].key);
        share->status = match_batch(share, row, count);
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
                                   .from = rows / count * i,
                                   .to = i + 1 < count ? rows / count * (i + 1) : rows,
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

enum status diff_match_run(struct diff_match *match, struct failure *failure)
{
    struct diff_keys *keys = NULL;
    struct row_compare *compare = diff_match_compare(match);
    match->older_state = calloc(match->older->count + 1, 1);
    enum status status = compare == NULL || match->older_state == NULL
                             ? fail_memory(failure)
                             : diff_keys_new(match, &keys, failure);
    if (status == STATUS_OK)
        status = match_rows(match, keys, failure);
    diff_keys_free(keys);
    if (status == STATUS_OK)
        status = mark_repeats(match, compare, failure);
    row_compare_free(compare);
    return status;
}

void diff_match_free(struct diff_match *match)
{
    free((void *)match->older_state);
    free(match->followed);
    match->older_state = NULL;
    match->followed = NULL;
}
