/*
 * One exchange of the engine (http.c): a request, its attempts, its answer; and the queues in which
 * exchanges wait. For the engine alone.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "base/text.h"
#include "http/http.h"

#include <curl/curl.h>

struct exchange {
    struct exchange *next;
    const char *method;
    char *url;
    char *body;
    void *owner;
    unsigned attempts;
    int64_t retry_at;
    CURL *easy; /* while in flight */
    struct buffer said;
    char curl_error[CURL_ERROR_SIZE];
    struct http_answer answer;
};

struct queue {
    struct exchange *head;
    struct exchange **tail;
};

/* A request: `method` and `owner` are borrowed, `url` is copied, `body` (NULL: none) is written as
 * JSON. The caller's, for exchange_free or a queue; NULL without memory. */
struct exchange *exchange_new(const char *method, const char *url, const json_t *body, void *owner);

/* Sets all that is this request's on a handle, which it refers to from then on as `easy`, and makes
 * room for an answer. False without memory. */
bool exchange_prepare(struct exchange *exchange, CURL *easy);

/* What was answered as a JSON object, a new reference; NULL when it is none. */
json_t *exchange_read(const struct exchange *exchange);

/* NULL is harmless. */
void exchange_free(struct exchange *exchange);

/* Writes what the server or curl said into the answer's error, for people: cut, printable, without
 * the key; nothing for an answer that is as it should be. */
void exchange_describe(struct exchange *exchange, CURLcode curl, const char *key);

/* Tells `trace` of one attempt in one line, without the key. */
void exchange_trace(const struct exchange *exchange, CURLcode curl, double seconds, const char *key,
                    void (*trace)(void *context, const char *line), void *context);

/* Makes it an empty one. */
void queue_init(struct queue *queue);

/* Puts it at the end; the queue owns it. */
void queue_push(struct queue *queue, struct exchange *exchange);

/* Puts it at the beginning; the queue owns it. */
void queue_push_front(struct queue *queue, struct exchange *exchange);

/* Takes out what `*at` points to (a link of this queue's); it is the caller's. */
struct exchange *queue_take(struct queue *queue, struct exchange **at);

/* Frees all that is in it. */
void queue_free(struct queue *queue);

#endif
