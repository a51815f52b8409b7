#include "base/state_directory.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

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
