#include "base/progress.h"

#include "base/clock.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const int64_t REFRESH = NANOSECONDS / 10;

struct progress {
    const char *program;
    size_t total;
    int64_t start;
    int64_t shown; /* when; 0: nothing is on the screen */
};

bool progress_wanted(void)
{
    return isatty(STDERR_FILENO) == 1;
}

struct progress *progress_open(const char *program, size_t total)
{
    struct progress *progress = progress_wanted() ? calloc(1, sizeof *progress) : NULL;
    if (progress != NULL) {
        progress->program = program;
        progress->total = total;
        progress->start = clock_now();
    }
    return progress;
}

/* "4:05" or "1:02:03". */
static void write_time(char *text, size_t size, double seconds)
{
    unsigned long whole = (unsigned long)seconds;
    if (whole >= 3600)
        (void)snprintf(text, size, "%lu:%02lu:%02lu", whole / 3600, whole / 60 % 60, whole % 60);
    else
        (void)snprintf(text, size, "%lu:%02lu", whole / 60, whole % 60);
}

void progress_show(struct progress *progress, size_t done, size_t failed)
{
    if (progress == NULL || done == 0)
        return;
    int64_t now = clock_now();
    if (progress->shown != 0 && now - progress->shown < REFRESH)
        return;
    progress->shown = now;
    double seconds = (double)(now - progress->start) / NANOSECONDS;
    double rate = seconds > 0 ? (double)done / seconds : 0;
    char of[64] = "";
    char left[64] = "";
    char failures[64] = "";
    if (progress->total > 0)
        (void)snprintf(of, sizeof of, " of %zu", progress->total);
    if (progress->total > done && rate > 0) {
        char time[32];
        write_time(time, sizeof time, (double)(progress->total - done) / rate + 0.5);
        (void)snprintf(left, sizeof left, ", %s left", time);
    }
    if (failed > 0)
        (void)snprintf(failures, sizeof failures, ", %zu failed", failed);
    (void)fprintf(stderr, "\r\033[K%s: %zu%s, %.1f/s%s%s", progress->program, done, of, rate, left,
                  failures);
    (void)fflush(stderr);
}

void progress_clear(struct progress *progress)
{
    if (progress == NULL || progress->shown == 0)
        return;
    (void)fputs("\r\033[K", stderr);
    (void)fflush(stderr);
    progress->shown = 0;
}

void progress_close(struct progress *progress)
{
    progress_clear(progress);
    free(progress);
}
