#include "base/huge.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const size_t page = (size_t)2 << 20;

static bool is_large(size_t size)
{
    return size >= 2 * page;
}

static size_t whole_pages(size_t size)
{
    return (size + page - 1) / page * page;
}

/* Whole large pages, which only an aligned address can have. */
static void *map(size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    size = whole_pages(size);
    char *bytes =
        mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        return NULL;
    size_t before = whole_pages((uintptr_t)bytes) - (uintptr_t)bytes;
    if (before > 0)
        (void)munmap(bytes, before);
    bytes += before;
    (void)munmap(bytes + size, page - before);
#ifdef MADV_HUGEPAGE
    (void)madvise(bytes, size, MADV_HUGEPAGE);
#endif
    return bytes;
}

void *huge_new(size_t size)
{
    return is_large(size) ? map(size) : calloc(1, size > 0 ? size : 1);
}

void *huge_grow(void *bytes, size_t size, size_t wanted)
{
    if (!is_large(wanted))
        return realloc(bytes, wanted);
    if (is_large(size) && whole_pages(size) == whole_pages(wanted))
        return bytes;
    void *grown = map(wanted);
    if (grown == NULL)
        return NULL;
    if (is_large(size)) {
        void *moved = mremap(bytes, whole_pages(size), whole_pages(wanted),
                             MREMAP_MAYMOVE | MREMAP_FIXED, grown);
        if (moved == MAP_FAILED)
            (void)munmap(grown, whole_pages(wanted));
        return moved == MAP_FAILED ? NULL : moved;
    }
    if (size > 0)
        memcpy(grown, bytes, size);
    free(bytes);
    return grown;
}

void huge_free(void *bytes, size_t size)
{
    if (bytes != NULL && is_large(size))
        (void)munmap(bytes, whole_pages(size));
    else
        free(bytes);
}
