#include "people/convert.h"

#include "base/cell.h"
#include "base/text.h"
#include "people/place.h"

#include <string.h>

static size_t leading_digits(struct slice text)
{
    return cell_digits(text.bytes, text.length);
}

static struct slice behind(struct slice text, size_t count)
{
    return (struct slice){text.bytes + count, text.length - count};
}

/* Whether the text begins with this one, without regard to ASCII case. `prefix` is in lower case.
 */
static bool begins(struct slice text, const char *prefix)
{
    size_t i = 0;
    while (i < text.length && prefix[i] != '\0' && ascii_lower(text.bytes[i]) == prefix[i])
        i++;
    return prefix[i] == '\0';
}

static json_t *string_of(struct slice text)
{
    return json_stringn(text.bytes, text.length);
}

struct slice slice_trimmed(struct slice text)
{
    text_trim(&text.bytes, &text.length);
    return text;
}

/* ---- ZIP codes ---- */

enum { ZIP = 5, PLUS_FOUR = 5 }; /* digits; a dash and four digits */

/* Takes the comma out of 2,139, which is no ZIP code otherwise. */
static struct slice without_thousands(struct slice text, char number[CELL_NUMBER])
{
    size_t count;
    size_t whole = cell_whole(text.bytes, text.length, number, &count);
    struct slice rest = behind(text, whole);
    bool is_zip = count < whole && count <= ZIP &&
                  (rest.length == 0 || cell_is_fraction(rest.bytes, rest.length));
    return is_zip ? (struct slice){number, count} : text;
}

json_t *convert_zip(struct slice text, bool padded)
{
    char digits_alone[CELL_NUMBER];
    cell_take_apostrophe(&text.bytes, &text.length);
    if (padded)
        text = without_thousands(text, digits_alone);
    size_t digits = leading_digits(text);
    struct slice rest = behind(text, digits);
    bool is_half = padded && rest.length == 1 && rest.bytes[0] == '-'; /* and no four digits */
    if (digits > 0 && (cell_is_fraction(rest.bytes, rest.length) || is_half)) {
        text.length = digits;
        rest.length = 0;
    }
    bool plus_four =
        rest.length == PLUS_FOUR && rest.bytes[0] == '-' && leading_digits(behind(rest, 1)) == 4;
    if (!padded || digits == 0 || digits >= ZIP || (rest.length > 0 && !plus_four))
        return string_of(text);
    char zip[ZIP + PLUS_FOUR] = "00000";
    memcpy(zip + (ZIP - digits), text.bytes, text.length);
    return json_stringn(zip, ZIP + rest.length);
}

/* ---- phone numbers ---- */

enum { PHONE_SHORTEST = 7, PHONE_LONGEST = 15 }; /* digits */

struct phone {
    char text[1 + PHONE_LONGEST];
    size_t length;
    size_t digits;
};

static bool add_digit(struct phone *phone, char digit)
{
    if (phone->digits == PHONE_LONGEST)
        return false;
    phone->text[phone->length++] = digit;
    phone->digits++;
    return true;
}

/* How many bytes of what people write between digits the text begins with: 0 when it does not. */
static size_t punctuation(struct slice text)
{
    static const char *const marks[] = {
        " ",      "\t",     "\r",     "\n",     "-",      ".",      "(",
        ")",      "[",      "]",      "/",      "\u00A0", "\u00AD", "\u200B",
        "\u200E", "\u200F", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014",
        "\u202A", "\u202C", "\u202D", "\u202F", "\u2060", "\u2212", "\uFEFF",
    };
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (begins(text, marks[i]))
            return strlen(marks[i]);
    return 0;
}

/* Whether this is an extension to the end: "x12", "ext. 12", "#12". */
static bool is_extension(struct slice text)
{
    static const char *const marks[] = {"extension", "ext", "x", "#"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (!begins(text, marks[i]))
            continue;
        text = behind(text, strlen(marks[i]));
        while (text.length > 0 && strchr(".: ", text.bytes[0]) != NULL)
            text = behind(text, 1);
        return text.length > 0 && leading_digits(text) == text.length;
    }
    return false;
}

