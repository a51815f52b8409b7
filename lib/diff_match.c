#include "diff_match.h"

#include "key_index.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* What one matcher needs for himself. */
struct matcher {
    struct diff_match *match;
    const struct key_index *keys;   /* the first row of each key of OLDER */
    const struct key_index *values; /* rows of OLDER whose key stands in several */
    struct csv_record *older;
    struct csv_record *newer;
    struct buffer older_key;
    struct buffer newer_key;
    struct buffer older_values;
    struct buffer newer_values;
};

static bool matcher_init(struct matcher *matcher, struct diff_match *match)
{
    *matcher = (struct matcher){.match = match};
    matcher->older = csv_record_new();
    matcher->newer = csv_record_new();
    return matcher->older != NULL && matcher->newer != NULL;
}

static void matcher_free(struct matcher *matcher)
{
    csv_record_free(matcher->older);
    csv_record_free(matcher->newer);
    buffer_free(&matcher->older_key);
    buffer_free(&matcher->newer_key);
    buffer_free(&matcher->older_values);
    buffer_free(&matcher->newer_values);
}

static void set_state(struct diff_match *match, uint64_t row, unsigned char flags)
{
    atomic_fetch_or_explicit(&match->older_state[row], flags, memory_order_relaxed);
}

static unsigned char get_state(const struct diff_match *match, uint64_t row)
{
    return atomic_load_explicit(&match->older_state[row], memory_order_relaxed);
}

struct csv_value diff_match_value(const struct csv_record *record, size_t column)
{
    return column == CSV_NO_COLUMN ? (struct csv_value){"", 0} : csv_record_value(record, column);
}

bool diff_match_same(const struct diff_columns *columns, const struct csv_record *older,
                     const struct csv_record *newer)
{
    for (size_t i = 0; i < columns->compared_count; i++) {
        struct csv_value one = diff_match_value(older, columns->compared[i].older);
        struct csv_value other = csv_record_value(newer, columns->compared[i].newer);
        if (one.length != other.length || memcmp(one.bytes, other.bytes, one.length) != 0)
            return false;
    }
    return true;
}

/* Parses a row and normalizes its key into `key`. */
static enum status load(const struct csv_table *table, uint64_t row, struct csv_record *record,
                        struct buffer *key, struct failure *failure)
{
    if (!csv_table_parse(table, (size_t)row, record))
        return csv_table_fail(table, failure);
    struct csv_value value = csv_record_value(record, table->key);
    buffer_clear(key);
    if (!buffer_append(key, value.bytes, value.length))
        return fail_memory(failure);
    key->length = text_normalize(key->bytes, key->bytes, key->length);
    return STATUS_OK;
}

static bool same_text(const struct buffer *one, const struct buffer *other)
{
    return one->length == other->length && memcmp(one->bytes, other->bytes, one->length) == 0;
}

/* Writes the key and what is compared of a row, each with its NUL, into `text`: two such texts are
 * equal when the rows are the same. */
static bool write_values(const struct diff_columns *columns, const struct csv_record *record,
                         const struct buffer *key, bool is_newer, struct buffer *text)
{
    buffer_clear(text);
    bool fits = buffer_append(text, key->bytes, key->length) && buffer_append(text, "", 1);
    for (size_t i = 0; fits && i < columns->compared_count; i++) {
        const struct column_pair *pair = &columns->compared[i];
        struct csv_value value = diff_match_value(record, is_newer ? pair->newer : pair->older);
        fits = buffer_append(text, value.bytes, value.length + 1);
    }
    return fits;
}

/* ---- OLDER's keys ---- */

/* The rows of OLDER whose key stands in several, each with the first of them. */
struct several {
    struct repeated {
        uint64_t row;
        uint64_t first;
    } * rows;
    size_t count;
    size_t room;
};

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

/* Enters a row, or notes that its key was there already. */
static enum status index_row(struct matcher *matcher, struct key_index *keys, uint64_t row,
                             struct several *several, struct failure *failure)
{
    struct diff_match *match = matcher->match;
    uint64_t hash = match->older->rows[row].key;
    if (hash == 0) {
        set_state(match, row, OLDER_PASSED);
        return STATUS_OK;
    }
    struct key_probe probe;
    uint64_t first = key_index_first(keys, hash, &probe);
    if (first != KEY_NONE) {
        enum status status = load(match->older, row, matcher->newer, &matcher->newer_key, failure);
        if (status != STATUS_OK)
            return status;
    }
    for (; first != KEY_NONE; first = key_index_next(keys, &probe)) {
        enum status status =
            load(match->older, first, matcher->older, &matcher->older_key, failure);
        if (status != STATUS_OK)
            return status;
        if (!same_text(&matcher->older_key, &matcher->newer_key))
            continue;
        if ((get_state(match, first) & OLDER_SEVERAL) == 0 && !add_several(several, first, first))
            return fail_memory(failure);
        set_state(match, first, OLDER_SEVERAL);
        set_state(match, row, OLDER_PASSED);
        return add_several(several, row, first) ? STATUS_OK : fail_memory(failure);
    }
    key_index_put(keys, &probe, row);
    return STATUS_OK;
}

