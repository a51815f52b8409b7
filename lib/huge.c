#include "huge.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

void huge_pages(void *bytes, size_t size)
{
#ifdef MADV_HUGEPAGE
    const size_t least = (size_t)4 << 20;
    long page = sysconf(_SC_PAGESIZE);
    if (size < least || page <= 0)
        return;
    uintptr_t mask = (uintptr_t)page - 1;
    uintptr_t from = ((uintptr_t)bytes + mask) & ~mask;
    uintptr_t to = ((uintptr_t)bytes + size) & ~mask;
    (void)madvise((void *)from, to - from, MADV_HUGEPAGE);
#else
    (void)bytes;
    (void)size;
#endif
}
