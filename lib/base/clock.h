/*
 * The clock by which programs wait and give up: one that nobody adjusts.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum { NANOSECONDS = 1000000000 };

/* Nanoseconds of CLOCK_MONOTONIC. */
int64_t clock_now(void);

/* Sleeps for `wait` nanoseconds, through signals; false, and at once, where that would end after
 * `until` (clock_now). */
bool clock_pause(int64_t wait, int64_t until);

#endif
