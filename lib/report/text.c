#include "report/report.h"

#include "report/counts.h"

#include <stdio.h>

enum { REASONS_SHOWN = 10 };

static const struct {
    const char *done, *would, *named, *audited;
} WORDS[KINDS] = {
    [NEW] = {"new", "would be new", "New", "Missing"},
    [UPDATED] = {"updated", "would be updated", "Updated", "Different"},
    [SENT_AGAIN] = {"sent again", "would be sent again", "Sent again", "Sent again"},
    [LAPSED] = {"lapsed", "would lapse", "Lapsed", "Too many"},
};

static size_t people_in(const struct report *report, enum state state)
{
    size_t people = 0;
    for (int kind = 0; kind < KINDS; kind++)
        people += report->changes[state][kind].people;
    return people;
}

/* The changes that the summary announced and that never came. */
static size_t changes_missing(const struct report *report)
{
    size_t seen = 0;
    for (int state = 0; state < STATES; state++)
        seen += people_in(report, (enum state)state);
    return report->summed && report->announced > seen ? report->announced - seen : 0;
}

bool report_is_warning(const struct report *report)
{
    return !report->summed || report->cut_short[0] != '\0' || report->unapplied.used > 0 ||
           people_in(report, FAILED) > 0 || changes_missing(report) > 0;
}

struct digits {
    char text[32];
};

/* A number with its thousands set apart. */
static struct digits grouped(size_t count)
{
    struct digits plain;
    struct digits out;
    size_t length = (size_t)snprintf(plain.text, sizeof plain.text, "%zu", count);
    size_t at = 0;
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            out.text[at++] = ',';
        out.text[at++] = plain.text[i];
    }
    out.text[at] = '\0';
    return out;
}

/* "1 change", "41 changes". */
static bool append_number(struct buffer *out, size_t count, const char *one, const char *many)
{
    return buffer_printf(out, "%s %s", grouped(count).text, count == 1 ? one : many);
}

/* "3 new, 5 updated", or "3 would be new, 5 would be updated". */
static bool append_changes(struct buffer *out, const struct report *report, enum state state)
{
    const char *separator = "";
    bool room = true;
    for (int kind = 0; kind < KINDS; kind++) {
        size_t people = report->changes[state][kind].people;
        if (people == 0)
            continue;
        room = room && buffer_printf(out, "%s%s %s", separator, grouped(people).text,
                                     state == OK ? WORDS[kind].done : WORDS[kind].would);
        separator = ", ";
    }
    return room && (separator[0] != '\0' || buffer_printf(out, "no changes"));
}

/* The state that the first sentence is about: what was done, or else what would be. */
static enum state main_state(const struct report *report)
{
    if (people_in(report, OK) + people_in(report, FAILED) + people_in(report, DEFERRED) > 0)
        return OK;
    return people_in(report, DRY_RUN) > 0 ? DRY_RUN : people_in(report, PENDING) > 0 ? PENDING : OK;
}

/* What an-diff found, where nobody has acted on it. */
static bool write_audit(struct buffer *out, const struct report *report)
{
    const struct count *pending = report->changes[PENDING];
    return buffer_printf(out, "%s as they should be", grouped(report->unchanged).text) &&
           buffer_printf(out, ", %s missing", grouped(pending[NEW].people).text) &&
           buffer_printf(out, ", %s different", grouped(pending[UPDATED].people).text) &&
           buffer_printf(out, ", %s too many; ", grouped(pending[LAPSED].people).text) &&
           append_number(out, report->members, "member", "members") &&
           buffer_printf(out, ", %s in Action Network.", grouped(report->people).text);
}

static bool write_counts(struct buffer *out, struct report *report)
{
    if (!report->any && report->cut_short[0] == '\0')
        return buffer_printf(out, "nothing came, not even a summary: the run broke off before its "
                                  "first record; run it again.");
    enum state state = main_state(report);
    if (report->audited && people_in(report, OK) + people_in(report, FAILED) +
                                   people_in(report, DEFERRED) + people_in(report, DRY_RUN) ==
                               0)
        return write_audit(out, report);
    bool room = buffer_printf(out, "%s",
                              state == DRY_RUN   ? "a dry run, nothing was sent; "
                              : state == PENDING ? "nothing was sent; "
                                                 : "") &&
                append_changes(out, report, state);
    if (report->summed)
        room = room && buffer_printf(out, ", %s unchanged; ", grouped(report->unchanged).text) &&
               append_number(out, report->members, "member", "members");
    return room && buffer_printf(out, ".");
}

