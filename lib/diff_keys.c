#include "diff_keys.h"

#include "workers.h"

#include <stdlib.h>
#include <string.h>

/* The rows whose key stands in several, each with the first of them. */
struct several {
    struct repeated {
        uint64_t row;
        uint64_t first;
    } * rows;
    size_t count;
    size_t room;
};

/* One thread's keys. */
struct part {
    struct diff_match *match;
    struct row_compare *compare;
    unsigned number;
    unsigned parts;
    struct key_index *index; /* the first row of each key */
    struct several several;
    enum status status;
    struct failure failure;
};

struct diff_keys {
    const struct diff_match *match;
    struct key_index *values; /* the rows whose key stands in several, by their values; or NULL */
    unsigned count;
    struct part parts[];
};

/* Whose a hash is: by bits that neither its place nor its tag in an index depends on much. */
static unsigned part_of(uint64_t hash, unsigned parts)
{
    return (unsigned)((hash >> 20 & 0xFFFF) * parts >> 16);
}

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

enum status diff_keys_earlier(struct row_compare *compare, const struct csv_table *table,
                              const struct key_index *index, uint64_t row, struct key_probe *probe,
                              uint64_t *earlier, struct failure *failure)
{
    *earlier = key_index_first(index, table->rows[row].key, probe);
    for (; *earlier != KEY_NONE; *earlier = key_index_next(index, probe)) {
        bool same;
        enum status status = row_compare_keys(compare, table, *earlier, row, &same, failure);
        if (status != STATUS_OK || same)
            return status;
    }
    return STATUS_OK;
}

/* Enters a row, or notes that its key was there already. */
static enum status enter(struct part *part, uint64_t row)
{
    struct diff_match *match = part->match;
    struct key_probe probe;
    uint64_t first;
    enum status status = diff_keys_earlier(part->compare, match->older, part->index, row, &probe,
                                           &first, &part->failure);
    if (status != STATUS_OK)
        return status;
    if (first == KEY_NONE) {
        key_index_put(part->index, &probe, row);
        return STATUS_OK;
    }
    bool noted = (diff_match_state(match, first) & OLDER_SEVERAL) != 0 ||
                 add_several(&part->several, first, first);
    if (!noted || !add_several(&part->several, row, first))
        return fail_memory(&part->failure);
    diff_match_note(match, first, OLDER_SEVERAL);
    diff_match_note(match, row, OLDER_PASSED);
    return STATUS_OK;
}

/* A thread's work: the keys of its part, in the order of the rows, a few at a time so that their
 * places are fetched from memory meanwhile. */
static void fill(void *job)
{
    enum { AHEAD = 16 };
    struct part *part = job;
    const struct csv_table *older = part->match->older;
    uint64_t waiting[AHEAD];
    size_t count = 0;
    size_t mine = 0;
    for (size_t row = 0; row < older->count; row++)
        mine += part_of(older->rows[row].key, part->parts) == part->number;
    part->index = key_index_new(mine);
    if (part->index == NULL) {
        part->status = fail_memory(&part->failure);
        return;
    }
    for (size_t row = 0; row < older->count && part->status == STATUS_OK; row++) {
        uint64_t hash = older->rows[row].key;
        if (part_of(hash, part->parts) != part->number)
            continue;
        if (hash == 0) {
            diff_match_note(part->match, row, OLDER_PASSED);
            continue;
        }
        key_index_prefetch(part->index, hash);
        if (count >= AHEAD)
            part->status = enter(part, waiting[count % AHEAD]);
        waiting[count++ % AHEAD] = row;
    }
    for (size_t i = count < AHEAD ? 0 : count - AHEAD; i < count && part->status == STATUS_OK; i++)
        part->status = enter(part, waiting[i % AHEAD]);
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
 * and hands on to the key that one of its rows is out of date. */
static enum status enter_values(struct diff_keys *keys, struct part *part,
                                const struct repeated *repeated, struct failure *failure)
{
    struct diff_match *match = part->match;
    struct buffer text = {.limit = 0};
    struct key_probe probe;
    bool stale, found;
    enum status status = row_compare_stale(part->compare, repeated->row, &stale, failure);
    if (status == STATUS_OK && stale)
        diff_match_note(match, repeated->first, OLDER_STALE);
    if (status == STATUS_OK)
        status = row_compare_values(part->compare, match->older, repeated->row, &text, failure);
    if (status == STATUS_OK)
        status = find_values(keys, part->compare, &text, &probe, &found, failure);
    if (status == STATUS_OK && !found)
        key_index_put(keys->values, &probe, repeated->row);
    buffer_free(&text);
    return status;
}

static enum status fill_values(struct diff_keys *keys, struct failure *failure)
{
    size_t count = 0;
    for (unsigned i = 0; i < keys->count; i++)
        count += keys->parts[i].several.count;
    if (count == 0)
        return STATUS_OK;
    keys->values = key_index_new(count);
    enum status status = keys->values == NULL ? fail_memory(failure) : STATUS_OK;
    for (unsigned i = 0; i < keys->count; i++) {
        const struct several *several = &keys->parts[i].several;
        for (size_t j = 0; j < several->count && status == STATUS_OK; j++)
            status = enter_values(keys, &keys->parts[i], &several->rows[j], failure);
    }
    return status;
}

/* ---- */

static enum status fill_all(struct diff_keys *keys, struct failure *failure)
{
    for (unsigned i = 0; i < keys->count; i++)
        if (keys->parts[i].compare == NULL)
            return fail_memory(failure);
    workers_run(keys->parts, keys->count, sizeof keys->parts[0], fill);
    for (unsigned i = 0; i < keys->count; i++) {
        if (keys->parts[i].status != STATUS_OK) {
            *failure = keys->parts[i].failure;
            return keys->parts[i].status;
        }
    }
    return fill_values(keys, failure);
}

enum status diff_keys_new(struct diff_match *match, struct diff_keys **keys,
                          struct failure *failure)
{
    enum { WORTH_IT = 8192 }; /* rows for a thread */
    *keys = NULL;
    unsigned count = workers_wanted(match->threads, match->older->count, WORTH_IT);
    struct diff_keys *made = calloc(1, sizeof *made + count * sizeof made->parts[0]);
    if (made == NULL)
        return fail_memory(failure);
    made->match = match;
    made->count = count;
    for (unsigned i = 0; i < count; i++)
        made->parts[i] = (struct part){
            .match = match, .compare = diff_match_compare(match), .number = i, .parts = count};
    enum status status = fill_all(made, failure);
    for (unsigned i = 0; i < count; i++) {
        row_compare_free(made->parts[i].compare);
        made->parts[i].compare = NULL;
    }
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
    for (unsigned i = 0; i < keys->count; i++) {
        key_index_free(keys->parts[i].index);
        free(keys->parts[i].several.rows);
    }
    key_index_free(keys->values);
    free(keys);
}

static const struct key_index *index_of(const struct diff_keys *keys, uint64_t hash)
{
    return keys->parts[part_of(hash, keys->count)].index;
}

void diff_keys_prefetch(const struct diff_keys *keys, uint64_t hash)
{
    key_index_prefetch(index_of(keys, hash), hash);
}

uint64_t diff_keys_first(const struct diff_keys *keys, uint64_t hash, struct key_probe *probe)
{
    return key_index_first(index_of(keys, hash), hash, probe);
}

uint64_t diff_keys_next(const struct diff_keys *keys, uint64_t hash, struct key_probe *probe)
{
    return key_index_next(index_of(keys, hash), probe);
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