/* Reads 6.175550123E+09, when it has all the digits that it speaks of. */
static bool read_scientific(struct slice text, struct phone *phone)
{
    if (leading_digits(text) != 1 || text.length < 2 || text.bytes[1] != '.')
        return false;
    size_t decimals = leading_digits(behind(text, 2));
    struct slice exponent = behind(text, 2 + decimals);
    if (decimals + 1 < PHONE_SHORTEST || decimals + 1 > PHONE_LONGEST || !begins(exponent, "e"))
        return false;
    exponent = behind(exponent, begins(exponent, "e+") ? 2 : 1);
    size_t value = 0, digits = leading_digits(exponent);
    if (digits == 0 || digits > 2 || digits != exponent.length)
        return false;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (size_t)(exponent.bytes[i] - '0');
    if (value != decimals)
        return false;
    (void)add_digit(phone, text.bytes[0]);
    for (size_t i = 0; i < decimals; i++)
        (void)add_digit(phone, text.bytes[2 + i]);
    return true;
}

static bool read_phone(struct slice text, struct phone *phone)
{
    *phone = (struct phone){.length = 0};
    cell_take_apostrophe(&text.bytes, &text.length);
    if (begins(text, "tel:"))
        text = slice_trimmed(behind(text, 4));
    if (read_scientific(text, phone))
        return true;
    size_t plus = begins(text, "+") ? 1 : 0;
    size_t whole = leading_digits(behind(text, plus));
    if (whole >= PHONE_SHORTEST &&
        cell_is_fraction(text.bytes + plus + whole, text.length - plus - whole))
        text.length = plus + whole;
    while (text.length > 0) {
        size_t skipped = punctuation(text);
        if (skipped == 0 && phone->digits >= PHONE_SHORTEST && is_extension(text))
            break;
        if (skipped == 0 && text.bytes[0] == '+' && phone->length == 0)
            phone->text[phone->length++] = '+';
        else if (skipped == 0 &&
                 (!ascii_is_digit(text.bytes[0]) || !add_digit(phone, text.bytes[0])))
            return false;
        text = behind(text, skipped > 0 ? skipped : 1);
    }
    return phone->digits >= PHONE_SHORTEST;
}

/* Takes the next entry of the list off the text. A slash between the parts of a number separates
 * nothing: 617/555-0100. */
static struct slice next_entry(struct slice *text)
{
    size_t length = 0, digits = 0;
    for (; length < text->length; length++) {
        char byte = text->bytes[length];
        digits += ascii_is_digit(byte) ? 1 : 0;
        if (strchr(",;\r\n", byte) != NULL || (byte == '/' && digits >= PHONE_SHORTEST))
            break;
    }
    struct slice entry = slice_trimmed((struct slice){text->bytes, length});
    *text = behind(*text, length < text->length ? length + 1 : length);
    return entry;
}

static bool is_punctuation(struct slice text)
{
    size_t skipped;
    while (text.length > 0 && (skipped = punctuation(text)) > 0)
        text = behind(text, skipped);
    return text.length == 0;
}

json_t *convert_phone(struct slice text)
{
    struct slice rest = text;
    while (rest.length > 0) {
        struct slice entry = next_entry(&rest);
        struct phone phone;
        if (is_punctuation(entry))
            continue;
        return read_phone(entry, &phone) ? json_stringn(phone.text, phone.length) : string_of(text);
    }
    return json_null();
}

/* ---- countries ---- */

json_t *convert_country(struct slice text)
{
    char name[64]; /* longer than any */
    if (text.length >= sizeof name)
        return string_of(text);
    memcpy(name, text.bytes, text.length);
    name[text.length] = '\0';
    const char *code = place_country(name);
    return code != NULL ? json_stringn(code, PLACE_CODE) : string_of(text);
}
