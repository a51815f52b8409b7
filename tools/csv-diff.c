/*
 * csv-diff: what changed between two exports. Reads two CSV files, writes one JSON record a change
 * (an-sync-records(5)) or, with -p, lines for people. Touches nothing else.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/confine.h"
#include "base/options.h"
#include "base/output.h"
#include "base/signals.h"
#include "base/status.h"
#include "diff/arguments.h"
#include "diff/diff.h"
#include "diff/json.h"
#include "diff/people.h"

static const char PROGRAM[] = "csv-diff";

struct options {
    struct diff_options diff;
    struct diff_column_value current;
    struct diff_column_value doubtful;
    bool exit_code;
    bool for_people;
    const char *older;
    const char *newer;
};

static void options_free(struct options *options)
{
    csv_rules_free(&options->diff.rules);
    csv_names_free(&options->diff.columns);
    csv_names_free(&options->diff.follow);
    csv_names_free(&options->diff.may_be_empty);
    free(options->current.column);
    free(options->doubtful.column);
}

/* Writes every change and the summary. */
static enum status write_changes(struct diff *diff, const struct options *options,
                                 struct failure *failure)
{
    struct diff_people people = {.colour = cli_colours()};
    struct output *output = output_new(STDOUT_FILENO);
    if (output == NULL)
        return fail_memory(failure);
    enum status status =
        diff_write(diff, output, options->for_people ? diff_people_change : diff_json_change,
                   &people, failure);
    if (status == STATUS_OK && options->for_people)
        diff_people_summary(output, diff_summary(diff), people.colour);
    else if (status == STATUS_OK)
        diff_json_summary(output, diff_summary(diff), "");
    return output_end(output, status, failure);
}

static enum status run(const struct options *options, struct failure *failure)
{
    struct diff *diff = NULL;
    enum status status = diff_open(options->older, options->newer, &options->diff, &diff, failure);
    if (status == STATUS_OK && diff_warning(diff) != NULL)
        cli_warn(PROGRAM, "warning: %s", diff_warning(diff));
    if (status == STATUS_OK)
        status = write_changes(diff, options, failure);
    if (status == STATUS_OK && options->exit_code) {
        const struct diff_summary *summary = diff_summary(diff);
        bool differ = summary->added + summary->updated + summary->lapsed > 0;
        status = differ ? STATUS_SOME_FAILED : STATUS_OK;
    }
    diff_close(diff);
    return status;
}

static void confine(void)
{
    (void)confine_to_open_files();
}

/* Hands what was read to the comparison. False without memory. */
static bool settle(struct options *options, char **operands)
{
    struct diff_options *diff = &options->diff;
    struct csv_names *keys = &diff->rules.keys;
    diff->opened = confine;
    options->older = operands[0];
    options->newer = operands[1];
    diff->current_column = options->current.column;
    diff->current_value = options->current.value;
    diff->doubtful_column = options->doubtful.column;
    diff->doubtful_value = options->doubtful.value;
    return keys->count > 0 || csv_names_add(keys, "email") == STATUS_OK;
}

/* Compares, once all is read. */
static enum status compare(const struct options_command *command, struct options *options,
                           char **operands)
{
    struct failure failure = {""};
    enum status status = settle(options, operands) ? STATUS_OK : fail_memory(&failure);
    if (strcmp(options->older, "-") == 0 && strcmp(options->newer, "-") == 0)
        return options_wrong(command, "only one of the files can be standard input");
    signals_explain_bus_error(PROGRAM);
    (void)signal(SIGPIPE, SIG_IGN); /* a reader's leaving is an EPIPE */
    if (status == STATUS_OK)
        status = run(options, &failure);
    if (status != STATUS_OK)
        cli_warn(PROGRAM, "%s", failure.text);
    return status;
}

int main(int argc, char **argv)
{
    cli_start();
    struct options options = {.older = NULL};
    const struct option_line lines[] = {
        diff_option_names("key", 'k', &options.diff.rules.keys,
                          "match rows by this column (email); of several, by the first that\n"
                          "a row has a value in"),
        diff_option_conditions("where", 'w', &options.diff.rules.where,
                               "only such rows of NEWER are members"),
        diff_option_conditions("where-possible", 'W', &options.diff.rules.where_possible,
                               "the same without -w, and if NEWER has the column"),
        {"addresses", 'A', OPTION_FLAG, &options.diff.rules.addresses,
         .help = "keys are e-mail addresses; skip rows with another one"},
        diff_option_names("columns", 'c', &options.diff.columns,
                          "compare only these (those that both files have)"),
        diff_option_names("empty", 'E', &options.diff.may_be_empty,
                          "these may lose all their values"),
        diff_option_names("follow", 'f', &options.diff.follow,
                          "recognise by this column whose key changed, or is missing"),
        diff_option_limit("max-lapse", 'm', &options.diff.max_lapse,
                          "refuse when more than so many would lapse"),
        diff_option_column_value("current", 'u', &options.current,
                                 "rows of OLDER with another value are out of date"),
        diff_option_column_value("doubtful", 'd', &options.doubtful,
                                 "rows of OLDER that have it may not be there"),
        {"all", 'a', OPTION_FLAG, &options.diff.all,
         .help = "write unchanged members as updated, too"},
        {"label", 'l', OPTION_TEXT, &options.diff.label, .argument = "NAME", .wants = "a name",
         .help = "call NEWER so in messages, and count its rows"},
        {"exit-code", 'e', OPTION_FLAG, &options.exit_code,
         .help = "exit with 1 when there are differences, 0 without"},
        {"people", 'p', OPTION_FLAG, &options.for_people,
         .help = "write for people, not for programs"},
        {.name = NULL},
    };
    const struct options_command command = {
        .name = PROGRAM,
        .usage = "usage: csv-diff [-k COLUMN,...] [-w|-W COLUMN=VALUE,...] [-c COLUMN,...]\n"
                 "                [-f COLUMN,...] [-m N|P%] [-E COLUMN,...] [-u COLUMN=VALUE]\n"
                 "                [-d COLUMN=VALUE] [-l NAME] [-Aaep] OLDER NEWER\n",
        .about = "Writes what changed between two CSV exports, one JSON record a change.\n",
        .lines = lines,
        .notes = "\"-\" is standard input. See csv-diff(1).\n",
        .operands = "two files, the older and the newer one",
        .least = 2,
        .most = 2,
    };
    enum status status;
    if (options_read(&command, argc, argv, &status))
        status = compare(&command, &options, argv + optind);
    options_free(&options);
    return (int)status;
}
