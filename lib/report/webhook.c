#include "report/webhook.h"

#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"
#include "http/common.h"
#include "http/retry.h"
#include "http/url.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_SECONDS = 10,
    ATTEMPT_SECONDS = 30,
    ALL_SECONDS = 60,
    TRIES = 3,
    ANSWER_LIMIT = 64 * 1024,
    ANSWER_SHOWN = 200,
    SECRET_SEGMENT = 8 /* a part of the URL's path so long could be its secret */
};

struct post {
    CURLU *url;
    bool loopback;
    CURL *easy;
    struct curl_slist *headers;
    char *body;
    struct buffer answer;
    char curl_error[CURL_ERROR_SIZE];
};

/* ---- the URL ---- */

/* As curl writes a host: an IPv6 address in brackets. */
static enum status parse_url(struct post *post, const char *url, struct failure *failure)
{
    char *scheme = NULL;
    char *host = NULL;
    enum status status = STATUS_OK;
    post->url = curl_url();
    if (post->url == NULL)
        return fail_memory(failure);
    if (curl_url_set(post->url, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl_url_get(post->url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(post->url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        status = fail(failure, STATUS_CONFIG, "the Slack webhook is not a URL");
    else if (strcmp(scheme, "https") != 0 &&
             !(strcmp(scheme, "http") == 0 && http_is_loopback(host)))
        status = fail(failure, STATUS_CONFIG,
                      "the Slack webhook must begin with https:// (http:// is for loopback only)");
    else
        post->loopback = http_is_loopback(host);
    curl_free(scheme);
    curl_free(host);
    return status;
}

/* Takes the secret parts of the URL out of a text: a server may repeat them. */
static void redact_url(const struct post *post, char *text)
{
    static const CURLUPart PARTS[] = {CURLUPART_PATH, CURLUPART_QUERY, CURLUPART_PASSWORD};
    for (size_t i = 0; i < sizeof PARTS / sizeof PARTS[0]; i++) {
        char *part = NULL;
        char *rest = NULL;
        if (curl_url_get(post->url, PARTS[i], &part, 0) != CURLUE_OK)
            continue;
        for (char *segment = strtok_r(part, "/?&=", &rest); segment != NULL;
             segment = strtok_r(NULL, "/?&=", &rest))
            if (strlen(segment) >= SECRET_SEGMENT)
                secret_redact(text, segment);
        curl_free(part);
    }
}

/* ---- one attempt ---- */

static enum status prepare(struct post *post, const json_t *message, struct failure *failure)
{
    CURL *easy = post->easy = curl_easy_init();
    post->body = json_dumps(message, JSON_COMPACT);
    if (easy == NULL || post->body == NULL ||
        !http_add_header(&post->headers, "Content-Type: application/json", "") ||
        !http_add_header(&post->headers, "Expect:", ""))
        return fail_memory(failure);
    bool set = http_common(easy) && curl_easy_setopt(easy, CURLOPT_CURLU, post->url) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_POSTFIELDS, post->body) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->headers) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, http_keep_body) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_WRITEDATA, &post->answer) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, post->curl_error) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS) == CURLE_OK;
    /* A proxy of the environment must not see what is meant for loopback. */
    if (set && post->loopback)
        set = curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK;
    return set ? STATUS_OK : fail_memory(failure);
}

/* Sends the message once and says what came of it. */
static struct http_attempt attempt(struct post *post, unsigned number, int64_t until)
{
    struct http_attempt made = {.number = number, .json = true /* "ok" is an answer, too */};
    int64_t left = (until - clock_now()) / (NANOSECONDS / 1000); /* milliseconds */
    const int64_t most = (int64_t)ATTEMPT_SECONDS * 1000;
    if (left > most)
        left = most;
    curl_off_t seconds = 0;
    buffer_clear(&post->answer);
    post->curl_error[0] = '\0';
    (void)curl_easy_setopt(post->easy, CURLOPT_TIMEOUT_MS, (long)(left > 1 ? left : 1));
    made.curl = curl_easy_perform(post->easy);
    (void)curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &made.code);
    if (curl_easy_getinfo(post->easy, CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && seconds > 0)
        made.retry_after = (seconds < 3600 ? seconds : 3600) * (int64_t)NANOSECONDS;
    return made;
}

/* ---- the outcome ---- */

static enum status explain(struct post *post, const struct http_attempt *last,
                           struct failure *failure)
{
    if (last->curl != CURLE_OK) {
        const char *said =
            post->curl_error[0] != '\0' ? post->curl_error : curl_easy_strerror(last->curl);
        if (last->curl == CURLE_WRITE_ERROR)
            said = "the answer is longer than 64 KiB";
        (void)fail(failure, STATUS_UNAVAILABLE, "the Slack webhook: %s", said);
        redact_url(post, failure->text);
        text_printable(failure->text, sizeof failure->text);
        return STATUS_UNAVAILABLE;
    }
    bool denied = last->code == 401 || last->code == 403 || last->code == 404 || last->code == 410;
    char *answer = post->answer.bytes;
    if (answer != NULL) {
        redact_url(post, answer);
        text_printable(answer, ANSWER_SHOWN);
        if (!utf8_valid(answer, strlen(answer), NULL))
            answer = NULL;
    }
    return fail(failure, denied ? STATUS_DENIED : STATUS_UNAVAILABLE,
                "the Slack webhook: HTTP %ld%s%s", last->code,
                answer != NULL && answer[0] != '\0' ? ": " : "", answer != NULL ? answer : "");
}

static enum status send_message(struct post *post, struct failure *failure)
{
    int64_t until = clock_now() + (int64_t)ALL_SECONDS * NANOSECONDS;
    for (unsigned number = 1;; number++) {
        struct http_attempt made = attempt(post, number, until);
        struct http_verdict verdict = http_judge(&made);
        if (verdict.kind == HTTP_SUCCESS)
            return STATUS_OK;
        if (verdict.kind == HTTP_REFUSED || number == TRIES || !clock_pause(verdict.wait, until))
            return explain(post, &made, failure);
    }
}

enum status webhook_post(const char *url, const json_t *message, struct failure *failure)
{
    struct post post = {.answer = {.limit = ANSWER_LIMIT}};
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return fail_memory(failure);
    enum status status = parse_url(&post, url, failure);
    if (status == STATUS_OK)
        status = prepare(&post, message, failure);
    if (status == STATUS_OK)
        status = send_message(&post, failure);
    curl_easy_cleanup(post.easy);
    http_free_headers(post.headers);
    curl_url_cleanup(post.url);
    free(post.body);
    buffer_free(&post.answer);
    curl_global_cleanup();
    return status;
}
