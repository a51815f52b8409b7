#include "base/uuid.h"

#include "base/text.h"

#include <stddef.h>
#include <string.h>

enum { LENGTH = UUID_TEXT - 1 };

static const char FORM[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

bool uuid_read(unsigned char bytes[UUID_BYTES], const char *text)
{
    unsigned char read[UUID_BYTES] = {0};
    size_t half = 0;
    if (text == NULL || strlen(text) != LENGTH)
        return false;
    for (size_t i = 0; i < LENGTH; i++) {
        int value = ascii_hex_digit(text[i]);
        if (FORM[i] == '-' ? text[i] != '-' : value < 0)
            return false;
        if (FORM[i] == '-')
            continue;
        read[half / 2] = (unsigned char)((unsigned)read[half / 2] << 4 | (unsigned)value);
        half++;
    }
    memcpy(bytes, read, sizeof read);
    return true;
}

bool uuid_is(const char *text)
{
    unsigned char bytes[UUID_BYTES];
    return uuid_read(bytes, text);
}

void uuid_write(char text[UUID_TEXT], const unsigned char bytes[UUID_BYTES])
{
    static const char DIGITS[] = "0123456789abcdef";
    size_t half = 0;
    for (size_t i = 0; i < LENGTH; i++) {
        text[i] = '-';
        if (FORM[i] == '-')
            continue;
        text[i] = DIGITS[half % 2 == 0 ? bytes[half / 2] >> 4 : bytes[half / 2] & 15];
        half++;
    }
    text[LENGTH] = '\0';
}
