#include "report/redact.h"

#include "base/text.h"

#include <stdbool.h>
#include <string.h>

static bool is_letter_or_digit(char byte)
{
    char lower = ascii_lower(byte);
    return (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9') ||
           (unsigned char)byte >= 0x80;
}

/* RFC 5322's atext, the dot between atoms, and RFC 6531's letters beyond ASCII. */
static bool is_local(char byte)
{
    return is_letter_or_digit(byte) ||
           (byte != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.", byte) != NULL);
}

static bool is_domain(char byte)
{
    return is_letter_or_digit(byte) || byte == '.' || byte == '-' || byte == '_';
}

/* How many bytes at `at` stand for an @; 0 when they do not. */
static size_t at_sign(const char *at)
{
    return *at == '@' ? 1 : strncmp(at, "%40", 3) == 0 ? 3 : 0;
}

/* Where the local part before `at` begins, not before `from`. `at` when there is none. */
static const char *local_start(const char *from, const char *at)
{
    const char *start = at;
    if (at > from && at[-1] == '"') {
        const char *quote = memrchr(from, '"', (size_t)(at - 1 - from));
        if (quote != NULL)
            return quote;
    }
    while (start > from && is_local(start[-1]))
        start--;
    while (start < at && *start == '\'') /* 'rosa@example.org' is quoted, not named so */
        start++;
    return start;
}

/* Where the domain that begins at `domain` ends. `domain` when there is none. */
static const char *domain_end(const char *domain)
{
    const char *end = domain;
    if (*domain == '[') {
        end = strchr(domain, ']');
        return end != NULL ? end + 1 : domain;
    }
    while (is_domain(*end))
        end++;
    while (end > domain && (end[-1] == '.' || end[-1] == '-'))
        end--;
    return end;
}

char *redact_addresses(const char *text)
{
    struct buffer out = {.limit = 0};
    const char *kept = text; /* what comes before it is in `out` */
    bool room = true;
    for (const char *at = text; room && *at != '\0'; at++) {
        size_t width = at_sign(at);
        if (width == 0)
            continue;
        const char *start = local_start(kept, at);
        const char *end = domain_end(at + width);
        if (start == at || end == at + width)
            continue;
        room = buffer_append(&out, kept, (size_t)(start - kept)) &&
               buffer_append(&out, REDACT_MARK, strlen(REDACT_MARK));
        kept = end;
        at = end - 1;
    }
    if (!room || !buffer_append(&out, kept, strlen(kept)))
        buffer_free(&out);
    return out.bytes;
}
