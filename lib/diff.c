#include "diff.h"

#include "csv_split.h"
#include "diff_columns.h"
#include "diff_match.h"
#include "key_index.h"
#include "row_compare.h"
#include "text.h"
#include "workers.h"

#include <stdlib.h>
#include <string.h>

struct diff {
    const struct diff_options *options; /* borrowed from diff_open's caller */
    const char *newer_path;             /* as given; borrowed likewise */
    struct csv_text *older_text;
    struct csv_text *newer_text;
    struct csv_table *older;
    struct csv_table *newer;
    struct diff_columns columns;
    struct diff_match match;
    struct diff_summary summary;
    struct failure warning;
};

static const char *name_of(const struct csv_table *table)
{
    return csv_text_name(table->text);
}

/* One of the two files, to be read. */
struct reading {
    const struct diff *diff;
    const struct csv_text *text;
    struct csv_table *table;
    enum status status;
    struct failure failure;
};

static void read_one(void *job)
{
    struct reading *reading = job;
    const struct diff *diff = reading->diff;
    reading->status = csv_split(reading->text, diff->options->key, diff->match.seed,
                                diff->options->way, &reading->table, &reading->failure);
}

/* Reads both at once, unless they are small. What is wrong with OLDER is said first. */
static enum status read_tables(struct diff *diff, struct failure *failure)
{
    const size_t small = (size_t)1 << 20; /* bytes */
    struct reading both[2] = {{.diff = diff, .text = diff->older_text},
                              {.diff = diff, .text = diff->newer_text}};
    bool one_by_one = diff->match.threads < 2 || csv_text_length(diff->older_text) < small ||
                      csv_text_length(diff->newer_text) < small;
    for (size_t i = 0; i < 2 && one_by_one; i++)
        read_one(&both[i]);
    if (!one_by_one)
        workers_run(both, 2, sizeof both[0], read_one);
    diff->older = both[0].table;
    diff->newer = both[1].table;
    for (size_t i = 0; i < 2; i++) {
        if (both[i].status != STATUS_OK) {
            *failure = both[i].failure;
            return both[i].status;
        }
    }
    return STATUS_OK;
}

/* NEWER must hold somebody: an empty one would lapse every member. */
static enum status check_newer(const struct diff *diff, struct failure *failure)
{
    const struct csv_table *newer = diff->newer;
    if (newer->header == NULL)
        return fail(failure, STATUS_DATA, "%.300s: it is empty; is it the right file?",
                    name_of(newer));
    for (size_t row = 0; row < newer->count; row++)
        if (newer->rows[row].key != 0)
            return STATUS_OK;
    if (newer->count == 0)
        return fail(failure, STATUS_DATA,
                    "%.300s:1: there is nothing but the header line; is it the right file?",
                    name_of(newer));
    return fail(failure, STATUS_DATA, "%.300s: no row has a value in the column \"%.100s\"",
                name_of(newer), diff->options->key);
}

/* An OLDER without rows counts as one without columns. */
static enum status choose_columns(struct diff *diff, struct failure *failure)
{
    struct failure what = {""};
    enum status status =
        diff_columns_choose(diff->older->count > 0 ? diff->older->header : NULL,
                            diff->newer->header, diff->options, &diff->columns, &what);
    if (status == STATUS_DATA)
        return fail(failure, status, "%.300s: %s", name_of(diff->newer), what.text);
    if (status != STATUS_OK)
        *failure = what;
    return status;
}

static enum status follow(struct diff *diff, struct failure *failure)
{
    if (diff->options->follow == NULL || diff->older->count == 0)
        return STATUS_OK;
    bool in_older = diff->columns.follow_older != CSV_NO_COLUMN;
    bool in_newer = diff->columns.follow_newer != CSV_NO_COLUMN;
    if (in_older && in_newer)
        return diff_match_follow(&diff->match, failure);
    (void)fail(&diff->warning, STATUS_OK,
               "%.300s: there is no column \"%.100s\": nobody is followed to a new address",
               name_of(in_older ? diff->newer : diff->older), diff->options->follow);
    return STATUS_OK;
}

