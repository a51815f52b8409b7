/*
 * The engine: JSON requests to one service, many at a time, at the pacer's rate, tried again where
 * that can help.
 *
 * One exchange is one request and its final answer, however often it had to be sent. Everything
 * that is sent through here is idempotent (GET, PUT, and a POST that matches by address), so a
 * request whose answer got lost is simply sent again. On libcurl's multi interface: connections,
 * DNS answers and TLS sessions are reused, HTTP/2 is spoken where offered, TLS is always verified,
 * redirects are never followed, and the key goes to the one host only.
 */
#ifndef HTTP_H
#define HTTP_H

#include "base/status.h"
#include "http/pacer.h"

#include <jansson.h>
#include <poll.h>
#include <stdbool.h>

struct http;

enum { HTTP_ERROR_SIZE = 600 };

struct http_settings {
    const char *key;      /* sent as OSDI-API-Token and taken out of every text; NULL: none */
    struct pacer *pacer;  /* borrowed; must outlive the engine */
    unsigned connections; /* in flight at the most; at least 1 */
    int64_t deadline;     /* clock_now() after which nothing is started; 0: none */
    /* What to GET when nothing but failures come, to learn whether the service is alive (see
     * http/breaker.h); copied. */
    const char *probe;
    /* Called with one line for each attempt; NULL: never. The line is borrowed. */
    void (*trace)(void *context, const char *line);
    void *trace_context;
};

enum http_outcome {
    HTTP_ANSWERED, /* `code` is a 2xx and `json` an object, or `code` is a final refusal */
    HTTP_FAILED,   /* no usable answer, after every attempt that makes sense; `error` says why */
    HTTP_NOT_SENT  /* the engine was stopped first; it may have been applied if attempts > 0 */
};

struct http_answer {
    enum http_outcome outcome;
    void *owner;       /* as given to http_start */
    long code;         /* the last answer's status code; 0 when there was none */
    unsigned attempts; /* how often it was sent */
    json_t *json;      /* the body when it is a JSON object, else NULL; owned by the answer */
    char error[HTTP_ERROR_SIZE]; /* for people: what the server or curl said, cut, printable,
                                  * without the key; "" for a 2xx with JSON */
};

/* Why the engine starts nothing any more. */
enum http_stop {
    HTTP_RUNNING,
    HTTP_STOP_ASKED, /* http_stop */
    HTTP_STOP_DEADLINE,
    HTTP_STOP_DENIED,      /* 401 or 403: the key is refused */
    HTTP_STOP_UNTRUSTED,   /* the service's certificate is none that can be trusted */
    HTTP_STOP_AUTHORITIES, /* there is no file of authorities to judge a certificate by */
    HTTP_STOP_BROKEN       /* nothing but failures, the probe among them, see http/breaker.h */
};

/* The engine is the caller's, to be given to http_close; NULL on error. Copies the key and
 * the probe's URL, borrows the rest of the settings. STATUS_OK or STATUS_IO. */
enum status http_open(const struct http_settings *settings, struct http **http,
                      struct failure *failure);

/* Breaks off what is in flight. NULL is harmless. */
void http_close(struct http *http);

/* Puts a request in the queue. `url` is copied; `body` (NULL for none) is written out at once;
 * `owner` comes back in the answer. STATUS_OK or STATUS_IO (memory). */
enum status http_start(struct http *http, const char *method, const char *url, const json_t *body,
                       void *owner, struct failure *failure);

/* How many requests wait in the queue for their first turn. */
unsigned http_waiting(const struct http *http);

/* Starts what may start, moves data, and waits until something can be done: for an answer, a turn,
 * one of the `count` descriptors in `others` (their revents are set), at most a second. STATUS_OK
 * or STATUS_IO. */
enum status http_run(struct http *http, struct pollfd *others, unsigned count,
                     struct failure *failure);

/* Takes a finished exchange; its json is the caller's, to be given to json_decref. False when there
 * is none. */
bool http_finished(struct http *http, struct http_answer *answer);

/* Starts nothing more: the queue comes back as HTTP_NOT_SENT, what is in flight has 30 seconds. */
void http_stop(struct http *http);

enum http_stop http_stopped(const struct http *http);

/* What the server or curl said by which it was stopped, as in an answer's error; "" for ASKED
 * and DEADLINE. Borrowed. */
const char *http_stop_reason(const struct http *http);

#endif
