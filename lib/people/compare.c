#include "people/compare.h"

#include "base/text.h"
#include "base/unicode.h"
#include "people/person.h"
#include "people/place.h"

#include <stdlib.h>
#include <string.h>

/* Whether two texts that are not the same say the same of a field. NULL: never. */
typedef bool same_text(const char *one, const char *other);

/* The digits of a ZIP code, "02139-1234", "02139 1234" or "021391234", without their separator:
 * five, or nine, or 0 when the text is none. */
static size_t zip_digits(const char *text, char digits[9])
{
    size_t count = 0;
    for (; *text != '\0'; text++) {
        if ((*text == '-' || *text == ' ') && count == 5)
            continue;
        if (count == 9 || !ascii_is_digit(*text))
            return 0;
        digits[count++] = *text;
    }
    return count == 5 || count == 9 ? count : 0;
}

static bool same_zip(const char *one, const char *other)
{
    char one_digits[9], other_digits[9];
    size_t one_count = zip_digits(one, one_digits), other_count = zip_digits(other, other_digits);
    size_t common = one_count < other_count ? one_count : other_count;
    return unicode_equal(one, other) ||
           (common > 0 && memcmp(one_digits, other_digits, common) == 0);
}

static bool same_region(const char *one, const char *other)
{
    return unicode_equal(one, other) || place_same_region(one, other);
}

static bool same_country(const char *one, const char *other)
{
    return unicode_equal(one, other) || place_same_country(one, other);
}

/* A value's text: its own, or its JSON. A new string; NULL when memory runs out. */
static char *text_of(const json_t *value)
{
    return json_is_string(value)
               ? strdup(json_string_value(value))
               : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
}

/* False also when memory runs out, with *failed set. */
static bool is_same(const json_t *should, const json_t *is, same_text *same, bool *failed)
{
    if (person_is_nothing(should) || person_is_nothing(is))
        return person_is_nothing(should) && person_is_nothing(is);
    bool strings = json_is_string(should) && json_is_string(is);
    if (json_equal(should, is) != 0)
        return true;
    if (strings)
        return same != NULL && same(json_string_value(should), json_string_value(is));
    char *one = text_of(should), *other = text_of(is);
    bool equal = unicode_equal(one, other);
    *failed = one == NULL || other == NULL;
    free(one);
    free(other);
    return equal;
}

/* The next element that is something, from *at on, which is set behind it. NULL at the end. */
static const json_t *next_line(const json_t *lines, size_t *at)
{
    while (*at < json_array_size(lines)) {
        const json_t *line = json_array_get(lines, (*at)++);
        if (!person_is_nothing(line))
            return line;
    }
    return NULL;
}

/* Empty lines do not count. */
static bool are_same_lines(const json_t *should, const json_t *is, bool *failed)
{
    size_t should_at = 0, is_at = 0;
    for (;;) {
        const json_t *one = next_line(should, &should_at);
        const json_t *other = next_line(is, &is_at);
        if (one == NULL && other == NULL)
            return true;
        if (!is_same(one, other, unicode_equal, failed))
            return false;
    }
}

/* The primary entry of a list, else its first one. Borrowed; NULL when there is none. */
static const json_t *primary(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        if (json_is_true(json_object_get(entry, "primary")))
            return entry;
    }
    return json_array_get(list, 0);
}

/* The value of the custom field of this name; of one whose name differs in case, when there is
 * none. */
static const json_t *custom_field(const json_t *fields, const char *wanted)
{
    const json_t *exact = json_object_get(fields, wanted);
    const char *name;
    json_t *value;
    if (exact != NULL)
        return exact;
    json_object_foreach((json_t *)fields, name, value)
    {
        if (unicode_equal(name, wanted))
            return value;
    }
    return NULL;
}

/* ---- these note what differs; false when memory runs out ---- */

/* Notes it as "parent.name", or "name" without a parent. */
static bool note(json_t *differences, const char *parent, const char *name, const json_t *is,
                 const json_t *should)
{
    struct buffer path = {.limit = 0};
    bool noted = parent == NULL ? buffer_printf(&path, "%s", name)
                                : buffer_printf(&path, "%s.%s", parent, name);
    noted =
        noted && json_object_set_new(differences, path.bytes,
                                     json_pack("{s:O?, s:O?}", "is", is, "should", should)) == 0;
    buffer_free(&path);
    return noted;
}

static bool compare_postal(json_t *differences, const json_t *should, const json_t *is)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)should, name, value)
    {
        bool failed = false;
        const json_t *other = json_object_get(is, name);
        same_text *how = strcmp(name, "postal_code") == 0 ? same_zip
                         : strcmp(name, "region") == 0    ? same_region
                         : strcmp(name, "country") == 0   ? same_country
                                                          : unicode_equal;
        bool same = strcmp(name, "address_lines") == 0 ? are_same_lines(value, other, &failed)
                                                       : is_same(value, other, how, &failed);
        if (failed || (!same && !note(differences, "postal_addresses", name, other, value)))
            return false;
    }
    return true;
}

static bool compare_custom(json_t *differences, const json_t *should, const json_t *is)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)should, name, value)
    {
        bool failed = false;
        const json_t *other = custom_field(is, name);
        bool same = is_same(value, other, NULL, &failed);
        if (failed || (!same && !note(differences, "custom_fields", name, other, value)))
            return false;
    }
    return true;
}

static bool compare_name(json_t *differences, const char *name, const json_t *should,
                         const json_t *is)
{
    const json_t *value = json_object_get(should, name);
    const json_t *other = json_object_get(is, name);
    bool failed = false;
    if (value == NULL || is_same(value, other, NULL, &failed))
        return true;
    return !failed && note(differences, NULL, name, other, value);
}

static bool compare_email(json_t *differences, const json_t *should, const json_t *is)
{
    const json_t *addresses = json_object_get(is, "email_addresses");
    const char *wanted = person_address(should);
    if (wanted == NULL || person_has_address(is, wanted))
        return true;
    return note(
        differences, NULL, "email_addresses", json_object_get(primary(addresses), "address"),
        json_object_get(json_array_get(json_object_get(should, "email_addresses"), 0), "address"));
}

static json_t *differences_of(const json_t *should, const json_t *is)
{
    json_t *differences = json_object();
    if (differences != NULL && compare_email(differences, should, is) &&
        compare_name(differences, "given_name", should, is) &&
        compare_name(differences, "family_name", should, is) &&
        compare_postal(differences, json_array_get(json_object_get(should, "postal_addresses"), 0),
                       primary(json_object_get(is, "postal_addresses"))) &&
        compare_custom(differences, json_object_get(should, "custom_fields"),
                       json_object_get(is, "custom_fields")))
        return differences;
    json_decref(differences);
    return NULL;
}

json_t *person_differences(const json_t *should, const json_t *is, bool overrides)
{
    const json_t *person = person_of(should);
    if (!overrides)
        return differences_of(person, is);
    json_t *left = json_deep_copy(person);
    json_t *taken = left == NULL ? NULL : person_respect_overrides(left, is);
    json_t *differences = taken == NULL ? NULL : differences_of(left, is);
    json_decref(taken);
    json_decref(left);
    return differences;
}
