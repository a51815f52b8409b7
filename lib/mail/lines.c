#include "mail/lines.h"

#include <string.h>

size_t lines_length(const char *bytes, size_t length)
{
    const char *end = memchr(bytes, '\n', length);
    return end != NULL ? (size_t)(end - bytes) + 1 : length;
}

/* Whether a line could be the first of a header: a name and a colon. */
static bool is_field(const char *bytes, size_t length)
{
    size_t i = 0;
    while (i < length && bytes[i] > ' ' && bytes[i] < 0x7F && bytes[i] != ':')
        i++;
    return i > 0 && i < length && bytes[i] == ':';
}

size_t lines_count(const char *bytes, size_t length)
{
    size_t count = 0;
    const char *end = bytes + length;
    for (const char *at = bytes; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
        count++;
    return count;
}

size_t lines_count_mails(const char *bytes, size_t length)
{
    size_t count = 1;
    size_t at = 0;
    while ((at += lines_length(bytes + at, length - at)) < length) {
        const char *line = bytes + at;
        if (length - at < 5 || memcmp(line, "From ", 5) != 0)
            continue;
        bool behind_empty = line[-2] == '\n' || (line[-2] == '\r' && line[-3] == '\n');
        size_t next = at + lines_length(line, length - at);
        count += behind_empty && is_field(bytes + next, length - next);
    }
    return count;
}

/* Whether it is "begin MODE NAME", MODE being three or four octal digits; then where the name is.
 */
static bool is_begin(const char *line, size_t length, struct lines_file *file)
{
    size_t mode = 6;
    if (length < 12 || memcmp(line, "begin ", 6) != 0)
        return false;
    while (mode < length && line[mode] >= '0' && line[mode] <= '7')
        mode++;
    file->name = line + mode + 1;
    file->name_length = length - mode - 1;
    return (mode == 9 || mode == 10) && line[mode] == ' ';
}

static bool is_end(const char *line, size_t length)
{
    return length >= 3 && length <= 5 && memcmp(line, "end", 3) == 0;
}

bool lines_find_file(const char *bytes, size_t length, size_t from, struct lines_file *file)
{
    size_t at = from;
    while (at < length && !is_begin(bytes + at, lines_length(bytes + at, length - at), file))
        at += lines_length(bytes + at, length - at);
    file->from = at;
    file->whole = false;
    while (at < length && !file->whole) {
        size_t line = lines_length(bytes + at, length - at);
        file->whole = is_end(bytes + at, line);
        at += line;
    }
    file->to = at;
    return file->from < length;
}
