#include "base/overflow.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    SPARE = 64 * 1024,
    BEYOND = 1024 * 1024
}; /* bytes; one frame may be larger than the guard page */

/* What the handler may know, which nobody can hand it. */
static char spare[SPARE];
static uintptr_t top;    /* of the stack, as far as we care */
static uintptr_t bottom; /* where it may not reach */
static struct ending {
    const char *words;
    int status;
} overflow, endless;

static _Noreturn void end(const struct ending *ending)
{
    (void)!write(STDERR_FILENO, ending->words, strlen(ending->words));
    _exit(ending->status);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)context;
    uintptr_t at = (uintptr_t)info->si_addr;
    if (at >= bottom && at < top)
        end(&overflow);
    /* Something else: the instruction is run once more, and ends the program as it would have. */
    (void)signal(number, SIG_DFL);
}

void overflow_ends(const char *message, enum status status)
{
    struct rlimit limit;
    uintptr_t most = (uintptr_t)1 << 30; /* where there is no limit */
    if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < most)
        most = (uintptr_t)limit.rlim_cur;
    top = (uintptr_t)__builtin_frame_address(0);
    bottom = top > most + BEYOND ? top - most - BEYOND : 0;
    overflow = (struct ending){message, (int)status};
    const stack_t stack = {.ss_sp = spare, .ss_size = sizeof spare};
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
    action.sa_sigaction = on_fault;
    (void)sigemptyset(&action.sa_mask);
    if (sigaltstack(&stack, NULL) == 0) {
        (void)sigaction(SIGSEGV, &action, NULL);
        (void)sigaction(SIGBUS, &action, NULL);
    }
}

static void on_time(int number)
{
    (void)number;
    end(&endless);
}

void endless_ends(unsigned seconds, const char *message, enum status status)
{
    struct rlimit limit;
    struct sigaction action = {.sa_handler = on_time};
    (void)sigemptyset(&action.sa_mask);
    endless = (struct ending){message, (int)status};
    if (sigaction(SIGXCPU, &action, NULL) != 0 || getrlimit(RLIMIT_CPU, &limit) != 0 ||
        limit.rlim_cur <= seconds)
        return;
    limit.rlim_cur = seconds;
    (void)setrlimit(RLIMIT_CPU, &limit);
}
