/*
 * Text as people compare it, whatever the script, by libunistring: nothing here looks at the
 * locale.
 */
#ifndef UNICODE_H
#define UNICODE_H

#include <stdbool.h>
#include <stddef.h>

/* Whether two strings of UTF-8 are equal but for case (Unicode's full case folding) and for how
 * accents are composed (NFC). NULL equals nothing, nor does what is not UTF-8. False also when
 * memory runs out. */
bool unicode_equal(const char *one, const char *other);

/* The same for texts of so many bytes, neither of them NULL. */
bool unicode_equal_n(const char *one, size_t one_length, const char *other, size_t other_length);

#endif
