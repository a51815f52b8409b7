#include "base/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t caught;
static int wake[2] = {-1, -1};
static const char *mapping; /* the program whose SIGBUS is explained */

static void on_signal(int number)
{
    int saved = errno;
    if (caught == 0) {
        caught = number;
        (void)!write(wake[1], "", 1);
    }
    errno = saved;
}

static const int STOPPING[] = {SIGINT, SIGTERM, SIGHUP};
enum { STOPPING_COUNT = sizeof STOPPING / sizeof STOPPING[0] };

enum status signals_catch(struct failure *failure)
{
    (void)signal(SIGPIPE, SIG_IGN);
    if (wake[0] < 0 && pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0)
        return fail(failure, STATUS_IO, "pipe: %s", strerror(errno));
    for (int i = 0; i < STOPPING_COUNT; i++) {
        struct sigaction before;
        struct sigaction action = {.sa_handler = on_signal};
        if (sigaction(STOPPING[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            (void)sigaction(STOPPING[i], &action, NULL);
    }
    return STATUS_OK;
}

void signals_ignore(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < STOPPING_COUNT; i++)
        (void)signal(STOPPING[i], SIG_IGN);
}

int signals_descriptor(void)
{
    return wake[0];
}

int signals_caught(void)
{
    return caught;
}

static void on_bus_error(int number)
{
    static const char message[] = ": a file was cut short while it was read, or its disk failed\n";
    (void)number;
    (void)!write(STDERR_FILENO, mapping, strlen(mapping));
    (void)!write(STDERR_FILENO, message, sizeof message - 1);
    _exit(STATUS_IO);
}

void signals_explain_bus_error(const char *program)
{
    struct sigaction action = {.sa_handler = on_bus_error};
    mapping = program;
    (void)sigaction(SIGBUS, &action, NULL);
}

void signals_die(void)
{
    if (caught == 0)
        return;
    (void)signal(caught, SIG_DFL);
    (void)raise(caught);
}
