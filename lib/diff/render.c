#include "diff/render.h"

#include "base/text.h"
#include "base/workers.h"
#include "diff/row_compare.h"

#include <stdlib.h>
#include <string.h>

/* A change that is due, by its rows. */
struct due {
    enum diff_kind kind;
    bool is_followed; /* the key differs, too */
    bool is_carried;  /* it is new, and OLDER has a doubtful row of it */
    uint64_t newer;
    uint64_t older; /* of a row that is skipped: KEY_NONE, or who is held */
    size_t line;    /* of a row that is skipped, both */
    size_t sheet_row;
};

/* Whether a row of NEWER has one of OLDER beside it. */
static bool has_before(const struct due *due)
{
    return due->kind == DIFF_UPDATED || (due->kind == DIFF_NEW && due->is_carried);
}

/* So many changes, or so many bytes of their rows, are rendered at a time. */
enum { ROUND_CHANGES = 2048, ROUND_BYTES = 8 << 20, WORTH_IT = 64 };

struct renderer {
    struct diff_match *match;
    struct csv_value key_name; /* of NEWER's key, and what its older value is called */
    struct csv_value was_name;
    const char *newer_name;
    struct output *output;
    diff_render *render;
    const void *context;
    struct failure *failure;
    struct due *due;
    size_t count;
    uint64_t bytes;
    size_t followed; /* the next ones of match->followed and match->held */
    size_t held;
    struct csv_lines lines;
    struct share *shares;
    unsigned share_count;
};

/* What one thread renders with. */
struct share {
    struct renderer *renderer;
    struct output *output; /* the first one's is the renderer's own */
    size_t from;
    size_t to;
    struct csv_record *older;
    struct csv_record *newer;
    struct diff_pair *row;
    struct diff_pair *was;
    struct buffer key;
    enum status status;
    struct failure failure;
};

/* ---- one change ---- */

static void fill_row(struct share *share, const struct csv_table *table,
                     const struct csv_record *record, struct diff_change *change)
{
    size_t columns = csv_header_count(table->header);
    change->row = share->row;
    for (size_t i = 0; i < columns; i++)
        if (!csv_header_is_left_out(table->header, i))
            share->row[change->row_count++] =
                (struct diff_pair){csv_header_name(table->header, i), csv_record_value(record, i)};
}

static void carry_columns(struct share *share, struct diff_change *change)
{
    const struct diff_match *match = share->renderer->match;
    for (size_t i = 0; i < match->columns->carried_count; i++) {
        size_t column = match->columns->carried[i];
        share->row[change->row_count++] = (struct diff_pair){
            csv_header_name(match->older->header, column), csv_record_value(share->older, column)};
    }
}

static void add_was(struct share *share, struct csv_value name, struct csv_value value,
                    struct diff_change *change)
{
    share->was[change->was_count++] = (struct diff_pair){name, value};
}

/* Adds the compared columns that differ, but not a second time what is called like the key that
 * does. */
static void fill_was(struct share *share, bool is_followed, struct diff_change *change)
{
    const struct renderer *renderer = share->renderer;
    const struct diff_columns *columns = renderer->match->columns;
    for (size_t i = 0; i < columns->compared_count; i++) {
        struct csv_value name =
            csv_header_name(renderer->match->newer->header, columns->compared[i].newer);
        struct csv_value before = row_compare_value(share->older, columns->compared[i].older);
        struct csv_value now = csv_record_value(share->newer, columns->compared[i].newer);
        if (is_followed && strcmp(name.bytes, renderer->was_name.bytes) == 0)
            continue;
        if (before.length != now.length || memcmp(before.bytes, now.bytes, now.length) != 0)
            add_was(share, name, before, change);
    }
}

static enum status fill_key(struct share *share, const struct csv_table *table,
                            const struct csv_record *record, struct csv_value *filled)
{
    struct csv_value key = csv_table_key(table, record);
    if (!buffer_normalize(&share->key, key.bytes, key.length))
        return fail_memory(&share->failure);
    *filled = (struct csv_value){share->key.bytes, share->key.length};
    return STATUS_OK;
}

