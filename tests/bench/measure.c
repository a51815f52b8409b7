/*
 * Runs a command several times, as often as ten seconds allow, with its output thrown away, and
 * says what it took. usage: measure RUNS COMMAND [ARGUMENT...] Writes one line: the least wall
 * clock and processor seconds, the most resident memory and, of that, the most that was private to
 * the process and not a mapped file, in KiB.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static pid_t start(char **command)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere >= 0 && dup2(nowhere, STDOUT_FILENO) >= 0)
        (void)execvp(command[0], command);
    _exit(127);
}

/* The private memory of a process at this moment. */
static long private_now(pid_t process)
{
    char path[64], line[256];
    long size = 0;
    (void)snprintf(path, sizeof path, "/proc/%ld/status", (long)process);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "RssAnon:", 8) == 0)
            size = strtol(line + 8, NULL, 10);
    if (file != NULL)
        (void)fclose(file);
    return size;
}

/* Whether it ended well. When it is watched, the time it takes is not to be trusted. */
static bool run(char **command, bool watched, double *wall, double *processor, long *resident,
                long *private)
{
    struct rusage usage;
    int status;
    double begin = now();
    pid_t child = start(command);
    if (child < 0)
        return false;
    while (watched && waitpid(child, &status, WNOHANG) == 0 && usleep(500) == 0) {
        long size = private_now(child);
        *private = size > *private ? size : *private;
    }
    if (watched)
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (wait4(child, &status, 0, &usage) != child)
        return false;
    double took = now() - begin;
    double worked = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    *wall = took < *wall ? took : *wall;
    *processor = worked < *processor ? worked : *processor;
    *resident = usage.ru_maxrss > *resident ? usage.ru_maxrss : *resident;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(int argc, char **argv)
{
    long runs = argc > 2 ? strtol(argv[1], NULL, 10) : 0;
    if (runs < 1) {
        (void)fputs("usage: measure RUNS COMMAND [ARGUMENT...]\n", stderr);
        return 64;
    }
    double wall = 1e9, processor = 1e9;
    long resident = 0, private = 0;
    bool good = true;
    double begin = now();
    for (long i = 0; i < runs && good && (i == 0 || now() - begin < 10); i++)
        good = run(argv + 2, false, &wall, &processor, &resident, &private);
    good = good && run(argv + 2, true, &wall, &processor, &resident, &private);
    if (!good)
        return 1;
    (void)printf("%.3f %.3f %ld %ld\n", wall, processor, resident, private);
    return fflush(stdout) == 0 ? 0 : 74;
}