static enum status index_keys(struct matcher *matcher, struct key_index *keys,
                              struct several *several, struct failure *failure)
{
    enum { AHEAD = 16 };
    const struct csv_table *older = matcher->match->older;
    for (size_t row = 0; row < older->count; row++) {
        if (row + AHEAD < older->count)
            key_index_prefetch(keys, older->rows[row + AHEAD].key);
        enum status status = index_row(matcher, keys, row, several, failure);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static bool is_stale(const struct diff_match *match, const struct csv_record *older)
{
    struct csv_value value = diff_match_value(older, match->columns->current);
    return value.length > 0 && (value.length != strlen(match->current_value) ||
                                memcmp(value.bytes, match->current_value, value.length) != 0);
}

/* Looks for a row of OLDER, of those whose key stands in several, whose values are `wanted`. When
 * there is none, `probe` is where such a one would be entered. */
static enum status find_values(struct matcher *matcher, const struct key_index *values,
                               const struct buffer *wanted, struct key_probe *probe, bool *found,
                               struct failure *failure)
{
    const struct diff_match *match = matcher->match;
    uint64_t hash = key_hash(match->seed, wanted->bytes, wanted->length);
    *found = false;
    for (uint64_t row = key_index_first(values, hash, probe); row != KEY_NONE;
         row = key_index_next(values, probe)) {
        enum status status = load(match->older, row, matcher->older, &matcher->older_key, failure);
        if (status != STATUS_OK)
            return status;
        if (!write_values(match->columns, matcher->older, &matcher->older_key, false,
                          &matcher->older_values))
            return fail_memory(failure);
        *found = same_text(&matcher->older_values, wanted);
        if (*found)
            return STATUS_OK;
    }
    return STATUS_OK;
}

/* Indexes the rows whose key stands in several by all of their values, so that a row of NEWER finds
 * its equal among any number of them; and hands on to a key that one of its rows is stale. */
static enum status index_values(struct matcher *matcher, struct key_index *values,
                                const struct several *several, struct failure *failure)
{
    struct diff_match *match = matcher->match;
    for (size_t i = 0; i < several->count; i++) {
        uint64_t row = several->rows[i].row;
        enum status status = load(match->older, row, matcher->newer, &matcher->newer_key, failure);
        if (status != STATUS_OK)
            return status;
        if (is_stale(match, matcher->newer))
            set_state(match, several->rows[i].first, OLDER_STALE);
        if (!write_values(match->columns, matcher->newer, &matcher->newer_key, false,
                          &matcher->newer_values))
            return fail_memory(failure);
        struct key_probe probe;
        bool found;
        status = find_values(matcher, values, &matcher->newer_values, &probe, &found, failure);
        if (status != STATUS_OK)
            return status;
        if (!found)
            key_index_put(values, &probe, row);
    }
    return STATUS_OK;
}

/* ---- NEWER's rows ---- */

/* Settles what is left to know of a row of NEWER, loaded as the key's in row `first` of OLDER is.
 */
static enum status compare_row(struct matcher *matcher, uint64_t first, struct failure *failure)
{
    struct diff_match *match = matcher->match;
    unsigned char state = get_state(match, first);
    bool same = diff_match_same(match->columns, matcher->older, matcher->newer);
    if ((state & OLDER_SEVERAL) == 0) {
        if (is_stale(match, matcher->older))
            set_state(match, first, OLDER_STALE);
    } else if (!same && (state & OLDER_SAME) == 0) {
        if (!write_values(match->columns, matcher->newer, &matcher->newer_key, true,
                          &matcher->newer_values))
            return fail_memory(failure);
        struct key_probe probe;
        enum status status =
            find_values(matcher, matcher->values, &matcher->newer_values, &probe, &same, failure);
        if (status != STATUS_OK)
            return status;
    }
    set_state(match, first, same ? OLDER_SEEN | OLDER_SAME : OLDER_SEEN);
    return STATUS_OK;
}

/* Finds the row of OLDER that has the key of a row of NEWER, and compares the two. */
static enum status match_row(struct matcher *matcher, uint64_t row, struct failure *failure)
{
    struct diff_match *match = matcher->match;
    uint64_t hash = match->newer->rows[row].key;
    if (hash == 0)
        return STATUS_OK;
    bool loaded = false;
    struct key_probe probe;
    for (uint64_t first = key_index_first(matcher->keys, hash, &probe); first != KEY_NONE;
         first = key_index_next(matcher->keys, &probe)) {
        enum status status =
            loaded ? STATUS_OK
                   : load(match->newer, row, matcher->newer, &matcher->newer_key, failure);
        loaded = true;
        if (status == STATUS_OK)
            status = load(match->older, first, matcher->older, &matcher->older_key, failure);
        if (status != STATUS_OK)
            return status;
        if (same_text(&matcher->older_key, &matcher->newer_key)) {
            match->newer->rows[row].key = NEWER_MATCHED | first;
            return compare_row(matcher, first, failure);
        }
    }
    return STATUS_OK;
}

/* Of the rows of NEWER whose key is new, marks those that repeat an earlier one's. */
static enum status mark_repeats(struct matcher *matcher, struct key_index *keys,
                                struct failure *failure)
{
    struct csv_table *newer = matcher->match->newer;
    for (size_t row = 0; row < newer->count; row++) {
        uint64_t hash = newer->rows[row].key;
        if (hash == 0 || (hash & NEWER_MATCHED) != 0)
            continue;
        bool loaded = false;
        struct key_probe probe;
        uint64_t first = key_index_first(keys, hash, &probe);
        for (; first != KEY_NONE; first = key_index_next(keys, &probe)) {
            enum status status =
                loaded ? STATUS_OK : load(newer, row, matcher->newer, &matcher->newer_key, failure);
            loaded = true;
            if (status == STATUS_OK)
                status = load(newer, first, matcher->older, &matcher->older_key, failure);
            if (status != STATUS_OK)
                return status;
            if (same_text(&matcher->older_key, &matcher->newer_key))
                break;
        }
        if (first == KEY_NONE)
            key_index_put(keys, &probe, row);
        else
            newer->rows[row].key = NEWER_REPEATS;
    }
    return STATUS_OK;
}

static enum status match_rows(struct matcher *matcher, struct failure *failure)
{
    size_t count = matcher->match->newer->count;
    enum status status = STATUS_OK;
    for (size_t row = 0; row < count && status == STATUS_OK; row++)
        status = match_row(matcher, row, failure);
    return status;
}

static uint64_t count_new(const struct csv_table *newer)
{
    uint64_t count = 0;
    for (size_t row = 0; row < newer->count; row++)
        count += newer->rows[row].key != 0 && (newer->rows[row].key & NEWER_MATCHED) == 0;
    return count;
}

/* The steps that need OLDER's keys. */
static enum status match_keys(struct matcher *matcher, struct failure *failure)
{
    struct several several = {.rows = NULL};
    struct key_index *values = NULL;
    struct key_index *keys = key_index_new(matcher->match->older->count);
    enum status status =
        keys == NULL ? fail_memory(failure) : index_keys(matcher, keys, &several, failure);
    if (status == STATUS_OK && several.count > 0) {
        values = key_index_new(several.count);
        status = values == NULL ? fail_memory(failure)
                                : index_values(matcher, values, &several, failure);
    }
    matcher->keys = keys;
    matcher->values = values;
    if (status == STATUS_OK)
        status = match_rows(matcher, failure);
    matcher->keys = NULL;
    matcher->values = NULL;
    key_index_free(values);
    key_index_free(keys);
    free(several.rows);
    return status;
}

enum status diff_match_run(struct diff_match *match, struct failure *failure)
{
    struct matcher matcher;
    struct key_index *keys = NULL;
    enum status status = STATUS_OK;
    match->older_state = calloc(match->older->count + 1, 1);
    if (!matcher_init(&matcher, match) || match->older_state == NULL)
        status = fail_memory(failure);
    if (status == STATUS_OK)
        status = match_keys(&matcher, failure);
    if (status == STATUS_OK) {
        keys = key_index_new(count_new(match->newer));
        status = keys == NULL ? fail_memory(failure) : mark_repeats(&matcher, keys, failure);
    }
    key_index_free(keys);
    matcher_free(&matcher);
    return status;
}

void diff_match_free(struct diff_match *match)
{
    free((void *)match->older_state);
    free(match->followed);
    match->older_state = NULL;
    match->followed = NULL;
}
