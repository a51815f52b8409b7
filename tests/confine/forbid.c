/*
 * Runs a command where confining is forbidden, as in some containers and on older kernels.
 * usage: forbid CALLS COMMAND...   CALLS: "seccomp", "landlock", or both with a comma between them
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static const char *const SECCOMP[] = {"seccomp", NULL};
    static const char *const LANDLOCK[] = {"landlock_create_ruleset", "landlock_add_rule",
                                           "landlock_restrict_self", NULL};
    scmp_filter_ctx filter = argc > 2 ? seccomp_init(SCMP_ACT_ALLOW) : NULL;
    if (filter == NULL)
        return 64;
    const char *const *lists[] = {strstr(argv[1], "seccomp") != NULL ? SECCOMP : NULL,
                                  strstr(argv[1], "landlock") != NULL ? LANDLOCK : NULL};
    for (size_t i = 0; i < 2; i++)
        for (const char *const *name = lists[i]; name != NULL && *name != NULL; name++)
            if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(i == 0 ? EPERM : ENOSYS),
                                 seccomp_syscall_resolve_name(*name), 0) != 0)
                return 71;
    /* The same by its older name. */
    if (lists[0] != NULL && seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prctl), 1,
                                             SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP)) != 0)
        return 71;
    if (seccomp_load(filter) != 0)
        return 71;
    (void)execvp(argv[2], argv + 2);
    perror(argv[2]);
    return 72;
}
