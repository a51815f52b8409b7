/*
 * Writes the filters of base/confine_filters.h as a C file on standard output, while an-sync is
 * built: libseccomp, which makes them, does not survive that memory runs out, so it is not for the
 * programs.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define NO SCMP_ACT_ERRNO(EACCES)

/* What a program that only computes still asks for, whatever the arguments. */
static const char *const COMPUTING[] = {"brk",
                                        "clock_getres",
                                        "clock_gettime",
                                        "clock_nanosleep",
                                        "close",
                                        "exit",
                                        "exit_group",
                                        "fadvise64",
                                        "fstat",
                                        "futex",
                                        "getcpu",
                                        "getegid",
                                        "geteuid",
                                        "getgid",
                                        "getpid",
                                        "getrandom",
                                        "getrusage",
                                        "gettid",
                                        "gettimeofday",
                                        "getuid",
                                        "lseek",
                                        "madvise",
                                        "membarrier",
                                        "mremap",
                                        "munmap",
                                        "nanosleep",
                                        "poll",
                                        "ppoll",
                                        "pread64",
                                        "preadv",
                                        "read",
                                        "readv",
                                        "restart_syscall",
                                        "rseq",
                                        "rt_sigaction",
                                        "rt_sigprocmask",
                                        "rt_sigreturn",
                                        "sched_getaffinity",
                                        "sched_yield",
                                        "set_robust_list",
                                        "sigaltstack",
                                        "sysinfo",
                                        "time",
                                        "uname",
                                        NULL};

/* What starts a program, or looks into another or around what seccomp and Landlock see. */
static const char *const PROGRAMS[] = {"execve", "execveat", NULL};
static const char *const AROUND[] = {"acct",
                                     "add_key",
                                     "bpf",
                                     "chroot",
                                     "delete_module",
                                     "finit_module",
                                     "fsconfig",
                                     "fsmount",
                                     "fsopen",
                                     "fspick",
                                     "init_module",
                                     "io_uring_enter",
                                     "io_uring_register",
                                     "io_uring_setup",
                                     "kcmp",
                                     "kexec_file_load",
                                     "kexec_load",
                                     "keyctl",
                                     "mount",
                                     "mount_setattr",
                                     "move_mount",
                                     "name_to_handle_at",
                                     "open_by_handle_at",
                                     "open_tree",
                                     "perf_event_open",
                                     "pidfd_getfd",
                                     "pivot_root",
                                     "process_madvise",
                                     "process_vm_readv",
                                     "process_vm_writev",
                                     "ptrace",
                                     "quotactl",
                                     "reboot",
                                     "request_key",
                                     "setns",
                                     "swapon",
                                     "swapoff",
                                     "umount2",
                                     "unshare",
                                     "userfaultfd",
                                     NULL};
static const char *const CONNECTING[] = {"socket", "socketpair", "connect",    "bind", "listen",
                                         "accept", "accept4",    "socketcall", NULL};

/* What changes a file by its name, and no rule of Landlock's sees. */
static const char *const NAMED[] = {
    "chmod",     "chown",       "fchmodat", "fchownat", "futimesat", "lchown", "lremovexattr",
    "lsetxattr", "removexattr", "setxattr", "utime",    "utimensat", "utimes", NULL};
/* The same, in calls that libseccomp may be too old to know; these have one number on all machines.
 */
static const struct {
    const char *name;
    int number;
} NEWER[] = {
    {"fchmodat2", 452}, {"setxattrat", 463}, {"removexattrat", 466}, {"file_setattr", 469}};

/* The same action for each call that this machine knows. */
static bool add_all(scmp_filter_ctx filter, uint32_t action, const char *const *names)
{
    bool added = true;
    for (; *names != NULL && added; names++) {
        int call = seccomp_syscall_resolve_name(*names);
        added = call == __NR_SCMP_ERROR || seccomp_rule_add(filter, action, call, 0) == 0;
    }
    return added;
}

static bool forbid(scmp_filter_ctx filter, int call, struct scmp_arg_cmp argument)
{
    return seccomp_rule_add_array(filter, NO, call, 1, &argument) == 0;
}

static bool allow(scmp_filter_ctx filter, int call, struct scmp_arg_cmp argument)
{
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &argument) == 0;
}

