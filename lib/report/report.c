#include "report/report.h"

#include "base/ndjson.h"
#include "base/text.h"
#include "report/counts.h"
#include "report/redact.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAMES_SHOWN = 20,
    NAME_LIMIT = 80,    /* bytes */
    REASON_LIMIT = 200, /* bytes */
};

struct report *report_new(bool names)
{
    struct report *report = calloc(1, sizeof *report);
    if (report != NULL)
        report->names = names;
    return report;
}

void report_free(struct report *report)
{
    if (report == NULL)
        return;
    for (int state = 0; state < STATES; state++)
        for (int kind = 0; kind < KINDS; kind++)
            buffer_free(&report->changes[state][kind].names);
    buffer_free(&report->skipped.names);
    tally_free(&report->failures);
    tally_free(&report->skips);
    tally_free(&report->unapplied);
    tally_free(&report->overridden);
    tally_free(&report->notes);
    tally_free(&report->drift);
    free(report);
}

/* ---- counting ---- */

/* Counts a text without addresses and cut, so that few different ones remain. */
static bool count_text(struct tally *tally, const char *text)
{
    char *plain = redact_addresses(text);
    if (plain == NULL)
        return false;
    text_printable(plain, REASON_LIMIT);
    bool counted = tally_add(tally, plain);
    free(plain);
    return counted;
}

/* Counts each string of an array; `*custom` becomes true when one names a custom field. */
static bool count_fields(struct tally *tally, const json_t *fields, bool *custom)
{
    static const char CUSTOM[] = "custom_fields.";
    size_t index;
    json_t *field;
    json_array_foreach(fields, index, field)
    {
        const char *name = json_string_value(field);
        if (name == NULL)
            continue;
        if (text_begins(name, CUSTOM)) {
            name += strlen(CUSTOM);
            *custom = true;
        }
        if (!count_text(tally, name))
            return false;
    }
    return true;
}

/* Appends the person's name, else the address, to `name`, which is empty when there is neither. */
static bool append_name(struct buffer *name, const json_t *record)
{
    const json_t *row = json_object_get(record, "row");
    const json_t *person = json_object_get(record, "person");
    const char *first = ndjson_string(row, "first_name");
    const char *last = ndjson_string(row, "last_name");
    if (first == NULL && last == NULL) {
        first = ndjson_string(person, "given_name");
        last = ndjson_string(person, "family_name");
    }
    bool has_first = first != NULL && first[0] != '\0';
    bool has_last = last != NULL && last[0] != '\0';
    const char *key = ndjson_string(record, "key");
    if (has_first || has_last)
        return buffer_printf(name, "%s%s%s", has_first ? first : "",
                             has_first && has_last ? " " : "", has_last ? last : "");
    return buffer_printf(name, "%s", key != NULL ? key : "");
}

static bool count_person(const struct report *report, struct count *count, const json_t *record)
{
    count->people++;
    if (!report->names || count->named == NAMES_SHOWN)
        return true;
    struct buffer name = {.limit = 0};
    bool counted = append_name(&name, record);
    if (counted && name.length > 0) {
        text_printable(name.bytes, NAME_LIMIT);
        counted = buffer_printf(&count->names, "%s%s", count->named > 0 ? ", " : "", name.bytes);
        count->named++;
    }
    buffer_free(&name);
    return counted;
}

static bool count_failure(struct report *report, const json_t *result)
{
    const char *error = ndjson_string(result, "error");
    json_int_t http = json_integer_value(json_object_get(result, "http"));
    struct buffer reason = {.limit = 0};
    bool counted = true;
    report->key_refused = report->key_refused || http == 401 || http == 403;
    if (http >= 300) /* otherwise the server did not refuse */
        counted = buffer_printf(&reason, "HTTP %lld: ", (long long)http);
    counted = counted && buffer_printf(&reason, "%s", error != NULL ? error : "no reason given") &&
              count_text(&report->failures, reason.bytes);
    buffer_free(&reason);
    return counted;
}

/* What Action Network made of a person that it took. */
static bool count_details(struct report *report, const json_t *result)
{
    bool ignored = false;
    const char *note = ndjson_string(result, "note");
    return count_fields(&report->unapplied, json_object_get(result, "unapplied"),
                        &report->unapplied_custom) &&
           count_fields(&report->overridden, json_object_get(result, "overridden"), &ignored) &&
           (note == NULL || count_text(&report->notes, note));
}