/* "Rosa Luxemburg, Karl Liebknecht and 21 more". */
static bool append_names(struct buffer *out, const struct count *count)
{
    bool room = buffer_printf(out, "%s", count->names.bytes);
    if (count->people > count->named)
        room =
            room && buffer_printf(out, " and %s more", grouped(count->people - count->named).text);
    return room;
}

/* The names of one state, a line a kind, each behind `indent`. */
static bool append_all_names(struct buffer *out, const struct report *report, enum state state,
                             const char *indent)
{
    bool room = true;
    for (int kind = 0; kind < KINDS; kind++) {
        const struct count *count = &report->changes[state][kind];
        if (count->named > 0)
            room = room &&
                   buffer_printf(out, "%s%s%s: ", out->length > 0 ? "\n" : "", indent,
                                 report->audited && state == PENDING ? WORDS[kind].audited
                                                                     : WORDS[kind].named) &&
                   append_names(out, count);
    }
    return room;
}

static bool write_names(struct buffer *out, struct report *report)
{
    return append_all_names(out, report, main_state(report), "");
}

static bool write_break(struct buffer *out, struct report *report)
{
    size_t missing = changes_missing(report);
    if (report->cut_short[0] != '\0')
        return buffer_printf(out, "%s; what came after it is not counted.", report->cut_short);
    if (report->any && !report->summed)
        return buffer_printf(out, "The run broke off before its end; run it again.");
    if (missing == 0)
        return true;
    return append_number(out, missing, "change", "changes") &&
           buffer_printf(out,
                         " of %s did not arrive here; unless they were left out on purpose, "
                         "run it again.",
                         grouped(report->announced).text);
}

/* Changes that are not what the first sentence is about. */
static bool append_aside(struct buffer *out, const struct report *report, enum state state,
                         const char *one, const char *many)
{
    size_t people = people_in(report, state);
    if (people == 0 || main_state(report) == state)
        return true;
    return append_number(out, people, one, many) && buffer_printf(out, ": ") &&
           append_changes(out, report, state) && buffer_printf(out, ".") &&
           append_all_names(out, report, state, "  ");
}

static bool write_dry_run(struct buffer *out, struct report *report)
{
    return append_aside(out, report, DRY_RUN, "change was a dry run", "changes were a dry run");
}

static bool write_pending(struct buffer *out, struct report *report)
{
    return append_aside(out, report, PENDING, "change was not acted on",
                        "changes were not acted on");
}

/* A line a reason, the most frequent first. */
static bool append_reasons(struct buffer *out, struct tally *tally)
{
    tally_sort(tally);
    size_t others = tally->others;
    bool room = true;
    for (size_t i = 0; i < tally->used; i++)
        if (i < REASONS_SHOWN)
            room = room && buffer_printf(out, "\n  %s: %s", grouped(tally->entries[i].count).text,
                                         tally->entries[i].text);
        else
            others += tally->entries[i].count;
    return room &&
           (others == 0 || buffer_printf(out, "\n  %s: other reasons", grouped(others).text));
}

/* The reason that all have, on the same line; else a line a reason. */
static bool append_why(struct buffer *out, struct tally *tally)
{
    return tally->used == 1 && tally->others == 0
               ? buffer_printf(out, " %s", tally->entries[0].text)
               : append_reasons(out, tally);
}

static bool write_failures(struct buffer *out, struct report *report)
{
    size_t people = people_in(report, FAILED);
    return people == 0 ||
           (buffer_printf(out, "%s failed; %s:", grouped(people).text,
                          report->key_refused ? "the key is refused, so no run can send anything "
                                                "until AN_API_KEY is a valid one"
                                              : "the next run tries again") &&
            append_reasons(out, &report->failures) && append_all_names(out, report, FAILED, "  "));
}

