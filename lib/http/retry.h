/*
 * Which failures pass, and how long to wait for that. Apart from the transport, so that it can be
 * read and tested as what it is: a table.
 */
#ifndef HTTP_RETRY_H
#define HTTP_RETRY_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

enum { HTTP_ATTEMPTS = 8 }; /* of one request, at the most */

struct http_attempt {
    CURLcode curl;       /* how the transfer ended */
    long code;           /* the answer's status code; 0: none */
    bool json;           /* whether the body is a JSON object */
    unsigned number;     /* of this attempt, from 1 */
    int64_t retry_after; /* what the server asked for, in nanoseconds; 0: nothing */
    uint32_t random;     /* evenly distributed: the jitter */
};

struct http_verdict {
    enum {
        HTTP_SUCCESS,
        HTTP_REFUSED, /* final: sending it again would change nothing */
        HTTP_PASSING  /* try again after `wait`, unless the attempts are used up */
    } kind;
    bool slow_down; /* 429: the whole schedule, not just this request */
    bool hopeless;  /* and no other request would fare better */
    int64_t wait;   /* nanoseconds */
};

/*
 *   what happened                                     verdict        wait
 *   2xx with a JSON object                            success        -
 *   2xx with anything else (a proxy's page)           passing        backoff
 *   429                                               passing, slow  Retry-After, or backoff
 *   408, 425, 5xx                                     passing        Retry-After, or backoff
 *   any other status (3xx: redirects mean another     refused        -
 *     host; 4xx)
 *   no certificate that can be trusted, or no file    refused,       -
 *     of authorities to judge it by                    hopeless
 *   a malformed URL, an answer over the limit, no     refused        -
 *     memory
 *   any other transport error                         passing        backoff
 *
 * The backoff is half a second doubled with each attempt, at most 30 seconds, of which the jitter
 * takes up to a half away. A Retry-After counts up to 15 minutes.
 */
struct http_verdict http_judge(const struct http_attempt *attempt);

#endif
