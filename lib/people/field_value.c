#include "people/field_map.h"

#include "base/cell.h"
#include "base/json_text.h"
#include "base/text.h"
#include "people/convert.h"
#include "people/place.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static struct slice trimmed_string(const json_t *string)
{
    return slice_trimmed((struct slice){json_string_value(string), json_string_length(string)});
}

/* ---- rows ---- */

static bool is_normalized(const char *name)
{
    struct slice text = {name, strlen(name)};
    if (slice_trimmed(text).length != text.length)
        return false;
    for (; *name != '\0'; name++)
        if (ascii_lower(*name) != *name || (*name & 0x80) != 0)
            return false; /* or perhaps not, beyond ASCII */
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
        int error = normalized == NULL
                        ? -1
                        : json_object_set_new(plain, normalized, json_text_plain(value));
        free(normalized);
        if (error != 0)
            return fail_memory(failure);
    }
    return STATUS_OK;
}

enum status field_row(const json_t *row, json_t **plain, struct failure *failure)
{
    *plain = NULL;
    if (!json_is_object(row))
        return fail(failure, STATUS_DATA, "the record has no row");
    if (is_plain(row)) {
        *plain = json_incref((json_t *)row);
        return STATUS_OK;
    }
    json_t *made = json_object();
    if (made == NULL)
        return fail_memory(failure);
    enum status status = copy_columns(made, row, failure);
    if (status == STATUS_OK)
        *plain = json_incref(made);
    json_decref(made);
    return status;
}

/* ---- values ---- */

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

static bool is_empty(const struct field *field, struct slice text)
{
    const json_t *texts = field->map->empty;
    if (text.length == 0 || (field->is != NULL && is_among(text, field->is)))
        return text.length == 0;
    if (texts == NULL)
        return cell_is_nothing(text.bytes, text.length);
    for (size_t i = 0; i < json_array_size(texts); i++) {
        struct slice empty = trimmed_string(json_array_get(texts, i));
        if (text.length == empty.length && memcmp(text.bytes, empty.bytes, text.length) == 0)
            return true;
    }
    return false;
}

/* The column in the older values where they have it, or else in the row; NULL in neither. */
static const json_t *column_value(const json_t *row, const json_t *older, const char *column)
{
    const json_t *value = json_object_get(older, column);
    return value != NULL ? value : json_object_get(row, column);
}

/* The first column that holds something. `*exists` tells whether the row has any of them. */
static struct slice first_value(const struct field *field, const json_t *row, const json_t *older,
                                bool *exists)
{
    *exists = false;
    for (size_t i = 0; i < json_array_size(field->columns); i++) {
        const char *column = json_string_value(json_array_get(field->columns, i));
        const json_t *value = column_value(row, older, column);
        if (value == NULL)
            continue;
        *exists = true;
        struct slice text = trimmed_string(value);
        cell_take_formula(&text.bytes, &text.length);
        if (!is_empty(field, text))
            return text;
    }
    return (struct slice){"", 0};
}

/* Whether the row's postal code is of the United States, or may be: those of other countries may
 * have four digits. *made is false when memory runs out. */
static bool has_zip(const struct field_map *map, const json_t *row, const json_t *older, bool *made)
{
    *made = true;
    if (map->country == NULL)
        return true;
    json_t *country = field_value(map->country, row, older);
    json_t *code = NULL;
    if (json_is_null(country) && map->country->constant != NULL) {
        json_decref(country);
        country = json_incref((json_t *)map->country->constant);
    }
    if (json_is_string(country))
        code = convert_country(trimmed_string(country));
    *made = country != NULL && (code != NULL || json_is_null(country));
    bool zip = code == NULL || place_has_zip(json_string_value(code));
    json_decref(code);
    json_decref(country);
    return zip;
}

bool field_is_in(const struct field *field, const json_t *row)
{
    bool is_in = false;
    for (size_t i = 0; i < json_array_size(field->columns) && !is_in; i++)
        is_in = json_object_get(row, json_string_value(json_array_get(field->columns, i))) != NULL;
    return is_in;
}

json_t *field_value(const struct field *field, const json_t *row, const json_t *older)
{
    bool exists, made;
    struct slice text = first_value(field, row, older, &exists);
    if (field->is != NULL)
        return exists ? json_string(is_among(text, field->is) ? "True" : "False") : json_null();
    if (text.length == 0)
        return json_null();
    switch (field->conversion) {
    case FIELD_AS_ZIP: {
        bool padded = has_zip(field->map, row, older, &made);
        return made ? convert_zip(text, padded) : NULL;
    }
    case FIELD_AS_PHONE:
        return convert_phone(text);
    case FIELD_AS_COUNTRY:
        return convert_country(text);
    case FIELD_AS_IT_IS:
        break;
    }
    return json_stringn(text.bytes, text.length);
}
