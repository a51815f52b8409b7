/*
 * roster-dump: writes the roster's members as CSV, or the history of runs as NDJSON. Touches
 * nothing.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/cli.h"
#include "base/options.h"
#include "base/output.h"
#include "base/status.h"
#include "roster/dump.h"
#include "roster/group.h"
#include "roster/roster.h"

static const char PROGRAM[] = "roster-dump";

struct options {
    const char *store;
    size_t runs; /* how many; 0 for the members instead */
    bool count;  /* only how many members there are */
    bool group;  /* which group it belongs to, instead */
    bool begun;  /* those, too, whose first change was only begun */
};

static int write_chunk(const char *bytes, size_t length, void *output)
{
    output_bytes(output, bytes, length);
    return output_failed(output) ? -1 : 0;
}

static enum status write_run(const json_t *run, void *context, struct failure *failure)
{
    struct output *output = context;
    output_text(output, "{\"run\":");
    if (json_dump_callback(run, write_chunk, output, JSON_COMPACT) != 0 && !output_failed(output))
        return fail_memory(failure);
    output_text(output, "}\n");
    return output_failed(output) ? STATUS_IO : STATUS_OK;
}

static enum status write_group(struct roster *roster, struct output *output,
                               struct failure *failure)
{
    json_t *group;
    enum status status = roster_group(roster, &group, failure);
    if (status == STATUS_OK && json_dump_callback(group, write_chunk, output, JSON_COMPACT) != 0 &&
        !output_failed(output))
        status = fail_memory(failure);
    if (status == STATUS_OK)
        output_text(output, "\n");
    json_decref(group);
    return status;
}

static enum status dump(struct roster *roster, const struct options *options, struct output *output,
                        struct failure *failure)
{
    enum status status = options->group ? write_group(roster, output, failure) : STATUS_OK;
    if (status == STATUS_OK && options->runs > 0)
        status = roster_each_run(roster, options->runs, write_run, output, failure);
    if (options->group || options->runs > 0)
        return status;
    if (!options->count)
        return roster_dump(roster, output, options->begun, failure);
    char line[32];
    size_t members;
    status = roster_count(roster, options->begun, &members, failure);
    (void)snprintf(line, sizeof line, "%zu\n", members);
    if (status == STATUS_OK)
        output_text(output, line);
    return status;
}

static enum status run(const struct options *options)
{
    struct roster *roster = NULL;
    struct output *output = output_new(STDOUT_FILENO);
    struct failure failure = {""};
    enum status status = output != NULL
                             ? roster_open(options->store, ROSTER_READ, &roster, &failure)
                             : fail_memory(&failure);
    if (roster != NULL)
        roster_confine(roster);
    if (status == STATUS_OK)
        status = dump(roster, options, output, &failure);
    status = output_end(output, status, &failure);
    if (status != STATUS_OK)
        cli_warn(PROGRAM, "%s", failure.text);
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
        .name = PROGRAM,
        .usage = "usage: roster-dump [-s STORE] [-b] [-c | [--group] [-r[N]]]\n",
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
