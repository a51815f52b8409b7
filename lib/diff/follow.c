#include "diff/match.h"

#include "base/cell.h"
#include "base/key_hash.h"
#include "diff/key_index.h"
#include "diff/keys.h"
#include "diff/row_compare.h"

#include <stdlib.h>
#include <string.h>

/* A row of a key that would lapse. Those of the same value are a queue: its first one holds where
 * it begins and ends. */
struct lapsing {
    uint64_t row; /* of OLDER */
    uint64_t key; /* its key's first row */
    uint64_t next;
    uint64_t front;
    uint64_t back;
};

/* A row that was parsed, and the number in it that somebody is recognised by. */
struct reading {
    struct csv_record *record;
    char number[CELL_NUMBER];
};

struct follower {
    struct diff_match *match;
    struct reading reading;
    struct reading other;
    struct key_index *index; /* of the queues, by value */
    struct lapsing *lapsing;
    uint64_t count;
};

static bool is_lapsing(const struct diff_match *match, size_t row)
{
    return (diff_match_state(match, row) & (OLDER_PASSED | OLDER_SEEN | OLDER_DOUBTFUL)) == 0;
}

/* Whether a first row's key is in NEWER in no way. */
static bool is_gone(const struct diff_match *match, size_t row)
{
    return (diff_match_state(match, row) & (OLDER_PASSED | OLDER_SEEN | OLDER_FOLLOWED)) == 0;
}

/* Whether an earlier row has this one's key. */
static bool is_later(const struct diff_match *match, size_t row)
{
    return (diff_match_state(match, row) & OLDER_PASSED) != 0 && match->older->rows[row].key != 0;
}

static bool is_new(const struct diff_match *match, size_t row)
{
    uint64_t key = match->newer->rows[row].key;
    if (key == CSV_ROW_SKIPPED || diff_match_silent(key))
        return false;
    uint64_t older = diff_match_older(match, row);
    return older == KEY_NONE || (diff_match_state(match, older) & OLDER_DOUBTFUL) != 0;
}

static bool is_skipped(const struct diff_match *match, size_t row)
{
    return match->newer->rows[row].key == CSV_ROW_SKIPPED;
}

/* Parses a row; the value, of the first of the columns that recognises somebody, is borrowed from
 * the reading. */
static enum status load(const struct csv_table *table, uint64_t row,
                        const struct column_list *columns, struct reading *reading,
                        struct csv_value *value, struct failure *failure)
{
    *value = (struct csv_value){"", 0};
    enum status status = csv_table_parse(table, (size_t)row, reading->record, failure);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < columns->count && value->length == 0; i++) {
        *value = csv_record_value(reading->record, columns->columns[i]);
        cell_identity(&value->bytes, &value->length, reading->number);
    }
    return STATUS_OK;
}

/* The queue of a value: the number of its first entry, KEY_NONE when there is none. */
static enum status find_queue(struct follower *follower, struct csv_value value,
                              struct key_probe *probe, uint64_t *found, struct failure *failure)
{
    const struct diff_match *match = follower->match;
    *found = KEY_NONE;
    uint64_t hash = key_hash(match->seed, value.bytes, value.length);
    uint64_t entry = key_index_first(follower->index, hash, probe);
    for (; entry != KEY_NONE; entry = key_index_next(follower->index, probe)) {
        struct csv_value other;
        enum status status = load(match->older, follower->lapsing[entry].row,
                                  &match->columns->follow_older, &follower->other, &other, failure);
        if (status != STATUS_OK)
            return status;
        if (other.length == value.length && memcmp(other.bytes, value.bytes, value.length) == 0)
            break;
    }
    *found = entry;
    return STATUS_OK;
}

/* Enters a row of OLDER, whose key's first row is `key`. */
static enum status enter(struct follower *follower, uint64_t row, uint64_t key,
                         struct failure *failure)
{
    struct csv_value value;
    enum status status = load(follower->match->older, row, &follower->match->columns->follow_older,
                              &follower->reading, &value, failure);
    if (status != STATUS_OK || value.length == 0)
        return status;
    struct key_probe probe;
    uint64_t queue;
    status = find_queue(follower, value, &probe, &queue, failure);
    if (status != STATUS_OK)
        return status;
    uint64_t entry = follower->count++;
    follower->lapsing[entry] = (struct lapsing){row, key, KEY_NONE, entry, entry};
    if (queue == KEY_NONE) {
        (void)key_index_put(follower->index, &probe, entry);
    } else {
        follower->lapsing[follower->lapsing[queue].back].next = entry;
        follower->lapsing[queue].back = entry;
    }
    return STATUS_OK;
}

/* Takes the first row of OLDER that has the value of a row of NEWER; `*key` is its key's first row,
 * KEY_NONE when there is none. */
