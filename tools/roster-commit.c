/*
 * roster-commit: reads results, records in the roster what Action Network has acknowledged, and
 * writes every record on once that is durable. Touches the roster only.
 *
 * A transaction takes what has arrived, and no more: at a low rate every record is durable at once,
 * at a high one many share an fsync, and there is no timer.
 */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/clock.h"
#include "base/ndjson.h"
#include "base/signals.h"
#include "base/status.h"
#include "base/text.h"
#include "people/person.h"
#include "roster/acknowledgement.h"
#include "roster/roster.h"

static const char program[] = "roster-commit";

/* What one transaction takes at the most, the last line apart. */
enum { BATCH_RECORDS = 1000, BEGIN_RECORDS = 100, BATCH_BYTES = 4 * 1024 * 1024 };
static const int64_t BATCH_TIME = NANOSECONDS / 2;

enum { LOCK_SECONDS = 900 };

/* After a deadline or a signal, what is about to be sent is noted for so much longer, since whoever
 * sends may be a little behind. */
static const int64_t GRACE = NANOSECONDS;

struct options {
    const char *store;
    const char *lock;   /* the owner; NULL: not asked for */
    const char *unlock; /* likewise */
    double seconds;     /* how long the lock holds; 0: not said */
    double deadline;    /* seconds; 0: none */
    const char *map;    /* a path; NULL: $AN_FIELD_MAP or the built-in map */
    const char *file;   /* NULL or "-": standard input */
    bool adopt;
    bool begin;
};

struct committer {
    struct roster *roster;
    struct field_map *map; /* NULL unless it adopts */
    struct acknowledgement_mode mode;
    struct ndjson_reader *reader;
    struct buffer batch; /* the lines to be written on, once they are durable */
    size_t records;
    int64_t begun;    /* when the batch was (clock_now) */
    int64_t until;    /* when nothing is to be noted any more (clock_now); 0: never */
    bool pending;     /* the batch changes the roster */
    int output_error; /* errno of the first write that failed, 0 for none */
};

/* Whether nothing is sent any more of what comes now, so that there is nothing to note. */
static bool is_over(struct committer *committer)
{
    int64_t now = clock_now();
    if (signals_caught() != 0 && (committer->until == 0 || committer->until > now + GRACE))
        committer->until = now + GRACE;
    return committer->until > 0 && now > committer->until;
}

/* Takes one line into the batch. */
static enum status take(struct committer *committer, const struct ndjson_line *line,
                        struct failure *failure)
{
    struct acknowledgement acknowledgement = {.kind = ACKNOWLEDGED_NOTHING};
    struct failure why = {""};
    json_t *record = NULL;
    enum status status = ndjson_parse(committer->reader, line, &record, failure);
    if (status != STATUS_OK)
        return status;
    if (!committer->mode.begin || !is_over(committer))
        status = acknowledgement_read(record, &committer->mode, &acknowledgement, &why);
    if (status == STATUS_OK)
        status =
            acknowledgement_apply(&acknowledgement, committer->roster, &committer->pending, &why);
    if (status == STATUS_DATA)
        (void)fail(failure, status, "%.300s:%zu: %.600s", ndjson_name(committer->reader),
                   line->number, why.text);
    else if (status != STATUS_OK)
        *failure = why;
    if (status == STATUS_OK && (!buffer_append(&committer->batch, line->bytes, line->length) ||
                                !buffer_append(&committer->batch, "\n", 1)))
        status = fail_memory(failure);
    committer->records++;
    acknowledgement_free(&acknowledgement);
    json_decref(record);
    return status;
}

static bool is_full(const struct committer *committer)
{
    size_t most = committer->mode.begin ? BEGIN_RECORDS : BATCH_RECORDS;
    if (committer->records >= most || committer->batch.length >= BATCH_BYTES)
        return true;
    return clock_now() - committer->begun >= BATCH_TIME;
}

/* Whether reading would not have to wait; with `wait` it waits until that is so. */
static bool has_more(const struct committer *committer, bool wait)
{
    struct pollfd input = {.fd = ndjson_descriptor(committer->reader), .events = POLLIN};
    return poll(&input, 1, wait ? -1 : 0) > 0 || wait;
}

/* Takes what has arrived; waits only for the first record. STATUS_DATA and STATUS_IO of the input
 * leave the batch whole; `*durable` is false when it is not to be committed. */
