#include "send/sender.h"

#include "base/clock.h"
#include "base/confine.h"
#include "base/ndjson.h"
#include "base/progress.h"
#include "base/signals.h"
#include "base/text.h"
#include "people/connection.h"
#include "send/flight.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Records under way for each request in flight: those that wait for another attempt must not keep
 * the others from their turns. */
enum { WINDOW = 4 };

/* After a signal the program upstream has got one, too, as a rule: so long (in milliseconds) it is
 * given to write the next result of what it has in flight. Longer than any usual answer takes. */
enum { LAST_LOOK = 5000 };

/* And so long (in nanoseconds) it is listened to at all: it may never come to an end. */
static const int64_t LAST_WORDS = INT64_C(30) * NANOSECONDS;

struct sender {
    const struct sender_program *program;
    const struct sender_options *options;
    struct failure *failure;
    struct field_map *map;
    struct connection connection;
    struct http *http; /* the connection's; NULL in a dry run */
    struct ndjson_reader *reader;
    struct progress *progress;
    struct flight *active; /* a list */
    struct flight *held;   /* read, and not to overtake what is active */
    unsigned active_count;
    bool input_over;   /* nothing more is read */
    int64_t signalled; /* when a signal was noticed; 0: never */
    bool output_gone;
    bool reader_gone; /* likewise, and why is somebody else's to say */
    bool missing_told;
    enum status
        bad; /* what ends the run early, apart from the engine's stop; STATUS_OK otherwise */
    size_t done;
    size_t failed;
    size_t deferred;
    char first_error[HTTP_ERROR_SIZE];
};

/* ---- records ---- */

/* Whether a record is to be acted on: the program's kind of change, not acknowledged yet. */
static bool wants(const struct sender *sender, const json_t *record)
{
    const char *change = ndjson_string(record, "change");
    const char *status = ndjson_result_status(record);
    return change != NULL && sender->program->wants(change) &&
           (status == NULL || strcmp(status, "ok") != 0);
}

/* ---- results ---- */

/* Takes note of a write that failed. */
static void lose_output(struct sender *sender)
{
    sender->reader_gone = errno == EPIPE;
    sender->output_gone = true;
    sender->input_over = true;
    sender->bad = STATUS_IO;
    if (sender->http != NULL)
        http_stop(sender->http);
}

static void pass_on(struct sender *sender, const struct flight *flight)
{
    if (!sender->output_gone &&
        ndjson_write(STDOUT_FILENO, flight->line, flight->length, sender->failure) != STATUS_OK)
        lose_output(sender);
}

/* Writes the job's result and counts it. */
static void write_result(struct sender *sender, const struct flight *flight)
{
    const char *status = ndjson_string(flight->job.result, "status");
    sender->done++;
    if (strcmp(status, "failed") == 0 && sender->failed++ == 0)
        (void)snprintf(sender->first_error, sizeof sender->first_error, "%s",
                       ndjson_string(flight->job.result, "error"));
    if (strcmp(status, "deferred") == 0)
        sender->deferred++;
    progress_show(sender->progress, sender->done, sender->failed);
    if (sender->output_gone)
        return;
    json_t *result = flight_result(flight, field_map_digest(sender->map));
    if (result == NULL)
        (void)fail_memory(sender->failure);
    if (result == NULL || ndjson_write_result(STDOUT_FILENO, flight->line, flight->length,
                                              flight->record, result, sender->failure) != STATUS_OK)
        lose_output(sender);
    json_decref(result);
}

/* ---- one record's way ---- */

/* Tells once which fields the export has no column for. */
static void tell_missing(struct sender *sender, const struct flight *flight)
{
    if (sender->missing_told || !sender->program->reports_missing || flight->job.row == NULL)
        return;
    sender->missing_told = true;
    json_t *missing = field_map_missing(sender->map, flight->job.row);
    struct buffer text = {.limit = 1500};
    size_t index;
    json_t *field;
    bool made =
        json_array_size(missing) > 0 && buffer_printf(&text, "the export has no column for: ");
    json_array_foreach(missing, index, field)
    {
        made =
            made && buffer_printf(&text, "%s%s", index > 0 ? ", " : "", json_string_value(field));
    }
    progress_clear(sender->progress);
    if (text.length > 0)
        sender->program->say(text.bytes);
    buffer_free(&text);
    json_decref(missing);
}

