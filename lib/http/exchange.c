#include "http/exchange.h"

#include "base/json_text.h"
#include "base/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ANSWER_LIMIT = 1024 * 1024, /* bytes of an answer */
    ERROR_LIMIT = 500           /* bytes of what a server said, as people see it */
};

void queue_init(struct queue *queue)
{
    queue->head = NULL;
    queue->tail = &queue->head;
}

void queue_push(struct queue *queue, struct exchange *exchange)
{
    exchange->next = NULL;
    *queue->tail = exchange;
    queue->tail = &exchange->next;
}

void queue_push_front(struct queue *queue, struct exchange *exchange)
{
    exchange->next = queue->head;
    if (queue->head == NULL)
        queue->tail = &exchange->next;
    queue->head = exchange;
}

struct exchange *queue_take(struct queue *queue, struct exchange **at)
{
    struct exchange *exchange = *at;
    *at = exchange->next;
    if (*at == NULL)
        queue->tail = at;
    exchange->next = NULL;
    return exchange;
}

struct exchange *exchange_new(const char *method, const char *url, const json_t *body, void *owner)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL)
        return NULL;
    exchange->method = method;
    exchange->url = strdup(url);
    struct buffer text = {.limit = 0};
    if (body != NULL && json_text_dump(body, JSON_COMPACT, &text))
        exchange->body = text.bytes; /* which takes the memory over */
    exchange->owner = owner;
    exchange->said.limit = ANSWER_LIMIT;
    if (exchange->url != NULL && (body == NULL || exchange->body != NULL))
        return exchange;
    exchange_free(exchange);
    return NULL;
}

bool exchange_prepare(struct exchange *exchange, CURL *easy)
{
    exchange->easy = easy;
    buffer_clear(&exchange->said);
    exchange->curl_error[0] = '\0';
    bool set = curl_easy_setopt(easy, CURLOPT_URL, exchange->url) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange->said) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->curl_error) == CURLE_OK;
    /* Plain http is for loopback, which no proxy of the environment should see. */
    const char *proxy = text_begins(exchange->url, "http:") ? "" : NULL;
    set = set && curl_easy_setopt(easy, CURLOPT_PROXY, proxy) == CURLE_OK;
    if (exchange->body == NULL)
        set = set && curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    else
        set = set && curl_easy_setopt(easy, CURLOPT_POSTFIELDS, exchange->body) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                               (curl_off_t)strlen(exchange->body)) == CURLE_OK;
    return set && curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, exchange->method) == CURLE_OK;
}

json_t *exchange_read(const struct exchange *exchange)
{
    json_error_t ignored;
    const struct buffer *said = &exchange->said;
    json_t *json =
        said->bytes != NULL ? json_text_load(said->bytes, said->length, 0, &ignored) : NULL;
    if (json_is_object(json))
        return json;
    json_decref(json);
    return NULL;
}

void exchange_free(struct exchange *exchange)
{
    if (exchange == NULL)
        return;
    free(exchange->url);
    free(exchange->body);
    buffer_free(&exchange->said);
    json_decref(exchange->answer.json);
    free(exchange);
}

void queue_free(struct queue *queue)
{
    while (queue->head != NULL)
        exchange_free(queue_take(queue, &queue->head));
}

/* What was said, borrowed, and in `before` what is to be said first. */
static const char *find_words(const struct exchange *exchange, CURLcode curl, char *before,
                              size_t size)
{
    const struct http_answer *answer = &exchange->answer;
    const char *error = json_string_value(json_object_get(answer->json, "error"));
    before[0] = '\0';
    if (curl == CURLE_WRITE_ERROR)
        return "the answer is too long";
    if (curl != CURLE_OK)
        return exchange->curl_error[0] != '\0' ? exchange->curl_error : curl_easy_strerror(curl);
    if (error != NULL && error[0] != '\0')
        return error;
    bool good = answer->code >= 200 && answer->code <= 299;
    (void)snprintf(before, size, "%sHTTP %ld%s", good ? "the answer is not JSON: " : "",
                   answer->code, exchange->said.length > 0 ? ": " : "");
    return exchange->said.length > 0 ? exchange->said.bytes : "";
}

void exchange_describe(struct exchange *exchange, CURLcode curl, const char *key)
{
    bool good = curl == CURLE_OK && exchange->answer.code <= 299 && exchange->answer.json != NULL;
    char before[64];
    exchange->answer.error[0] = '\0';
    if (good)
        return;
    const char *said = find_words(exchange, curl, before, sizeof before);
    struct buffer text = {.limit = 0};
    if (buffer_printf(&text, "%s%s", before, said)) {
        secret_redact(text.bytes, key); /* before it is cut, which could halve the key */
        text_printable(text.bytes, ERROR_LIMIT);
        (void)snprintf(exchange->answer.error, sizeof exchange->answer.error, "%s", text.bytes);
    }
    buffer_free(&text);
}

void exchange_trace(const struct exchange *exchange, CURLcode curl, double seconds, const char *key,
                    void (*trace)(void *context, const char *line), void *context)
{
    struct buffer line = {.limit = 0};
    bool made = buffer_printf(&line, "%s %s: ", exchange->method, exchange->url);
    made = made && (curl == CURLE_OK ? buffer_printf(&line, "%ld", exchange->answer.code)
                                     : buffer_printf(&line, "%s", curl_easy_strerror(curl)));
    made = made && buffer_printf(&line, " after %.3f s, attempt %u", seconds, exchange->attempts);
    if (made) {
        secret_redact(line.bytes, key);
        trace(context, line.bytes);
    }
    buffer_free(&line);
}