static enum status gather(struct committer *committer, bool *durable, struct failure *failure)
{
    enum status status = STATUS_OK;
    struct ndjson_line line;
    *durable = true;
    while (status == STATUS_OK && (committer->records == 0 || !is_full(committer))) {
        if (ndjson_next(committer->reader, &line)) {
            if (committer->records == 0)
                committer->begun = clock_now();
            status = take(committer, &line, failure);
            *durable = status == STATUS_OK || status == STATUS_DATA;
        } else if (ndjson_ended(committer->reader) ||
                   !has_more(committer, committer->records == 0)) {
            break;
        } else {
            status = ndjson_fill(committer->reader, failure);
        }
    }
    return status;
}

/* Makes the batch durable and writes it on. A reader that has gone is no reason to stop recording
 * what was acknowledged; but nothing is about to be sent then. */
static enum status settle(struct committer *committer, struct failure *failure)
{
    enum status status = committer->pending ? roster_commit(committer->roster, failure) : STATUS_OK;
    if (status == STATUS_OK && committer->output_error == 0 &&
        !write_all(STDOUT_FILENO, committer->batch.bytes, committer->batch.length))
        committer->output_error = errno;
    if (status == STATUS_OK && committer->output_error != 0 && committer->mode.begin)
        status = fail(failure, STATUS_IO, "standard output: %s", strerror(committer->output_error));
    if (committer->batch.capacity > 2 * (size_t)BATCH_BYTES)
        buffer_free(&committer->batch);
    buffer_clear(&committer->batch);
    committer->records = 0;
    committer->pending = false;
    return status;
}

static enum status loop(struct committer *committer, struct failure *failure)
{
    enum status status = STATUS_OK;
    bool more = true;
    while (status == STATUS_OK && more) {
        struct failure settling;
        bool durable;
        status = gather(committer, &durable, failure);
        more = committer->records > 0;
        enum status settled = durable ? settle(committer, &settling) : STATUS_OK;
        if (settled != STATUS_OK) { /* worse than a bad line */
            status = settled;
            *failure = settling;
        }
    }
    return status;
}

/* Opens all that may fail before anything is read, so that the pipe upstream knows early. */
static enum status open_all(struct committer *committer, const struct options *options,
                            struct failure *failure)
{
    enum status status = STATUS_OK;
    committer->mode.begin = options->begin;
    if (options->deadline > 0)
        committer->until = clock_now() + (int64_t)(options->deadline * NANOSECONDS) + GRACE;
    if (options->adopt)
        status = field_map_load(options->map, &committer->map, failure);
    if (committer->map != NULL)
        committer->mode.adopt = field_map_digest(committer->map);
    if (options->begin && status == STATUS_OK)
        status = signals_catch(failure);
    else
        signals_ignore(); /* what was acknowledged upstream is still to be recorded */
    if (status == STATUS_OK)
        status = ndjson_open(options->file, &committer->reader, failure);
    if (status == STATUS_OK)
        status = roster_open(options->store, ROSTER_WRITE, &committer->roster, failure);
    return status;
}

static enum status run(const struct options *options)
{
    struct committer committer = {.roster = NULL};
    struct failure failure = {""};
    enum status status = open_all(&committer, options, &failure);
    if (status == STATUS_OK)
        status = loop(&committer, &failure);
    if (status == STATUS_OK && committer.output_error != 0)
        status = fail(&failure, STATUS_IO, "standard output: %s; all was recorded, not all written",
                      strerror(committer.output_error));
    if (status != STATUS_OK && !(options->begin && committer.output_error == EPIPE))
        cli_warn(program, "%s", failure.text);
    buffer_free(&committer.batch);
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
    if (status == STATUS_OK && options->lock != NULL)
        status =
            roster_lock(roster, options->lock,
                        options->seconds > 0 ? (unsigned)options->seconds : LOCK_SECONDS, &failure);
    else if (status == STATUS_OK)
        status = roster_unlock(roster, options->unlock, &failure);
    if (status != STATUS_OK)
        cli_warn(program, "%s", failure.text);
    roster_close(roster);
    return status;
}

static enum status usage(FILE *stream, enum status status)
{
    (void)fputs(
        "usage: roster-commit [-s STORE] [-a [-m MAP]] [FILE]\n"
        "       roster-commit [-s STORE] -b [--deadline SECONDS] [FILE]\n"
        "       roster-commit [-s STORE] -l OWNER [-e TIME] | -u OWNER\n"
        "Records in the roster what Action Network has acknowledged, and writes every record on.\n"
        "\n"
        "  -s, --store STORE  the roster (AN_ROSTER, or roster.sqlite in AN_STATE)\n"
        "  -a, --adopt        take changes without a result as acknowledged, too\n"
        "  -m, --map MAP      the field map they were sent with (AN_FIELD_MAP, built-in)\n"
        "  -b, --begin        instead, note changes that are about to be sent\n"
        "      --deadline SECONDS  not those that come later: they are not sent any more\n"
        "  -l, --lock OWNER   take, or prolong, the run lock of a store that machines share\n"
        "  -e, --expire TIME  for so many seconds (900)\n"
        "  -u, --unlock OWNER give the run lock back\n"
        "  -h, --help         show this\n"
        "  -V, --version      show the version\n"
        "\n"
        "See roster-commit(1).\n",
        stream);
    return status;
}

