#include "base/workers.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

struct worker {
    pthread_t thread;
    bool started;
    void (*run)(void *job);
    void *job;
};

unsigned workers_wanted(unsigned asked, size_t items, size_t worth)
{
    enum { MOST = 16 };
    if (asked > 0)
        return asked;
    cpu_set_t set;
    int available = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    unsigned most = available < 1 ? 1 : available > MOST ? MOST : (unsigned)available;
    return items / worth < most ? (unsigned)(items / worth) + 1 : most;
}

static void *begin(void *context)
{
    struct worker *worker = context;
    worker->run(worker->job);
    return NULL;
}

void workers_run(void *jobs, size_t count, size_t size, void (*run)(void *job))
{
    struct worker *workers = calloc(count, sizeof *workers);
    for (size_t i = 1; i < count && workers != NULL; i++) {
        workers[i] = (struct worker){.run = run, .job = (char *)jobs + i * size};
        workers[i].started = pthread_create(&workers[i].thread, NULL, begin, &workers[i]) == 0;
    }
    for (size_t i = 0; i < count; i++)
        if (workers == NULL || !workers[i].started)
            run((char *)jobs + i * size);
    for (size_t i = 1; i < count && workers != NULL; i++)
        if (workers[i].started)
            (void)pthread_join(workers[i].thread, NULL);
    free(workers);
}
