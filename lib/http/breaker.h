/*
 * The breaker: when a service that does nothing but fail is to be asked whether it is alive. It may
 * be, because there are requests that a server never likes, and they may be all that is left. The
 * question is one more request (http.c), which has nothing to do with anybody:
 *
 *   its answer                                        what becomes of the run
 *   401, 403                                          stops: the key is refused
 *   any other that does not pass, and a 429           goes on, alive: the row begins anew, and a
 *                                                       request that is used up has failed; but
 *                                                       stops when 20 of those came in a row, as
 *                                                       from a service that may only be read
 *   one that passes (http/retry.h), or none           stops, down: nothing of it has failed
 */
#ifndef HTTP_BREAKER_H
#define HTTP_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

/* Starts zeroed. */
struct http_breaker {
    unsigned failures;     /* in a row */
    int64_t failing_since; /* when that row began */
    unsigned used_up;      /* requests, since anything came to a good end */
};

/* Counts an attempt at `now` (clock_now) that failed: without an answer, or with one that passes.
 * Whether that is enough to ask: 20 in a row, which lasted 5 seconds because what is in flight
 * together can fail together (a server that restarts); or a minute of failures only; or all
 * attempts of a request (`last`: it has none left) without anything good meanwhile. A 429 is not to
 * be counted: a service that says it is alive. */
bool http_breaker_trips(struct http_breaker *breaker, int64_t now, bool last);

/* Something came to a good end: the row begins anew. */
void http_breaker_reset(struct http_breaker *breaker);

/* The service has shown that it is alive: likewise. False when so many requests are used up by now
 * that it is of no use. */
bool http_breaker_alive(struct http_breaker *breaker);

#endif
