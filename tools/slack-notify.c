/*
 * slack-notify: reads the results of a run to their end, writes a summary for people on standard
 * output, and posts it to the Slack webhook in $SLACK_WEBHOOK_URL. It touches nothing else.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "base/cli.h"
#include "base/ndjson.h"
#include "base/secret.h"
#include "base/signals.h"
#include "base/text.h"
#include "report/message.h"
#include "report/redact.h"
#include "report/report.h"
#include "report/webhook.h"

#define PROGRAM "slack-notify"

enum { ERROR_LIMIT = 1000 }; /* bytes */

struct options {
    bool dry_run;
    bool names;
    char *error; /* a run that never got to changes; NULL: read results */
    char *title; /* NULL: "Member sync of DATE" */
    const char *file;
    time_t started;
};

/* Makes a text of the command line fit for a message: one line of UTF-8. In place. */
static void clean(char *text)
{
    size_t bad;
    while (!utf8_valid(text, strlen(text), &bad))
        text[bad] = '?';
    text_printable(text, ERROR_LIMIT);
}

/* Writes what the message is, and posts it unless it is a dry run. */
static enum status tell(const struct options *options, const struct message *message,
                        struct failure *failure)
{
    char *secret = NULL;
    json_t *body = NULL;
    enum status status = STATUS_OK;
    char *text = message_text(message);
    if (text == NULL) {
        status = fail_memory(failure);
        goto done;
    }
    /* First, so that it is seen however long posting takes. Whether it was written is cli_finish's
     * question: Slack is told all the same. */
    (void)fputs(text, stdout);
    (void)fflush(stdout);
    if (options->dry_run)
        goto done;
    status = secret_load("SLACK_WEBHOOK_URL", &secret, failure);
    if (status != STATUS_OK || secret == NULL)
        goto done;
    body = message_slack(message);
    status = body != NULL ? webhook_post(secret, body, failure) : fail_memory(failure);
done:
    free(text);
    json_decref(body);
    secret_free(secret);
    return status;
}

/* Reads what is left of the input, so that the programs before this one can finish their work. */
static void drain(struct ndjson_reader *reader)
{
    struct ndjson_line line;
    struct failure ignored;
    bool more = true;
    while (more && ndjson_read(reader, &line, &more, &ignored) == STATUS_OK)
        ;
}

/* Counts the records of the input. On an error the report says what it does not hold. */
static enum status count_records(struct ndjson_reader *reader, struct report *report,
                                 struct failure *failure)
{
    struct ndjson_line line = {.number = 0};
    char why[128];
    enum status status;
    for (;;) {
        bool more;
        status = ndjson_read(reader, &line, &more, failure);
        (void)snprintf(why, sizeof why, "The results could not be read beyond line %zu",
                       line.number);
        if (status != STATUS_OK || !more)
            break;
        json_t *record = NULL;
        status = ndjson_parse(reader, &line, &record, failure);
        (void)snprintf(why, sizeof why, "Line %zu of the results could not be read", line.number);
        if (status == STATUS_OK)
            status = report_add(report, record, failure);
        json_decref(record);
        if (status != STATUS_OK)
            break;
    }
    if (status != STATUS_OK) {
        report_cut_short(report, why);
        drain(reader);
    }
    return status;
}

/* "Time taken: 2 min 13 s." */
static void write_duration(time_t started, char *text, size_t size)
{
    time_t now = time(NULL);
    long seconds = now > started ? (long)(now - started) : 0;
    if (seconds < 60)
        (void)snprintf(text, size, "Time taken: %ld s.", seconds);
    else if (seconds < 3600)
        (void)snprintf(text, size, "Time taken: %ld min %ld s.", seconds / 60, seconds % 60);
    else
        (void)snprintf(text, size, "Time taken: %ld h %ld min.", seconds / 3600, seconds / 60 % 60);
}

/* The message about the results. */
static enum status report_results(const struct options *options, const char *title)
{
    struct ndjson_reader *reader = NULL;
    json_t *paragraphs = NULL;
    struct failure failure = {""};
    struct failure posting = {""};
    char duration[64];
    enum status posted = STATUS_OK;
    struct report *report = report_new(options->names);
    enum status status =
        report != NULL ? ndjson_open(options->file, &reader, &failure) : fail_memory(&failure);
    if (status == STATUS_OK)
        status = count_records(reader, report, &failure);
    if (status != STATUS_OK)
        cli_warn(PROGRAM, "%s", failure.text);
    if (reader != NULL) {
        write_duration(options->started, duration, sizeof duration);
        paragraphs = report_paragraphs(report);
        const struct message message = {title, paragraphs, duration, report_is_warning(report)};
        posted = paragraphs != NULL ? tell(options, &message, &posting) : fail_memory(&posting);
        if (posted != STATUS_OK)
            cli_warn(PROGRAM, "%s", posting.text);
    }
    ndjson_close(reader);
    json_decref(paragraphs);
    report_free(report);
    return status != STATUS_OK ? status : posted;
}

