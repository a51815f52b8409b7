#include "diff/diff.h"

#include "base/key_hash.h"
#include "base/workers.h"
#include "csv/split.h"
#include "diff/columns.h"
#include "diff/emptied.h"
#include "diff/key_index.h"
#include "diff/match.h"
#include "diff/render.h"

#include <stdlib.h>

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
    enum csv_scope scope;
    struct csv_table *table;
    enum status status;
    struct failure failure;
};

static void read_one(void *job)
{
    struct reading *reading = job;
    const struct diff *diff = reading->diff;
    reading->status =
        csv_split(reading->text, &diff->options->rules, reading->scope, diff->match.seed,
                  diff->options->way, &reading->table, &reading->failure);
}

/* Whether both texts are large enough for something to be done with them at once. */
static bool are_large(const struct diff *diff, size_t worth_it)
{
    if (diff->older_text == NULL || diff->newer_text == NULL)
        return false;
    size_t older = csv_text_length(diff->older_text);
    size_t newer = csv_text_length(diff->newer_text);
    return workers_wanted(diff->match.threads, older < newer ? older : newer, worth_it) > 1;
}

/* Reads both at once, unless they are small. What is wrong with OLDER is said first. */
static enum status read_tables(struct diff *diff, struct failure *failure)
{
    const size_t worth_it = (size_t)1 << 20; /* bytes for a thread */
    struct reading both[2] = {{.diff = diff, .text = diff->older_text, .scope = CSV_KEYS},
                              {.diff = diff, .text = diff->newer_text, .scope = CSV_RULES}};
    if (are_large(diff, worth_it)) {
        workers_run(both, 2, sizeof both[0], read_one);
    } else {
        read_one(&both[0]);
        read_one(&both[1]);
    }
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
        if (newer->rows[row].key != CSV_ROW_SKIPPED && newer->rows[row].key != CSV_ROW_OTHER)
            return STATUS_OK;
    if (newer->count == 0)
        return fail(failure, STATUS_DATA,
                    "%.300s: there is nothing but the header line; is it the right file?",
                    name_of(newer));
    if (newer->others > 0)
        return fail(failure, STATUS_DATA,
                    "%.300s: no row is a member's (%.200s); is that the right rule for this file?",
                    name_of(newer), csv_screen_rule(newer->screen));
    return fail(failure, STATUS_DATA, "%.300s: no row has %s in the column \"%.100s\"",
                name_of(newer), newer->addresses ? "an address" : "a value",
                csv_header_name(newer->header, newer->key).bytes);
}

/* Without the columns that told members from others, whoever left long ago would be one. */
static enum status check_rules(const struct diff *diff, struct failure *failure)
{
    bool made = true;
    char *lost = NULL;
    if (diff->older->count > 0)
        lost =
            csv_rules_lost(&diff->options->rules, diff->older->header, diff->newer->header, &made);
    enum status status = STATUS_OK;
    if (!made)
        status = fail_memory(failure);
    else if (lost != NULL)
        status =
            fail(failure, STATUS_DATA,
                 "%.300s: it does not say any more who is a member (%.200s), as it did before; "
                 "if every row is a member's now, leave out --where-possible",
                 name_of(diff->newer), lost);
    free(lost);
    return status;
}

/* An OLDER without rows counts as one without columns. */
static enum status choose_columns(struct diff *diff, struct failure *failure)
{
    struct failure what = {""};
    enum status status = diff_columns_choose(diff->older->count > 0 ? diff->older : NULL,
                                             diff->newer, diff->options, &diff->columns, &what);
    if (status == STATUS_DATA)
        return fail(failure, status, "%.300s: %s", name_of(diff->newer), what.text);
    if (status != STATUS_OK)
        *failure = what;
    return status;
}

static enum status follow(struct diff *diff, struct failure *failure)
{
    const struct csv_names *names = &diff->options->follow;
    if (names->count == 0 || diff->older->count == 0)
        return STATUS_OK;
    bool in_older = diff->columns.follow_older.count > 0;
    bool in_newer = diff->columns.follow_newer.count > 0;
    if (in_older && in_newer)
        return diff_match_follow(&diff->match, failure);
    if (names->count > 1 && !in_older &&
        !in_newer) /* spellings of what these files may well lack */
        return STATUS_OK;
    (void)fail(&diff->warning, STATUS_OK,
               "%.300s: there is no column \"%.100s\"%s: nobody is followed to a new address",
               name_of(in_older ? diff->newer : diff->older), names->names[0],
               names->count > 1 ? " or the like" : "");
    return STATUS_OK;
}

