/*
 * Bytes and words: a growing buffer with a ceiling, and the few questions about text that several
 * rooms ask. ASCII only where it says so, else all of Unicode (libunistring): nothing here looks at
 * the locale.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Starts as {.limit = N}. `bytes` is owned by the buffer, always has a NUL behind its `length`
 * bytes once something was appended, and is NULL before. */
struct buffer {
    char *bytes;
    size_t length;
    size_t capacity;
    size_t limit; /* of length, in bytes; 0 means none */
};

/* Appends `length` bytes. False, and the buffer as it was, when that would pass the limit or memory
 * runs out. */
bool buffer_append(struct buffer *buffer, const void *bytes, size_t length);

/* Makes room for `length` more bytes and a NUL, and returns where they go; who puts them there adds
 * to the length. NULL as above. */
char *buffer_room(struct buffer *buffer, size_t length);

/* Appends as printf would. False as above. */
bool buffer_printf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Forgets what is behind the first `length` bytes (no more than there are) and keeps the memory. */
void buffer_cut(struct buffer *buffer, size_t length);

/* Forgets the content and keeps the memory. */
void buffer_clear(struct buffer *buffer);

/* Gives the memory back; the buffer may be used again. */
void buffer_free(struct buffer *buffer);

/* One ASCII letter in lower case, any other byte as it is. */
char ascii_lower(char byte);

static inline bool ascii_is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* The value of a hexadecimal digit, of either case; -1 for any other byte. */
static inline int ascii_hex_digit(char byte)
{
    char lower = (char)(byte | 0x20);
    if (ascii_is_digit(byte))
        return byte - '0';
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Whether two strings are equal but for the case of ASCII letters. NULL equals nothing. */
bool ascii_equal(const char *one, const char *other);

/* Whether a byte is white space of ASCII. */
static inline bool text_is_blank(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* text_trim for a text that has something beyond ASCII at one of its ends. */
void text_trim_unicode(const char **text, size_t *length);

/* Takes off both ends of a text what Unicode calls white space, and what is invisible there (its
 * Default_Ignorable_Code_Point): soft hyphens, zero width characters, marks of direction, selectors
 * of variations, byte order marks; and what stands in place of a picture. */
static inline void text_trim(const char **text, size_t *length)
{
    while (*length > 0 && text_is_blank((*text)[*length - 1]))
        --*length;
    while (*length > 0 && text_is_blank(**text)) {
        ++*text;
        --*length;
    }
    if (*length > 0 && (((*text)[0] | (*text)[*length - 1]) & 0x80) != 0)
        text_trim_unicode(text, length);
}

/* The length of what stands at the beginning of a text, in bytes, if that is white space, a control
 * character or invisible, beyond ASCII; else 0. */
size_t text_is_unseen(const char *text, size_t length);

/* Writes `length` bytes of `text` without what text_trim takes off its ends, and with its case
 * folded (the simple folding of Unicode, letter by letter) into `out`, which has room for `length`
 * bytes; returns how many it wrote. This is how keys (addresses) and column names are compared
 * everywhere. `out` may be `text`. */
size_t text_normalize(char *out, const char *text, size_t length);

/* Puts the normalized text in place of what the buffer holds, of which it is no part. False, and
 * the buffer empty, as for buffer_append. */
bool buffer_normalize(struct buffer *buffer, const char *text, size_t length);

/* Whether `text`, which may be NULL, begins with `prefix`. */
bool text_begins(const char *text, const char *prefix);

/* A text normalized, as a new string of the caller's, to be freed; NULL when memory runs out. */
char *text_normalized(const char *text);

/* How many bytes at the beginning are ASCII. */
size_t ascii_length(const char *bytes, size_t length);

/* Whether the bytes are UTF-8 (RFC 3629: no surrogates, nothing overlong). When not, `*where` is
 * the offset of the first bad byte; `where` may be NULL. */
bool utf8_valid(const char *bytes, size_t length, size_t *where);

/* Cuts `text` to at most `limit` bytes without splitting a UTF-8 sequence, and replaces what may
 * not reach a terminal (as for text_escape) by spaces and bytes that are not UTF-8 by question
 * marks: what a server said, made fit for a terminal, a log and JSON. In place. */
void text_printable(char *text, size_t limit);

enum { TEXT_ESCAPE = 4 }; /* how many times longer escaped text can be */

/* Writes `length` bytes of text as they may be shown on a terminal, and returns how many it wrote,
 * at most TEXT_ESCAPE times as many; `out` has room for one more. Control characters, those of
 * Unicode (C1) too, and what turns the direction of writing become "\n", "\x1b", "\u202e"; a byte
 * that is not UTF-8 becomes a question mark. */
size_t text_escape(char *out, const char *bytes, size_t length);

/* Appends what a file holds from where it stands. 0, or as errno has it why not all of it is there:
 * EFBIG when that would pass the limit, ENOMEM. */
int buffer_read(struct buffer *buffer, int file);

/* write(2) until all is written; false with errno otherwise. */
bool write_all(int file, const void *bytes, size_t length);

#endif