/* Whether a key of OLDER that NEWER has is written though nothing differs. */
static bool is_updated(const struct diff *diff, unsigned char state)
{
    return diff->options->all || (state & OLDER_STALE) != 0 || (state & OLDER_SAME) == 0;
}

static void count(struct diff *diff)
{
    struct diff_summary *summary = &diff->summary;
    for (size_t row = 0; row < diff->older->count; row++) {
        unsigned char state = diff->match.older_state[row];
        if ((state & OLDER_PASSED) != 0)
            continue;
        if ((state & OLDER_FOLLOWED) != 0)
            summary->updated++;
        else if ((state & OLDER_SEEN) == 0)
            summary->lapsed++;
        else if (is_updated(diff, state))
            summary->updated++;
        else
            summary->unchanged++;
    }
    for (size_t row = 0; row < diff->newer->count; row++) {
        uint64_t key = diff->newer->rows[row].key;
        if (key == 0)
            summary->skipped++;
        else if ((key & NEWER_MATCHED) == 0)
            summary->added++;
    }
    summary->added -= diff->match.followed_count;
    summary->older = summary->unchanged + summary->updated + summary->lapsed;
    summary->newer = summary->unchanged + summary->updated + summary->added;
}

static enum status check_limit(const struct diff *diff, struct failure *failure)
{
    enum { LEAST_SHARE = 5 }; /* a share of a small group is nobody */
    const struct diff_limit *limit = &diff->options->max_lapse;
    const struct diff_summary *summary = &diff->summary;
    if (!limit->set)
        return STATUS_OK;
    double allowed = limit->value;
    if (limit->is_share) {
        allowed = (double)summary->older * limit->value / 100;
        allowed = allowed < LEAST_SHARE ? LEAST_SHARE : allowed;
    }
    uint64_t most = allowed < 1e18 ? (uint64_t)allowed : UINT64_MAX;
    if (summary->lapsed <= most)
        return STATUS_OK;
    return fail(
        failure, STATUS_DATA,
        "%.300s: %llu of %llu members would lapse, and no more than %llu may (--max-lapse); "
        "is it the whole export? If it is, run again with --max-lapse %llu",
        name_of(diff->newer), (unsigned long long)summary->lapsed,
        (unsigned long long)summary->older, (unsigned long long)most,
        (unsigned long long)summary->lapsed);
}

static enum status run(struct diff *diff, const char *older, const char *newer,
                       struct failure *failure)
{
    const struct diff_options *options = diff->options;
    diff->match.seed = key_seed();
    diff->match.threads = options->threads > 0 ? options->threads : workers_available();
    diff->match.current_value = options->current_value;
    enum status status = csv_text_open(older, &diff->older_text, failure);
    if (status == STATUS_OK)
        status = csv_text_open(newer, &diff->newer_text, failure);
    if (status == STATUS_OK)
        status = read_tables(diff, failure);
    if (status == STATUS_OK)
        status = check_newer(diff, failure);
    if (status == STATUS_OK)
        status = choose_columns(diff, failure);
    if (status != STATUS_OK)
        return status;
    diff->match.older = diff->older;
    diff->match.newer = diff->newer;
    diff->match.columns = &diff->columns;
    status = diff_match_run(&diff->match, failure);
    if (status == STATUS_OK)
        status = follow(diff, failure);
    if (status != STATUS_OK)
        return status;
    count(diff);
    return check_limit(diff, failure);
}

enum status diff_open(const char *older, const char *newer, const struct diff_options *options,
                      struct diff **diff, struct failure *failure)
{
    *diff = NULL;
    struct diff *made = calloc(1, sizeof *made);
    if (made == NULL)
        return fail_memory(failure);
    made->options = options;
    made->newer_path = newer;
    enum status status = run(made, older, newer, failure);
    if (status == STATUS_OK)
        *diff = made;
    else
        diff_close(made);
    return status;
}