/* Counts a member of OLDER. */
static void count_older(struct diff *diff, unsigned char state)
{
    struct diff_summary *summary = &diff->summary;
    if (diff_match_is_held(state)) {
        summary->held++;
        summary->unchanged++;
    } else if ((state & OLDER_FOLLOWED) != 0) {
        summary->updated++;
    } else if ((state & OLDER_SEEN) == 0) {
        summary->lapsed++;
    } else if ((state & OLDER_DOUBTFUL) != 0) {
        summary->added++;
    } else if (diff_match_updated(&diff->match, state)) {
        summary->updated++;
    } else {
        summary->unchanged++;
    }
}

/* Counts all; `*passed` are the rows of OLDER that are not the first of a key. */
static void count(struct diff *diff, uint64_t *passed)
{
    struct diff_summary *summary = &diff->summary;
    *passed = 0;
    for (size_t row = 0; row < diff->older->count; row++) {
        unsigned char state = diff_match_state(&diff->match, row);
        if ((state & OLDER_PASSED) != 0)
            ++*passed;
        else
            count_older(diff, state);
    }
    for (size_t row = 0; row < diff->newer->count; row++) {
        uint64_t key = diff->newer->rows[row].key;
        if (key == CSV_ROW_SKIPPED)
            summary->skipped++;
        else if ((key & NEWER_MATCHED) == 0)
            summary->added++;
    }
    summary->added -= diff->match.followed_count;
    summary->others = diff->newer->others;
    summary->rule = csv_screen_rule(diff->newer->screen);
    summary->older = summary->unchanged + summary->updated + summary->lapsed;
    summary->newer = summary->unchanged + summary->updated + summary->added;
}

/* Refuses a column that lost all its values. Where it had some, the member has changed, is new,
 * held or gone, or its key stands in several rows: where these are few, nothing needs to be looked
 * at. */
static enum status check_emptied(const struct diff *diff, uint64_t passed, struct failure *failure)
{
    const struct diff_summary *summary = &diff->summary;
    uint64_t moved =
        summary->updated + summary->added + summary->lapsed + summary->held + 2 * passed;
    if (moved < EMPTIED_ROWS || moved < diff->older->count / EMPTIED_SHARE)
        return STATUS_OK;
    return diff_emptied_check(&diff->match, &diff->options->may_be_empty, failure);
}

uint64_t diff_limit_most(const struct diff_limit *limit, uint64_t members)
{
    enum { LEAST_SHARE = 5 };
    if (!limit->set)
        return UINT64_MAX;
    if (!limit->is_share)
        return limit->value;
    uint64_t most = members * limit->value / DIFF_WHOLE;
    return most < LEAST_SHARE ? LEAST_SHARE : most;
}

static enum status check_limit(const struct diff *diff, struct failure *failure)
{
    const struct diff_summary *summary = &diff->summary;
    uint64_t most = diff_limit_most(&diff->options->max_lapse, summary->older);
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
    diff->match.threads = options->threads;
    diff->match.current_value = options->current_value;
    diff->match.doubtful_value = options->doubtful_value;
    diff->match.all = options->all;
    enum status status = csv_text_open(older, NULL, &diff->older_text, failure);
    if (status == STATUS_OK)
        status = csv_text_open(newer, options->label, &diff->newer_text, failure);
    if (options->opened != NULL)
        options->opened();
    if (status == STATUS_OK)
        status = read_tables(diff, failure);
    if (status == STATUS_OK)
        status = check_newer(diff, failure);
    if (status == STATUS_OK)
        status = check_rules(diff, failure);
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
    uint64_t passed;
    count(diff, &passed);
    status = check_emptied(diff, passed, failure);
    return status == STATUS_OK ? check_limit(diff, failure) : status;
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

static void close_text(void *job)
{
    struct csv_text *const *text = job;
    csv_text_close(*text);
}

void diff_close(struct diff *diff)
{
    if (diff == NULL)
        return;
    diff_match_free(&diff->match);
    diff_columns_free(&diff->columns);
    csv_table_free(diff->older);
    csv_table_free(diff->newer);
    /* Unmapping takes as long as the file is large. */
    const size_t worth_it = (size_t)1 << 24;
    struct csv_text *texts[] = {diff->older_text, diff->newer_text};
    if (are_large(diff, worth_it)) {
        workers_run(texts, 2, sizeof texts[0], close_text);
    } else {
        csv_text_close(texts[0]);
        csv_text_close(texts[1]);
    }
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

enum status diff_write(struct diff *diff, struct output *output, diff_render *render,
                       const void *context, struct failure *failure)
{
    const struct diff_options *options = diff->options;
    const char *name = options->label != NULL ? options->label : diff->newer_path;
    return diff_render_all(&diff->match, options->rules.addresses, name, output, render, context,
                           failure);
}