/* Begins a record's way. Says whether it is under way; otherwise its result is set. */
static enum status begin(struct sender *sender, struct flight *flight, bool *under_way)
{
    struct sender_job *job = &flight->job;
    *under_way = false;
    if (sender->http != NULL && http_stopped(sender->http) != HTTP_RUNNING)
        return flight_defer(flight) ? STATUS_OK : fail_memory(sender->failure);
    tell_missing(sender, flight);
    if (!sender->program->prepare(job, sender->map))
        return job->result != NULL ? STATUS_OK : fail_memory(sender->failure);
    enum sender_step step = sender->program->step(job, NULL);
    if (step == SENDER_NO_MEMORY)
        return fail_memory(sender->failure);
    if (step == SENDER_DONE)
        return STATUS_OK;
    if (job->dry_run)
        return flight_dry(flight) ? STATUS_OK : fail_memory(sender->failure);
    *under_way = true;
    return http_start(sender->http, job->method, job->url, job->send, flight, sender->failure);
}

/* Handles the answer to a record's last request. Says whether it is still under way. */
static enum status advance(struct sender *sender, struct flight *flight,
                           const struct http_answer *answer, bool *under_way)
{
    struct sender_job *job = &flight->job;
    *under_way = false;
    flight->attempts += answer->attempts;
    if (answer->code > 0)
        flight->code = answer->code;
    if (answer->outcome == HTTP_NOT_SENT)
        return flight_defer(flight) ? STATUS_OK : fail_memory(sender->failure);
    enum sender_step step = answer->outcome == HTTP_FAILED ? sender_refused(job, answer)
                                                           : sender->program->step(job, answer);
    if (step == SENDER_NO_MEMORY)
        return fail_memory(sender->failure);
    if (step == SENDER_DONE)
        return STATUS_OK;
    *under_way = true;
    return http_start(sender->http, job->method, job->url, job->send, flight, sender->failure);
}

static void unlink_active(struct sender *sender, struct flight *flight)
{
    struct flight **at = &sender->active;
    while (*at != flight)
        at = &(*at)->next;
    *at = flight->next;
    sender->active_count--;
}

/* ---- the loop ---- */

static enum status take(struct sender *sender, struct flight *flight)
{
    bool under_way = false;
    enum status status = STATUS_OK;
    if (!wants(sender, flight->record)) {
        pass_on(sender, flight);
    } else {
        status = begin(sender, flight, &under_way);
        if (status == STATUS_OK && !under_way)
            write_result(sender, flight);
    }
    if (under_way && status == STATUS_OK) {
        flight->next = sender->active;
        sender->active = flight;
        sender->active_count++;
    } else {
        flight_free(flight);
    }
    return status;
}

/* What is under way is finished, and then the run ends, when the input is wrong: STATUS_OK then.
 */
static enum status end_input(struct sender *sender, enum status status)
{
    if (status != STATUS_DATA)
        return status;
    sender->bad = status;
    sender->input_over = true;
    return STATUS_OK;
}

