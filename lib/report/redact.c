#include "report/redact.h"

#include "base/text.h"

#include <stdbool.h>
#include <string.h>

static bool is_letter_or_digit(char byte)
{
    char lower = ascii_lower(byte);
    return (lower >= 'a' && lower <= 'z') || ascii_is_digit(byte) || (unsigned char)byte >= 0x80;
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
    return *at == '@' ? 1 : text_begins(at, "%40") ? 3 : 0;
}

/* What was seen of a text so far, so that none of it is looked at again for each @. */
struct seen {
    const char *kept;     /* what comes before it was copied */
    const char *sign;     /* what comes before it holds the last @ */
    const char *quote;    /* the last " that may open a local part; NULL: none */
    const char *previous; /* the one before it */
    const char *bracket;  /* the next ]; NULL: not looked for, or there is none */
    bool no_bracket;
};

/* Where the local part before `at` begins. `at` when there is none. */
static const char *local_start(const struct seen *seen, const char *at)
{
    const char *start = at;
    if (at > seen->kept && at[-1] == '"' && seen->previous != NULL && seen->previous >= seen->kept)
        return seen->previous;
    while (start > seen->sign && is_local(start[-1]))
        start--;
    while (start < at && *start == '\'') /* 'rosa@example.org' is quoted, not named so */
        start++;
    return start;
}

/* Where the domain that begins at `domain` ends. `domain` when there is none. */
static const char *domain_end(struct seen *seen, const char *domain)
{
    const char *end = domain;
    if (*domain == '[') {
        if (!seen->no_bracket && (seen->bracket == NULL || seen->bracket < domain))
            seen->bracket = strchr(domain, ']');
        seen->no_bracket = seen->bracket == NULL;
        return seen->no_bracket ? domain : seen->bracket + 1;
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
    struct seen seen = {.kept = text, .sign = text};
    bool room = true;
    for (const char *at = text; room && *at != '\0'; at++) {
        size_t width = at_sign(at);
        if (*at == '"') {
            seen.previous = seen.quote;
            seen.quote = at;
        }
        if (width == 0)
            continue;
        const char *start = local_start(&seen, at);
        const char *end = domain_end(&seen, at + width);
        seen.sign = at + width;
        if (start == at || end == at + width)
            continue;
        room = buffer_append(&out, seen.kept, (size_t)(start - seen.kept)) &&
               buffer_append(&out, REDACT_MARK, strlen(REDACT_MARK));
        seen.kept = seen.sign = end;
        at = end - 1;
    }
    if (!room || !buffer_append(&out, seen.kept, strlen(seen.kept)))
        buffer_free(&out);
    return out.bytes;
}

char *redact_quoted(const char *text)
{
    struct buffer out = {.limit = 0};
    bool room = true;
    while (room && *text != '\0') {
        size_t plain = strcspn(text, "\"");
        room = buffer_append(&out, text, plain);
        text += plain;
        if (*text == '\0')
            break;
        text += 1 + strcspn(text + 1, "\"");
        text += *text == '"';
        room = room && buffer_append(&out, "\"…\"", strlen("\"…\""));
    }
    if (!room || !buffer_append(&out, "", 0))
        buffer_free(&out);
    return out.bytes;
}
