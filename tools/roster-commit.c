/*
 * roster-commit: reads results, records in the roster what Action Network has acknowledged, and
 * writes every record on once that is durable. Touches the roster only.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/ndjson.h"
#include "base/options.h"
#include "base/signals.h"
#include "base/status.h"
#include "base/text.h"
#include "people/person.h"
#include "roster/batch.h"
#include "roster/roster.h"

static const char PROGRAM[] = "roster-commit";

enum { LOCK_SECONDS = 900 };

struct options {
    const char *store;
    const char *lock;   /* the owner; NULL: not asked for */
    const char *unlock; /* likewise */
    size_t seconds;     /* how long the lock holds; 0: not said */
    double deadline;    /* seconds; 0: none */
    const char *map;    /* a path; NULL: $AN_FIELD_MAP or the built-in map */
    const char *file;   /* NULL or "-": standard input */
    bool adopt;
    bool begin;
};

struct committer {
    struct roster *roster;
    struct field_map *map; /* NULL unless it adopts */
    struct ndjson_reader *reader;
    struct batch_settings batch;
};

/* Opens all that may fail before anything is read, so that the pipe upstream knows early. */
static enum status open_all(struct committer *committer, const struct options *options,
                            struct failure *failure)
{
    enum status status = STATUS_OK;
    committer->batch.mode.begin = options->begin;
    committer->batch.deadline = options->deadline;
    if (options->adopt)
        status = field_map_load(options->map, &committer->map, failure);
    if (committer->map != NULL)
        committer->batch.mode.adopt = field_map_digest(committer->map);
    if (options->begin && status == STATUS_OK)
        status = signals_catch(failure);
    else
        signals_ignore(); /* what was acknowledged upstream is still to be recorded */
    if (status == STATUS_OK)
        status = ndjson_open(options->file, &committer->reader, failure);
    if (status == STATUS_OK)
        status = roster_open(options->store, ROSTER_WRITE, &committer->roster, failure);
    if (status == STATUS_OK)
        roster_confine(committer->roster);
    return status;
}

static enum status run(const struct options *options)
{
    struct committer committer = {.roster = NULL};
    struct failure failure = {""};
    int output_error = 0;
    enum status status = open_all(&committer, options, &failure);
    if (status == STATUS_OK)
        status = batch_run(committer.reader, committer.roster, STDOUT_FILENO, &committer.batch,
                           &output_error, &failure);
    if (status == STATUS_OK && output_error != 0)
        status = fail(&failure, STATUS_IO, "standard output: %s; all was recorded, not all written",
                      strerror(output_error));
    if (status != STATUS_OK && !(options->begin && output_error == EPIPE))
        cli_warn(PROGRAM, "%s", failure.text);
    ndjson_close(committer.reader);
    roster_close(committer.roster);
    field_map_free(committer.map);
    signals_die(); /* --begin alone catches any */
    return status;
}

/* Takes or gives back the run lock, and reads nothing. */
static enum status run_lock(const struct options *options)
{
    struct roster *roster = NULL;
    struct failure failure = {""};
    enum status status = roster_open(options->store, ROSTER_WRITE, &roster, &failure);
    if (roster != NULL)
        roster_confine(roster);
    if (status == STATUS_OK && options->lock != NULL)
        status =
            roster_lock(roster, options->lock,
                        options->seconds > 0 ? (unsigned)options->seconds : LOCK_SECONDS, &failure);
    else if (status == STATUS_OK)
        status = roster_unlock(roster, options->unlock, &failure);
    if (status != STATUS_OK)
        cli_warn(PROGRAM, "%s", failure.text);
    roster_close(roster);
    return status;
}

/* Whether the text may be an owner's name. */
static enum status take_owner(void *into, const char *argument)
{
    *(const char **)into = argument;
    return argument[0] != '\0' && utf8_valid(argument, strlen(argument), NULL) ? STATUS_OK
                                                                               : STATUS_USAGE;
}

/* What is wrong with options that are each right; NULL when nothing is. */
static const char *contradiction(const struct options *options)
{
    bool locking = options->lock != NULL || options->unlock != NULL;
    if (options->map != NULL && !options->adopt)
        return "--map says what --adopt is to record, and needs it";
    if (options->begin && options->adopt)
        return "what is about to be sent is not in Action Network yet: --begin or --adopt";
    if (options->deadline > 0 && !options->begin)
        return "--deadline says how long --begin notes changes, and needs it";
    if (locking && (options->file != NULL || options->adopt || options->begin ||
                    (options->lock != NULL && options->unlock != NULL)))
        return "--lock and --unlock go with nothing else: they read no records";
    if (options->seconds > 0 && options->lock == NULL)
        return "--expire says how long --lock holds, and needs it";
    return NULL;
}

int main(int argc, char **argv)
{
    cli_start();
    struct options options = {.store = NULL};
    const struct option_line lines[] = {
        {"store", 's', OPTION_TEXT, &options.store, .argument = "STORE",
         .help = "the roster (AN_ROSTER, or roster.sqlite in AN_STATE)"},
        {"adopt", 'a', OPTION_FLAG, &options.adopt,
         .help = "take changes without a result as acknowledged, too"},
        {"map", 'm', OPTION_TEXT, &options.map, .argument = "MAP",
         .help = "the field map they were sent with (AN_FIELD_MAP, built-in)"},
        {"begin", 'b', OPTION_FLAG, &options.begin,
         .help = "instead, note changes that are about to be sent"},
        {"deadline", '\0', OPTION_NUMBER, &options.deadline, .argument = "SECONDS", .least = 0.001,
         .most = 1e9, .help = "not those that come later: they are not sent any more"},
        {"lock", 'l', OPTION_TAKEN, &options.lock, .argument = "OWNER", .take = take_owner,
         .wants = "an owner's name",
         .help = "take, or prolong, the run lock of a store that machines share"},
        {"expire", 'e', OPTION_COUNT, &options.seconds, .argument = "TIME", .least = 1, .most = 1e6,
         .help = "for so many seconds (900)"},
        {"unlock", 'u', OPTION_TAKEN, &options.unlock, .argument = "OWNER", .take = take_owner,
         .wants = "an owner's name", .help = "give the run lock back"},
        {.name = NULL},
    };
    const struct options_command command = {
        .name = PROGRAM,
        .usage = "usage: roster-commit [-s STORE] [-a [-m MAP]] [FILE]\n"
                 "       roster-commit [-s STORE] -b [--deadline SECONDS] [FILE]\n"
                 "       roster-commit [-s STORE] -l OWNER [-e TIME] | -u OWNER\n",
        .about =
            "Records in the roster what Action Network has acknowledged, and writes every record "
            "on.\n",
        .lines = lines,
        .notes = "See roster-commit(1).\n",
        .operands = "one file",
        .most = 1,
    };
    enum status status;
    if (!options_read(&command, argc, argv, &status))
        return (int)status;
    options.file = argv[optind];
    const char *wrong = contradiction(&options);
    if (wrong != NULL)
        return (int)options_wrong(&command, "%s", wrong);
    return (int)(options.lock != NULL || options.unlock != NULL ? run_lock(&options)
                                                                : run(&options));
}
