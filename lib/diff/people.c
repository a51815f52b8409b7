#include "diff/people.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void write_colour(struct output *output, bool colour, const char *sequence)
{
    if (colour)
        output_text(output, sequence);
}

static void write_value(struct output *output, struct csv_value value)
{
    char *room = output_room(output, TEXT_ESCAPE * value.length + 1);
    if (room != NULL)
        output_advance(output, text_escape(room, value.bytes, value.length));
}

static void write_text(struct output *output, const char *text)
{
    write_value(output, (struct csv_value){text, strlen(text)});
}

/* The column of the row that has a name. The search begins at `*next`, and leaves there where one
 * for the column behind it begins: names in the order of the row cost one walk through it. */
static const struct diff_pair *find(const struct diff_change *change, const char *name,
                                    size_t *next)
{
    for (size_t i = 0; i < change->row_count; i++) {
        size_t at = (*next + i) % change->row_count;
        if (strcmp(change->row[at].name.bytes, name) != 0)
            continue;
        *next = at + 1;
        return &change->row[at];
    }
    return NULL;
}

/* The member's name, of the columns that there are. */
static void write_name(struct output *output, const struct diff_change *change)
{
    static const char *const names[] = {"first_name", "last_name"};
    size_t next = 0;
    bool any = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct diff_pair *pair = find(change, names[i], &next);
        if (pair == NULL || pair->value.length == 0)
            continue;
        output_text(output, any ? " " : "  ");
        write_value(output, pair->value);
        any = true;
    }
}

static void write_quoted(struct output *output, struct csv_value value)
{
    if (value.length == 0)
        output_text(output, "(empty)");
    else
        write_value(output, value);
}

static void write_difference(struct output *output, const struct diff_change *change,
                             const struct diff_pair *was, size_t *next, bool colour)
{
    const struct diff_pair *now = find(change, was->name.bytes, next);
    output_text(output, "    ");
    write_value(output, was->name);
    output_text(output, ": ");
    write_colour(output, colour, "\033[31m");
    write_quoted(output, was->value);
    write_colour(output, colour, "\033[m");
    output_text(output, " -> ");
    write_colour(output, colour, "\033[32m");
    write_quoted(output, now != NULL ? now->value : (struct csv_value){"", 0});
    write_colour(output, colour, "\033[m");
    output_text(output, "\n");
}

/* Where the row is, why it is skipped, and who is held. */
static void write_skipped(struct output *output, const struct diff_change *change)
{
    char line[32];
    if (change->sheet_row > 0)
        (void)snprintf(line, sizeof line, ": row %zu: ", change->sheet_row);
    else
        (void)snprintf(line, sizeof line, ":%zu: ", change->line);
    if (change->file != NULL) {
        write_text(output, change->file);
        output_text(output, line);
    }
    if (change->reason != NULL) {
        write_text(output, change->reason);
    } else if (change->key.length == 0) {
        output_text(output, "no ");
        write_text(output, change->key_name);
    } else {
        output_text(output, "\"");
        write_value(output, change->key);
        output_text(output, "\" is no address");
    }
    if (change->held.length == 0)
        return;
    output_text(output, "; ");
    write_value(output, change->held);
    output_text(output, " stays a member");
}

void diff_people_change(struct output *output, const struct diff_change *change,
                        const void *context)
{
    const struct diff_people *people = context;
    bool colour = people->colour;
    static const char *const signs[] = {
        [DIFF_NEW] = "+ ", [DIFF_UPDATED] = "~ ", [DIFF_LAPSED] = "- ", [DIFF_SKIPPED] = "? "};
    static const char *const colours[] = {[DIFF_NEW] = "\033[32m",
                                          [DIFF_UPDATED] = "\033[33m",
                                          [DIFF_LAPSED] = "\033[31m",
                                          [DIFF_SKIPPED] = "\033[36m"};
    write_colour(output, colour, colours[change->kind]);
    output_text(output, signs[change->kind]);
    if (change->kind == DIFF_SKIPPED)
        write_skipped(output, change);
    else
        write_value(output, change->key);
    write_colour(output, colour, "\033[m");
    write_name(output, change);
    output_text(output, "\n");
    size_t next = 0;
    for (size_t i = 0; i < change->was_count; i++)
        write_difference(output, change, &change->was[i], &next, colour);
}

void diff_people_summary(struct output *output, const struct diff_summary *summary, bool colour)
{
    char line[320];
    (void)snprintf(line, sizeof line,
                   "%" PRIu64 " new, %" PRIu64 " updated, %" PRIu64 " lapsed, %" PRIu64
                   " unchanged, %" PRIu64 " skipped: %" PRIu64 " members, before %" PRIu64,
                   summary->added, summary->updated, summary->lapsed, summary->unchanged,
                   summary->skipped, summary->newer, summary->older);
    write_colour(output, colour, "\033[1m");
    output_text(output, line);
    if (summary->held > 0) {
        (void)snprintf(line, sizeof line,
                       "\n%" PRIu64 " of the unchanged are held: their rows are among the skipped",
                       summary->held);
        output_text(output, line);
    }
    if (summary->rule != NULL) {
        (void)snprintf(line, sizeof line, "\n%" PRIu64 " rows are no members': ", summary->others);
        output_text(output, line);
        write_text(output, summary->rule);
        output_text(output, " does not hold");
    }
    output_text(output, "\n");
    write_colour(output, colour, "\033[m");
}
