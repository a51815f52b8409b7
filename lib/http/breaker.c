#include "http/breaker.h"

#include "base/clock.h"
#include "http/retry.h"

static const unsigned FAILURES = 20;
static const unsigned USED_UP = 20;
static const int64_t LEAST = (int64_t)5 * NANOSECONDS;
static const int64_t MOST = (int64_t)60 * NANOSECONDS;

bool http_breaker_trips(struct http_breaker *breaker, int64_t now, bool last)
{
    if (breaker->failures++ == 0)
        breaker->failing_since = now;
    breaker->used_up += last ? 1 : 0;
    int64_t lasted = now - breaker->failing_since;
    return (breaker->failures >= FAILURES && lasted >= LEAST) || lasted > MOST ||
           (breaker->failures >= HTTP_ATTEMPTS && last);
}

void http_breaker_reset(struct http_breaker *breaker)
{
    breaker->failures = 0;
    breaker->used_up = 0;
}

bool http_breaker_alive(struct http_breaker *breaker)
{
    breaker->failures = 0;
    return breaker->used_up < USED_UP;
}
