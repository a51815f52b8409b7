/*
 * The same job on several threads.
 */
#ifndef WORKERS_H
#define WORKERS_H

#include <stddef.h>

/* How many threads to use for `items` of which so many are worth a thread: never more than this
 * process may run at once. But `asked`, when it is not 0, is what is wanted whatever that costs. */
unsigned workers_wanted(unsigned asked, size_t items, size_t worth);

/* Which of `items` the first one of a share is, when there are so many shares; of the share behind
 * the last one, `items`. */
static inline size_t workers_begin(size_t items, size_t share, size_t shares)
{
    return share < shares ? items / shares * share : items;
}

/* Calls run(job) for each of `count` jobs, which are `size` bytes each and stand one behind
 * another, on a thread each, and returns when all are done. The first, and those for which no
 * thread can be had, run on the caller's. */
void workers_run(void *jobs, size_t count, size_t size, void (*run)(void *job));

#endif