void diff_close(struct diff *diff)
{
    if (diff == NULL)
        return;
    diff_match_free(&diff->match);
    diff_columns_free(&diff->columns);
    csv_table_free(diff->older);
    csv_table_free(diff->newer);
    csv_text_close(diff->older_text);
    csv_text_close(diff->newer_text);
    free(diff);
}

const struct diff_summary *diff_summary(const struct diff *diff)
{
    return &diff->summary;
}

const char *diff_warning(const struct diff *diff)
{
    return diff->warning.text[0] != '\0' ? diff->warning.text : NULL;
}

/* ---- the walk ---- */

struct walk {
    struct diff *diff;
    struct csv_record *older;
    struct csv_record *newer;
    struct diff_pair *row;
    struct diff_pair *was;
    struct buffer key;
    struct csv_lines lines;
    size_t followed; /* the next one */
    diff_visit *visit;
    void *context;
};

static enum status load(const struct csv_table *table, uint64_t row, struct csv_record *record,
                        struct failure *failure)
{
    return csv_table_parse(table, (size_t)row, record) ? STATUS_OK : csv_table_fail(table, failure);
}

/* Puts a record's fields into walk->row. */
static void fill_row(struct walk *walk, const struct csv_table *table,
                     const struct csv_record *record, struct diff_change *change)
{
    size_t columns = csv_header_count(table->header);
    for (size_t i = 0; i < columns; i++)
        walk->row[i] =
            (struct diff_pair){csv_header_name(table->header, i), csv_record_value(record, i)};
    change->row = walk->row;
    change->row_count = columns;
}

static void carry_columns(struct walk *walk, struct diff_change *change)
{
    const struct diff *diff = walk->diff;
    for (size_t i = 0; i < diff->columns.carried_count; i++) {
        size_t column = diff->columns.carried[i];
        walk->row[change->row_count++] = (struct diff_pair){
            csv_header_name(diff->older->header, column), csv_record_value(walk->older, column)};
    }
}

static void add_was(struct walk *walk, size_t newer_column, struct csv_value value,
                    struct diff_change *change)
{
    walk->was[change->was_count++] =
        (struct diff_pair){csv_header_name(walk->diff->newer->header, newer_column), value};
}

static void fill_was(struct walk *walk, struct diff_change *change)
{
    const struct diff_columns *columns = &walk->diff->columns;
    for (size_t i = 0; i < columns->compared_count; i++) {
        struct csv_value before = row_compare_value(walk->older, columns->compared[i].older);
        struct csv_value now = csv_record_value(walk->newer, columns->compared[i].newer);
        if (before.length != now.length || memcmp(before.bytes, now.bytes, now.length) != 0)
            add_was(walk, columns->compared[i].newer, before, change);
    }
}

static enum status fill_key(struct walk *walk, const struct csv_table *table,
                            const struct csv_record *record, struct diff_change *change,
                            struct failure *failure)
{
    struct csv_value key = csv_record_value(record, table->key);
    buffer_clear(&walk->key);
    if (!buffer_append(&walk->key, key.bytes, key.length))
        return fail_memory(failure);
    size_t length = text_normalize(walk->key.bytes, walk->key.bytes, key.length);
    walk->key.bytes[length] = '\0';
    change->key = (struct csv_value){walk->key.bytes, length};
    return STATUS_OK;
}

static enum status show_one(struct walk *walk, enum diff_kind kind, const struct csv_table *table,
                            uint64_t row, struct failure *failure)
{
    struct diff_change change = {.kind = kind,
                                 .key = {"", 0},
                                 .key_name = walk->diff->options->key,
                                 .file = walk->diff->newer_path};
    enum status status = load(table, row, walk->newer, failure);
    if (status != STATUS_OK)
        return status;
    fill_row(walk, table, walk->newer, &change);
    if (kind == DIFF_SKIPPED)
        change.line = csv_table_line(table, (size_t)row, &walk->lines);
    else
        status = fill_key(walk, table, walk->newer, &change, failure);
    return status == STATUS_OK ? walk->visit(&change, walk->context, failure) : status;
}

