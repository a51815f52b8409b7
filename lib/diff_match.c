#include "diff_match.h"

#include "key_index.h"
#include "row_compare.h"
#include "text.h"
#include "workers.h"

#include <stdlib.h>
#include <string.h>

/* The rows of OLDER whose key stands in several, each with the first of them. */
struct several {
    struct repeated {
        uint64_t row;
        uint64_t first;
    } * rows;
    size_t count;
    size_t room;
};

/* What all threads share, once it is made. */
struct indexes {
    struct key_index *keys;   /* the first row of each key of OLDER */
    struct key_index *values; /* rows of OLDER whose key stands in several; NULL without any */
};

static void set_state(struct diff_match *match, uint64_t row, unsigned char flags)
{
    if ((atomic_load_explicit(&match->older_state[row], memory_order_relaxed) & flags) != flags)
        atomic_fetch_or_explicit(&match->older_state[row], flags, memory_order_relaxed);
}

static unsigned char get_state(const struct diff_match *match, uint64_t row)
{
    return atomic_load_explicit(&match->older_state[row], memory_order_relaxed);
}

static struct row_compare *new_compare(const struct diff_match *match)
{
    return row_compare_new(match->older, match->newer, match->columns, match->current_value);
}

/* ---- OLDER's keys ---- */

static bool add_several(struct several *several, uint64_t row, uint64_t first)
{
    if (several->count == several->room) {
        size_t room = several->room == 0 ? 64 : several->room * 2;
        struct repeated *rows = reallocarray(several->rows, room, sizeof *rows);
        if (rows == NULL)
            return false;
        several->rows = rows;
        several->room = room;
    }
    several->rows[several->count++] = (struct repeated){row, first};
    return true;
}

/* Looks for an earlier row of the same key; KEY_NONE when there is none, and `probe` is where the
 * row is to be entered. */
static enum status find_earlier(struct row_compare *compare, const struct csv_table *table,
                                const struct key_index *keys, uint64_t row, struct key_probe *probe,
                                uint64_t *earlier, struct failure *failure)
{
    *earlier = key_index_first(keys, table->rows[row].key, probe);
    for (; *earlier != KEY_NONE; *earlier = key_index_next(keys, probe)) {
        bool same;
        enum status status = row_compare_keys(compare, table, *earlier, row, &same, failure);
        if (status != STATUS_OK || same)
            return status;
    }
    return STATUS_OK;
}

/* Enters a row, or notes that its key was there already. */
static enum status index_row(struct diff_match *match, struct row_compare *compare,
                             struct key_index *keys, uint64_t row, struct several *several,
                             struct failure *failure)
{
    if (match->older->rows[row].key == 0) {
        set_state(match, row, OLDER_PASSED);
        return STATUS_OK;
    }
    struct key_probe probe;
    uint64_t first;
    enum status status = find_earlier(compare, match->older, keys, row, &probe, &first, failure);
    if (status != STATUS_OK)
        return status;
    if (first == KEY_NONE) {
        key_index_put(keys, &probe, row);
        return STATUS_OK;
    }
    if ((get_state(match, first) & OLDER_SEVERAL) == 0 && !add_several(several, first, first))
        return fail_memory(failure);
    set_state(match, first, OLDER_SEVERAL);
    set_state(match, row, OLDER_PASSED);
    return add_several(several, row, first) ? STATUS_OK : fail_memory(failure);
}

