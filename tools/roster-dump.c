/*
 * roster-dump: writes the roster's members as CSV, or the history of runs as NDJSON. Touches
 * nothing.
 */
#include <csv.h>
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/options.h"
#include "base/output.h"
#include "base/status.h"
#include "roster/group.h"
#include "roster/roster.h"

static const char program[] = "roster-dump";

struct options {
    const char *store;
    size_t runs; /* how many; 0 for the members instead */
    bool count;  /* only how many members there are */
    bool group;  /* which group it belongs to, instead */
    bool begun;  /* those, too, whose first change was only begun */
};

struct writing {
    struct output *output;
    json_t *columns;
    bool begun;
    bool has_header;
    size_t members; /* counted */
};

/* Whether a field is read back as it is only when it is quoted: csv-diff's libcsv, as others, takes
 * blanks around a field for padding. */
static bool needs_quotes(const char *text, size_t length)
{
    static const char BLANKS[] = " \t";
    return length > 0 &&
           (text[strcspn(text, ",\"\r\n")] != '\0' || strchr(BLANKS, text[0]) != NULL ||
            strchr(BLANKS, text[length - 1]) != NULL);
}

static void write_field(struct output *output, const char *text, char before)
{
    size_t length = strlen(text);
    if (before != '\0')
        output_bytes(output, &before, 1);
    if (!needs_quotes(text, length)) {
        output_bytes(output, text, length);
        return;
    }
    size_t most = 2 * length + 2;
    char *room = output_room(output, most);
    if (room != NULL)
        output_advance(output, csv_write2(room, most, text, length, '"'));
}

/* Writes the header, once. */
static void write_header(struct writing *writing)
{
    size_t index;
    json_t *name;
    if (writing->has_header)
        return;
    writing->has_header = true;
    json_array_foreach(writing->columns, index, name)
    {
        write_field(writing->output, json_string_value(name), index > 0 ? ',' : '\0');
    }
    write_field(writing->output, ROSTER_ID_COLUMN, index > 0 ? ',' : '\0');
    write_field(writing->output, ROSTER_MAP_COLUMN, ',');
    output_text(writing->output, "\n");
}

static enum status write_member(const struct roster_member *member, void *context,
                                struct failure *failure)
{
    struct writing *writing = context;
    size_t index;
    json_t *name;
    (void)failure;
    if (!writing->begun && strcmp(member->digest, ROSTER_BEGUN_NEW) == 0)
        return STATUS_OK;
    write_header(writing);
    json_array_foreach(writing->columns, index, name)
    {
        const char *value =
            json_string_value(json_object_get(member->row, json_string_value(name)));
        write_field(writing->output, value != NULL ? value : "", index > 0 ? ',' : '\0');
    }
    write_field(writing->output, member->id, index > 0 ? ',' : '\0');
    write_field(writing->output, member->digest, ',');
    output_text(writing->output, "\n");
    return output_failed(writing->output) ? STATUS_IO : STATUS_OK;
}

/* Counts those that write_member would write. */
static enum status count_member(const struct roster_member *member, void *context,
                                struct failure *failure)
{
    struct writing *writing = context;
    (void)failure;
    if (writing->begun || strcmp(member->digest, ROSTER_BEGUN_NEW) != 0)
        writing->members++;
    return STATUS_OK;
}

static int write_chunk(const char *bytes, size_t length, void *output)
{
    output_bytes(output, bytes, length);
    return output_failed(output) ? -1 : 0;
}

static enum status write_run(const json_t *run, void *context, struct failure *failure)
{
    struct writing *writing = context;
    output_text(writing->output, "{\"run\":");
    if (json_dump_callback(run, write_chunk, writing->output, JSON_COMPACT) != 0 &&
        !output_failed(writing->output))
        return fail_memory(failure);
    output_text(writing->output, "}\n");
    return output_failed(writing->output) ? STATUS_IO : STATUS_OK;
}

static enum status write_group(struct roster *roster, struct writing *writing,
                               struct failure *failure)
{
    json_t *group;
    enum status status = roster_group(roster, &group, failure);
    if (status == STATUS_OK &&
        json_dump_callback(group, write_chunk, writing->output, JSON_COMPACT) != 0 &&
        !output_failed(writing->output))
        status = fail_memory(failure);
    if (status == STATUS_OK)
        output_text(writing->output, "\n");
    json_decref(group);
    return status;
}

static enum status dump(struct roster *roster, const struct options *options,
                        struct writing *writing, struct failure *failure)
{
    if (options->runs > 0)
        return roster_each_run(roster, options->runs, write_run, writing, failure);
    if (options->group)
        return write_group(roster, writing, failure);
    if (options->count) {
        char line[32];
        enum status counted = roster_each(roster, count_member, writing, failure);
        (void)snprintf(line, sizeof line, "%zu\n", writing->members);
        if (counted == STATUS_OK)
            output_text(writing->output, line);
        return counted;
    }
    enum status status = roster_columns(roster, &writing->columns, failure);
    if (status == STATUS_OK)
        status = roster_each(roster, write_member, writing, failure);
    if (status == STATUS_OK && json_array_size(writing->columns) > 0)
        write_header(writing);
    return status;
}

/* A reader that has gone needs no message. */
static enum status run(const struct options *options)
{
    struct roster *roster = NULL;
    struct writing writing = {.output = output_new(STDOUT_FILENO), .begun = options->begun};
    struct failure failure = {""};
    int error = 0;
    enum status status = writing.output != NULL
                             ? roster_open(options->store, ROSTER_READ, &roster, &failure)
                             : fail_memory(&failure);
    if (roster != NULL)
        roster_confine(roster);
    if (status == STATUS_OK)
        status = dump(roster, options, &writing, &failure);
    if (writing.output != NULL && output_flush(writing.output, &error) != STATUS_OK)
        status = fail(&failure, STATUS_IO, "standard output: %s", strerror(error));
    if (status != STATUS_OK && error != EPIPE)
        cli_warn(program, "%s", failure.text);
    json_decref(writing.columns);
    output_free(writing.output);
    roster_close(roster);
    return status;
}

int main(int argc, char **argv)
{
    cli_start();
    struct options options = {.store = NULL};
    const struct option_line lines[] = {
        {"store", 's', OPTION_TEXT, &options.store, .argument = "STORE",
         .help = "the roster (AN_ROSTER, or roster.sqlite in AN_STATE)"},
        {"begun", 'b', OPTION_FLAG, &options.begun,
         .help = "those, too, whom a run began to add and was broken off"},
        {"count", 'c', OPTION_FLAG, &options.count,
         .help = "write only how many members there are"},
        {"group", '\0', OPTION_FLAG, &options.group,
         .help = "write which group it belongs to and a few members, for an-upsert --group"},
        {"runs", 'r', OPTION_COUNT, &options.runs, .argument = "N", .absent = "20", .least = 1,
         .most = 1e9, .help = "write the last N runs (20) as NDJSON instead"},
        {.name = NULL},
    };
    const struct options_command command = {
        .name = program,
        .usage = "usage: roster-dump [-s STORE] [-b] [-c | --group | -r[N]]\n",
        .about = "Writes the members that Action Network has acknowledged, as CSV.\n",
        .lines = lines,
        .operands = "no operand",
    };
    enum status status;
    if (!options_read(&command, argc, argv, &status))
        return (int)status;
    (void)signal(SIGPIPE, SIG_IGN); /* a reader's leaving is an EPIPE */
    return (int)run(&options);
}