/* The message about a run that never got to changes. */
static enum status report_error(const struct options *options, const char *title)
{
    struct failure failure = {""};
    struct buffer failed = {.limit = 0};
    char *text = options->names ? strdup(options->error) : redact_addresses(options->error);
    json_t *paragraphs = text != NULL ? json_pack("[s]", text) : NULL;
    enum status status = STATUS_OK;
    if (paragraphs == NULL || !buffer_printf(&failed, "%s failed", title)) {
        status = fail_memory(&failure);
    } else {
        const struct message message = {failed.bytes, paragraphs, NULL, true};
        status = tell(options, &message, &failure);
    }
    if (status != STATUS_OK)
        cli_warn(PROGRAM, "%s", failure.text);
    free(text);
    buffer_free(&failed);
    json_decref(paragraphs);
    return status;
}

static enum status run(const struct options *options)
{
    /* A run that is interrupted is what people most want to hear about: the input's end comes soon
     * enough. */
    signals_ignore();
    secret_no_core();
    char title[64] = "Member sync";
    struct tm today;
    if (options->title == NULL && options->error == NULL &&
        localtime_r(&options->started, &today) != NULL)
        (void)strftime(title, sizeof title, "Member sync of %-d %b %Y", &today);
    const char *chosen = options->title != NULL ? options->title : title;
    return options->error != NULL ? report_error(options, chosen) : report_results(options, chosen);
}

static enum status usage(FILE *stream, enum status status)
{
    (void)fputs(
        "usage: slack-notify [-nN] [-s SECONDS] [-t TITLE] [FILE]\n"
        "       slack-notify [-nN] [-t TITLE] -e TEXT\n"
        "Reads the results of a run, writes a summary for people, and posts it to Slack.\n"
        "  -n, --dry-run          post nothing\n"
        "  -N, --names            name up to 20 people of each kind; otherwise only counts\n"
        "  -e, --error TEXT       report a run that never got to changes; reads nothing\n"
        "  -s, --started SECONDS  when the run started, in seconds since 1970\n"
        "  -t, --title TITLE      instead of \"Member sync of\" today's date\n"
        "  -h, --help             show this\n"
        "  -V, --version          show the version\n"
        "The webhook is $SLACK_WEBHOOK_URL, or in the file $SLACK_WEBHOOK_URL_FILE.\n",
        stream);
    return status;
}

/* Fills the options. False when the program is done, with `*status`. */
static bool parse_options(int argc, char **argv, struct options *options, enum status *status)
{
    static const struct option LONG[] = {
        {"dry-run", no_argument, NULL, 'n'},       {"names", no_argument, NULL, 'N'},
        {"error", required_argument, NULL, 'e'},   {"title", required_argument, NULL, 't'},
        {"started", required_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},       {NULL, 0, NULL, 0},
    };
    double started = (double)options->started;
    for (int option; (option = getopt_long(argc, argv, "nNe:t:s:hV", LONG, NULL)) != -1;) {
        switch (option) {
        case 'n':
            options->dry_run = true;
            break;
        case 'N':
            options->names = true;
            break;
        case 'e':
            options->error = optarg;
            break;
        case 't':
            options->title = optarg;
            break;
        case 's':
            if (!cli_number(optarg, 0, 1e11, &started)) {
                cli_warn(PROGRAM, "--started wants seconds since 1970, not %s", optarg);
                *status = usage(stderr, STATUS_USAGE);
                return false;
            }
            options->started = (time_t)started;
            break;
        case 'h':
            *status = cli_finish(PROGRAM, usage(stdout, STATUS_OK));
            return false;
        case 'V':
            *status = cli_version(PROGRAM);
            return false;
        default:
            *status = usage(stderr, STATUS_USAGE);
            return false;
        }
    }
    return true;
}

/* Checks what the options say together. False after a message on stderr. */
static bool check_options(int operands, struct options *options)
{
    if (operands > (options->error != NULL ? 0 : 1)) {
        cli_warn(PROGRAM, options->error != NULL ? "--error reads no file" : "one file, please");
        return false;
    }
    if (options->error != NULL)
        clean(options->error);
    if (options->title != NULL)
        clean(options->title);
    if ((options->error != NULL && options->error[0] == '\0') ||
        (options->title != NULL && options->title[0] == '\0')) {
        cli_warn(PROGRAM, "--error and --title want a text");
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    cli_start();
    struct options options = {.started = time(NULL)};
    enum status status;
    if (!parse_options(argc, argv, &options, &status))
        return (int)status;
    if (!check_options(argc - optind, &options))
        return (int)usage(stderr, STATUS_USAGE);
    options.file = argv[optind];
    return (int)cli_finish(PROGRAM, run(&options));
}
