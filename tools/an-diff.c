/*
 * an-diff: what would have to change in Action Network for it to hold an export. Reads one CSV file
 * and everybody whom the group has, writes one JSON record a change (an-sync-records(5)) or, with
 * -p, lines for people. Asks only, and changes nothing.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/cli.h"
#include "base/confine.h"
#include "base/options.h"
#include "base/output.h"
#include "base/progress.h"
#include "base/signals.h"
#include "diff/arguments.h"
#include "people/connection.h"
#include "people/everybody.h"

static const char PROGRAM[] = "an-diff";

struct options {
    struct audit_options audit;
    struct csv_names follow;
    char since[sizeof "2026-11-16T00:00:00Z"];
    bool count;
    bool exit_code;
    bool for_people;
    bool verbose;
    double rate;
    double deadline;
    size_t jobs;
};

/* Takes a date, or a date and time, of RFC 3339 in UTC. */
static enum status take_since(void *into, const char *argument)
{
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
    char *since = into;
    size_t length = strlen(argument);
    if (length != strlen(form) && length != strlen("dddd-dd-dd"))
        return STATUS_USAGE;
    for (size_t i = 0; i < length; i++)
        if (form[i] == 'd' ? argument[i] < '0' || argument[i] > '9' : argument[i] != form[i])
            return STATUS_USAGE;
    (void)sprintf(since, "%s%s", argument, length < strlen(form) ? "T00:00:00Z" : "");
    return STATUS_OK;
}

static void trace(void *context, const char *line)
{
    progress_clear(context);
    cli_warn(PROGRAM, "%s", line);
}

static enum status write_all_of(struct audit *audit, const struct options *options,
                                struct failure *failure)
{
    enum audit_form form = !options->for_people ? AUDIT_RECORDS
                           : cli_colours()      ? AUDIT_COLOURED
                                                : AUDIT_PEOPLE;
    struct output *output = output_new(STDOUT_FILENO);
    if (output == NULL)
        return fail_memory(failure);
    return output_end(output, audit_write(audit, form, output, failure), failure);
}

static enum status compare(const struct options *options, struct connection *connection,
                           struct progress *progress, struct failure *failure)
{
    struct audit *audit = NULL;
    enum status status = audit_open(&options->audit, &audit, failure);
    if (status == STATUS_OK && audit_warning(audit) != NULL)
        cli_warn(PROGRAM, "%s", audit_warning(audit));
    if (status == STATUS_OK)
        status = signals_catch(failure); /* until here, they just end it */
    (void)confine_to_network();
    if (status == STATUS_OK)
        status = audit_run(audit, connection, progress, failure);
    progress_clear(progress);
    if (status == STATUS_OK)
        status = write_all_of(audit, options, failure);
    if (status == STATUS_OK) {
        const struct diff_summary *summary = &audit_summary(audit)->changes;
        bool differ = summary->added + summary->updated + summary->lapsed > 0;
        failure->text[0] = '\0';
        status = differ && options->exit_code ? STATUS_SOME_FAILED : STATUS_OK;
    }
    audit_close(audit);
    return status;
}

/* How many people there are, and how long it takes to read them all. */
static enum status tell_count(const struct options *options, struct connection *connection,
                              struct failure *failure)
{
    size_t count = 0;
    (void)confine_to_network();
    enum status status = people_count(connection, &count, failure);
    if (status != STATUS_OK)
        return status;
    (void)printf("%zu people", count);
    if (options->rate > 0) {
        double seconds = ((double)count / PEOPLE_PAGE + 1) / options->rate;
        bool long_time = seconds >= 120;
        (void)printf("; to read them all takes %.0f %s", long_time ? seconds / 60 : seconds + 0.5,
                     long_time ? "minutes" : "seconds");
    }
    (void)putchar('\n');
    return STATUS_OK;
}

static enum status run(const struct options *options, struct failure *failure)
{
    struct connection connection = {.service = NULL};
    struct progress *progress = progress_open(PROGRAM, 0);
    const struct connection_settings settings = {
        .rate = options->rate,
        .connections = (unsigned)options->jobs,
        .deadline = options->deadline,
        .trace = options->verbose ? trace : NULL,
        .trace_context = progress,
    };
    enum status status = connection_open(&settings, &connection, failure);
    if (status == STATUS_OK)
        status = options->count ? tell_count(options, &connection, failure)
                                : compare(options, &connection, progress, failure);
    connection_close(&connection);
    progress_close(progress);
    return status;
}