/* What is wrong with the key of a row that is skipped, and who is held. */
static enum status fill_skipped(struct share *share, const struct due *due,
                                struct diff_change *change)
{
    const struct diff_match *match = share->renderer->match;
    enum { MOST = 80 }; /* bytes of what is no address */
    change->key = csv_table_key(match->newer, share->newer);
    text_trim(&change->key.bytes, &change->key.length);
    if (change->key.length > MOST)
        for (change->key.length = MOST; (change->key.bytes[change->key.length] & 0xC0) == 0x80;)
            change->key.length--;
    if (due->older == KEY_NONE)
        return STATUS_OK;
    enum status status =
        csv_table_parse(match->older, (size_t)due->older, share->older, &share->failure);
    return status == STATUS_OK ? fill_key(share, match->older, share->older, &change->held)
                               : status;
}

/* What OLDER says of the member: what only it knows, and what differs. */
static enum status fill_before(struct share *share, const struct due *due,
                               struct diff_change *change)
{
    const struct diff_match *match = share->renderer->match;
    enum status status =
        csv_table_parse(match->older, (size_t)due->older, share->older, &share->failure);
    if (status != STATUS_OK)
        return status;
    carry_columns(share, change);
    change->was = share->was;
    if (due->is_followed)
        add_was(share, share->renderer->was_name, csv_table_key(match->older, share->older),
                change);
    fill_was(share, due->is_followed, change);
    return STATUS_OK;
}

static enum status render_one(struct share *share, const struct due *due)
{
    const struct renderer *renderer = share->renderer;
    const struct csv_table *table =
        due->kind == DIFF_LAPSED ? renderer->match->older : renderer->match->newer;
    struct diff_change change = {.kind = due->kind,
                                 .key = {"", 0},
                                 .key_name = renderer->key_name.bytes,
                                 .file = renderer->newer_name,
                                 .line = due->line,
                                 .sheet_row = due->sheet_row,
                                 .held = {"", 0}};
    uint64_t row = due->kind == DIFF_LAPSED ? due->older : due->newer;
    enum status status = csv_table_parse(table, (size_t)row, share->newer, &share->failure);
    if (status != STATUS_OK)
        return status;
    fill_row(share, table, share->newer, &change);
    status = due->kind == DIFF_SKIPPED ? fill_skipped(share, due, &change)
                                       : fill_key(share, table, share->newer, &change.key);
    if (status == STATUS_OK && has_before(due))
        status = fill_before(share, due, &change);
    if (status == STATUS_OK)
        renderer->render(share->output, &change, renderer->context);
    return status;
}

/* ---- a round ---- */

static void render_share(void *job)
{
    struct share *share = job;
    share->status = STATUS_OK;
    for (size_t i = share->from; i < share->to && share->status == STATUS_OK; i++)
        share->status = render_one(share, &share->renderer->due[i]);
}

/* Renders what is due, and empties the list. */
static enum status finish_round(struct renderer *renderer)
{
    size_t threads = workers_wanted(renderer->match->threads, renderer->count, WORTH_IT);
    if (threads > renderer->share_count)
        threads = renderer->share_count;
    for (size_t i = 0; i < threads; i++) {
        renderer->shares[i].from = workers_begin(renderer->count, i, threads);
        renderer->shares[i].to = workers_begin(renderer->count, i + 1, threads);
    }
    workers_run(renderer->shares, threads, sizeof *renderer->shares, render_share);
    renderer->count = 0;
    renderer->bytes = 0;
    for (size_t i = 0; i < threads; i++) {
        struct share *share = &renderer->shares[i];
        if (share->status != STATUS_OK) {
            *renderer->failure = share->failure;
            return share->status;
        }
        if (i > 0)
            output_move(renderer->output, share->output);
    }
    return output_failed(renderer->output) ? STATUS_IO : STATUS_OK;
}

static enum status add_due(struct renderer *renderer, const struct due *due)
{
    if (due->kind != DIFF_LAPSED)
        renderer->bytes += csv_table_size(renderer->match->newer, (size_t)due->newer);
    if (has_before(due) || due->kind == DIFF_LAPSED)
        renderer->bytes += csv_table_size(renderer->match->older, (size_t)due->older);
    renderer->due[renderer->count++] = *due;
    if (renderer->count < ROUND_CHANGES && renderer->bytes < ROUND_BYTES)
        return STATUS_OK;
    return finish_round(renderer);
}

/* ---- which changes there are ---- */

static enum status add_skipped(struct renderer *renderer, uint64_t row)
{
    const struct diff_match *match = renderer->match;
    struct due due = {.kind = DIFF_SKIPPED, .newer = row, .older = KEY_NONE};
    csv_table_line(match->newer, (size_t)row, &renderer->lines);
    due.line = renderer->lines.passed + 1;
    due.sheet_row = csv_text_has_label(match->newer->text) ? renderer->lines.rows + 1 : 0;
    if (renderer->held < match->held_count && match->held[renderer->held].newer == row)
        due.older = match->held[renderer->held++].older;
    return add_due(renderer, &due);
}

