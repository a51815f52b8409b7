#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <unistd.h>
#include <unistr.h>

/* Makes room for `more` bytes and a NUL. */
static bool buffer_reserve(struct buffer *buffer, size_t more)
{
    if (more >= SIZE_MAX / 2 - buffer->length)
        return false;
    size_t needed = buffer->length + more;
    if (buffer->limit > 0 && needed > buffer->limit)
        return false;
    if (needed < buffer->capacity)
        return true;
    size_t capacity = buffer->capacity < 256 ? 256 : buffer->capacity * 2;
    if (capacity <= needed)
        capacity = needed + 1;
    char *bytes = realloc(buffer->bytes, capacity);
    if (bytes == NULL)
        return false;
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return true;
}

bool buffer_append(struct buffer *buffer, const void *bytes, size_t length)
{
    if (!buffer_reserve(buffer, length))
        return false;
    if (length > 0)
        memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
    buffer->bytes[buffer->length] = '\0';
    return true;
}

char *buffer_room(struct buffer *buffer, size_t length)
{
    return buffer_reserve(buffer, length) ? buffer->bytes + buffer->length : NULL;
}

bool buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0 || !buffer_reserve(buffer, (size_t)length))
        return false;
    va_start(arguments, format);
    (void)vsnprintf(buffer->bytes + buffer->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->length += (size_t)length;
    return true;
}

void buffer_cut(struct buffer *buffer, size_t length)
{
    buffer->length = length;
    if (buffer->bytes != NULL)
        buffer->bytes[length] = '\0';
}

void buffer_clear(struct buffer *buffer)
{
    buffer_cut(buffer, 0);
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->bytes);
    buffer->bytes = NULL;
    buffer->length = 0;
    buffer->capacity = 0;
}

char ascii_lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
}

bool ascii_equal(const char *one, const char *other)
{
    if (one == NULL || other == NULL)
        return false;
    while (*one != '\0' && ascii_lower(*one) == ascii_lower(*other)) {
        one++;
        other++;
    }
    return ascii_lower(*one) == ascii_lower(*other);
}

/* Beyond ASCII: white space, control characters, and what is invisible at the end of a word. */
static bool is_unseen(ucs4_t code)
{
    return code < 0xA0 || uc_is_property_white_space(code) ||
           uc_is_property_default_ignorable_code_point(code) ||
           (code >= 0xFFF9 && code <= 0xFFFC); /* of annotations, and in place of a picture */
}

size_t text_is_unseen(const char *text, size_t length)
{
    ucs4_t code;
    if (length == 0 || (*text & 0x80) == 0)
        return 0;
    int size = u8_mbtoucr(&code, (const uint8_t *)text, length);
    return size > 0 && is_unseen(code) ? (size_t)size : 0;
}

/* The length of what is to be taken off the end; 0 when nothing is. */
static size_t unseen_at_end(const char *text, size_t length)
{
    const size_t longest = 4;
    if (text_is_blank(text[length - 1]))
        return 1;
    for (size_t size = 2; size <= longest && size <= length; size++)
        if (text_is_unseen(text + length - size, size) == size)
            return size;
    return 0;
}

void text_trim_unicode(const char **text, size_t *length)
{
    size_t size = 1;
    while (*length > 0 && (size = unseen_at_end(*text, *length)) > 0)
        *length -= size;
    while (*length > 0 && (size = text_is_blank(**text) ? 1 : text_is_unseen(*text, *length)) > 0) {
        *text += size;
        *length -= size;
    }
}

/* A letter's small form; of the few whose small form takes more bytes, the capital one. */
static ucs4_t fold(ucs4_t code)
{
    uint8_t bytes[6];
    int size = u8_uctomb(bytes, code, sizeof bytes);
    ucs4_t small = uc_tolower(code);
    if (u8_uctomb(bytes, small, sizeof bytes) > size)
        return code;
    ucs4_t capital = small == code ? uc_toupper(code) : code;
    bool is_shorter = u8_uctomb(bytes, capital, sizeof bytes) < size;
    return is_shorter && uc_tolower(capital) == code ? capital : small;
}

size_t text_normalize(char *out, const char *text, size_t length)
{
    text_trim(&text, &length);
    char *at = out;
    for (const char *end = text + length; text < end;) {
        ucs4_t code;
        int size = 0;
        if ((*text & 0x80) != 0)
            size = u8_mbtoucr(&code, (const uint8_t *)text, (size_t)(end - text));
        if (size > 0) {
            text += size;
            at += u8_uctomb((uint8_t *)at, fold(code), size);
        } else {
            *at++ = ascii_lower(*text++);
        }
    }
    return (size_t)(at - out);
}

bool text_begins(const char *text, const char *prefix)
{
    return text != NULL && strncmp(text, prefix, strlen(prefix)) == 0;
}

bool buffer_normalize(struct buffer *buffer, const char *text, size_t length)
{
    buffer_clear(buffer);
    char *room = buffer_room(buffer, length);
    if (room == NULL)
        return false;
    buffer->length = text_normalize(room, text, length);
    buffer->bytes[buffer->length] = '\0';
    return true;
}

