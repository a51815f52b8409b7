#include "base/state_directory.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *state_directory(void)
{
    const char *state = getenv("AN_STATE");
    if (state != NULL && state[0] != '\0')
        return strdup(state);
    struct buffer path = {.limit = 0};
    const char *base = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    bool known = base != NULL && base[0] == '/' ? buffer_printf(&path, "%s/an-sync", base)
                 : home != NULL && home[0] != '\0'
                     ? buffer_printf(&path, "%s/.local/state/an-sync", home)
                     : false;
    if (!known)
        buffer_free(&path);
    return path.bytes;
}

enum status directory_check(const char *path, struct failure *failure)
{
    struct stat found;
    if (stat(path, &found) != 0)
        return fail(failure, STATUS_IO, "%.300s: %s", path, strerror(errno));
    if (!S_ISDIR(found.st_mode))
        return fail(failure, STATUS_CONFIG, "%.300s is not a directory; remove it", path);
    if (found.st_uid != geteuid() && found.st_uid != 0)
        return fail(failure, STATUS_CONFIG,
                    "%.300s belongs to somebody else (user %lu), who can change what is in it; use "
                    "another place, or have it removed or given over (chown)",
                    path, (unsigned long)found.st_uid);
    if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return fail(failure, STATUS_CONFIG,
                    "%.300s: others can write in it: chmod go-w %.300s, or use another place", path,
                    path);
    return STATUS_OK;
}
