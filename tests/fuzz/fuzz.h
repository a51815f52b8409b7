/*
 * What the fuzzers share: `make fuzz` builds each tests/fuzz/NAME.c with libFuzzer and the
 * sanitizers, and runs it for FUZZ_SECONDS from the inputs in tests/fuzz/seeds/NAME.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void require(bool condition)
{
    if (!condition)
        abort();
}

/* A file in memory with these bytes, to be closed; its name goes into `path`. */
static inline int make_file(const void *bytes, size_t length, char path[64])
{
    int file = memfd_create("fuzz", MFD_CLOEXEC);
    require(file >= 0 && pwrite(file, bytes, length, 0) == (ssize_t)length);
    (void)snprintf(path, 64, "/proc/self/fd/%d", file);
    return file;
}

/* A copy with a NUL behind it, to be freed. */
static inline char *make_text(const void *bytes, size_t length)
{
    char *text = malloc(length + 1);
    require(text != NULL);
    memcpy(text, bytes, length);
    text[length] = '\0';
    return text;
}

#endif
