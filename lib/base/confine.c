#include "base/confine.h"

#include "base/confine_filters.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined SANITIZED || defined COVERAGE
static const bool possible = false;
#else
static const bool possible = true;
#endif

/* valgrind runs within the process, and asks the kernel for more than the program does. */
static bool wanted(void)
{
    const char *preloaded = getenv("LD_PRELOAD");
    if (!possible || (preloaded != NULL && strstr(preloaded, "/vgpreload_") != NULL))
        return false;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

/* ---- calls ---- */

/* The mitigation that a filter brings against Spectre costs time, and is against what runs
 * strangers' programs: it is declined, where the kernel can be told. */
static int filter_calls(const struct sock_fprog *filter)
{
    bool holds = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW,
                         filter) == 0 ||
                 prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter) == 0;
    return holds ? CONFINED_CALLS : 0;
}

/* ---- files ---- */

/* What came with later versions than the header may know. */
#define ACCESS_TRUNCATE (1ULL << 14)
#define ACCESS_IOCTL_DEV (1ULL << 15)

/* From the sixth version on: no signal, and no connection within this machine, to whom is not
 * confined alike. */
#define SCOPED 3

#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define EXECUTING LANDLOCK_ACCESS_FS_EXECUTE
/* All of the first version that is neither of these: to write, make and remove. */
#define WRITING ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1 - READING - EXECUTING)
#define OF_FILES                                                                                   \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | EXECUTING | ACCESS_TRUNCATE |  \
     ACCESS_IOCTL_DEV)

struct ruleset {
    int file; /* -1: there is none */
    uint64_t handled;
};

/* Everything of `handled` is forbidden, but for what a rule allows. */
static struct ruleset begin_ruleset(uint64_t handled)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if ((handled & WRITING) != 0) {
        handled |= version >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
        handled |= version >= 3 ? ACCESS_TRUNCATE : 0;
        handled |= version >= 5 ? ACCESS_IOCTL_DEV : 0;
    }
    const struct {
        uint64_t files, network, scoped;
    } attributes = {.files = handled, .scoped = SCOPED};
    size_t size = version >= 6 ? sizeof attributes : sizeof attributes.files;
    long file = version >= 1 ? syscall(SYS_landlock_create_ruleset, &attributes, size, 0) : -1;
    return (struct ruleset){.file = (int)file, .handled = handled};
}

/* Allows it beneath the path, or for the file that it is. Where there is none, nothing is to be
 * allowed. */
static bool add_path(const struct ruleset *ruleset, const char *path, uint64_t access)
{
    struct stat found;
    int file = open(path, O_PATH | O_CLOEXEC);
    if (file < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES;
    struct landlock_path_beneath_attr rule = {.parent_fd = file,
                                              .allowed_access = access & ruleset->handled};
    bool good = fstat(file, &found) == 0;
    if (good && !S_ISDIR(found.st_mode))
        rule.allowed_access &= OF_FILES;
    if (rule.allowed_access != 0)
        good = good && syscall(SYS_landlock_add_rule, ruleset->file, LANDLOCK_RULE_PATH_BENEATH,
                               &rule, 0) == 0;
    (void)close(file);
    return good;
}

static bool add_paths(const struct ruleset *ruleset, const char *const *paths, uint64_t access)
{
    while (*paths != NULL && add_path(ruleset, *paths, access))
        paths++;
    return *paths == NULL;
}

static int finish_ruleset(const struct ruleset *ruleset, bool complete)
{
    bool holds = complete && syscall(SYS_landlock_restrict_self, ruleset->file, 0) == 0;
    if (ruleset->file >= 0)
        (void)close(ruleset->file);
    return holds ? CONFINED_FILES : 0;
}

/* What name services, TLS and the system's libraries read, on whatever distribution: the last ones
 * where /etc/resolv.conf is a link to somewhere else. */
static const char *const SYSTEM[] = {"/etc",           "/usr",
                                     "/lib",           "/lib64",
                                     "/lib32",         "/opt",
                                     "/nix/store",     "/gnu/store",
                                     "/run",           "/proc/self",
                                     "/proc/sys",      "/proc/cpuinfo",
                                     "/sys",           "/dev/null",
                                     "/dev/urandom",   "/dev/random",
                                     "/var/lib",       "/var/run",
                                     "/var/cache",     "/etc/resolv.conf",
                                     "/etc/hosts",     "/etc/nsswitch.conf",
                                     "/etc/localtime", NULL};

static bool add_authorities(const struct ruleset *ruleset)
{
    static const char *const VARIABLES[] = {"CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"};
    bool good = true;
    for (size_t i = 0; i < sizeof VARIABLES / sizeof VARIABLES[0] && good; i++) {
        const char *path = getenv(VARIABLES[i]);
        good = path == NULL || add_path(ruleset, path, READING);
    }
    return good;
}

/* ---- what a program may ---- */

int confine_to_open_files(void)
{
    /* glibc looks at the file each time, unless it is told which one. */
    (void)setenv("TZ", ":/etc/localtime", 0);
    tzset();
    return wanted() ? filter_calls(&confine_computing) : 0;
}

int confine_to_directory(const char *directory)
{
    if (!wanted())
        return 0;
    struct ruleset ruleset = begin_ruleset(READING | WRITING | EXECUTING);
    bool good =
        ruleset.file >= 0 && add_path(&ruleset, directory, READING | WRITING | ACCESS_TRUNCATE);
    return finish_ruleset(&ruleset, good) | filter_calls(&confine_disconnected);
}

int confine_to_network(void)
{
    if (!wanted())
        return 0;
    struct ruleset ruleset = begin_ruleset(READING | WRITING | EXECUTING);
    bool good =
        ruleset.file >= 0 && add_paths(&ruleset, SYSTEM, READING) && add_authorities(&ruleset);
    return finish_ruleset(&ruleset, good) | filter_calls(&confine_programless);
}

int confine_to_network_and_programs(const char *directory)
{
    static const char *const DEVICES[] = {"/dev/null", "/dev/tty", NULL};
    if (!wanted())
        return 0;
    struct ruleset ruleset = begin_ruleset(WRITING);
    bool good =
        ruleset.file >= 0 && add_paths(&ruleset, DEVICES, WRITING | ACCESS_IOCTL_DEV) &&
        (directory == NULL ||
         add_path(&ruleset, directory, WRITING | LANDLOCK_ACCESS_FS_REFER | ACCESS_TRUNCATE));
    return finish_ruleset(&ruleset, good) | filter_calls(&confine_around);
}
