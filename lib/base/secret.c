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

/* A new string of what the file holds; NULL on error, and when that is too long or no text. */
static enum status read_file(const char *variable, const char *path, char **secret,
                             struct failure *failure)
{
    *secret = NULL;
    char *bytes = calloc(1, SECRET_LIMIT + 2);
    if (bytes == NULL)
        return fail_memory(failure);
    enum status status = STATUS_OK;
    size_t length = 0;
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        (void)setvbuf(file, NULL, _IONBF, 0); /* no copy of the secret in stdio's buffer */
        length = fread(bytes, 1, SECRET_LIMIT + 1, file);
    }
    if (file == NULL || (length <= SECRET_LIMIT && ferror(file) != 0))
        status = fail(failure, STATUS_CONFIG, "%s_FILE: %s: %s", variable, path, strerror(errno));
    else if (length > SECRET_LIMIT)
        status = fail(failure, STATUS_CONFIG, "%s_FILE: %s: longer than %d bytes, which no key is",
                      variable, path, (int)SECRET_LIMIT);
    else if (memchr(bytes, '\0', length) != NULL)
        status = fail(failure, STATUS_CONFIG, "%s_FILE: %s: holds a NUL: it is no text file",
                      variable, path);
    if (file != NULL)
        (void)fclose(file);
    if (status == STATUS_OK) {
        *secret = bytes;
        return status;
    }
    explicit_bzero(bytes, SECRET_LIMIT + 2);
    free(bytes);
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

/* ---- redaction ---- */

/* A text as it is searched: in lower case, with base64's two alphabets as one, and percent-decoded
 * if that is asked for. A key may stand as it is behind what looks like the beginning of "%4A". */
struct plain {
    char *bytes;
    size_t *from; /* where in the text each byte stands; one more, where it ends */
    size_t length;
};

static char fold(char byte)
{
    return byte == '-' ? '+' : byte == '_' ? '/' : ascii_lower(byte);
}

static bool plain_open(const char *text, bool decoded, struct plain *plain)
{
    size_t length = strlen(text);
    *plain = (struct plain){.bytes = malloc(length + 1),
                            .from = calloc(length + 1, sizeof *plain->from)};
    if (plain->bytes == NULL || plain->from == NULL)
        return false;
    for (size_t i = 0; i < length; plain->length++) {
        int high = decoded && text[i] == '%' ? ascii_hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? ascii_hex_digit(text[i + 2]) : -1;
        plain->from[plain->length] = i;
        plain->bytes[plain->length] =
            fold(low >= 0 ? (char)((unsigned)high << 4 | (unsigned)low) : text[i]);
        i += low >= 0 ? 3 : 1;
    }
    plain->from[plain->length] = length;
    return true;
}

static void plain_close(struct plain *plain)
{
    if (plain->bytes != NULL)
        explicit_bzero(plain->bytes, plain->length);
    free(plain->bytes);
    free(plain->from);
}

/* Puts asterisks where the text says `wanted`. */
static void cover(char *text, const struct plain *plain, const char *wanted, size_t length)
{
    const char *at = plain->bytes;
    const char *end = plain->bytes + plain->length;
    while (length > 0 && (at = memmem(at, (size_t)(end - at), wanted, length)) != NULL) {
        size_t from = plain->from[at - plain->bytes];
        at += length;
        memset(text + from, '*', plain->from[at - plain->bytes] - from);
    }
}

/* What base64 makes of the secret wherever it stands in what is encoded, `skipped` (0 to 2) bytes
 * behind a multiple of three: those digits that hang on nothing else (RFC 4648, section 4), as they
 * are searched for. `out` has room for twice the secret's length. */
static size_t base64_core(const char *secret, size_t length, size_t skipped, char *out)
{
    static const char DIGITS[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const size_t START[] = {0, 4, 2}; /* the first bit that begins a digit */
    size_t bits = 8 * length;
    size_t count = 0;
    for (size_t bit = START[skipped]; bit + 6 <= bits; bit += 6) {
        unsigned two = (unsigned)(unsigned char)secret[bit / 8] << 8;
        if (bit / 8 + 1 < length)
            two |= (unsigned char)secret[bit / 8 + 1];
        out[count++] = DIGITS[two >> (10 - bit % 8) & 0x3F];
    }
    return count;
}

/* Covers the secret in one view of the text; `wanted` has room for twice its length. */
static void cover_all(char *text, const struct plain *plain, const char *secret, size_t length,
                      char *wanted)
{
    enum { LEAST_ENCODED = 6 }; /* digits of base64; fewer may stand anywhere */
    for (size_t i = 0; i < length; i++)
        wanted[i] = fold(secret[i]);
    cover(text, plain, wanted, length);
    for (size_t skipped = 0; skipped < 3; skipped++) {
        size_t count = base64_core(secret, length, skipped, wanted);
        cover(text, plain, wanted, count >= LEAST_ENCODED ? count : 0);
    }
}

void secret_redact(char *text, const char *secret)
{
    if (secret == NULL || secret[0] == '\0')
        return;
    size_t length = strlen(secret);
    char *wanted = malloc(2 * length);
    struct plain views[2] = {{.bytes = NULL}};
    if (wanted == NULL || !plain_open(text, false, &views[0]) ||
        !plain_open(text, true, &views[1])) {
        memset(text, '*', strlen(text)); /* rather nothing than the key */
    } else {
        cover_all(text, &views[0], secret, length, wanted);
        cover_all(text, &views[1], secret, length, wanted);
    }
    plain_close(&views[0]);
    plain_close(&views[1]);
    if (wanted != NULL)
        explicit_bzero(wanted, 2 * length);
    free(wanted);
}

void secret_no_core(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
#ifndef SANITIZED /* the leak sanitizer needs to look into the process */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}