static bool write_deferred(struct buffer *out, struct report *report)
{
    size_t people = people_in(report, DEFERRED);
    return people == 0 ||
           (append_number(out, people, "change waits", "changes wait") &&
            buffer_printf(out, report->key_refused ? " for a valid key." : " for the next run.") &&
            append_all_names(out, report, DEFERRED, "  "));
}

static bool write_skipped(struct buffer *out, struct report *report)
{
    const struct count *skipped = &report->skipped;
    return skipped->people == 0 ||
           (append_number(out, skipped->people, "row was skipped:", "rows were skipped:") &&
            append_why(out, &report->skips) &&
            (skipped->named == 0 || (buffer_printf(out, "\n  ") && append_names(out, skipped))));
}

/* Members whose row has no address, and who therefore stay as they are. */
static bool write_held(struct buffer *out, struct report *report)
{
    return report->held == 0 ||
           (append_number(out, report->held,
                          "member has no address in the export, and stays as it was",
                          "members have no address in the export, and stay as they were") &&
            buffer_printf(out, "."));
}

/* By which rule a row is a member's, and how many are not. */
static bool write_rule(struct buffer *out, struct report *report)
{
    return report->rule[0] == '\0' ||
           (buffer_printf(out, "Members are the rows with %s; ", report->rule) &&
            append_number(out, report->others, "other row was left out.",
                          "other rows were left out."));
}

/* "Phone (12 people), YDSA Chapter (1 person)". */
static bool append_fields(struct buffer *out, struct tally *tally)
{
    tally_sort(tally);
    bool room = true;
    for (size_t i = 0; i < tally->used && i < REASONS_SHOWN; i++)
        room = room && buffer_printf(out, "%s%s (", i > 0 ? ", " : "", tally->entries[i].text) &&
               append_number(out, tally->entries[i].count, "person)", "people)");
    return room && (tally->used <= REASONS_SHOWN || buffer_printf(out, " and others"));
}

static bool write_unapplied(struct buffer *out, struct report *report)
{
    if (report->unapplied.used == 0)
        return true;
    return buffer_printf(out, "Action Network did not take: ") &&
           append_fields(out, &report->unapplied) &&
           buffer_printf(out, "%s",
                         !report->unapplied_custom     ? "."
                         : report->unapplied.used == 1 ? "; does the custom field exist?"
                                                       : "; do the custom fields exist?");
}

/* A sentence of that beginning, where there is anything. */
static bool append_list(struct buffer *out, const char *beginning, struct tally *tally)
{
    return tally->used == 0 || (buffer_printf(out, "%s: ", beginning) &&
                                append_fields(out, tally) && buffer_printf(out, "."));
}

static bool write_overridden(struct buffer *out, struct report *report)
{
    return append_list(out, "Left alone because of an override", &report->overridden);
}

static bool write_drift(struct buffer *out, struct report *report)
{
    return append_list(out, "Different in Action Network", &report->drift);
}

static bool write_notes(struct buffer *out, struct report *report)
{
    return append_list(out, "Noted", &report->notes);
}

json_t *report_paragraphs(struct report *report)
{
    bool (*const writers[])(struct buffer *, struct report *) = {
        write_counts,   write_names,     write_drift,      write_break,   write_failures,
        write_deferred, write_dry_run,   write_pending,    write_skipped, write_held,
        write_rule,     write_unapplied, write_overridden, write_notes,
    };
    struct buffer text = {.limit = 0};
    json_t *paragraphs = json_array();
    bool made = paragraphs != NULL;
    for (size_t i = 0; made && i < sizeof writers / sizeof writers[0]; i++) {
        buffer_clear(&text);
        made = writers[i](&text, report) &&
               (text.length == 0 ||
                json_array_append_new(paragraphs, json_stringn(text.bytes, text.length)) == 0);
    }
    buffer_free(&text);
    if (!made) {
        json_decref(paragraphs);
        paragraphs = NULL;
    }
    return paragraphs;
}
