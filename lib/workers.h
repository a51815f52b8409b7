/*
 * The same job on several threads.
 */
#ifndef WORKERS_H
#define WORKERS_H

#include <stddef.h>

/* How many threads can run at once on this machine; at least 1. */
unsigned workers_available(void);

/* Calls run(job) for each of `count` jobs, which are `size` bytes each and stand one behind
 * another, on a thread each, and returns when all are done. The first, and those for which no
 * thread can be had, run on the caller's. */
void workers_run(void *jobs, size_t count, size_t size, void (*run)(void *job));

#endif
