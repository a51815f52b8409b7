#include "people/address.h"

#include "base/text.h"
#include "base/unicode.h"

#include <idn2.h>
#include <string.h>

/* Domains that IDNA maps to the same ASCII. */
static bool domain_equal(const char *one, const char *other)
{
    if (unicode_equal(one, other))
        return true;
    char *one_ascii = NULL, *other_ascii = NULL;
    bool equal = idn2_to_ascii_8z(one, &one_ascii, IDN2_NONTRANSITIONAL) == IDN2_OK &&
                 idn2_to_ascii_8z(other, &other_ascii, IDN2_NONTRANSITIONAL) == IDN2_OK &&
                 ascii_equal(one_ascii, other_ascii);
    idn2_free(one_ascii);
    idn2_free(other_ascii);
    return equal;
}

bool address_equal(const char *one, const char *other)
{
    if (ascii_equal(one, other))
        return true;
    const char *one_at = one == NULL ? NULL : strrchr(one, '@');
    const char *other_at = other == NULL ? NULL : strrchr(other, '@');
    return one_at != NULL && other_at != NULL && domain_equal(one_at + 1, other_at + 1) &&
           unicode_equal_n(one, (size_t)(one_at - one), other, (size_t)(other_at - other));
}
