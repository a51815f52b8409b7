/*
 * Linked with lib/memory/never_null.c: does what it is told, so that a test sees what becomes of
 * it.
 *
 *   test-memory enough             asks for what there is, in each way, and gives it back
 *   test-memory malloc|calloc|realloc|product    asks for more than there can be
 *   test-memory sanitized          whether a sanitizer has taken its place
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Read back, so that the compiler cannot tell what is asked for. */
static volatile size_t too_much = SIZE_MAX / 4;

static int use(void *block)
{
    int used = block == NULL;
    free(block);
    puts("went on");
    return used;
}

static int enough(void)
{
    char *grown = realloc(malloc(10), 100000);
    char *zeros = calloc(100, 100);
    memset(grown, 1, 100000);
    int wrong = zeros[9999] != 0;
    free(zeros);
    free(realloc(grown, 0));
    puts("enough");
    return wrong;
}

int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";
#ifdef SANITIZED
    if (strcmp(what, "sanitized") == 0)
        return 0;
#endif
    if (strcmp(what, "enough") == 0)
        return enough();
    if (strcmp(what, "malloc") == 0)
        return use(malloc(too_much));
    if (strcmp(what, "calloc") == 0)
        return use(calloc(1, too_much));
    if (strcmp(what, "product") == 0)
        return use(calloc(too_much, 8));
    if (strcmp(what, "realloc") == 0)
        return use(realloc(malloc(10), too_much));
    return 64;
}