static enum status take(struct follower *follower, uint64_t row, uint64_t *key,
                        struct failure *failure)
{
    struct diff_match *match = follower->match;
    struct csv_value value;
    *key = KEY_NONE;
    enum status status =
        load(match->newer, row, &match->columns->follow_newer, &follower->reading, &value, failure);
    if (status != STATUS_OK || value.length == 0)
        return status;
    struct key_probe probe;
    uint64_t queue;
    status = find_queue(follower, value, &probe, &queue, failure);
    if (status != STATUS_OK || queue == KEY_NONE)
        return status;
    uint64_t entry = follower->lapsing[queue].front;
    if (entry == KEY_NONE)
        return STATUS_OK;
    follower->lapsing[queue].front = follower->lapsing[entry].next;
    *key = follower->lapsing[entry].key;
    return STATUS_OK;
}

static bool follower_init(struct follower *follower, struct diff_match *match, uint64_t most)
{
    *follower = (struct follower){.match = match,
                                  .reading = {.record = csv_record_new()},
                                  .other = {.record = csv_record_new()},
                                  .index = key_index_new(most),
                                  .lapsing = calloc(most, sizeof *follower->lapsing)};
    return follower->reading.record != NULL && follower->other.record != NULL &&
           follower->index != NULL && follower->lapsing != NULL;
}

static void follower_free(struct follower *follower)
{
    key_index_free(follower->index);
    csv_record_free(follower->reading.record);
    csv_record_free(follower->other.record);
    free(follower->lapsing);
}

/* ---- to another key ---- */

static enum status follow(struct follower *follower, struct failure *failure)
{
    struct diff_match *match = follower->match;
    enum status status = STATUS_OK;
    for (size_t row = 0; row < match->older->count && status == STATUS_OK; row++)
        if (is_lapsing(match, row))
            status = enter(follower, row, row, failure);
    for (size_t row = 0; row < match->newer->count && status == STATUS_OK; row++) {
        uint64_t key = KEY_NONE;
        if (is_new(match, row))
            status = take(follower, row, &key, failure);
        if (key == KEY_NONE)
            continue;
        diff_match_note(match, key, OLDER_FOLLOWED);
        match->followed[match->followed_count++] = (struct followed){row, key};
    }
    return status;
}

static enum status follow_all(struct diff_match *match, struct failure *failure)
{
    struct follower follower;
    uint64_t most = 0;
    for (size_t row = 0; row < match->older->count; row++)
        most += is_lapsing(match, row) ? 1 : 0;
    if (most == 0)
        return STATUS_OK;
    match->followed = calloc(most, sizeof *match->followed);
    bool good = follower_init(&follower, match, most) && match->followed != NULL;
    enum status status = good ? follow(&follower, failure) : fail_memory(failure);
    follower_free(&follower);
    return status;
}

/* ---- to no key ---- */

/* Enters all rows of the keys that are gone. `keys` is an empty index for these. */
static enum status enter_gone(struct follower *follower, struct row_compare *compare,
                              struct key_index *keys, struct failure *failure)
{
    const struct diff_match *match = follower->match;
    enum status status = STATUS_OK;
    for (size_t row = 0; row < match->older->count && status == STATUS_OK; row++) {
        struct key_probe probe;
        uint64_t first = row;
        bool gone = is_gone(match, row);
        if (!gone && !is_later(match, row))
            continue;
        status = diff_keys_find(compare, match->older, keys, row, &probe, &first, failure);
        if (gone && status == STATUS_OK) {
            (void)key_index_put(keys, &probe, row);
            first = row;
        }
        if (first != KEY_NONE && status == STATUS_OK)
            status = enter(follower, row, first, failure);
    }
    return status;
}

static enum status hold(struct follower *follower, struct failure *failure)
{
    struct diff_match *match = follower->match;
    enum status status = STATUS_OK;
    for (size_t row = 0; row < match->newer->count && status == STATUS_OK; row++) {
        uint64_t key = KEY_NONE;
        if (is_skipped(match, row))
            status = take(follower, row, &key, failure);
        if (key == KEY_NONE)
            continue;
        diff_match_note(match, key, OLDER_SEEN | OLDER_FOLLOWED);
        match->held[match->held_count++] = (struct followed){row, key};
    }
    return status;
}

static enum status hold_all(struct diff_match *match, struct failure *failure)
{
    struct follower follower;
    uint64_t skipped = 0;
    uint64_t gone = 0;
    uint64_t later = 0;
    for (size_t row = 0; row < match->newer->count; row++)
        skipped += is_skipped(match, row) ? 1 : 0;
    for (size_t row = 0; row < match->older->count && skipped > 0; row++) {
        gone += is_gone(match, row) ? 1 : 0;
        later += is_later(match, row) ? 1 : 0;
    }
    if (skipped == 0 || gone == 0)
        return STATUS_OK;
    struct row_compare *compare = diff_match_compare(match);
    struct key_index *keys = key_index_new(gone);
    match->held = calloc(skipped, sizeof *match->held);
    bool good = follower_init(&follower, match, gone + later) && compare != NULL && keys != NULL &&
                match->held != NULL;
    enum status status =
        good ? enter_gone(&follower, compare, keys, failure) : fail_memory(failure);
    if (status == STATUS_OK)
        status = hold(&follower, failure);
    follower_free(&follower);
    key_index_free(keys);
    row_compare_free(compare);
    return status;
}

enum status diff_match_follow(struct diff_match *match, struct failure *failure)
{
    enum status status = follow_all(match, failure);
    return status == STATUS_OK ? hold_all(match, failure) : status;
}
