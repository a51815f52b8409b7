#include "aws/request.h"

#include "base/clock.h"
#include "http/common.h"
#include "http/url.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

static const long CONNECT_SECONDS = 10;
static const long ALL_SECONDS = 30;
enum { QUICKER = 8 };

/* Older ones sign the host and the date only. */
enum { SIGNS_ALL_HEADERS = 0x075600 /* 7.86.0 */ };

struct aws_transport {
    CURL *easy;
};

enum status aws_transport_open(struct aws_transport **transport, struct failure *failure)
{
    *transport = NULL;
    const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
    if (curl->version_num < SIGNS_ALL_HEADERS)
        return fail(failure, STATUS_CONFIG,
                    "libcurl %s is too old for AWS: it does not sign every header; version 7.86.0 "
                    "or newer is needed",
                    curl->version);
    struct aws_transport *made = calloc(1, sizeof *made);
    if (made == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(made);
        return fail_memory(failure);
    }
    *transport = made;
    made->easy = curl_easy_init();
    if (made->easy != NULL)
        return STATUS_OK;
    aws_transport_close(made);
    *transport = NULL;
    return fail_memory(failure);
}

void aws_transport_close(struct aws_transport *transport)
{
    if (transport == NULL)
        return;
    curl_easy_cleanup(transport->easy);
    curl_global_cleanup();
    free(transport);
}

void aws_answer_free(struct aws_answer *answer)
{
    if (answer->body.bytes != NULL)
        explicit_bzero(answer->body.bytes, answer->body.capacity);
    buffer_free(&answer->body);
}

bool aws_is_near(const char *url)
{
    /* https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html */
    static const char *const CONTAINERS[] = {"169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
    bool near = false;
    char *host = NULL;
    CURLU *parts = curl_url();
    if (parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        near = http_is_loopback(host);
        for (size_t i = 0; i < sizeof CONTAINERS / sizeof CONTAINERS[0]; i++)
            near = near || strcasecmp(host, CONTAINERS[i]) == 0;
    }
    curl_free(host);
    curl_url_cleanup(parts);
    return near;
}

/* The options that every request has. */
static bool set_common(CURL *easy, const char *url, struct aws_answer *answer)
{
    return http_common(easy) && curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, aws_is_near(url) ? "" : NULL) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, http_keep_body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer->body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, answer->said) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT, ALL_SECONDS) == CURLE_OK;
}

static bool set_request(CURL *easy, const struct aws_request *request, struct curl_slist **headers)
{
    bool set = true;
    for (size_t i = 0; set && request->headers != NULL && request->headers[i] != NULL; i++)
        set = http_add_header(headers, request->headers[i], "");
    if (set && request->body != NULL)
        set = curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                               (curl_off_t)strlen(request->body)) == CURLE_OK;
    if (set && request->scope != NULL) {
        set = curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, request->scope) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_USERNAME, request->keys->id) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_PASSWORD, request->keys->secret) == CURLE_OK;
        if (set && request->keys->token != NULL)
            set = http_add_header(headers, "X-Amz-Security-Token: ", request->keys->token);
    }
    return set && curl_easy_setopt(easy, CURLOPT_HTTPHEADER, *headers) == CURLE_OK;
}

enum status aws_send(struct aws_transport *transport, const struct aws_request *request,
                     struct aws_answer *answer, struct failure *failure)
{
    CURL *easy = transport->easy;
    struct curl_slist *headers = NULL;
    buffer_clear(&answer->body);
    answer->said[0] = '\0';
    answer->code = 0;
    bool set = set_common(easy, request->url, answer) && set_request(easy, request, &headers);
    if (set) {
        answer->curl = curl_easy_perform(easy);
        if (answer->curl == CURLE_OK)
            (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer->code);
        else if (answer->said[0] == '\0')
            (void)strncat(answer->said, curl_easy_strerror(answer->curl), sizeof answer->said - 1);
    }
    curl_easy_reset(easy); /* forgets the keys, and keeps the connection */
    http_free_headers(headers);
    return set ? STATUS_OK : fail_memory(failure);
}

struct http_verdict aws_judge(CURLcode curl, long code, bool json, unsigned number)
{
    struct http_attempt attempt = {.curl = curl, .code = code, .json = json, .number = number};
    if (getrandom(&attempt.random, sizeof attempt.random, GRND_NONBLOCK) < 0)
        attempt.random = (uint32_t)clock_now(); /* jitter need not be a secret */
    struct http_verdict verdict = http_judge(&attempt);
    verdict.wait /= QUICKER;
    return verdict;
}
