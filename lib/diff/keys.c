#include "diff/keys.h"

#include "base/key_hash.h"
#include "base/workers.h"

#include <stdlib.h>
#include <string.h>

/* Rows whose key stands in several. */
struct several {
    uint64_t *rows;
    size_t count;
    size_t room;
};

/* One thread's rows. */
struct part {
    struct diff_match *match;
    struct row_compare *compare;
    struct key_index *index; /* all parts' */
    size_t from;
    size_t to;
    struct several later; /* those that are not the first of their key */
    enum status status;
    struct failure failure;
};

struct diff_keys {
    struct diff_match *match;
    struct key_index *index;  /* the first row of each key */
    struct key_index *values; /* the rows whose key stands in several, by their values; or NULL */
};

static bool add_several(struct several *several, uint64_t row)
{
    if (several->count == several->room) {
        size_t room = several->room == 0 ? 64 : several->room * 2;
        uint64_t *rows = reallocarray(several->rows, room, sizeof *rows);
        if (rows == NULL)
            return false;
        several->rows = rows;
        several->room = room;
    }
    several->rows[several->count++] = row;
    return true;
}

/* From a row that was found on, the first one with the same key. */
static enum status same_key(struct row_compare *compare, const struct csv_table *table,
                            const struct key_index *index, uint64_t row, struct key_probe *probe,
                            uint64_t *found, struct failure *failure)
{
    for (; *found != KEY_NONE; *found = key_index_next(index, probe)) {
        bool same;
        enum status status = row_compare_keys(compare, table, *found, row, &same, failure);
        if (status != STATUS_OK || same)
            return status;
    }
    return STATUS_OK;
}

enum status diff_keys_find(struct row_compare *compare, const struct csv_table *table,
                           const struct key_index *index, uint64_t row, struct key_probe *probe,
                           uint64_t *found, struct failure *failure)
{
    *found = key_index_first(index, table->rows[row].key, probe);
    return same_key(compare, table, index, row, probe, found, failure);
}

/* Enters a row. Of several with the same key, the first one stays, whichever thread comes first. */
static enum status enter(struct part *part, uint64_t row)
{
    const struct csv_table *older = part->match->older;
    struct key_probe probe;
    uint64_t found = key_index_first(part->index, older->rows[row].key, &probe);
    for (;;) {
        if (found == KEY_NONE && key_index_put(part->index, &probe, row))
            return STATUS_OK;
        if (found == KEY_NONE)
            found = key_index_again(part->index, &probe);
        enum status status =
            same_key(part->compare, older, part->index, row, &probe, &found, &part->failure);
        if (status != STATUS_OK)
            return status;
        if (found == KEY_NONE)
            continue;
        if (found > row && !key_index_replace(part->index, &probe, found, row)) {
            found = key_index_again(part->index, &probe);
            continue;
        }
        uint64_t later = found > row ? found : row;
        diff_match_note(part->match, later, OLDER_PASSED);
        return add_several(&part->later, later) ? STATUS_OK : fail_memory(&part->failure);
    }
}

/* Notes of a row, whatever row of its key it is, that it is doubtful; see also enter_later. */
static enum status note_doubtful(struct part *part, uint64_t row)
{
    bool doubtful;
    enum status status = row_compare_doubtful(part->compare, row, &doubtful, &part->failure);
    if (status == STATUS_OK && doubtful)
        diff_match_note(part->match, row, OLDER_DOUBTFUL);
    return status;
}

static void fill(void *job)
{
    enum { AHEAD = 16 };
    struct part *part = job;
    const struct csv_row *rows = part->match->older->rows;
    bool doubts = part->match->columns->doubtful != CSV_NO_COLUMN;
    for (size_t row = part->from; row < part->to && part->status == STATUS_OK; row++) {
        if (row + AHEAD < part->to)
            key_index_prefetch(part->index, rows[row + AHEAD].key);
        if (rows[row].key == 0)
            diff_match_note(part->match, row, OLDER_PASSED);
        else
            part->status = enter(part, row);
        if (doubts && rows[row].key != 0 && part->status == STATUS_OK)
            part->status = note_doubtful(part, row);
    }
}

/* ---- keys that stand in several rows ---- */

/* Looks for a row whose values are `wanted`. When there is none, `probe` is where such a one would
 * be entered. */
static enum status find_values(const struct diff_keys *keys, struct row_compare *compare,
                               const struct buffer *wanted, struct key_probe *probe, bool *found,
                               struct failure *failure)
{
    uint64_t hash = key_hash(keys->match->seed, wanted->bytes, wanted->length);
    struct buffer text = {.limit = 0};
    enum status status = STATUS_OK;
    *found = false;
    for (uint64_t row = key_index_first(keys->values, hash, probe);
         row != KEY_NONE && status == STATUS_OK; row = key_index_next(keys->values, probe)) {
        status = row_compare_values(compare, keys->match->older, row, &text, failure);
        *found = status == STATUS_OK && text.length == wanted->length &&
                 memcmp(text.bytes, wanted->bytes, text.length) == 0;
        if (*found)
            break;
    }
    buffer_free(&text);
    return status;
}