static bool allow_computing(scmp_filter_ctx filter)
{
    bool good = add_all(filter, SCMP_ACT_ALLOW, COMPUTING);
    for (int file = STDOUT_FILENO; file <= STDERR_FILENO && good; file++)
        good = allow(filter, SCMP_SYS(write), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)file, 0)) &&
               allow(filter, SCMP_SYS(writev), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)file, 0));
    /* What is mapped and shared would be written to without a call. */
    good = good &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                            SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_SHARED, 0)) == 0 &&
           allow(filter, SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    /* Of a file that is open: without this flag, a name would count. */
    good = good && allow(filter, SCMP_SYS(newfstatat),
                         SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));
    good = good && allow(filter, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, TCGETS, 0)) &&
           allow(filter, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, TIOCGWINSZ, 0));
    good = good && allow(filter, SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_EQ, F_GETFL, 0)) &&
           allow(filter, SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_EQ, F_GETFD, 0));
    /* A limit may be asked for, not set. */
    good = good && allow(filter, SCMP_SYS(prlimit64), SCMP_A2(SCMP_CMP_EQ, 0, 0));
    /* A thread is no process. clone3(2) keeps its flags where no filter sees them; with this answer
     * glibc takes the other. */
    return good &&
           allow(filter, SCMP_SYS(clone),
                 SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM)) &&
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;
}

/* Around all filters, too: what is typed on the terminal that a program was started at, its shell
 * runs. Of that argument the kernel looks at half. */
static bool forbid_around(scmp_filter_ctx filter)
{
    static const unsigned TYPING[] = {TIOCSTI, TIOCLINUX};
    bool good = add_all(filter, NO, AROUND);
    for (size_t i = 0; i < sizeof TYPING / sizeof TYPING[0] && good; i++)
        good = forbid(filter, SCMP_SYS(ioctl),
                      SCMP_A1(SCMP_CMP_MASKED_EQ, 0xFFFFFFFF, (scmp_datum_t)TYPING[i]));
    return good;
}

static bool forbid_programs(scmp_filter_ctx filter)
{
    bool good =
        forbid_around(filter) && add_all(filter, NO, PROGRAMS) && add_all(filter, NO, NAMED);
    for (size_t i = 0; i < sizeof NEWER / sizeof NEWER[0] && good; i++) {
        int call = seccomp_syscall_resolve_name(NEWER[i].name);
        good =
            seccomp_rule_add(filter, NO, call != __NR_SCMP_ERROR ? call : NEWER[i].number, 0) == 0;
    }
    return good;
}

static bool forbid_disconnected(scmp_filter_ctx filter)
{
    return forbid_programs(filter) && add_all(filter, NO, CONNECTING);
}

/* Whoever may connect may do so to the network alone, of which netlink tells a resolver: a
 * neighbour on this machine starts programs for whom it takes for its user. */
static bool forbid_neighbours(scmp_filter_ctx filter)
{
    bool good = forbid_programs(filter) &&
                forbid(filter, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_LT, AF_INET, 0)) &&
                forbid(filter, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_GT, AF_NETLINK, 0));
    for (int family = AF_INET + 1; family < AF_NETLINK && good; family++)
        good = family == AF_INET6 ||
               forbid(filter, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family, 0));
    return good;
}

/* Writes a filter that does `action` with what no rule names. */
static bool write_filter(const char *name, uint32_t action, bool (*add_rules)(scmp_filter_ctx))
{
    struct sock_filter step;
    FILE *binary = tmpfile();
    scmp_filter_ctx filter = seccomp_init(action);
    /* Whoever speaks another machine's language gets the same answer. */
    bool good = binary != NULL && filter != NULL &&
                seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, NO) == 0 && add_rules(filter) &&
                seccomp_export_bpf(filter, fileno(binary)) == 0;
    if (good) {
        rewind(binary);
        (void)printf("static struct sock_filter %s[] = {\n", name);
        while (fread(&step, sizeof step, 1, binary) == 1)
            (void)printf("    {%u, %u, %u, %uU},\n", step.code, step.jt, step.jf, step.k);
        (void)printf("};\nconst struct sock_fprog confine_%s = {sizeof %s / sizeof %s[0], %s};\n",
                     name, name, name, name);
    }
    if (filter != NULL)
        seccomp_release(filter);
    if (binary != NULL)
        (void)fclose(binary);
    return good;
}

int main(void)
{
    (void)puts("#include \"base/confine_filters.h\"");
    bool good = write_filter("computing", NO, allow_computing) &&
                write_filter("disconnected", SCMP_ACT_ALLOW, forbid_disconnected) &&
                write_filter("programless", SCMP_ACT_ALLOW, forbid_neighbours) &&
                write_filter("around", SCMP_ACT_ALLOW, forbid_around);
    return good && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
