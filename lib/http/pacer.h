/*
 * The pacer: turns at a steady rate, shared by every process of this user on this machine that uses
 * the same API key.
 *
 * The schedule is one small file, /tmp/an-sync-UID/pace-FINGERPRINT, that says when the next turn
 * is. Taking a turn moves it on by one interval, under flock(2) that is held for two system calls
 * and never while waiting: a process that dies with a turn in its hand costs one turn and delays
 * nobody else. Times are CLOCK_MONOTONIC, which no clock adjustment moves; what cannot be true of
 * it (a reboot, a torn file) starts the schedule anew.
 */
#ifndef PACER_H
#define PACER_H

#include "base/status.h"

#include <stdint.h>

struct pacer;

/* A pacer of `rate` turns a second for whoever shares `identity` (the API key and the service's
 * URL; only 32 bits of its hash are kept). A rate of 0 has no limit and no file. The pacer is the
 * caller's, to be given to pacer_close; NULL on error. STATUS_IO, or STATUS_CONFIG when the
 * directory is not this user's own. */
enum status pacer_open(double rate, const char *identity, struct pacer **pacer,
                       struct failure *failure);

/* NULL is harmless. */
void pacer_close(struct pacer *pacer);

/* Takes the next turn: `*turn` is the time (clock_now) from which the caller may act, now or later.
 * A turn that was taken and not used is lost. STATUS_OK or STATUS_IO. */
enum status pacer_take(struct pacer *pacer, int64_t *turn, struct failure *failure);

/* How many nanoseconds there are until the next turn, which is not taken. STATUS_OK or STATUS_IO.
 */
enum status pacer_next(struct pacer *pacer, int64_t *wait, struct failure *failure);

/* Tells that the turn of this moment was used late (on a busy machine, say): the next turn is a
 * whole interval from now, because what counts is when requests arrive. STATUS_OK or STATUS_IO. */
enum status pacer_late(struct pacer *pacer, struct failure *failure);

/* The service said that it was too much: nobody gets a turn within `pause` nanoseconds, and turns
 * are twice as far apart as before, up to 16 times; every turn taken after that brings the rate
 * back by a twentieth. STATUS_OK or STATUS_IO. */
enum status pacer_slow(struct pacer *pacer, int64_t pause, struct failure *failure);

#endif