static enum status index_keys(struct diff_match *match, struct row_compare *compare,
                              struct key_index *keys, struct several *several,
                              struct failure *failure)
{
    enum { AHEAD = 16 };
    const struct csv_table *older = match->older;
    for (size_t row = 0; row < older->count; row++) {
        if (row + AHEAD < older->count)
            key_index_prefetch(keys, older->rows[row + AHEAD].key);
        enum status status = index_row(match, compare, keys, row, several, failure);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* Looks for a row of OLDER, of those whose key stands in several, whose values are `wanted`. When
 * there is none, `probe` is where such a one would be entered. */
static enum status find_values(const struct diff_match *match, struct row_compare *compare,
                               const struct key_index *values, const struct buffer *wanted,
                               struct key_probe *probe, bool *found, struct failure *failure)
{
    uint64_t hash = key_hash(match->seed, wanted->bytes, wanted->length);
    struct buffer text = {.limit = 0};
    enum status status = STATUS_OK;
    *found = false;
    for (uint64_t row = key_index_first(values, hash, probe);
         row != KEY_NONE && status == STATUS_OK; row = key_index_next(values, probe)) {
        status = row_compare_values(compare, match->older, row, &text, failure);
        *found = status == STATUS_OK && text.length == wanted->length &&
                 memcmp(text.bytes, wanted->bytes, text.length) == 0;
        if (*found)
            break;
    }
    buffer_free(&text);
    return status;
}

/* Enters a row, whose key stands in several, by all of its values, so that a row of NEWER finds its
 * equal among any number of them; and hands on to the key that one of its rows is out of date. */
static enum status index_values(struct diff_match *match, struct row_compare *compare,
                                struct key_index *values, const struct repeated *repeated,
                                struct failure *failure)
{
    struct buffer text = {.limit = 0};
    struct key_probe probe;
    bool stale, found;
    enum status status = row_compare_stale(compare, repeated->row, &stale, failure);
    if (status == STATUS_OK && stale)
        set_state(match, repeated->first, OLDER_STALE);
    if (status == STATUS_OK)
        status = row_compare_values(compare, match->older, repeated->row, &text, failure);
    if (status == STATUS_OK)
        status = find_values(match, compare, values, &text, &probe, &found, failure);
    if (status == STATUS_OK && !found)
        key_index_put(values, &probe, repeated->row);
    buffer_free(&text);
    return status;
}

static enum status make_indexes(struct diff_match *match, struct row_compare *compare,
                                struct indexes *indexes, struct failure *failure)
{
    struct several several = {.rows = NULL};
    indexes->keys = key_index_new(match->older->count);
    if (indexes->keys == NULL)
        return fail_memory(failure);
    enum status status = index_keys(match, compare, indexes->keys, &several, failure);
    if (status == STATUS_OK && several.count > 0) {
        indexes->values = key_index_new(several.count);
        if (indexes->values == NULL)
            status = fail_memory(failure);
    }
    for (size_t i = 0; i < several.count && status == STATUS_OK; i++)
        status = index_values(match, compare, indexes->values, &several.rows[i], failure);
    free(several.rows);
    return status;
}

/* ---- NEWER's rows ---- */

/* Rows are matched so many at a time, so that what one of them needs is fetched from memory while
 * the others are looked at. */
enum { BATCH = 64 };

/* A thread's share. */
struct share {
    struct diff_match *match;
    const struct indexes *indexes;
    size_t from; /* rows of NEWER */
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
    unsigned char state = get_state(match, first);
    bool same = verdict->same || (state & OLDER_SAME) != 0;
    if (!same && (state & OLDER_SEVERAL) != 0) {
        struct buffer text = {.limit = 0};
        struct key_probe probe;
        enum status status =
            row_compare_values(share->compare, match->newer, row, &text, &share->failure);
        if (status == STATUS_OK)
            status = find_values(match, share->compare, share->indexes->values, &text, &probe,
                                 &same, &share->failure);
        buffer_free(&text);
        if (status != STATUS_OK)
            return status;
    }
    match->newer->rows[row].key = NEWER_MATCHED | first;
    set_state(
        match, first,
        (unsigned char)(OLDER_SEEN | (same ? OLDER_SAME : 0) | (verdict->stale ? OLDER_STALE : 0)));
    return STATUS_OK;
}

/* Compares a row of NEWER with those that may have its key, of which `first` is one. */
static enum status match_row(struct share *share, uint64_t row, uint64_t first,
                             struct key_probe *probe)
{
    for (; first != KEY_NONE; first = key_index_next(share->indexes->keys, probe)) {
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

static enum status match_batch(struct share *share, size_t from, size_t count)
{
    const struct csv_table *older = share->match->older;
    const struct csv_row *rows = share->match->newer->rows;
    for (size_t i = 0; i < count; i++) {
        share->found[i] = KEY_NONE;
        if (rows[from + i].key != 0)
            share->found[i] =
                key_index_first(share->indexes->keys, rows[from + i].key, &share->probes[i]);
        if (share->found[i] != KEY_NONE)
            __builtin_prefetch(&older->rows[share->found[i]]);
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
            key_index_prefetch(share->indexes->keys, rows[row + count + i].key);
        share->status = match_batch(share, row, count);
    }
}

/* Matches NEWER's rows, in as many shares as there are threads. */
static enum status match_rows(struct diff_match *match, const struct indexes *indexes,
                              struct failure *failure)
{
    enum { LEAST = 8192 }; /* rows that are worth a thread */
    size_t rows = match->newer->count;
    size_t count = rows / LEAST < match->threads ? rows / LEAST + 1 : match->threads;
    struct share *shares = calloc(count, sizeof *shares);
    enum status status = shares == NULL ? fail_memory(failure) : STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        shares[i] = (struct share){.match = match,
                                   .indexes = indexes,
                                   .from = rows / count * i,
                                   .to = i + 1 < count ? rows / count * (i + 1) : rows,
                                   .compare = new_compare(match)};
        if (shares[i].compare == NULL)
            status = fail_memory(failure);
    }
    if (status == STATUS_OK)
        workers_run(shares, count, sizeof *shares, match_share);
    for (size_t i = 0; i < count && shares != NULL; i++) {
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
        status = find_earlier(compare, newer, keys, row, &probe, &first, failure);
        if (status == STATUS_OK && first == KEY_NONE)
            key_index_put(keys, &probe, row);
        else if (status == STATUS_OK)
            newer->rows[row].key = NEWER_REPEATS;
    }
    key_index_free(keys);
    return status;
}

enum status diff_match_run(struct diff_match *match, struct failure *failure)
{
    struct indexes indexes = {.keys = NULL};
    struct row_compare *compare = new_compare(match);
    match->older_state = calloc(match->older->count + 1, 1);
    enum status status = compare == NULL || match->older_state == NULL
                             ? fail_memory(failure)
                             : make_indexes(match, compare, &indexes, failure);
    if (status == STATUS_OK)
        status = match_rows(match, &indexes, failure);
    key_index_free(indexes.keys);
    key_index_free(indexes.values);
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