static enum state state_of(const json_t *record)
{
    static const char *const NAMES[STATES] = {
        [OK] = "ok", [FAILED] = "failed", [DRY_RUN] = "dry-run", [DEFERRED] = "deferred"};
    const char *status = ndjson_result_status(record);
    for (int state = 0; status != NULL && state < STATES; state++)
        if (NAMES[state] != NULL && strcmp(NAMES[state], status) == 0)
            return (enum state)state;
    return PENDING;
}

/* Counts the fields of which an-diff found that they are not as they should be. */
static bool count_drift(struct report *report, const json_t *drift)
{
    static const char CUSTOM[] = "custom_fields.";
    const char *name;
    json_t *difference;
    json_object_foreach((json_t *)drift, name, difference)
    {
        size_t skip = text_begins(name, CUSTOM) ? strlen(CUSTOM) : 0;
        if (!count_text(&report->drift, name + skip))
            return false;
    }
    return true;
}

static bool count_change(struct report *report, enum kind kind, const json_t *record)
{
    const json_t *was = json_object_get(record, "was");
    const json_t *drift = json_object_get(record, "drift");
    const json_t *result = json_object_get(record, "result");
    enum state state = state_of(record);
    if (kind == UPDATED && drift == NULL && json_is_object(was) && json_object_size(was) == 0) {
        if (state == OK && json_object_get(result, "attempts") == NULL)
            return true;   /* an-diff --all: nothing was sent; the summary has them as unchanged */
        kind = SENT_AGAIN; /* csv-diff --all */
    }
    return count_drift(report, drift) &&
           count_person(report, &report->changes[state][kind], record) &&
           (state != FAILED || count_failure(report, result)) &&
           (state != OK || count_details(report, result));
}

/* What stands where an address should is a row's own, and is quoted: it counts as one reason. */
static bool count_skip(struct report *report, const json_t *record)
{
    const char *reason = ndjson_string(record, "reason");
    if (reason != NULL && reason[0] == '"')
        reason = "what should be an address is none";
    return count_person(report, &report->skipped, record) &&
           count_text(&report->skips, reason != NULL ? reason : "no reason given");
}

static size_t number(const json_t *object, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(object, name));
    return value > 0 ? (size_t)value : 0;
}

static void take_summary(struct report *report, const json_t *summary)
{
    report->summed = true;
    report->members = number(summary, "newer");
    report->unchanged = number(summary, "unchanged");
    report->audited = json_object_get(summary, "people") != NULL;
    report->people = number(summary, "people");
    report->held = number(summary, "held");
    report->others = number(summary, "others");
    const char *rule = ndjson_string(summary, "members");
    (void)snprintf(report->rule, sizeof report->rule, "%s", rule != NULL ? rule : "");
    text_printable(report->rule, sizeof report->rule - 1);
    report->announced =
        number(summary, "new") + number(summary, "updated") + number(summary, "lapsed");
}

enum status report_add(struct report *report, const json_t *record, struct failure *failure)
{
    const char *change = ndjson_string(record, "change");
    const json_t *summary = json_object_get(record, "summary");
    bool counted = true;
    if (json_object_get(record, "run") != NULL)
        return STATUS_OK;
    report->any = true;
    if (json_is_object(summary))
        take_summary(report, summary);
    else if (change == NULL)
        return STATUS_OK;
    else if (strcmp(change, "new") == 0)
        counted = count_change(report, NEW, record);
    else if (strcmp(change, "updated") == 0)
        counted = count_change(report, UPDATED, record);
    else if (strcmp(change, "lapsed") == 0)
        counted = count_change(report, LAPSED, record);
    else if (strcmp(change, "skipped") == 0)
        counted = count_skip(report, record);
    return counted ? STATUS_OK : fail_memory(failure);
}

void report_cut_short(struct report *report, const char *why)
{
    (void)snprintf(report->cut_short, sizeof report->cut_short, "%s", why);
    text_printable(report->cut_short, sizeof report->cut_short - 1);
}