static enum status add_newer(struct renderer *renderer, uint64_t row)
{
    struct diff_match *match = renderer->match;
    if (match->newer->rows[row].key == CSV_ROW_SKIPPED)
        return add_skipped(renderer, row);
    struct due due = {.newer = row, .older = diff_match_older(match, row)};
    unsigned char state = due.older != KEY_NONE ? diff_match_state(match, due.older) : 0;
    if (due.older == KEY_NONE || (state & OLDER_DOUBTFUL) != 0) {
        due.kind = DIFF_NEW;
        due.is_carried = due.older != KEY_NONE;
        if (renderer->followed < match->followed_count &&
            match->followed[renderer->followed].newer == row) {
            due.kind = DIFF_UPDATED;
            due.is_followed = true;
            due.older = match->followed[renderer->followed++].older;
        }
        return add_due(renderer, &due);
    }
    due.kind = DIFF_UPDATED;
    if ((state & OLDER_WRITTEN) != 0 || !diff_match_updated(match, state))
        return STATUS_OK;
    diff_match_note(match, due.older, OLDER_WRITTEN);
    return add_due(renderer, &due);
}

static enum status render_all(struct renderer *renderer)
{
    const struct diff_match *match = renderer->match;
    const unsigned char stays = OLDER_PASSED | OLDER_SEEN | OLDER_FOLLOWED;
    enum status status = STATUS_OK;
    for (size_t row = 0; row < match->newer->count && status == STATUS_OK; row++)
        if (!diff_match_silent(match->newer->rows[row].key))
            status = add_newer(renderer, row);
    for (size_t row = 0; row < match->older->count && status == STATUS_OK; row++)
        if ((diff_match_state(match, row) & stays) == 0)
            status = add_due(renderer, &(struct due){.kind = DIFF_LAPSED, .older = row});
    return status == STATUS_OK && renderer->count > 0 ? finish_round(renderer) : status;
}

static bool share_init(struct share *share, struct renderer *renderer, bool is_first)
{
    const struct diff_match *match = renderer->match;
    size_t most = csv_header_count(match->newer->header) + 1;
    if (match->older->header != NULL)
        most += csv_header_count(match->older->header);
    *share = (struct share){.renderer = renderer,
                            .output = is_first ? renderer->output : output_new(-1),
                            .older = csv_record_new(),
                            .newer = csv_record_new(),
                            .row = calloc(most, sizeof *share->row),
                            .was = calloc(most, sizeof *share->was)};
    return share->output != NULL && share->older != NULL && share->newer != NULL &&
           share->row != NULL && share->was != NULL;
}

static void share_free(struct share *share, bool is_first)
{
    if (!is_first)
        output_free(share->output);
    csv_record_free(share->older);
    csv_record_free(share->newer);
    free(share->row);
    free(share->was);
    buffer_free(&share->key);
}

enum status diff_render_all(struct diff_match *match, bool addresses, const char *newer_name,
                            struct output *output, diff_render *render, const void *context,
                            struct failure *failure)
{
    static const struct csv_value EMAIL = {"email", 5};
    struct csv_value key_name = csv_header_name(match->newer->header, match->newer->key);
    struct renderer renderer = {.match = match,
                                .key_name = key_name,
                                .was_name = addresses ? EMAIL : key_name,
                                .newer_name = newer_name,
                                .output = output,
                                .render = render,
                                .context = context,
                                .failure = failure,
                                .due = calloc(ROUND_CHANGES, sizeof *renderer.due),
                                .share_count =
                                    workers_wanted(match->threads, ROUND_CHANGES, WORTH_IT)};
    renderer.shares = calloc(renderer.share_count, sizeof *renderer.shares);
    bool good = renderer.due != NULL && renderer.shares != NULL;
    for (unsigned i = 0; i < renderer.share_count && good; i++)
        good = share_init(&renderer.shares[i], &renderer, i == 0);
    enum status status = good ? render_all(&renderer) : fail_memory(failure);
    for (unsigned i = 0; i < renderer.share_count && renderer.shares != NULL; i++)
        share_free(&renderer.shares[i], i == 0);
    free(renderer.shares);
    free(renderer.due);
    return status;
}
