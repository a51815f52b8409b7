/*
 * csv-diff: what changed between two exports. Reads two CSV files, writes one JSON record a change
 * (an-sync-records(5)) or, with -p, lines for people. Touches nothing else.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
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

static const char program[] = "csv-diff";

struct options {
    struct diff_options diff;
    char *key;
    char *follow;
    struct diff_column_value current;
    struct diff_column_value doubtful;
    struct diff_names columns;
    bool exit_code;
    bool for_people;
    const char *older;
    const char *newer;
};

static void options_free(struct options *options)
{
    diff_names_free(&options->columns);
    free(options->key);
    free(options->follow);
    free(options->current.column);
    free(options->doubtful.column);
}

/* Writes every change and the summary. A reader that has gone needs no message. */
static enum status write_changes(struct diff *diff, const struct options *options)
{
    const char *no_colour = getenv("NO_COLOR");
    struct diff_people people = {.colour = (no_colour == NULL || no_colour[0] == '\0') &&
                                           isatty(STDOUT_FILENO)};
    struct failure failure = {""};
    struct output *output = output_new(STDOUT_FILENO);
    if (output == NULL) {
        cli_warn(program, "out of memory");
        return STATUS_IO;
    }
    enum status status =
        diff_write(diff, output, options->for_people ? diff_people_change : diff_json_change,
                   &people, &failure);
    if (status == STATUS_OK && options->for_people)
        diff_people_summary(output, diff_summary(diff), people.colour);
    else if (status == STATUS_OK)
        diff_json_summary(output, diff_summary(diff));
    int error;
    if (output_flush(output, &error) != STATUS_OK) {
        status = STATUS_IO;
        if (error != EPIPE)
            cli_warn(program, "standard output: %s", strerror(error));
    } else if (status != STATUS_OK) {
        cli_warn(program, "%s", failure.text);
    }
    output_free(output);
    return status;
}

static enum status run(const struct options *options)
{
    struct diff *diff = NULL;
    struct failure failure = {""};
    enum status status = diff_open(options->older, options->newer, &options->diff, &diff, &failure);
    if (status != STATUS_OK) {
        cli_warn(program, "%s", failure.text);
        return status;
    }
    if (diff_warning(diff) != NULL)
        cli_warn(program, "%s", diff_warning(diff));
    status = write_changes(diff, options);
    const struct diff_summary *summary = diff_summary(diff);
    bool differ = summary->added + summary->updated + summary->lapsed > 0;
    if (status == STATUS_OK && options->exit_code && differ)
        status = STATUS_SOME_FAILED;
    diff_close(diff);
    return status;
}

static void confine(void)
{
    (void)confine_to_open_files();
}

/* Hands what was read to the comparison. */
static void settle(struct options *options, char **operands)
{
    struct diff_options *diff = &options->diff;
    diff->opened = confine;
    options->older = operands[0];
    options->newer = operands[1];
    diff->key = options->key != NULL ? options->key : "email";
    diff->follow = options->follow;
    diff->columns = (const char *const *)options->columns.names;
    diff->column_count = options->columns.count;
    diff->current_column = options->current.column;
    diff->current_value = options->current.value;
    diff->doubtful_column = options->doubtful.column;
    diff->doubtful_value = options->doubtful.value;
}

int main(int argc, char **argv)
{
    cli_start();
    struct options options = {.key = NULL};
    const struct option_line lines[] = {
        {"key", 'k', OPTION_TAKEN, &options.key, .argument = "COLUMN", .take = diff_take_name,
         .wants = "a column", .help = "match rows by this column (email)"},
        {"columns", 'c', OPTION_TAKEN, &options.columns, .argument = "COLUMN,...",
         .take = diff_take_names, .wants = "columns, with commas between them",
         .help = "compare only these (those that both files have)"},
        {"follow", 'f', OPTION_TAKEN, &options.follow, .argument = "COLUMN", .take = diff_take_name,
         .wants = "a column", .help = "recognise by this column whose key changed"},
        {"max-lapse", 'm', OPTION_TAKEN, &options.diff.max_lapse, .argument = "N|P%",
         .take = diff_take_limit, .wants = "a number of people or a share such as 10%",
         .help = "refuse when more than so many would lapse"},
        {"current", 'u', OPTION_TAKEN, &options.current, .argument = "COLUMN=VALUE",
         .take = diff_take_column_value, .wants = "COLUMN=VALUE",
         .help = "rows of OLDER with another value are out of date"},
        {"doubtful", 'd', OPTION_TAKEN, &options.doubtful, .argument = "COLUMN=VALUE",
         .take = diff_take_column_value, .wants = "COLUMN=VALUE",
         .help = "rows of OLDER that have it may not be there"},
        {"all", 'a', OPTION_FLAG, &options.diff.all,
         .help = "write unchanged members as updated, too"},
        {"exit-code", 'e', OPTION_FLAG, &options.exit_code,
         .help = "exit with 1 when there are differences, 0 without"},
        {"people", 'p', OPTION_FLAG, &options.for_people,
         .help = "write for people, not for programs"},
        {.name = NULL},
    };
    const struct options_command command = {
        .name = program,
        .usage =
            "usage: csv-diff [-k COLUMN] [-c COLUMN,...] [-f COLUMN] [-m N|P%] [-u COLUMN=VALUE]\n"
            "                [-d COLUMN=VALUE] [-aep] OLDER NEWER\n",
        .about = "Writes what changed between two CSV exports, one JSON record a change.\n",
        .lines = lines,
        .notes = "\"-\" is standard input. See csv-diff(1).\n",
        .operands = "two files, the older and the newer one",
        .least = 2,
        .most = 2,
    };
    enum status status;
    if (options_read(&command, argc, argv, &status)) {
        settle(&options, argv + optind);
        signals_explain_bus_error(program);
        (void)signal(SIGPIPE, SIG_IGN); /* a reader's leaving is an EPIPE */
        status = strcmp(options.older, "-") == 0 && strcmp(options.newer, "-") == 0
                     ? options_wrong(&command, "only one of the files can be standard input")
                     : run(&options);
    }
    options_free(&options);
    return (int)status;
}
