#include "http_breaker.h"

#include "clock.h"
#include "http_retry.h"

static const unsigned FAILURES = 20;
static const int64_t LEAST = (int64_t)5 * NANOSECONDS;
static const int64_t MOST = (int64_t)60 * NANOSECONDS;

bool http_breaker_trips(struct http_breaker *breaker, int64_t now, bool last)
{
    if (breaker->failures++ == 0)
        breaker->failing_since = now;
    int64_t lasted = now - breaker->failing_since;
    return (breaker->failures >= FAILURES && lasted >= LEAST) || lasted > MOST ||
           (breaker->failures >= HTTP_ATTEMPTS && last);
}

void http_breaker_reset(struct http_breaker *breaker)
{
    breaker->failures = 0;
}
