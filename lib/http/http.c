#include "http/http.h"

#include "base/clock.h"
#include "base/secret.h"
#include "http/breaker.h"
#include "http/common.h"
#include "http/exchange.h"
#include "http/retry.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OTHERS_LIMIT = 4 };
static const long CONNECT_TIMEOUT = 15; /* seconds */
static const long TOTAL_TIMEOUT = 60;
static const int64_t LATE = NANOSECONDS / 200; /* more than a turn may be off without harm */
static const int64_t GRACE = (int64_t)30 * NANOSECONDS;

struct http {
    char *key;
    struct pacer *pacer;
    unsigned connections;
    int64_t deadline;
    void (*trace)(void *context, const char *line);
    void *trace_context;
    CURLM *multi;
    struct curl_slist *headers;
    CURL **idle; /* easy handles at rest, `connections` places */
    unsigned idle_count;
    struct queue ready;    /* wait for a turn */
    struct queue waiting;  /* wait for their next attempt */
    struct queue flying;   /* are with curl */
    struct queue doubtful; /* used up, and wait for what the probe says */
    struct queue finished; /* wait for http_finished */
    unsigned flying_count;
    char *probe_url;
    struct exchange *probe; /* whose answer is nobody's; in a queue; NULL: nothing is in doubt */
    bool has_turn;
    int64_t turn;
    uint64_t random;
    struct http_breaker breaker;
    enum http_stop stopped;
    int64_t stopped_at;
    char stop_reason[HTTP_ERROR_SIZE];
};

static bool prepare(struct http *http, const struct http_settings *settings)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return false;
    http->multi = curl_multi_init();
    http->idle = calloc(http->connections, sizeof(CURL *));
    http->probe_url = strdup(settings->probe);
    if (http->multi == NULL || http->idle == NULL || http->probe_url == NULL)
        return false;
    (void)curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)http->connections);
    if (settings->key != NULL) {
        http->key = strdup(settings->key);
        if (http->key == NULL || !http_add_header(&http->headers, "OSDI-API-Token: ", http->key))
            return false;
    }
    /* curl would ask with Expect before it sends a large body; the answer costs a round trip. */
    return http_add_header(&http->headers, "Content-Type: application/json", "") &&
           http_add_header(&http->headers, "Accept: application/hal+json, application/json", "") &&
           http_add_header(&http->headers, "Expect:", "");
}

enum status http_open(const struct http_settings *settings, struct http **http,
                      struct failure *failure)
{
    *http = NULL;
    struct http *made = calloc(1, sizeof *made);
    if (made == NULL)
        return fail_memory(failure);
    queue_init(&made->ready);
    queue_init(&made->waiting);
    queue_init(&made->flying);
    queue_init(&made->doubtful);
    queue_init(&made->finished);
    made->pacer = settings->pacer;
    made->connections = settings->connections > 0 ? settings->connections : 1;
    made->deadline = settings->deadline;
    made->trace = settings->trace;
    made->trace_context = settings->trace_context;
    made->random = (uint64_t)clock_now() ^ ((uint64_t)getpid() << 32);
    if (!prepare(made, settings)) {
        http_close(made);
        return fail_memory(failure);
    }
    *http = made;
    return STATUS_OK;
}

void http_close(struct http *http)
{
    if (http == NULL)
        return;
    for (struct exchange *at = http->flying.head; at != NULL; at = at->next) {
        (void)curl_multi_remove_handle(http->multi, at->easy);
        curl_easy_cleanup(at->easy);
    }
    for (unsigned i = 0; i < http->idle_count; i++)
        curl_easy_cleanup(http->idle[i]);
    queue_free(&http->ready);
    queue_free(&http->waiting);
    queue_free(&http->flying);
    queue_free(&http->doubtful);
    queue_free(&http->finished);
    (void)curl_multi_cleanup(http->multi);
    http_free_headers(http->headers);
    free(http->idle);
    free(http->probe_url);
    secret_free(http->key);
    free(http);
    curl_global_cleanup();
}

enum status http_start(struct http *http, const char *method, const char *url, const json_t *body,
                       void *owner, struct failure *failure)
{
    struct exchange *exchange = exchange_new(method, url, body, owner);
    if (exchange == NULL)
        return fail_memory(failure);
    queue_push(&http->ready, exchange);
    return STATUS_OK;
}