/* Hands what was read to the comparison. STATUS_IO without memory. */
static enum status settle(struct options *options, const char *file, struct failure *failure)
{
    struct csv_names *keys = &options->audit.rules.keys;
    struct audit_options *audit = &options->audit;
    audit->file = file != NULL ? file : "-";
    audit->follow = (const char *const *)options->follow.names;
    audit->follow_count = options->follow.count;
    audit->since = options->since[0] != '\0' ? options->since : NULL;
    audit->jobs = (unsigned)options->jobs;
    return keys->count > 0 || csv_names_add(keys, "email") == STATUS_OK ? STATUS_OK
                                                                        : fail_memory(failure);
}

int main(int argc, char **argv)
{
    cli_start();
    struct options options = {.rate = 4, .jobs = 32};
    const struct option_line lines[] = {
        {"map", 'm', OPTION_TEXT, &options.audit.map, .argument = "MAP",
         .help = "the field map (JSON); else $AN_FIELD_MAP or the built-in one"},
        diff_option_names("key", 'k', &options.audit.rules.keys,
                          "the column that holds the address (email); of several, the first that\n"
                          "a row has a value in"),
        diff_option_conditions("where", 'w', &options.audit.rules.where,
                               "only such rows are members"),
        diff_option_conditions("where-possible", 'W', &options.audit.rules.where_possible,
                               "the same without -w, and if the export has the column"),
        {"addresses", 'A', OPTION_FLAG, &options.audit.rules.addresses,
         .help = "skip rows whose address can be none"},
        diff_option_names("follow", 'f', &options.follow,
                          "recognise by the first of these whose address changed"),
        {"since", '\0', OPTION_TAKEN, options.since, .argument = "DATE", .take = take_since,
         .wants = "a date such as 2026-11-16, or 2026-11-16T00:00:00Z",
         .help = "judge only people whom somebody changed after that"},
        {"all", 'a', OPTION_FLAG, &options.audit.all,
         .help = "write those who agree, too, as acknowledged"},
        diff_option_limit("max-lapse", '\0', &options.audit.max_lapse,
                          "refuse when more members than that would lapse"),
        {"overrides", '\0', OPTION_FLAG, &options.audit.overrides,
         .help = "leave alone fields that have a custom field override_<field>"},
        {"rate", 'r', OPTION_NUMBER, &options.rate, .argument = "RATE", .least = 0, .most = 1000,
         .help = "requests a second, shared by all that use the key (4; 0: no limit)"},
        {"jobs", 'j', OPTION_COUNT, &options.jobs, .argument = "JOBS", .least = 1, .most = 256,
         .help = "requests in flight at the most (32)"},
        {"deadline", '\0', OPTION_NUMBER, &options.deadline, .argument = "SECONDS", .least = 0.001,
         .most = 1e9, .help = "give up after that, status 75"},
        {"exit-code", 'e', OPTION_FLAG, &options.exit_code,
         .help = "exit with 1 when there are differences, 0 without"},
        {"people", 'p', OPTION_FLAG, &options.for_people,
         .help = "write for people, not for programs"},
        {"count", '\0', OPTION_FLAG, &options.count,
         .help = "tell how many people the group has, and nothing else"},
        {"verbose", 'v', OPTION_FLAG, &options.verbose, .help = "tell of every request on stderr"},
        {.name = NULL},
    };
    const struct options_command command = {
        .name = PROGRAM,
        .usage = "usage: an-diff [-m MAP] [-k COLUMN,...] [-w|-W COLUMN=VALUE,...] [-Aa]\n"
                 "               [-f COLUMN,...] [--since DATE] [--max-lapse N|P%] [--overrides]\n"
                 "               [-r RATE] [-j JOBS] [--deadline SECONDS] [-epv] [FILE]\n"
                 "       an-diff [-r RATE] --count\n",
        .about = "Writes what would have to change in Action Network for it to hold the export.\n",
        .lines = lines,
        .operands = "one file",
        .most = 1,
    };
    struct failure failure = {""};
    enum status status;
    bool go_on = options_read(&command, argc, argv, &status);
    if (go_on) {
        signals_explain_bus_error(PROGRAM);
        status = settle(&options, argv[optind], &failure);
        if (status == STATUS_OK)
            status = run(&options, &failure);
    }
    csv_rules_free(&options.audit.rules);
    csv_names_free(&options.follow);
    if (!go_on)
        return (int)status;
    if (status != STATUS_OK)
        cli_warn(PROGRAM, "%s", failure.text);
    signals_die();
    return (int)cli_finish(PROGRAM, status);
}
