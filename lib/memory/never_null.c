/*
 * malloc, calloc and realloc that never return NULL: where memory runs out, the program says so and
 * ends with STATUS_IO. For a program that writes nothing before all is done, and whose libraries do
 * not survive it: GLib, GMime and libarchive abort, or go on without what they could not have, and
 * a good export looks damaged.
 *
 * It is no part of the library: a program gets it when the Makefile links it in by name. The
 * sanitizers replace the same functions.
 */
#include "base/status.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef SANITIZED

static void *must(void *block)
{
    static char message[] = ": out of memory\n";
    if (block != NULL)
        return block;
    struct iovec parts[] = {
        {program_invocation_short_name, strlen(program_invocation_short_name)},
        {message, sizeof message - 1},
    };
    (void)!writev(STDERR_FILENO, parts, 2);
    _exit(STATUS_IO);
}

void *malloc(size_t size)
{
    static void *(*real)(size_t);
    if (real == NULL)
        real = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
    return must(real(size));
}

void *calloc(size_t count, size_t size)
{
    static void *(*real)(size_t, size_t);
    if (real == NULL)
        real = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
    return must(real(count, size));
}

void *realloc(void *old, size_t size)
{
    static void *(*real)(void *, size_t);
    if (real == NULL)
        real = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
    void *block = real(old, size);
    return size > 0 ? must(block) : block; /* of no size, it was freed */
}

#endif