char *text_normalized(const char *text)
{
    size_t length = strlen(text);
    char *out = malloc(length + 1);
    if (out != NULL)
        out[text_normalize(out, text, length)] = '\0';
    return out;
}

/* The length of the UTF-8 sequence that starts at `bytes`, 0 when there is none. */
static size_t utf8_sequence(const unsigned char *bytes, size_t length)
{
    unsigned char lead = bytes[0];
    if (lead < 0x80)
        return 1;
    size_t size = lead >= 0xC2 && lead <= 0xDF   ? 2
                  : lead >= 0xE0 && lead <= 0xEF ? 3
                  : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                 : 0;
    if (size == 0 || size > length)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
    /* Table 3-7 of the Unicode standard: what the second byte may not be. */
    if ((lead == 0xE0 && bytes[1] < 0xA0) || (lead == 0xED && bytes[1] > 0x9F) ||
        (lead == 0xF0 && bytes[1] < 0x90) || (lead == 0xF4 && bytes[1] > 0x8F))
        return 0;
    return size;
}

size_t ascii_length(const char *bytes, size_t length)
{
    size_t i = 0;
    for (uint64_t eight; length - i >= sizeof eight; i += sizeof eight) {
        memcpy(&eight, bytes + i, sizeof eight);
        if ((eight & 0x8080808080808080U) != 0)
            break;
    }
    while (i < length && (unsigned char)bytes[i] < 0x80)
        i++;
    return i;
}

bool utf8_valid(const char *bytes, size_t length, size_t *where)
{
    const unsigned char *unsigned_bytes = (const unsigned char *)bytes;
    size_t i = 0;
    while ((i += ascii_length(bytes + i, length - i)) < length) {
        size_t size = utf8_sequence(unsigned_bytes + i, length - i);
        if (size == 0) {
            if (where != NULL)
                *where = i;
            return false;
        }
        i += size;
    }
    return true;
}

/* How many bytes at the beginning of a text in UTF-8 may not reach a terminal: a control character
 * of ASCII or of Unicode (C1), or one that turns the direction of writing (or ends a line, U+2028).
 * `*code` is its code point. */
static size_t control_at(const unsigned char *bytes, size_t length, unsigned *code)
{
    *code = bytes[0];
    if (bytes[0] < 0x20 || bytes[0] == 0x7F)
        return 1;
    if (length >= 2 && bytes[0] == 0xC2 && bytes[1] < 0xA0) {
        *code = bytes[1];
        return 2;
    }
    if (length >= 2 && bytes[0] == 0xD8 && bytes[1] == 0x9C) {
        *code = 0x61C;
        return 2;
    }
    if (length < 3 || bytes[0] != 0xE2)
        return 0;
    *code = 0x2000U | (unsigned)(bytes[1] & 0x3F) << 6 | (bytes[2] & 0x3FU);
    bool turns = (*code >= 0x2028 && *code <= 0x202E) || (*code >= 0x2066 && *code <= 0x2069) ||
                 *code == 0x200E || *code == 0x200F;
    return turns ? 3 : 0;
}

void text_printable(char *text, size_t limit)
{
    size_t length = strlen(text);
    if (length > limit) {
        length = limit;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
            length--;
        text[length] = '\0';
    }
    for (size_t i = 0; i < length;) {
        const unsigned char *at = (const unsigned char *)text + i;
        size_t size = utf8_sequence(at, length - i);
        unsigned code;
        if (size == 0)
            text[i] = '?';
        else if (control_at(at, length - i, &code) > 0)
            memset(text + i, ' ', size);
        i += size > 0 ? size : 1;
    }
}

size_t text_escape(char *out, const char *bytes, size_t length)
{
    char *at = out;
    for (size_t i = 0; i < length;) {
        const unsigned char *from = (const unsigned char *)bytes + i;
        if (*from >= 0x20 && *from < 0x7F) {
            *at++ = bytes[i++];
            continue;
        }
        size_t size = utf8_sequence(from, length - i);
        unsigned code;
        if (size == 0) {
            *at++ = '?';
            size = 1;
        } else if (control_at(from, length - i, &code) == 0) {
            memcpy(at, from, size);
            at += size;
        } else if (code == '\n' || code == '\r' || code == '\t') {
            *at++ = '\\';
            *at++ = code == '\n' ? 'n' : code == '\r' ? 'r' : 't';
        } else {
            at += sprintf(at, code <= 0xFF ? "\\x%02x" : "\\u%04x", code);
        }
        i += size;
    }
    return (size_t)(at - out);
}

int buffer_read(struct buffer *buffer, int file)
{
    char piece[64 * 1024];
    for (;;) {
        ssize_t got = read(file, piece, sizeof piece);
        if (got == 0)
            return 0;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if (buffer->limit > 0 && (size_t)got > buffer->limit - buffer->length)
            return EFBIG;
        if (!buffer_append(buffer, piece, (size_t)got))
            return ENOMEM;
    }
}

bool write_all(int file, const void *bytes, size_t length)
{
    const char *at = bytes;
    while (length > 0) {
        ssize_t written = write(file, at, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        at += written;
        length -= (size_t)written;
    }
    return true;
}