static enum status operands(struct options *options, int count, char **arguments)
{
    if (count > 1) {
        cli_warn(program, "\"%s\" is one too many: it takes one file", arguments[1]);
        return usage(stderr, STATUS_USAGE);
    }
    if (options->map != NULL && !options->adopt) {
        cli_warn(program, "--map says what --adopt is to record, and needs it");
        return usage(stderr, STATUS_USAGE);
    }
    if (options->begin && options->adopt) {
        cli_warn(program,
                 "what is about to be sent is not in Action Network yet: --begin or --adopt");
        return usage(stderr, STATUS_USAGE);
    }
    if (options->deadline > 0 && !options->begin) {
        cli_warn(program, "--deadline says how long --begin notes changes, and needs it");
        return usage(stderr, STATUS_USAGE);
    }
    bool locking = options->lock != NULL || options->unlock != NULL;
    if (locking &&
        (count > 0 || options->adopt || options->begin || (options->lock && options->unlock))) {
        cli_warn(program, "--lock and --unlock go with nothing else: they read no records");
        return usage(stderr, STATUS_USAGE);
    }
    if (options->seconds > 0 && options->lock == NULL) {
        cli_warn(program, "--expire says how long --lock holds, and needs it");
        return usage(stderr, STATUS_USAGE);
    }
    options->file = count == 1 ? arguments[0] : NULL;
    return STATUS_OK;
}

/* Whether the text may be an owner's name, and is put into `*owner`. */
static bool read_owner(const char *text, const char **owner)
{
    *owner = text;
    if (text[0] != '\0' && utf8_valid(text, strlen(text), NULL))
        return true;
    cli_warn(program, "the run lock needs an owner's name");
    return false;
}

static bool read_deadline(const char *text, double *seconds)
{
    if (cli_number(text, 0.001, 1e9, seconds))
        return true;
    cli_warn(program, "--deadline: \"%s\" is not a number of seconds", text);
    return false;
}

static bool read_seconds(const char *text, double *seconds)
{
    if (cli_number(text, 1, 1e6, seconds) && *seconds == (double)(unsigned)*seconds)
        return true;
    cli_warn(program, "--expire: \"%s\" is not a number of seconds", text);
    return false;
}

int main(int argc, char **argv)
{
    cli_start();
    enum { DEADLINE = 256 };
    static const struct option names[] = {{"store", required_argument, NULL, 's'},
                                          {"adopt", no_argument, NULL, 'a'},
                                          {"begin", no_argument, NULL, 'b'},
                                          {"deadline", required_argument, NULL, DEADLINE},
                                          {"map", required_argument, NULL, 'm'},
                                          {"lock", required_argument, NULL, 'l'},
                                          {"expire", required_argument, NULL, 'e'},
                                          {"unlock", required_argument, NULL, 'u'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'V'},
                                          {NULL, 0, NULL, 0}};
    struct options options = {.store = NULL};
    int option;
    while ((option = getopt_long(argc, argv, "s:abm:l:e:u:hV", names, NULL)) != -1) {
        switch (option) {
        case 's':
            options.store = optarg;
            break;
        case 'a':
            options.adopt = true;
            break;
        case 'b':
            options.begin = true;
            break;
        case DEADLINE:
            if (!read_deadline(optarg, &options.deadline))
                return (int)usage(stderr, STATUS_USAGE);
            break;
        case 'm':
            options.map = optarg;
            break;
        case 'l':
            if (!read_owner(optarg, &options.lock))
                return (int)usage(stderr, STATUS_USAGE);
            break;
        case 'e':
            if (!read_seconds(optarg, &options.seconds))
                return (int)usage(stderr, STATUS_USAGE);
            break;
        case 'u':
            if (!read_owner(optarg, &options.unlock))
                return (int)usage(stderr, STATUS_USAGE);
            break;
        case 'h':
            return (int)cli_finish(program, usage(stdout, STATUS_OK));
        case 'V':
            return (int)cli_version(program);
        default:
            return (int)usage(stderr, STATUS_USAGE);
        }
    }
    enum status status = operands(&options, argc - optind, argv + optind);
    if (status == STATUS_OK && (options.lock != NULL || options.unlock != NULL))
        return (int)run_lock(&options);
    return (int)(status == STATUS_OK ? run(&options) : status);
}
