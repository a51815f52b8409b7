#include "report/chat.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

static bool is_word(char byte)
{
    char lower = ascii_lower(byte);
    return (lower >= 'a' && lower <= 'z') || ascii_is_digit(byte) || byte == '_';
}

/* Whether the @ before `name` calls somebody: it does, unless it stands in an address; and these
 * names do even there. */
static bool is_mention(char before, const char *name)
{
    static const char *const ALL[] = {"everyone", "here", "channel", "all", "team"};
    if (!is_word(*name) && *name != '"')
        return false;
    for (size_t i = 0; i < sizeof ALL / sizeof ALL[0]; i++)
        if (strncasecmp(name, ALL[i], strlen(ALL[i])) == 0 && !is_word(name[strlen(ALL[i])]))
            return true;
    return !is_word(before);
}

/* What is written instead of the ASCII character at the reader; NULL when it stays as it is. */
static const char *instead(struct chat_reader *reader, size_t *taken)
{
    const char *at = reader->at;
    *taken = 1;
    switch (*at) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '@':
        return is_mention(reader->before, at + 1) ? "\uFF20" : NULL;
    case ']':
        return at[1] == '(' ? "] " : NULL;
    case ':':
        if (at[1] != '/' || at[2] != '/')
            return NULL;
        reader->link = true;
        *taken = 3;
        return "[:]//";
    case 's': /* what a report says itself; no service makes a link of it */
        if (is_word(reader->before) || !text_begins(at, "s3://"))
            return NULL;
        *taken = 5;
        return "s3://";
    case '.':
        return reader->link ? "[.]" : NULL;
    default:
        return NULL;
    }
}

/* The length of the UTF-8 sequence that begins at `text`. */
static size_t sequence_length(const char *text)
{
    size_t length = 1;
    while (((unsigned char)text[length] & 0xC0) == 0x80)
        length++;
    return length;
}

size_t chat_unit(struct chat_reader *reader, char out[CHAT_UNIT])
{
    const char *at = reader->at;
    size_t taken;
    if (text_is_blank(*at))
        reader->link = false;
    else if (!is_word(reader->before) && strncasecmp(at, "www.", 4) == 0)
        reader->link = true;
    const char *other = instead(reader, &taken);
    size_t length;
    if (other != NULL) {
        length = strlen(other);
        memcpy(out, other, length);
    } else if (*at == '\n') {
        out[0] = '\n';
        length = 1;
    } else {
        taken = sequence_length(at);
        if (taken > CHAT_UNIT / TEXT_ESCAPE - 1) /* bytes that belong to nothing */
            taken = CHAT_UNIT / TEXT_ESCAPE - 1;
        length = text_escape(out, at, taken);
    }
    reader->at = at + taken;
    reader->before = at[taken - 1];
    return length;
}
