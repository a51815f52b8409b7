#include "audit/audit.h"

#include "audit/outcome.h"
#include "base/record.h"

#include <stdlib.h>
#include <string.h>

/* Whether a rule of the field map takes a column as it is: "column", {"from": "column"} or {"from":
 * ["column", ...]}. */
static bool takes(const json_t *rule, const char *column)
{
    const json_t *from = json_is_object(rule) ? json_object_get(rule, "from") : rule;
    size_t index;
    const json_t *one;
    if (json_object_get(rule, "is") != NULL)
        return false;
    if (ascii_equal(json_string_value(from), column))
        return true;
    json_array_foreach(from, index, one)
    {
        if (ascii_equal(json_string_value(one), column))
            return true;
    }
    return false;
}

/* Finds by what people are followed: the first of the columns that the export has, and the custom
 * field that the map fills from it. */
static enum status choose_follow(struct audit *audit, struct failure *failure)
{
    const struct audit_options *options = audit->options;
    const char *column = NULL, *name;
    json_t *rule;
    audit->follow_column = CSV_NO_COLUMN;
    for (size_t i = 0; i < options->follow_count && audit->follow_column == CSV_NO_COLUMN; i++) {
        column = options->follow[i];
        audit->follow_column = audit_export_column(audit->export, column);
    }
    if (options->follow_count == 0)
        return STATUS_OK;
    json_object_foreach(json_object_get(field_map_json(audit->map), "custom_fields"), name, rule)
    {
        if (audit->follow_column == CSV_NO_COLUMN || audit->follow_field != NULL ||
            !takes(rule, column))
            continue;
        audit->follow_field = strdup(name);
        if (audit->follow_field == NULL)
            return fail_memory(failure);
    }
    if (audit->follow_column == CSV_NO_COLUMN)
        (void)fail(&audit->warning, STATUS_OK,
                   "%.300s: there is no column \"%.100s\": nobody is followed to a new address",
                   audit_export_name(audit->export), column);
    else if (audit->follow_field == NULL)
        (void)fail(
            &audit->warning, STATUS_OK,
            "the field map keeps the column \"%.100s\" in no custom field: nobody is followed "
            "to a new address",
            column);
    return STATUS_OK;
}

/* Members of the roster of whom a change was begun may be there in one way or the other, or not:
 * the next sync settles that. Until then they are named, and not judged. */
static enum status pass_over_doubtful(struct audit *audit, struct failure *failure)
{
    size_t column = audit_export_column(audit->export, ROSTER_MAP_COLUMN), doubtful = 0;
    if (column == CSV_NO_COLUMN)
        return STATUS_OK;
    for (size_t row = 0; row < audit_export_count(audit->export); row++) {
        struct csv_value value;
        enum status status = audit_export_value(audit->export, row, column, &value, failure);
        if (status != STATUS_OK)
            return status;
        if (!text_begins(value.bytes, ROSTER_BEGUN))
            continue;
        audit->outcomes[row] = DOUBTFUL;
        doubtful++;
    }
    if (doubtful > 0)
        (void)fail(&audit->warning, STATUS_OK,
                   "%.300s: of %zu members a change was begun and not acknowledged: they are not "
                   "judged before the next sync",
                   audit_export_name(audit->export), doubtful);
    return STATUS_OK;
}

static enum status open_all(struct audit *audit, struct failure *failure)
{
    const struct audit_options *options = audit->options;
    enum status status = field_map_load(options->map, &audit->map, failure);
    if (status == STATUS_OK)
        status =
            audit_export_open(options->file, &options->rules, audit->map, &audit->export, failure);
    if (status != STATUS_OK)
        return status;
    size_t rows = audit_export_count(audit->export);
    audit->id_column = audit_export_column(audit->export, ROSTER_ID_COLUMN);
    audit->member = json_pack("{s:{s:s}}", "custom_fields", "is_member", "True");
    audit->none = json_pack("{s:{s:s}}", "custom_fields", "is_member", "False");
    audit->outcomes = calloc(rows, sizeof *audit->outcomes);
    audit->are_members = calloc(rows, sizeof *audit->are_members);
    audit->ids = calloc(rows, sizeof *audit->ids);
    audit->kept = calloc(rows, sizeof *audit->kept);
    if (audit->member == NULL || audit->none == NULL || audit->outcomes == NULL ||
        audit->are_members == NULL || audit->ids == NULL || audit->kept == NULL)
        return fail_memory(failure);
    status = pass_over_doubtful(audit, failure);
    return status == STATUS_OK ? choose_follow(audit, failure) : status;
}