unsigned http_waiting(const struct http *http)
{
    unsigned waiting = 0;
    for (const struct exchange *at = http->ready.head; at != NULL; at = at->next)
        waiting += at->attempts == 0;
    return waiting;
}

/* ---- one attempt ---- */

static CURL *new_handle(const struct http *http)
{
    CURL *easy = curl_easy_init();
    if (easy == NULL)
        return NULL;
    if (!http_common(easy)) {
        curl_easy_cleanup(easy);
        return NULL;
    }
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, http->headers);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, http_keep_body);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT, TOTAL_TIMEOUT);
    /* No CURLOPT_PIPEWAIT: it would keep requests past their turns and let them go all at once. */
    return easy;
}

/* Hands an exchange to curl. */
static enum status launch(struct http *http, struct exchange *exchange, struct failure *failure)
{
    CURL *easy = http->idle_count > 0 ? http->idle[--http->idle_count] : new_handle(http);
    if (easy == NULL)
        return fail_memory(failure);
    exchange->attempts++;
    bool set = exchange_prepare(exchange, easy);
    queue_push(&http->flying, exchange);
    http->flying_count++;
    if (!set || curl_multi_add_handle(http->multi, easy) != CURLM_OK)
        return fail_memory(failure);
    return STATUS_OK;
}

static void finish(struct http *http, struct exchange *exchange, enum http_outcome outcome)
{
    if (exchange == http->probe) {
        http->probe = NULL;
        exchange_free(exchange);
        return;
    }
    exchange->answer.outcome = outcome;
    exchange->answer.owner = exchange->owner;
    exchange->answer.attempts = exchange->attempts;
    queue_push(&http->finished, exchange);
}

static void stop(struct http *http, enum http_stop why, const char *reason)
{
    if (http->stopped != HTTP_RUNNING)
        return;
    (void)snprintf(http->stop_reason, sizeof http->stop_reason, "%s", reason);
    http->stopped = why;
    http->stopped_at = clock_now();
}

/* Takes a landed exchange back from curl, and its handle to rest. */
static void land(struct http *http, struct exchange *exchange)
{
    struct exchange **at = &http->flying.head;
    while (*at != NULL && *at != exchange)
        at = &(*at)->next;
    if (*at != NULL)
        (void)queue_take(&http->flying, at);
    http->flying_count--;
    (void)curl_multi_remove_handle(http->multi, exchange->easy);
    /* At rest it must not write into what is freed. */
    (void)curl_easy_setopt(exchange->easy, CURLOPT_ERRORBUFFER, NULL);
    http->idle[http->idle_count++] = exchange->easy;
    exchange->easy = NULL;
}

static uint32_t next_random(struct http *http)
{
    http->random = http->random * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(http->random >> 32);
}

/* Takes in what came of an attempt that ended, and judges it. */
static struct http_verdict judge(struct http *http, struct exchange *exchange, CURLcode curl)
{
    struct http_answer *answer = &exchange->answer;
    curl_off_t retry_after = 0;
    double seconds = 0;
    answer->code = 0;
    if (curl == CURLE_OK)
        (void)curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &answer->code);
    (void)curl_easy_getinfo(exchange->easy, CURLINFO_RETRY_AFTER, &retry_after);
    (void)curl_easy_getinfo(exchange->easy, CURLINFO_TOTAL_TIME, &seconds);
    land(http, exchange);
    json_decref(answer->json);
    answer->json = curl == CURLE_OK ? exchange_read(exchange) : NULL;
    exchange_describe(exchange, curl, http->key);
    if (http->trace != NULL)
        exchange_trace(exchange, curl, seconds, http->key, http->trace, http->trace_context);
    /* A server may ask for anything: a day is as good as a century, and no time may be negative. */
    int64_t pause = retry_after < 0 ? 0 : retry_after > 86400 ? 86400 : retry_after;
    struct http_attempt attempt = {curl,
                                   answer->code,
                                   answer->json != NULL,
                                   exchange->attempts,
                                   pause * NANOSECONDS,
                                   next_random(http)};
    return http_judge(&attempt);
}

