#include "base/cell.h"

#include "base/text.h"

#include <string.h>

size_t cell_digits(const char *text, size_t length)
{
    size_t count = 0;
    while (count < length && ascii_is_digit(text[count]))
        count++;
    return count;
}

void cell_take_formula(const char **text, size_t *length)
{
    if (*length < 3 || memcmp(*text, "=\"", 2) != 0 || (*text)[*length - 1] != '"' ||
        memchr(*text + 2, '"', *length - 3) != NULL)
        return;
    *text += 2;
    *length -= 3;
    text_trim(text, length);
}

void cell_take_apostrophe(const char **text, size_t *length)
{
    if (*length > 1 && (*text)[0] == '\'') {
        ++*text;
        --*length;
        text_trim(text, length);
    }
    if (*length > 1 && (*text)[*length - 1] == '\'')
        --*length;
}

bool cell_is_fraction(const char *text, size_t length)
{
    if (length < 2 || text[0] != '.')
        return false;
    for (size_t i = 1; i < length; i++)
        if (text[i] != '0')
            return false;
    return true;
}

bool cell_is_nothing(const char *text, size_t length)
{
    static const char texts[][10] = {
        "NULL",  "null",   "(null)",  "[NULL]",  "<null>",  "\\N",      "None",   "NaN",
        "nan",   "NaT",    "<NA>",    "N/A",     "n/a",     "#N/A",     "#NAME?", "#REF!",
        "#NUM!", "#NULL!", "#DIV/0!", "#VALUE!", "#ERROR!", "undefined"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (length > 0 && length < sizeof texts[i] && texts[i][length - 1] != '\0' &&
            texts[i][length] == '\0' && memcmp(text, texts[i], length) == 0)
            return true;
    size_t marks = 0;
    while (marks < length && text[marks] == '#')
        marks++;
    return marks > 1 && marks == length;
}

bool cell_says_something(const char *text, size_t length)
{
    if (cell_is_nothing(text, length))
        return false;
    for (size_t i = 0; i < length; i++) {
        char byte = ascii_lower(text[i]);
        if (ascii_is_digit(byte) || (byte >= 'a' && byte <= 'z') || (byte & 0x80) != 0)
            return true;
    }
    return false;
}

/* ---- what somebody is recognised by ---- */

size_t cell_whole(const char *text, size_t length, char number[CELL_NUMBER], size_t *count)
{
    enum { THOUSAND = 3 };
    length = length < CELL_NUMBER ? length : CELL_NUMBER;
    size_t at = cell_digits(text, length);
    memcpy(number, text, at);
    *count = at;
    if (at == 0 || at > THOUSAND)
        return at;
    while (at < length && text[at] == ',' &&
           cell_digits(text + at + 1, length - at - 1) == THOUSAND) {
        memcpy(number + *count, text + at + 1, THOUSAND);
        *count += THOUSAND;
        at += 1 + THOUSAND;
    }
    return at;
}

/* Reads what stands behind one digit in 1.234501E+06. `*count` becomes 0 when digits are lost.
 * False when it is something else. */
static bool read_scientific(const char *text, size_t length, char *number, size_t *count)
{
    size_t point = length > 0 && text[0] == '.' ? 1 : 0;
    size_t decimals = cell_digits(text + point, length - point);
    const char *exponent = text + point + decimals;
    size_t left = length - point - decimals;
    if (point != (decimals > 0) || left < 3 || ascii_lower(exponent[0]) != 'e' ||
        exponent[1] != '+' || cell_digits(exponent + 2, left - 2) != left - 2)
        return false;
    size_t value = 0;
    for (size_t i = 2; i < left && value <= CELL_NUMBER; i++)
        value = value * 10 + (size_t)(exponent[i] - '0');
    memcpy(number + 1, text + point, decimals);
    *count = value == decimals ? 1 + decimals : 0;
    return true;
}

void cell_identity(const char **text, size_t *length, char number[CELL_NUMBER])
{
    text_trim(text, length);
    cell_take_formula(text, length);
    cell_take_apostrophe(text, length);
    if (cell_is_nothing(*text, *length))
        *length = 0;
    if (*length == 0 || *length >= CELL_NUMBER)
        return;
    size_t count;
    size_t whole = cell_whole(*text, *length, number, &count);
    const char *rest = *text + whole;
    size_t left = *length - whole;
    if (whole == 0 || (left > 0 && !cell_is_fraction(rest, left) &&
                       !(whole == 1 && read_scientific(rest, left, number, &count))))
        return;
    size_t zeros = 0;
    while (zeros < count && number[zeros] == '0')
        zeros++;
    *text = number + zeros;
    *length = count - zeros;
}
