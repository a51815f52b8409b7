/*
 * Preloaded into a program, plays somebody who has broken into it: when the program first writes to
 * standard output, by write(2), puts(3) or fputs(3), by when it has read what a stranger sent,
 * this tries what HOSTILE names, with words separated by blanks, and writes "NAME: what came of it"
 * to standard error: "done", or the error. A file is HOSTILE_FILE.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int spare = -1; /* open since before: a file that only whoever broke in writes to */

__attribute__((constructor)) static void begin(void)
{
    const char *file = getenv("HOSTILE_SPARE");
    if (file != NULL)
        spare = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

static const char *path(void)
{
    const char *file = getenv("HOSTILE_FILE");
    return file != NULL ? file : "/etc/passwd";
}

static long reading(void)
{
    return open(path(), O_RDONLY);
}

static long reading_around(void)
{
    char text[] = "0123456789abcdef";
    struct iovec *ring = (struct iovec *)text;
    return syscall(SYS_io_uring_setup, 8, ring);
}

static long writing(void)
{
    return open(path(), O_WRONLY | O_CREAT, 0600);
}

static long making(void)
{
    char directory[4096];
    (void)snprintf(directory, sizeof directory, "%s.d", path());
    return mkdir(directory, 0700);
}

static long removing(void)
{
    return unlink(path());
}

static long spare_writing(void)
{
    return write(spare, "stolen", 6);
}

static long spare_sending(void)
{
    return syscall(SYS_pwrite64, spare, "stolen", 6, 0);
}

static long spare_sharing(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, spare, 0) == MAP_FAILED ? -1 : 0;
}

static long opening_to_all(void)
{
    return chmod(path(), 0666);
}

static long dating(void)
{
    return utimensat(AT_FDCWD, path(), NULL, 0);
}

static long typing(void)
{
    return ioctl(STDERR_FILENO, TIOCSTI, "\n");
}

/* The kernel looks at half of the number. */
static long typing_around(void)
{
    return syscall(SYS_ioctl, STDERR_FILENO, 0x100000000UL | TIOCSTI, "\n");
}

static long asking_neighbours(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

static long sniffing(void)
{
    return socket(AF_PACKET, SOCK_RAW, 0);
}

static long connecting(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}

static long executing(void)
{
    char *const arguments[] = {(char *)"true", NULL};
    pid_t child = (pid_t)syscall(SYS_fork);
    if (child < 0)
        return -1;
    if (child == 0) {
        (void)execve("/bin/true", arguments, arguments + 1);
        _exit(errno);
    }
    int ended = 0;
    while (waitpid(child, &ended, 0) < 0)
        ;
    errno = WEXITSTATUS(ended);
    return errno == 0 ? 0 : -1;
}

static long replacing(void)
{
    char *const arguments[] = {(char *)"true", NULL};
    return execve("/bin/true", arguments, arguments + 1);
}

static long mapping(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) == MAP_FAILED
               ? -1
               : 0;
}

static long unprotecting(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static long tracing(void)
{
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static long looking(void)
{
    char byte;
    struct iovec here = {&byte, 1};
    struct iovec there = {&byte, 1};
    return process_vm_readv(getppid(), &here, 1, &there, 1, 0);
}

static long killing(void)
{
    return kill(getppid(), 0);
}

static long signalling(void)
{
    return syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static long spying(void)
{
    char file[64];
    (void)snprintf(file, sizeof file, "/proc/%d/cmdline", getppid());
    return open(file, O_RDONLY);
}

static long privileges(void)
{
    char line[256];
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strcmp(line, "NoNewPrivs:\t1\n") == 0) {
            errno = EACCES;
            return -1;
        }
    return 0;
}

static const struct attempt {
    const char *name;
    long (*run)(void);
} ATTEMPTS[] = {{"read", reading},
                {"ring", reading_around},
                {"write", writing},
                {"make", making},
                {"remove", removing},
                {"spare", spare_writing},
                {"spare-at", spare_sending},
                {"spare-shared", spare_sharing},
                {"mode", opening_to_all},
                {"date", dating},
                {"type", typing},
                {"type-around", typing_around},
                {"neighbours", asking_neighbours},
                {"sniff", sniffing},
                {"socket", connecting},
                {"execute", executing},
                {"replace", replacing},
                {"map", mapping},
                {"protect", unprotecting},
                {"trace", tracing},
                {"look", looking},
                {"kill", killing},
                {"signal", signalling},
                {"spy", spying},
                {"privileges", privileges}};

static void try(const char *name)
{
    for (size_t i = 0; i < sizeof ATTEMPTS / sizeof ATTEMPTS[0]; i++) {
        if (strcmp(name, ATTEMPTS[i].name) != 0)
            continue;
        errno = 0;
        long got = ATTEMPTS[i].run();
        int error = errno;
        (void)dprintf(STDERR_FILENO, "%s: %s\n", name, got >= 0 ? "done" : strerrorname_np(error));
    }
}

static void attack(void)
{
    static bool begun;
    const char *words = getenv("HOSTILE");
    if (begun || words == NULL)
        return;
    begun = true;
    char *copy = strdup(words);
    char *rest = NULL;
    for (char *word = strtok_r(copy, " \n", &rest); word != NULL;
         word = strtok_r(NULL, " \n", &rest))
        try(word);
    free(copy);
}

ssize_t write(int file, const void *bytes, size_t length)
{
    if (file == STDOUT_FILENO)
        attack();
    return syscall(SYS_write, file, bytes, length);
}

int puts(const char *text)
{
    int (*real)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "puts");
    attack();
    return real(text);
}

int fputs(const char *text, FILE *stream)
{
    int (*real)(const char *, FILE *) = (int (*)(const char *, FILE *))dlsym(RTLD_NEXT, "fputs");
    if (stream == stdout)
        attack();
    return real(text, stream);
}