/* Takes the lines that are there, as far as the window and the order allow. */
static enum status take_lines(struct sender *sender)
{
    while (sender->active_count < sender->options->jobs * WINDOW && !sender->output_gone) {
        struct ndjson_line line;
        if (sender->held == NULL) {
            if (sender->bad != STATUS_OK || !ndjson_next(sender->reader, &line))
                return STATUS_OK;
            enum status status =
                flight_new(sender->reader, &line, sender->connection.service, sender->map,
                           sender->options, &sender->held, sender->failure);
            if (status != STATUS_OK)
                return end_input(sender, status);
        }
        if (flight_must_wait(sender->held, sender->active))
            return STATUS_OK;
        struct flight *flight = sender->held;
        sender->held = NULL;
        enum status status = take(sender, flight);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status take_answers(struct sender *sender)
{
    struct http_answer answer;
    while (http_finished(sender->http, &answer)) {
        struct flight *flight = answer.owner;
        bool under_way;
        enum status status = advance(sender, flight, &answer, &under_way);
        json_decref(answer.json);
        if (status != STATUS_OK)
            return status;
        if (!under_way) {
            unlink_active(sender, flight);
            write_result(sender, flight);
            flight_free(flight);
        }
    }
    return STATUS_OK;
}

/* After a signal nothing more is started, and what comes in is passed on for a while. */
static void heed_signal(struct sender *sender)
{
    if (signals_caught() == 0)
        return;
    if (sender->http != NULL)
        http_stop(sender->http);
    if (sender->signalled == 0)
        sender->signalled = clock_now();
    /* A dry run has nothing in flight. */
    if (sender->http == NULL || clock_now() - sender->signalled > LAST_WORDS)
        sender->input_over = true;
}

/* How long to wait for input after a signal, in milliseconds. A terminal has nothing in flight. */
static int last_look_time(const struct sender *sender)
{
    return isatty(ndjson_descriptor(sender->reader)) == 1 ? 0 : LAST_LOOK;
}

/* Waits for answers, turns, input, or a signal. */
static enum status wait_for_more(struct sender *sender)
{
    struct pollfd others[2] = {{.fd = signals_descriptor(), .events = POLLIN}};
    bool signalled = signals_caught() != 0;
    unsigned count = signalled ? 0 : 1;
    bool reading = !sender->input_over && !ndjson_ended(sender->reader) && sender->held == NULL &&
                   sender->active_count < sender->options->jobs * WINDOW;
    struct pollfd *input = &others[count];
    if (reading)
        others[count++] =
            (struct pollfd){.fd = ndjson_descriptor(sender->reader), .events = POLLIN};
    enum status status = STATUS_OK;
    bool last_look = signalled && sender->active == NULL;
    int ready = 0;
    if (sender->http != NULL && !last_look)
        status = http_run(sender->http, others, count, sender->failure);
    else if ((ready = poll(others, count, last_look ? last_look_time(sender) : -1)) < 0 &&
             errno != EINTR)
        status = fail(sender->failure, STATUS_IO, "waiting: %s", strerror(errno));
    if (status != STATUS_OK)
        return status;
    if (reading && (input->revents & (POLLIN | POLLHUP | POLLERR)) != 0)
        status = ndjson_fill(sender->reader, sender->failure);
    else if (last_look && ready == 0)
        sender->input_over = true; /* nobody has anything for us */
    status = end_input(sender, status);
    heed_signal(sender);
    return status;
}

static enum status loop(struct sender *sender)
{
    for (;;) {
        /* Answers first: when take_lines comes back with room left, the reader has no line. */
        enum status status = sender->http != NULL ? take_answers(sender) : STATUS_OK;
        if (status == STATUS_OK)
            status = take_lines(sender);
        if (status != STATUS_OK)
            return status;
        if (sender->output_gone && sender->held != NULL) {
            flight_free(sender->held);
            sender->held = NULL;
        }
        if (sender->active != NULL)
            ; /* wait for it */
        else if (sender->held != NULL)
            continue; /* what it waited for is done */
        else if (sender->input_over || ndjson_ended(sender->reader))
            return STATUS_OK;
        status = wait_for_more(sender);
        if (status != STATUS_OK)
            return status;
    }
}

/* How many records will be acted on, for the progress line: 0 unless the input is a file. */
static size_t count_wanted(const struct sender *sender)
{
    struct ndjson_reader *reader = NULL;
    struct failure ignored;
    size_t count = 0;
    const char *file = sender->options->file;
    if (!progress_wanted() || file == NULL || strcmp(file, "-") == 0)
        return 0;
    if (ndjson_open(file, &reader, &ignored) == STATUS_OK) {
        struct ndjson_line line;
        bool more = true;
        while (ndjson_read(reader, &line, &more, &ignored) == STATUS_OK && more) {
            json_t *record = NULL;
            if (ndjson_parse(reader, &line, &record, &ignored) == STATUS_OK &&
                wants(sender, record))
                count++;
            json_decref(record);
        }
    }
    ndjson_close(reader);
    return count;
}

static void trace(void *context, const char *line)
{
    struct sender *sender = context;
    progress_clear(sender->progress);
    sender->program->say(line);
}

static enum status open_all(struct sender *sender)
{
    const struct sender_options *options = sender->options;
    struct connection_settings settings = {
        .offline = options->dry_run,
        .rate = options->rate,
        .connections = (unsigned)options->jobs,
        .deadline = options->deadline,
        .trace = options->verbose ? trace : NULL,
        .trace_context = sender,
    };
    enum status status = signals_catch(sender->failure);
    if (status == STATUS_OK)
        status = field_map_load(options->map, &sender->map, sender->failure);
    if (status == STATUS_OK)
        status = connection_open(&settings, &sender->connection, sender->failure);
    sender->http = sender->connection.http;
    if (status == STATUS_OK)
        status = ndjson_open(options->file, &sender->reader, sender->failure);
    if (status == STATUS_OK)
        sender->progress = progress_open(sender->program->name, count_wanted(sender));
    (void)confine_to_network();
    return status;
}

static void close_all(struct sender *sender)
{
    progress_close(sender->progress);
    ndjson_close(sender->reader);
    connection_close(&sender->connection);
    while (sender->active != NULL) {
        struct flight *flight = sender->active;
        sender->active = flight->next;
        flight_free(flight);
    }
    flight_free(sender->held);
    field_map_free(sender->map);
}

/* Why the engine was stopped, where that is more than that something is left for the next run. */
static enum status stop_verdict(const struct sender *sender)
{
    struct failure *failure = sender->failure;
    const char *reason = sender->http != NULL ? http_stop_reason(sender->http) : "";
    switch (sender->http != NULL ? http_stopped(sender->http) : HTTP_RUNNING) {
    case HTTP_STOP_DENIED:
        return fail(failure, STATUS_DENIED, "Action Network refused the key: %s", reason);
    case HTTP_STOP_UNTRUSTED:
        return fail(failure, STATUS_UNAVAILABLE,
                    "Action Network cannot be trusted (%s); %zu records deferred, run again",
                    reason, sender->deferred);
    case HTTP_STOP_AUTHORITIES:
        return fail(failure, STATUS_CONFIG,
                    "no authorities to trust (CURL_CA_BUNDLE, SSL_CERT_FILE): %s; %zu records "
                    "deferred",
                    reason, sender->deferred);
    case HTTP_STOP_BROKEN:
        return fail(failure, STATUS_UNAVAILABLE,
                    "Action Network does not work at present (%s); %zu records deferred, run again",
                    reason, sender->deferred);
    default:
        return STATUS_OK;
    }
}

/* What the run came to. */
static enum status verdict(const struct sender *sender)
{
    struct failure *failure = sender->failure;
    if (sender->reader_gone)
        failure->text[0] = '\0';
    if (sender->output_gone)
        return STATUS_IO;
    enum status status = stop_verdict(sender);
    if (status != STATUS_OK)
        return status;
    if (sender->bad != STATUS_OK)
        return sender->bad;
    if (sender->deferred > 0)
        return fail(failure, STATUS_AGAIN, "not finished: %zu records deferred, run again",
                    sender->deferred);
    if (sender->failed > 0)
        return fail(failure, STATUS_SOME_FAILED, "%zu of %zu records failed; the first: %s",
                    sender->failed, sender->done, sender->first_error);
    return STATUS_OK;
}

enum status sender_run(const struct sender_program *program, const struct sender_options *options,
                       struct failure *failure)
{
    struct sender sender = {.program = program, .options = options, .failure = failure};
    failure->text[0] = '\0';
    enum status status = open_all(&sender);
    if (status == STATUS_OK)
        status = loop(&sender);
    if (status == STATUS_OK)
        status = verdict(&sender);
    close_all(&sender);
    return status;
}
