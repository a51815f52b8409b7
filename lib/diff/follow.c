#include "diff/match.h"

#include "base/key_hash.h"
#include "base/text.h"
#include "diff/key_index.h"

#include <stdlib.h>
#include <string.h>

/* A key that would lapse. Those of the same value are a queue: its first one holds where it begins
 * and ends. */
struct lapsing {
    uint64_t row; /* of OLDER */
    uint64_t next;
    uint64_t front;
    uint64_t back;
};

struct follower {
    struct diff_match *match;
    struct csv_record *record;
    struct csv_record *other;
    struct key_index *index; /* of the queues, by value */
    struct lapsing *lapsing;
    uint64_t count;
};

static bool is_lapsing(const struct diff_match *match, size_t row)
{
    return (diff_match_state(match, row) & (OLDER_PASSED | OLDER_SEEN | OLDER_DOUBTFUL)) == 0;
}

static bool is_new(const struct diff_match *match, size_t row)
{
    uint64_t key = match->newer->rows[row].key;
    if (key == 0 || diff_match_silent(key))
        return false;
    uint64_t older = diff_match_older(match, row);
    return older == KEY_NONE || (diff_match_state(match, older) & OLDER_DOUBTFUL) != 0;
}

/* Parses a row; the value, without blanks at its ends, is borrowed from the record. */
static enum status load(const struct csv_table *table, uint64_t row, size_t column,
                        struct csv_record *record, struct csv_value *value, struct failure *failure)
{
    *value = (struct csv_value){"", 0};
    enum status status = csv_table_parse(table, (size_t)row, record, failure);
    if (status != STATUS_OK)
        return status;
    *value = csv_record_value(record, column);
    text_trim(&value->bytes, &value->length);
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
                                  match->columns->follow_older, follower->other, &other, failure);
        if (status != STATUS_OK)
            return status;
        if (other.length == value.length && memcmp(other.bytes, value.bytes, value.length) == 0)
            break;
    }
    *found = entry;
    return STATUS_OK;
}

static enum status enter_lapsing(struct follower *follower, uint64_t row, struct failure *failure)
{
    struct csv_value value;
    enum status status = load(follower->match->older, row, follower->match->columns->follow_older,
                              follower->record, &value, failure);
    if (status != STATUS_OK || value.length == 0)
        return status;
    struct key_probe probe;
    uint64_t queue;
    status = find_queue(follower, value, &probe, &queue, failure);
    if (status != STATUS_OK)
        return status;
    uint64_t entry = follower->count++;
    follower->lapsing[entry] = (struct lapsing){row, KEY_NONE, entry, entry};
    if (queue == KEY_NONE) {
        (void)key_index_put(follower->index, &probe, entry);
    } else {
        follower->lapsing[follower->lapsing[queue].back].next = entry;
        follower->lapsing[queue].back = entry;
    }
    return STATUS_OK;
}

static enum status follow_row(struct follower *follower, uint64_t row, struct failure *failure)
{
    struct diff_match *match = follower->match;
    struct csv_value value;
    enum status status =
        load(match->newer, row, match->columns->follow_newer, follower->record, &value, failure);
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
    uint64_t older = follower->lapsing[entry].row;
    diff_match_note(match, older, OLDER_FOLLOWED);
    match->followed[match->followed_count++] = (struct followed){row, older};
    return STATUS_OK;
}

static enum status follow(struct follower *follower, uint64_t most, struct failure *failure)
{
    struct diff_match *match = follower->match;
    follower->record = csv_record_new();
    follower->other = csv_record_new();
    follower->index = key_index_new(most);
    follower->lapsing = calloc(most, sizeof *follower->lapsing);
    match->followed = calloc(most, sizeof *match->followed);
    if (follower->record == NULL || follower->other == NULL || follower->index == NULL ||
        follower->lapsing == NULL || match->followed == NULL)
        return fail_memory(failure);
    enum status status = STATUS_OK;
    for (size_t row = 0; row < match->older->count && status == STATUS_OK; row++)
        if (is_lapsing(match, row))
            status = enter_lapsing(follower, row, failure);
    for (size_t row = 0; row < match->newer->count && status == STATUS_OK; row++)
        if (is_new(match, row))
            status = follow_row(follower, row, failure);
    return status;
}

enum status diff_match_follow(struct diff_match *match, struct failure *failure)
{
    uint64_t most = 0;
    for (size_t row = 0; row < match->older->count; row++)
        most += is_lapsing(match, row) ? 1 : 0;
    if (most == 0)
        return STATUS_OK;
    struct follower follower = {.match = match};
    enum status status = follow(&follower, most, failure);
    key_index_free(follower.index);
    csv_record_free(follower.record);
    csv_record_free(follower.other);
    free(follower.lapsing);
    return status;
}
