/*
 * One HTTP exchange with AWS, or with a container's credentials endpoint: sent once, signed or not,
 * and answered by whatever comes. What to send again, and when, is judged by http/retry.h's table.
 *
 * The engine of http.h is for Action Network: many requests at a time, at a pacer's rate, with a
 * key in a header. Here one request waits for the one before it.
 *
 * The signature is libcurl's (CURLOPT_AWS_SIGV4, Signature Version 4): it covers the host, the
 * time, the body, and every header that is given here, from libcurl 7.86.0 on.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
 */
#ifndef AWS_REQUEST_H
#define AWS_REQUEST_H

#include "base/status.h"
#include "base/text.h"
#include "http/retry.h"

#include <curl/curl.h>
#include <stdbool.h>

struct aws_transport;

/* Who signs. All borrowed. */
struct aws_keys {
    const char *id;
    const char *secret;
    const char *token; /* of a session; NULL: none */
};

struct aws_request {
    const char *url;
    const char *body; /* NULL: a GET, else a POST of this string */
    /* "Name: value", up to a NULL. None without a value: libcurl would sign it and not send it. */
    const char *const *headers;
    const char *scope;           /* "aws:amz:REGION:SERVICE"; NULL: not signed */
    const struct aws_keys *keys; /* NULL unless signed */
};

/* Starts as {.body = {.limit = N}}; to be given to aws_answer_free. */
struct aws_answer {
    CURLcode curl;              /* how the transfer ended */
    long code;                  /* the status code; 0: no answer */
    struct buffer body;         /* what came; cleared, not freed, before each exchange */
    char said[CURL_ERROR_SIZE]; /* curl's own words; "" without any */
};

/* The transport is the caller's, to be given to aws_transport_close; NULL on error. It keeps its
 * connection from one exchange to the next. STATUS_OK, STATUS_CONFIG (libcurl is too old to sign
 * every header), STATUS_IO (memory). */
enum status aws_transport_open(struct aws_transport **transport, struct failure *failure);

/* NULL is harmless. */
void aws_transport_close(struct aws_transport *transport);

/* Sends the request once and fills in the answer. STATUS_OK whatever came; STATUS_IO without
 * memory. TLS is always verified, no redirect is followed, and no proxy of the environment sees
 * what is meant for aws_is_near. 10 seconds to connect, 30 in all. */
enum status aws_send(struct aws_transport *transport, const struct aws_request *request,
                     struct aws_answer *answer, struct failure *failure);

/* Overwrites the body, which may hold secrets, and frees it. */
void aws_answer_free(struct aws_answer *answer);

/* Whether a URL's host is this machine, or one of the link-local addresses at which ECS, CodeBuild
 * and EKS give a container its credentials: where plain http is in order. False for no URL. */
bool aws_is_near(const char *url);

/* What http_judge says to attempt `number` (from 1), with an eighth of its waits: AWS is close by,
 * and its throttling passes in fractions of a second. */
struct http_verdict aws_judge(CURLcode curl, long code, bool json, unsigned number);

#endif
