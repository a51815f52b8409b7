/*
 * Large tables on large pages: what is looked up at random in them costs a miss less each time, and
 * one that grows is moved by its pages, not by its bytes.
 *
 * Small ones are malloc's. Large pages are a wish: a system that has none goes on with its own.
 */
#ifndef HUGE_H
#define HUGE_H

#include <stddef.h>

/* `size` bytes of zeros; the caller's, to be given to huge_free. NULL when memory runs out. */
void *huge_new(size_t size);

/* Makes `bytes` (from here, of `size`; NULL with 0) `wanted` bytes large, which is more; what is
 * added holds anything. Returns where they are now; NULL when memory runs out: they stay then. */
void *huge_grow(void *bytes, size_t size, size_t wanted);

/* Of the size that it was made or grew to. NULL is harmless. */
void huge_free(void *bytes, size_t size);

#endif
