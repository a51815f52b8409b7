/*
 * The breaker: when a service that does nothing but fail is left alone.
 */
#ifndef HTTP_BREAKER_H
#define HTTP_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

/* Starts zeroed. */
struct http_breaker {
    unsigned failures;     /* in a row */
    int64_t failing_since; /* when that row began */
};

/* Counts an attempt at `now` (pacer_now) that failed: without an answer, or with one that passes.
 * Whether that is enough: 20 in a row, which lasted 5 seconds because what is in flight together
 * can fail together (a server that restarts); or a minute of failures only, and if they were
 * answered, then of more than one request, because there are requests that a server never likes; or
 * all attempts of a request (`last`: it has none left), without an answer to the last and without
 * anything good meanwhile. A 429 is not to be counted: a service that says it is alive. */
bool http_breaker_trips(struct http_breaker *breaker, int64_t now, bool answered, bool last);

/* Something came to a good end: the row begins anew. */
void http_breaker_reset(struct http_breaker *breaker);

#endif
