#include "base/unicode.h"

#include "base/text.h"

#include <string.h>
#include <unicase.h>
#include <uninorm.h>

bool unicode_equal(const char *one, const char *other)
{
    return ascii_equal(one, other) || (one != NULL && other != NULL &&
                                       unicode_equal_n(one, strlen(one), other, strlen(other)));
}

bool unicode_equal_n(const char *one, size_t one_length, const char *other, size_t other_length)
{
    int order = 0;
    return u8_casecmp((const uint8_t *)one, one_length, (const uint8_t *)other, other_length, NULL,
                      UNINORM_NFC, &order) == 0 &&
           order == 0;
}
