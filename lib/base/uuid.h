/*
 * UUIDs (RFC 9562), which Action Network's ids are: as text and as bytes.
 */
#ifndef UUID_H
#define UUID_H

#include <stdbool.h>

/* Bytes of one, and of its text with the NUL behind it. */
enum { UUID_BYTES = 16, UUID_TEXT = 37 };

/* The bytes of a text, whose letters may be of either case. False, with the bytes as they were,
 * when it is none; NULL is none. */
bool uuid_read(unsigned char bytes[UUID_BYTES], const char *text);

/* Whether a text is one; NULL is none. */
bool uuid_is(const char *text);

/* The text, in lower case. */
void uuid_write(char text[UUID_TEXT], const unsigned char bytes[UUID_BYTES]);

#endif
