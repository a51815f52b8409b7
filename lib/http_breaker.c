#include "http_breaker.h"

#include "http_retry.h"
#include "pacer.h"

static const unsigned FAILURES = 20;
static const int64_t LEAST = (int64_t)5 * NANOSECONDS;
static const int64_t MOST = (int64_t)60 * NANOSECONDS;

bool http_breaker_trips(struct http_breaker *breaker, int64_t now, bool answered, bool last)
{
    if (breaker->failures++ == 0)
        breaker->failing_since = now;
    int64_t lasted = now - breaker->failing_since;
    bool are_many = breaker->failures > HTTP_ATTEMPTS || !answered;
    bool is_used_up = last && !answered && breaker->failures >= HTTP_ATTEMPTS;
    return (breaker->failures >= FAILURES && lasted >= LEAST) || (are_many && lasted > MOST) ||
           is_used_up;
}

void http_breaker_reset(struct http_breaker *breaker)
{
    breaker->failures = 0;
}
