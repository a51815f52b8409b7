/*
 * slack-notify: reads the results of a run to their end, writes a summary for people on standard
 * output, and posts it to the Slack webhook in $SLACK_WEBHOOK_URL. It touches nothing else.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "base/cli.h"
#include "base/confine.h"
#include "base/ndjson.h"
#include "base/options.h"
#include "base/secret.h"
#include "base/signals.h"
#include "base/text.h"
#include "report/message.h"
#include "report/redact.h"
#include "report/report.h"
#include "report/webhook.h"

static const char PROGRAM[] = "slack-notify";

enum { ERROR_LIMIT = 1000 }; /* bytes */

struct options {
    bool dry_run;
    bool names;
    char *error;      /* a run that never got to changes; NULL: read results */
    char *export;     /* which export it was; NULL: nobody said */
    char *message;    /* all that there is to say; NULL: read results */
    char *title;      /* NULL: "Member sync of DATE" */
    json_t *warnings; /* strings */
    bool unvouched;   /* what is in quotes there and in `error` is a stranger's */
    const char *file;
    double started; /* seconds since 1970 */
};

/* Where to post, found before anything is read. */
struct webhook {
    char *url; /* NULL: nowhere */
    enum status status;
    struct failure failure;
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
static enum status tell(const struct webhook *webhook, const struct message *message,
                        struct failure *failure)
{
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
    *failure = webhook->failure;
    status = webhook->status;
    if (status != STATUS_OK || webhook->url == NULL)
        goto done;
    body = message_slack(message);
    status = body != NULL ? webhook_post(webhook->url, body, failure) : fail_memory(failure);
done:
    free(text);
    json_decref(body);
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

/* "The export is of 2026-11-16. Time taken: 2 min 13 s." False when memory runs out. */
static bool write_footer(const struct options *options, struct buffer *footer)
{
    char duration[64];
    write_duration((time_t)options->started, duration, sizeof duration);
    if (options->export != NULL && !buffer_printf(footer, "The export is of %s. ", options->export))
        return false;
    return buffer_printf(footer, "%s", duration);
}

/* A text of the command line as it may be told; the caller's, NULL when memory runs out. */
static char *tellable(const struct options *options, const char *text)
{
    char *plain = options->unvouched ? redact_quoted(text) : strdup(text);
    char *told = plain != NULL && !options->names ? redact_addresses(plain) : NULL;
    if (plain != NULL && options->names)
        return plain;
    free(plain);
    return told;
}

/* Appends the warnings to the paragraphs. False when memory runs out. */
static bool add_warnings(const struct options *options, json_t *paragraphs)
{
    size_t index;
    json_t *warning;
    bool added = true;
    json_array_foreach(options->warnings, index, warning)
    {
        char *text = tellable(options, json_string_value(warning));
        json_t *paragraph = text != NULL ? json_sprintf("Warning: %s", text) : NULL;
        free(text);
        added = added && json_array_append_new(paragraphs, paragraph) == 0;
    }
    return added;
}

/* The message about the results. */
static enum status report_results(const struct options *options, const struct webhook *webhook,
                                  const char *title)
{
    struct ndjson_reader *reader = NULL;
    json_t *paragraphs = NULL;
    struct failure failure = {""};
    struct failure posting = {""};
    struct buffer footer = {.limit = 0};
    enum status posted = STATUS_OK;
    struct report *report = report_new(options->names);
    enum status status =
        report != NULL ? ndjson_open(options->file, &reader, &failure) : fail_memory(&failure);
    (void)confine_to_network();
    if (status == STATUS_OK)
        status = report_read(report, reader, &failure);
    if (status != STATUS_OK)
        cli_warn(PROGRAM, "%s", failure.text);
    if (reader != NULL) {
        paragraphs = write_footer(options, &footer) ? report_paragraphs(report) : NULL;
        bool warns = report_is_warning(report) || json_array_size(options->warnings) > 0;
        const struct message message = {title, paragraphs, footer.bytes, warns};
        posted = paragraphs != NULL && add_warnings(options, paragraphs)
                     ? tell(webhook, &message, &posting)
                     : fail_memory(&posting);
        if (posted != STATUS_OK)
            cli_warn(PROGRAM, "%s", posting.text);
    }
    ndjson_close(reader);
    buffer_free(&footer);
    json_decref(paragraphs);
    report_free(report);
    return status != STATUS_OK ? status : posted;
}

/* The message about a run that never got to changes, or about none. */
static enum status report_error(const struct options *options, const struct webhook *webhook,
                                const char *title)
{
    struct failure failure = {""};
    struct buffer failed = {.limit = 0};
    bool fails = options->error != NULL;
    char *text = tellable(options, fails ? options->error : options->message);
    json_t *paragraphs = text != NULL ? json_pack("[s]", text) : NULL;
    enum status status = STATUS_OK;
    (void)confine_to_network();
    if (paragraphs == NULL || !add_warnings(options, paragraphs) ||
        !buffer_printf(&failed, "%s%s", title, fails ? " failed" : "")) {
        status = fail_memory(&failure);
    } else {
        const struct message message = {failed.bytes, paragraphs, NULL, fails};
        status = tell(webhook, &message, &failure);
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
    const time_t started = (time_t)options->started;
    bool reads = options->error == NULL && options->message == NULL;
    if (options->title == NULL && reads && localtime_r(&started, &today) != NULL)
        (void)strftime(title, sizeof title, "Member sync of %-d %b %Y", &today);
    const char *chosen = options->title != NULL ? options->title : title;
    struct webhook webhook = {.url = NULL};
    if (!options->dry_run)
        webhook.status = secret_load("SLACK_WEBHOOK_URL", &webhook.url, &webhook.failure);
    enum status status =
        reads ? report_results(options, &webhook, chosen) : report_error(options, &webhook, chosen);
    secret_free(webhook.url);
    return status;
}

/* Takes the text of an option that is to be fit for a message; it must not be empty then. */
static enum status take_text(void *into, const char *argument)
{
    char **text = into;
    free(*text);
    *text = strdup(argument);
    if (*text == NULL)
        return STATUS_IO;
    clean(*text);
    return (*text)[0] != '\0' ? STATUS_OK : STATUS_USAGE;
}

/* Adds a text to an array of strings. */
static enum status take_warning(void *into, const char *argument)
{
    json_t **warnings = into;
    char *text = NULL;
    enum status status = take_text(&text, argument);
    if (status == STATUS_OK && *warnings == NULL)
        *warnings = json_array();
    if (status == STATUS_OK && json_array_append_new(*warnings, json_string(text)) != 0)
        status = STATUS_IO;
    free(text);
    return status;
}

int main(int argc, char **argv)
{
    cli_start();
    struct options options = {.started = (double)time(NULL)};
    const struct option_line lines[] = {
        {"dry-run", 'n', OPTION_FLAG, &options.dry_run, .help = "post nothing"},
        {"names", 'N', OPTION_FLAG, &options.names,
         .help = "name up to 20 people of each kind; otherwise only counts"},
        {"error", 'e', OPTION_TAKEN, &options.error, .argument = "TEXT", .take = take_text,
         .wants = "a text", .help = "report a run that never got to changes; reads nothing"},
        {"message", 'm', OPTION_TAKEN, &options.message, .argument = "TEXT", .take = take_text,
         .wants = "a text", .help = "say that and nothing else; reads nothing"},
        {"started", 's', OPTION_NUMBER, &options.started, .argument = "SECONDS", .least = 0,
         .most = 1e11, .wants = "seconds since 1970",
         .help = "when the run started, in seconds since 1970"},
        {"export", 'x', OPTION_TAKEN, &options.export, .argument = "TEXT", .take = take_text,
         .wants = "a text", .help = "of when the export is, for the small print"},
        {"title", 't', OPTION_TAKEN, &options.title, .argument = "TITLE", .take = take_text,
         .wants = "a text", .help = "instead of \"Member sync of\" today's date"},
        {"warning", 'w', OPTION_TAKEN, &options.warnings, .argument = "TEXT", .take = take_warning,
         .wants = "a text",
         .help = "say this, too: what the run took for granted; may be repeated"},
        {"unvouched", 'u', OPTION_FLAG, &options.unvouched,
         .help = "leave out of -e and -w what is in double quotes: a stranger wrote it"},
        {.name = NULL},
    };
    const struct options_command command = {
        .name = PROGRAM,
        .usage = "usage: slack-notify [-nNu] [-s SECONDS] [-x TEXT] [-t TITLE] [-w TEXT] [FILE]\n"
                 "       slack-notify [-nNu] [-t TITLE] [-w TEXT] -e TEXT | -m TEXT\n",
        .about =
            "Reads the results of a run, writes a summary for people, and posts it to Slack.\n",
        .lines = lines,
        .notes = "The webhook is $SLACK_WEBHOOK_URL, or in the file $SLACK_WEBHOOK_URL_FILE.\n",
        .operands = "one file",
        .most = 1,
    };
    enum status status;
    if (options_read(&command, argc, argv, &status)) {
        options.file = argv[optind];
        bool reads = options.error == NULL && options.message == NULL;
        status = !reads && options.file != NULL
                     ? options_wrong(&command, "--error and --message read no file")
                     : cli_finish(PROGRAM, run(&options));
    }
    free(options.error);
    free(options.message);
    free(options.title);
    free(options.export);
    json_decref(options.warnings);
    return (int)status;
}
