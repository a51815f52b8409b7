/*
 * Takes out of standard input, and writes what is left: with a KEY that key, without one people's
 * addresses. For redact.bats.
 */
#include "report/redact.h"
#include "base/secret.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct buffer text = {.limit = 0};
    char piece[4096];
    ssize_t got;
    while ((got = read(STDIN_FILENO, piece, sizeof piece)) > 0)
        if (!buffer_append(&text, piece, (size_t)got))
            return EXIT_FAILURE;
    if (text.bytes == NULL)
        return EXIT_FAILURE;
    char *redacted = argc > 1 ? NULL : redact_addresses(text.bytes);
    if (argc > 1)
        secret_redact(text.bytes, argv[1]);
    (void)fputs(redacted != NULL ? redacted : text.bytes, stdout);
    free(redacted);
    buffer_free(&text);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