/* Enters a row by all of its values, so that one of NEWER finds its equal among any number of them;
 * and hands on to its key, whose first row is `first`, that one of its rows is out of date. */
static enum status enter_values(struct diff_keys *keys, struct row_compare *compare, uint64_t row,
                                uint64_t first, struct failure *failure)
{
    struct buffer text = {.limit = 0};
    struct key_probe probe;
    bool stale, found;
    enum status status = row_compare_stale(compare, row, &stale, failure);
    if (status == STATUS_OK && stale)
        diff_match_note(keys->match, first, OLDER_STALE);
    if (status == STATUS_OK)
        status = row_compare_values(compare, keys->match->older, row, &text, failure);
    if (status == STATUS_OK)
        status = find_values(keys, compare, &text, &probe, &found, failure);
    if (status == STATUS_OK && !found)
        (void)key_index_put(keys->values, &probe, row);
    buffer_free(&text);
    return status;
}

/* Enters a row that is not the first of its key, and the first one with it. A key is doubtful when
 * all of its rows are. */
static enum status enter_later(struct diff_keys *keys, struct row_compare *compare, uint64_t row,
                               struct failure *failure)
{
    struct key_probe probe;
    uint64_t first;
    enum status status =
        diff_keys_find(compare, keys->match->older, keys->index, row, &probe, &first, failure);
    if (status == STATUS_OK && first == KEY_NONE)
        status = csv_table_changed(keys->match->older, failure);
    if (status == STATUS_OK && (diff_match_state(keys->match, row) & OLDER_DOUBTFUL) == 0)
        diff_match_forget(keys->match, first, OLDER_DOUBTFUL);
    if (status == STATUS_OK && (diff_match_state(keys->match, first) & OLDER_SEVERAL) == 0) {
        diff_match_note(keys->match, first, OLDER_SEVERAL);
        status = enter_values(keys, compare, first, first, failure);
    }
    if (status == STATUS_OK)
        status = enter_values(keys, compare, row, first, failure);
    return status;
}

static enum status fill_values(struct diff_keys *keys, struct part *parts, size_t count,
                               struct failure *failure)
{
    size_t later = 0;
    for (size_t i = 0; i < count; i++)
        later += parts[i].later.count;
    if (later == 0)
        return STATUS_OK;
    keys->values = key_index_new(2 * later);
    enum status status = keys->values == NULL ? fail_memory(failure) : STATUS_OK;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < parts[i].later.count && status == STATUS_OK; j++)
            status = enter_later(keys, parts[i].compare, parts[i].later.rows[j], failure);
    return status;
}

/* ---- */

static enum status fill_all(struct diff_keys *keys, struct part *parts, size_t count,
                            struct failure *failure)
{
    size_t rows = keys->match->older->count;
    keys->index = key_index_new(rows);
    bool good = keys->index != NULL;
    for (size_t i = 0; i < count; i++) {
        parts[i] = (struct part){.match = keys->match,
                                 .compare = diff_match_compare(keys->match),
                                 .index = keys->index,
                                 .from = workers_begin(rows, i, count),
                                 .to = workers_begin(rows, i + 1, count)};
        good = good && parts[i].compare != NULL;
    }
    if (!good)
        return fail_memory(failure);
    workers_run(parts, count, sizeof *parts, fill);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].status != STATUS_OK) {
            *failure = parts[i].failure;
            return parts[i].status;
        }
    }
    return fill_values(keys, parts, count, failure);
}

enum status diff_keys_new(struct diff_match *match, struct diff_keys **keys,
                          struct failure *failure)
{
    enum { WORTH_IT = 8192 }; /* rows for a thread */
    *keys = NULL;
    size_t count = workers_wanted(match->threads, match->older->count, WORTH_IT);
    struct diff_keys *made = calloc(1, sizeof *made);
    struct part *parts = calloc(count, sizeof *parts);
    enum status status = STATUS_OK;
    if (made == NULL || parts == NULL) {
        status = fail_memory(failure);
    } else {
        made->match = match;
        status = fill_all(made, parts, count, failure);
    }
    for (size_t i = 0; i < count && parts != NULL; i++) {
        row_compare_free(parts[i].compare);
        free(parts[i].later.rows);
    }
    free(parts);
    if (status == STATUS_OK)
        *keys = made;
    else
        diff_keys_free(made);
    return status;
}

void diff_keys_free(struct diff_keys *keys)
{
    if (keys == NULL)
        return;
    key_index_free(keys->index);
    key_index_free(keys->values);
    free(keys);
}

const struct key_index *diff_keys_index(const struct diff_keys *keys)
{
    return keys->index;
}

enum status diff_keys_same(const struct diff_keys *keys, struct row_compare *compare,
                           uint64_t newer, bool *same, struct failure *failure)
{
    struct buffer text = {.limit = 0};
    struct key_probe probe;
    *same = false;
    enum status status = row_compare_values(compare, keys->match->newer, newer, &text, failure);
    if (status == STATUS_OK)
        status = find_values(keys, compare, &text, &probe, same, failure);
    buffer_free(&text);
    return status;
}
