#include "base/clock.h"

#include <time.h>

int64_t clock_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NANOSECONDS + now.tv_nsec;
}

bool clock_pause(int64_t wait, int64_t until)
{
    if (clock_now() + wait > until)
        return false;
    struct timespec left = {wait / NANOSECONDS, wait % NANOSECONDS};
    while (nanosleep(&left, &left) != 0)
        ;
    return true;
}