static enum status show_updated(struct walk *walk, uint64_t newer, uint64_t older, bool is_same,
                                bool is_followed, struct failure *failure)
{
    const struct diff *diff = walk->diff;
    struct diff_change change = {.kind = DIFF_UPDATED, .key_name = diff->options->key};
    enum status status = load(diff->newer, newer, walk->newer, failure);
    if (status == STATUS_OK)
        status = load(diff->older, older, walk->older, failure);
    if (status == STATUS_OK)
        status = fill_key(walk, diff->newer, walk->newer, &change, failure);
    if (status != STATUS_OK)
        return status;
    fill_row(walk, diff->newer, walk->newer, &change);
    carry_columns(walk, &change);
    change.was = walk->was;
    if (is_followed)
        add_was(walk, diff->newer->key, csv_record_value(walk->older, diff->older->key), &change);
    if (!is_same)
        fill_was(walk, &change);
    return walk->visit(&change, walk->context, failure);
}

static enum status show_newer(struct walk *walk, uint64_t row, struct failure *failure)
{
    const struct diff *diff = walk->diff;
    const struct diff_match *match = &diff->match;
    uint64_t key = diff->newer->rows[row].key;
    if (key == 0)
        return show_one(walk, DIFF_SKIPPED, diff->newer, row, failure);
    if (key == NEWER_REPEATS)
        return STATUS_OK;
    if ((key & NEWER_MATCHED) == 0) {
        if (walk->followed == match->followed_count || match->followed[walk->followed].newer != row)
            return show_one(walk, DIFF_NEW, diff->newer, row, failure);
        uint64_t older = match->followed[walk->followed++].older;
        return show_updated(walk, row, older, false, true, failure);
    }
    uint64_t older = key & ~NEWER_MATCHED;
    unsigned char state = match->older_state[older];
    if ((state & OLDER_WRITTEN) != 0 || !is_updated(diff, state))
        return STATUS_OK;
    match->older_state[older] |= OLDER_WRITTEN;
    return show_updated(walk, row, older, (state & OLDER_SAME) != 0, false, failure);
}

static enum status walk_rows(struct walk *walk, struct failure *failure)
{
    const struct diff *diff = walk->diff;
    const unsigned char stays = OLDER_PASSED | OLDER_SEEN | OLDER_FOLLOWED;
    enum status status = STATUS_OK;
    for (size_t row = 0; row < diff->newer->count && status == STATUS_OK; row++)
        status = show_newer(walk, row, failure);
    for (size_t row = 0; row < diff->older->count && status == STATUS_OK; row++)
        if ((diff->match.older_state[row] & stays) == 0)
            status = show_one(walk, DIFF_LAPSED, diff->older, row, failure);
    return status;
}

enum status diff_each(struct diff *diff, diff_visit *visit, void *context, struct failure *failure)
{
    size_t most = csv_header_count(diff->newer->header) + 1;
    if (diff->older->header != NULL)
        most += csv_header_count(diff->older->header);
    struct walk walk = {.diff = diff,
                        .older = csv_record_new(),
                        .newer = csv_record_new(),
                        .row = calloc(most, sizeof *walk.row),
                        .was = calloc(most, sizeof *walk.was),
                        .visit = visit,
                        .context = context};
    enum status status =
        walk.older == NULL || walk.newer == NULL || walk.row == NULL || walk.was == NULL
            ? fail_memory(failure)
            : walk_rows(&walk, failure);
    csv_record_free(walk.older);
    csv_record_free(walk.newer);
    free(walk.row);
    free(walk.was);
    buffer_free(&walk.key);
    return status;
}