/* Begins to ask whether the service is alive, before anything else is sent. */
static enum status begin_probe(struct http *http, struct failure *failure)
{
    if (http->probe != NULL || http->stopped != HTTP_RUNNING)
        return STATUS_OK;
    http->probe = exchange_new("GET", http->probe_url, NULL, NULL);
    if (http->probe == NULL)
        return fail_memory(failure);
    queue_push_front(&http->ready, http->probe);
    return STATUS_OK;
}

/* The service is alive: what failed to the last failed by itself. */
static void end_probe(struct http *http)
{
    if (!http_breaker_alive(&http->breaker)) {
        stop(http, HTTP_STOP_BROKEN, "it answers, but nothing that is sent is taken");
        return;
    }
    while (http->doubtful.head != NULL)
        finish(http, queue_take(&http->doubtful, &http->doubtful.head), HTTP_FAILED);
}

/* Learns from an attempt how the service is. */
static enum status diagnose(struct http *http, const struct exchange *exchange, CURLcode curl,
                            const struct http_verdict *verdict, struct failure *failure)
{
    const char *said = exchange->answer.error;
    bool alive = curl == CURLE_OK && (verdict->kind != HTTP_PASSING || verdict->slow_down);
    if (verdict->hopeless)
        stop(http, curl == CURLE_SSL_CACERT_BADFILE ? HTTP_STOP_AUTHORITIES : HTTP_STOP_UNTRUSTED,
             said);
    else if (exchange->answer.code == 401 || exchange->answer.code == 403)
        stop(http, HTTP_STOP_DENIED, said);
    else if (exchange == http->probe && alive)
        end_probe(http);
    else if (exchange == http->probe)
        stop(http, HTTP_STOP_BROKEN, said);
    else if (alive && !verdict->slow_down)
        http_breaker_reset(&http->breaker);
    else if (!alive &&
             http_breaker_trips(&http->breaker, clock_now(), exchange->attempts >= HTTP_ATTEMPTS))
        return begin_probe(http, failure);
    return STATUS_OK;
}

/* Decides what becomes of an attempt that ended. */
static enum status conclude(struct http *http, struct exchange *exchange, CURLcode curl,
                            struct failure *failure)
{
    struct http_verdict verdict = judge(http, exchange, curl);
    enum status status = diagnose(http, exchange, curl, &verdict, failure);
    if (status == STATUS_OK && verdict.slow_down) {
        http->has_turn = false; /* it was taken before the pause */
        status = pacer_slow(http->pacer, verdict.wait, failure);
    }
    if (verdict.hopeless || (verdict.kind == HTTP_PASSING && http->stopped != HTTP_RUNNING)) {
        finish(http, exchange, HTTP_NOT_SENT);
    } else if (exchange == http->probe || verdict.kind != HTTP_PASSING) {
        finish(http, exchange, curl == CURLE_OK ? HTTP_ANSWERED : HTTP_FAILED);
    } else if (exchange->attempts >= HTTP_ATTEMPTS && http->probe != NULL) {
        queue_push(&http->doubtful, exchange);
    } else if (exchange->attempts >= HTTP_ATTEMPTS) {
        finish(http, exchange, HTTP_FAILED);
    } else {
        exchange->retry_at = clock_now() + verdict.wait;
        queue_push(&http->waiting, exchange);
    }
    return status;
}

/* ---- the loop ---- */

/* Returns all that was not started, and after the grace also what was. */
static void drain(struct http *http, int64_t now)
{
    while (http->ready.head != NULL)
        finish(http, queue_take(&http->ready, &http->ready.head), HTTP_NOT_SENT);
    while (http->waiting.head != NULL)
        finish(http, queue_take(&http->waiting, &http->waiting.head), HTTP_NOT_SENT);
    while (http->doubtful.head != NULL)
        finish(http, queue_take(&http->doubtful, &http->doubtful.head), HTTP_NOT_SENT);
    while (http->flying.head != NULL && now - http->stopped_at > GRACE) {
        struct exchange *exchange = http->flying.head;
        land(http, exchange);
        finish(http, exchange, HTTP_NOT_SENT);
    }
}

/* Whether the first that is ready may start as soon as there is a turn: while the service is asked
 * whether it is alive, that is the probe. */
