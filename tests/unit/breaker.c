/*
 * The breaker by the clock, for tests/sending.bats.
 * usage: test-breaker [--alive] <EVENTS
 * Each line is a number of seconds and how an attempt ended then: "bad", "last" (likewise, and the
 * request has none left), "ok". Writes "open" for the attempt at which it trips, and ends; with
 * --alive the service then shows at once that it is alive, and "down" is when that does not help.
 */
#include "http/breaker.h"
#include "base/clock.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    bool alive = argc > 1 && strcmp(argv[1], "--alive") == 0;
    struct http_breaker breaker = {.failures = 0};
    double seconds;
    char what[16];
    while (scanf("%lf %15s", &seconds, what) == 2) {
        int64_t now = (int64_t)(seconds * (double)NANOSECONDS);
        if (strcmp(what, "ok") == 0)
            http_breaker_reset(&breaker);
        else if (!http_breaker_trips(&breaker, now, strcmp(what, "last") == 0))
            continue;
        else if (!alive)
            return printf("open at %g\n", seconds) < 0;
        else if (!http_breaker_alive(&breaker))
            return printf("down at %g\n", seconds) < 0;
    }
    return puts("closed") < 0;
}
