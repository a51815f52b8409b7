#include "people/field_map.h"

#include "base/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Part of a string: not terminated by a NUL. */
struct slice {
    const char *bytes;
    size_t length;
};

static const char blanks[] = {' ', '\t', '\r', '\n'};

static bool is_one_of(char byte, const char *set, size_t size)
{
    return memchr(set, byte, size) != NULL;
}

static struct slice trimmed(struct slice text)
{
    while (text.length > 0 && is_one_of(text.bytes[0], blanks, sizeof blanks)) {
        text.bytes++;
        text.length--;
    }
    while (text.length > 0 && is_one_of(text.bytes[text.length - 1], blanks, sizeof blanks))
        text.length--;
    return text;
}

static struct slice trimmed_string(const json_t *string)
{
    return trimmed((struct slice){json_string_value(string), json_string_length(string)});
}

/* ---- rows ---- */

static bool is_normalized(const char *name)
{
    struct slice text = {name, strlen(name)};
    if (trimmed(text).length != text.length)
        return false;
    for (; *name != '\0'; name++)
        if (ascii_lower(*name) != *name)
            return false;
    return true;
}

/* Whether the row is already as csv-diff writes it, so that nothing needs to be copied. */
static bool is_plain(const json_t *row)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)row, name, value)
    {
        if (!json_is_string(value) || !is_normalized(name))
            return false;
    }
    return true;
}

/* The value as a string: a new reference; NULL when memory runs out. */
static json_t *plain_value(const json_t *value)
{
    if (json_is_string(value))
        return json_incref((json_t *)value);
    if (json_is_boolean(value))
        return json_string(json_is_true(value) ? "True" : "False");
    if (!json_is_number(value))
        return json_string("");
    char text[64]; /* the longest number is a double of 17 digits with sign, point and exponent */
    size_t length = json_dumpb(value, text, sizeof text, JSON_ENCODE_ANY);
    return length > 0 && length <= sizeof text ? json_stringn(text, length) : NULL;
}

/* Copies the columns of `row` into `plain`. */
static enum status copy_columns(json_t *plain, const json_t *row, struct failure *failure)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)row, name, value)
    {
        if (json_is_array(value) || json_is_object(value))
            return fail(failure, STATUS_DATA, "the row's column \"%.200s\" is not a string", name);
        char *normalized = text_normalized(name);
        int error =
            normalized == NULL ? -1 : json_object_set_new(plain, normalized, plain_value(value));
        free(normalized);
        if (error != 0)
            return fail_memory(failure);
    }
    return STATUS_OK;
}

enum status field_row(const json_t *row, const json_t *older, json_t **plain,
                      struct failure *failure)
{
    *plain = NULL;
    if (!json_is_object(row))
        return fail(failure, STATUS_DATA, "the record has no row");
    if (json_object_size(older) == 0 && is_plain(row)) {
        *plain = json_incref((json_t *)row);
        return STATUS_OK;
    }
    json_t *made = json_object();
    if (made == NULL)
        return fail_memory(failure);
    enum status status = copy_columns(made, row, failure);
    if (status == STATUS_OK && json_is_object(older))
        status = copy_columns(made, older, failure);
    if (status == STATUS_OK)
        *plain = json_incref(made);
    json_decref(made);
    return status;
}

/* ---- values ---- */

/* The first column that holds something. `*exists` tells whether the row has any of them. */
static struct slice first_value(const json_t *columns, const json_t *row, bool *exists)
{
    *exists = false;
    for (size_t i = 0; i < json_array_size(columns); i++) {
        const char *column = json_string_value(json_array_get(columns, i));
        const json_t *value = json_object_get(row, column);
        if (value == NULL)
            continue;
        *exists = true;
        struct slice text = trimmed_string(value);
        if (text.length > 0)
            return text;
    }
    return (struct slice){"", 0};
}

static bool equals(struct slice text, const json_t *wanted)
{
    struct slice other = trimmed_string(wanted);
    if (text.length != other.length)
        return false;
    for (size_t i = 0; i < text.length; i++)
        if (ascii_lower(text.bytes[i]) != ascii_lower(other.bytes[i]))
            return false;
    return true;
}

static bool is_among(struct slice text, const json_t *wanted)
{
    if (json_is_string(wanted))
        return equals(text, wanted);
    for (size_t i = 0; i < json_array_size(wanted); i++)
        if (equals(text, json_array_get(wanted, i)))
            return true;
    return false;
}

static size_t leading_digits(struct slice text)
{
    size_t count = 0;
    while (count < text.length && text.bytes[count] >= '0' && text.bytes[count] <= '9')
        count++;
    return count;
}

/* A spreadsheet takes a ZIP code for a number and drops its leading zeros: 2139, or 2139-1234. */
static json_t *as_zip(struct slice text)
{
    enum { ZIP = 5, PLUS_FOUR = 5 }; /* digits; a dash and four digits */
    size_t digits = leading_digits(text);
    struct slice rest = {text.bytes + digits, text.length - digits};
    bool plus_four = rest.length == PLUS_FOUR && rest.bytes[0] == '-' &&
                     leading_digits((struct slice){rest.bytes + 1, rest.length - 1}) == 4;
    if (digits == 0 || digits >= ZIP || (rest.length > 0 && !plus_four))
        return json_stringn(text.bytes, text.length);
    char zip[ZIP + PLUS_FOUR] = "00000";
    memcpy(zip + (ZIP - digits), text.bytes, text.length);
    return json_stringn(zip, ZIP + rest.length);
}

/* The first number of a list that holds anything. */
static json_t *as_phone(struct slice text)
{
    static const char ignored[] = {' ', '\t', '\r', '\n', '-', '.', '(', ')', '[', ']'};
    struct buffer number = {.limit = 0};
    json_t *phone = NULL;
    for (size_t i = 0; i < text.length; i++) {
        char byte = text.bytes[i];
        if ((byte == ',' || byte == ';') && number.length > 0)
            break;
        if (byte == ',' || byte == ';' || is_one_of(byte, ignored, sizeof ignored))
            continue;
        if (!buffer_append(&number, &byte, 1))
            goto done;
    }
    phone = number.length == 0 ? json_null() : json_stringn(number.bytes, number.length);
done:
    buffer_free(&number);
    return phone;
}

json_t *field_value(const struct field *field, const json_t *row)
{
    if (field->constant != NULL)
        return json_incref((json_t *)field->constant);
    bool exists;
    struct slice text = first_value(field->columns, row, &exists);
    if (field->is != NULL)
        return exists ? json_string(is_among(text, field->is) ? "True" : "False") : json_null();
    if (text.length == 0)
        return json_null();
    switch (field->conversion) {
    case FIELD_AS_ZIP:
        return as_zip(text);
    case FIELD_AS_PHONE:
        return as_phone(text);
    case FIELD_AS_IT_IS:
        break;
    }
    return json_stringn(text.bytes, text.length);
}
