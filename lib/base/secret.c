#include "base/secret.h"

#include "base/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum { SECRET_LIMIT = 4096 };

/* A new string of what the file holds, at most SECRET_LIMIT bytes of it; NULL on error. */
static enum status read_file(const char *variable, const char *path, char **secret,
                             struct failure *failure)
{
    *secret = NULL;
    char *bytes = calloc(1, SECRET_LIMIT + 1);
    if (bytes == NULL)
        return fail_memory(failure);
    FILE *file = fopen(path, "re");
    bool read = file != NULL;
    if (file != NULL) {
        (void)setvbuf(file, NULL, _IONBF, 0); /* no copy of the secret in stdio's buffer */
        read = fread(bytes, 1, SECRET_LIMIT, file) == SECRET_LIMIT || ferror(file) == 0;
    }
    enum status status = STATUS_OK;
    if (!read)
        status = fail(failure, STATUS_CONFIG, "%s_FILE: %s: %s", variable, path, strerror(errno));
    if (file != NULL)
        (void)fclose(file);
    if (status == STATUS_OK)
        *secret = bytes;
    else
        secret_free(bytes);
    return status;
}

/* Takes the blanks at both ends away, in place. */
static void trim(char *text)
{
    static const char BLANKS[] = " \t\r\n";
    size_t start = strspn(text, BLANKS);
    size_t end = strlen(text);
    while (end > start && strchr(BLANKS, text[end - 1]) != NULL)
        end--;
    memmove(text, text + start, end - start);
    memset(text + (end - start), 0, strlen(text) - (end - start));
}

enum status secret_load(const char *variable, char **secret, struct failure *failure)
{
    *secret = NULL;
    char name[128];
    (void)snprintf(name, sizeof name, "%s_FILE", variable);
    const char *value = getenv(variable);
    const char *path = getenv(name);
    char *found = NULL;
    if (value != NULL && value[0] != '\0') {
        found = strdup(value);
        if (found == NULL)
            return fail_memory(failure);
    } else if (path != NULL && path[0] != '\0') {
        enum status status = read_file(variable, path, &found, failure);
        if (status != STATUS_OK || found == NULL)
            return status;
    } else {
        return STATUS_OK;
    }
    trim(found);
    for (const char *at = found; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~') {
            secret_free(found);
            return fail(failure, STATUS_CONFIG,
                        "%s holds a blank or a character that is not printable ASCII", variable);
        }
    if (found[0] == '\0') {
        secret_free(found);
        found = NULL;
    }
    *secret = found;
    return STATUS_OK;
}

void secret_free(char *secret)
{
    if (secret != NULL)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

void secret_redact(char *text, const char *secret)
{
    if (secret == NULL || secret[0] == '\0')
        return;
    size_t length = strlen(secret);
    for (char *at = strstr(text, secret); at != NULL; at = strstr(at + length, secret))
        memset(at, '*', length);
}

void secret_no_core(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
#ifndef SANITIZED /* the leak sanitizer needs to look into the process */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}