enum status audit_open(const struct audit_options *options, struct audit **audit,
                       struct failure *failure)
{
    *audit = NULL;
    struct audit *made = calloc(1, sizeof *made);
    if (made == NULL)
        return fail_memory(failure);
    made->options = options;
    enum status status = open_all(made, failure);
    if (status == STATUS_OK)
        *audit = made;
    else
        audit_close(made);
    return status;
}

void audit_close(struct audit *audit)
{
    if (audit == NULL)
        return;
    audit_export_close(audit->export);
    field_map_free(audit->map);
    json_decref(audit->member);
    json_decref(audit->none);
    free(audit->follow_field);
    free(audit->outcomes);
    free(audit->are_members);
    free(audit->ids);
    free(audit->kept);
    buffer_free(&audit->texts);
    buffer_free(&audit->seen);
    strays_free(&audit->strays);
    free(audit);
}

/* ---- numbers ---- */

static int by_number(const void *one, const void *other)
{
    const uint64_t *left = one, *right = other;
    return (*left > *right) - (*left < *right);
}

/* How many different people were seen. */
static uint64_t count_seen(struct buffer *seen)
{
    uint64_t *hashes = (uint64_t *)(void *)seen->bytes, people = 0;
    size_t count = seen->length / sizeof *hashes;
    if (count > 0)
        qsort(hashes, count, sizeof *hashes, by_number);
    for (size_t i = 0; i < count; i++)
        people += i == 0 || hashes[i] != hashes[i - 1];
    return people;
}

static void count(struct audit *audit)
{
    struct diff_summary *summary = &audit->summary.changes;
    for (size_t row = 0; row < audit_export_count(audit->export); row++) {
        enum outcome outcome = audit->outcomes[row];
        bool is_first = audit_export_is_first(audit->export, row);
        summary->skipped += audit_export_is_blank(audit->export, row) || outcome == UNKNOWN;
        summary->unchanged += outcome == HELD;
        summary->held += outcome == HELD;
        if (!is_first)
            continue;
        summary->added += outcome == MISSING;
        summary->unchanged += outcome == AGREES || outcome == RENUMBERED;
        summary->updated += outcome == DIFFERS || outcome == MOVED;
    }
    for (size_t i = 0; i < audit->strays.count; i++) {
        bool has_address = strays_address(&audit->strays, &audit->strays.strays[i])[0] != '\0';
        summary->lapsed += has_address;
        summary->skipped += !has_address;
    }
    summary->others = audit_export_table(audit->export)->others;
    summary->rule = csv_screen_rule(audit_export_table(audit->export)->screen);
    summary->older = summary->unchanged + summary->updated + summary->lapsed;
    summary->newer = summary->unchanged + summary->updated + summary->added;
    audit->summary.people = count_seen(&audit->seen);
}

/* No more members may be strays than the options allow. */
static enum status check_limit(const struct audit *audit, struct failure *failure)
{
    uint64_t strays = audit->summary.changes.lapsed, members = strays;
    for (size_t row = 0; row < audit_export_count(audit->export); row++)
        members += audit->are_members[row];
    uint64_t most = diff_limit_most(&audit->options->max_lapse, members);
    if (strays <= most)
        return STATUS_OK;
    return fail(failure, STATUS_DATA,
                "%.300s: it does not name %llu of the %llu members in Action Network, and no more "
                "than %llu may lapse (--max-lapse); is it the whole export? If it is, run again "
                "with --max-lapse %llu",
                audit_export_name(audit->export), (unsigned long long)strays,
                (unsigned long long)members, (unsigned long long)most, (unsigned long long)strays);
}

enum status audit_run(struct audit *audit, struct connection *connection, struct progress *progress,
                      struct failure *failure)
{
    enum status status = audit_find(audit, connection, progress, failure);
    if (status != STATUS_OK)
        return status;
    strays_by_address(&audit->strays);
    count(audit);
    return check_limit(audit, failure);
}

const struct audit_summary *audit_summary(const struct audit *audit)
{
    return &audit->summary;
}

const char *audit_warning(const struct audit *audit)
{
    return audit->warning.text[0] != '\0' ? audit->warning.text : NULL;
}