static bool may_start(const struct http *http)
{
    return http->ready.head != NULL && http->flying_count < http->connections &&
           (http->probe == NULL || http->probe == http->ready.head);
}

/* Starts what has its turn. */
static enum status depart(struct http *http, int64_t now, struct failure *failure)
{
    for (struct exchange **at = &http->waiting.head; *at != NULL;) {
        if ((*at)->retry_at <= now)
            queue_push(&http->ready, queue_take(&http->waiting, at));
        else
            at = &(*at)->next;
    }
    while (may_start(http)) {
        if (!http->has_turn) {
            enum status status = pacer_take(http->pacer, &http->turn, failure);
            if (status != STATUS_OK)
                return status;
            http->has_turn = true;
        }
        int64_t late = clock_now() - http->turn;
        if (late < 0)
            break;
        http->has_turn = false;
        enum status status = late > LATE ? pacer_late(http->pacer, failure) : STATUS_OK;
        if (status == STATUS_OK)
            status = launch(http, queue_take(&http->ready, &http->ready.head), failure);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* Until when nothing can happen by itself, at most a second, in milliseconds rounded up. */
static int patience(const struct http *http, int64_t now)
{
    int64_t until = now + NANOSECONDS;
    if (http->finished.head != NULL)
        return 0;
    if (http->has_turn && may_start(http) && http->turn < until)
        until = http->turn;
    for (const struct exchange *at = http->waiting.head; at != NULL; at = at->next)
        if (at->retry_at < until)
            until = at->retry_at;
    if (http->stopped == HTTP_RUNNING && http->deadline > 0 && http->deadline < until)
        until = http->deadline;
    return until <= now ? 0 : (int)((until - now + 999999) / 1000000);
}

static enum status wait_for(struct http *http, int milliseconds, struct pollfd *others,
                            unsigned count, struct failure *failure)
{
    struct curl_waitfd descriptors[OTHERS_LIMIT];
    for (unsigned i = 0; i < count && i < OTHERS_LIMIT; i++)
        descriptors[i] = (struct curl_waitfd){others[i].fd, CURL_WAIT_POLLIN, 0};
    CURLMcode code = curl_multi_poll(http->multi, descriptors, count, milliseconds, NULL);
    if (code != CURLM_OK)
        return fail(failure, STATUS_IO, "waiting: %s", curl_multi_strerror(code));
    for (unsigned i = 0; i < count && i < OTHERS_LIMIT; i++)
        others[i].revents = descriptors[i].revents != 0 ? POLLIN : 0;
    return STATUS_OK;
}

static enum status collect(struct http *http, struct failure *failure)
{
    int running;
    CURLMcode code = curl_multi_perform(http->multi, &running);
    if (code != CURLM_OK)
        return fail(failure, STATUS_IO, "sending: %s", curl_multi_strerror(code));
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(http->multi, &left)) != NULL;) {
        if (message->msg != CURLMSG_DONE)
            continue;
        struct exchange *exchange = NULL;
        CURLcode result = message->data.result; /* the message dies with the handle's removal */
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&exchange);
        enum status status = conclude(http, exchange, result, failure);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

enum status http_run(struct http *http, struct pollfd *others, unsigned count,
                     struct failure *failure)
{
    int64_t now = clock_now();
    if (http->deadline > 0 && now >= http->deadline)
        stop(http, HTTP_STOP_DEADLINE, "");
    enum status status = STATUS_OK;
    if (http->stopped != HTTP_RUNNING)
        drain(http, now);
    else
        status = depart(http, now, failure);
    if (status == STATUS_OK)
        status = collect(http, failure);
    if (status == STATUS_OK)
        status = wait_for(http, patience(http, now), others, count, failure);
    return status;
}

bool http_finished(struct http *http, struct http_answer *answer)
{
    if (http->finished.head == NULL)
        return false;
    struct exchange *exchange = queue_take(&http->finished, &http->finished.head);
    *answer = exchange->answer;
    exchange->answer.json = NULL;
    exchange_free(exchange);
    return true;
}

void http_stop(struct http *http)
{
    stop(http, HTTP_STOP_ASKED, "");
}

enum http_stop http_stopped(const struct http *http)
{
    return http->stopped;
}

const char *http_stop_reason(const struct http *http)
{
    return http->stop_reason;
}
