#include "people/field_map.h"

#include "base/json_text.h"
#include "base/text.h"
#include "base/unicode.h"
#include "people/person.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

enum { MAP_LIMIT = 1024 * 1024, CUSTOM_NAME_LIMIT = 255 }; /* bytes */

/* The keys of a map, in the order in which a person is written. */
static const struct {
    const char *name;
    enum field_group group;
} person_fields[] = {
    {"email", FIELD_EMAIL},         {"given_name", FIELD_PERSON}, {"family_name", FIELD_PERSON},
    {"address_lines", FIELD_LINE},  {"locality", FIELD_ADDRESS},  {"region", FIELD_ADDRESS},
    {"postal_code", FIELD_ADDRESS}, {"country", FIELD_ADDRESS},   {"custom_fields", FIELD_CUSTOM},
};

enum { PERSON_FIELDS = sizeof person_fields / sizeof person_fields[0] };

/* A map on its way in: `name` is its file's, for messages. */
struct loader {
    const char *name;
    struct field_map *map;
    struct failure *failure;
};

static enum status refuse(struct loader *loader, const char *path, const char *why)
{
    return field_refuse(loader->name, path, NULL, why, NULL, loader->failure);
}

/* Adds a field; the map has room for it. */
static enum status add_field(struct loader *loader, enum field_group group, const char *parent,
                             const char *name, const json_t *spec)
{
    struct field *field = &loader->map->fields[loader->map->count++];
    field->map = loader->map;
    field->group = group;
    return field_compile(field, loader->name, parent, name, spec, loader->failure);
}

static enum status add_lines(struct loader *loader, const json_t *lines)
{
    if (!json_is_array(lines))
        return refuse(loader, "address_lines", "must be a list, a line of the address each");
    for (size_t i = 0; i < json_array_size(lines); i++) {
        struct buffer name = {.limit = 0};
        enum status status = buffer_printf(&name, "%zu", i)
                                 ? add_field(loader, FIELD_LINE, "address_lines", name.bytes,
                                             json_array_get(lines, i))
                                 : fail_memory(loader->failure);
        buffer_free(&name);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

static enum status add_custom_fields(struct loader *loader, const json_t *fields)
{
    if (!json_is_object(fields))
        return refuse(loader, "custom_fields", "must be an object");
    const char *name;
    json_t *spec;
    json_object_foreach((json_t *)fields, name, spec)
    {
        if (is_blank(name) || strlen(name) > CUSTOM_NAME_LIMIT)
            return field_refuse(loader->name, "custom_fields", NULL,
                                "a name must have 1 to 255 bytes and not be blank, unlike", name,
                                loader->failure);
        enum status status = add_field(loader, FIELD_CUSTOM, "custom_fields", name, spec);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* Takes a list of texts, which may be missing or empty; `wanted` says what it is. */
static enum status take_list(struct loader *loader, const char *name, const json_t **list,
                             const char *wanted)
{
    *list = json_object_get(loader->map->json, name);
    if (*list == NULL ||
        (json_is_array(*list) && (json_array_size(*list) == 0 || field_is_text(*list))))
        return STATUS_OK;
    return refuse(loader, name, wanted);
}

static enum status check_names(struct loader *loader)
{
    const char *name;
    json_t *value;
    json_object_foreach(loader->map->json, name, value)
    {
        size_t i = 0;
        while (i < PERSON_FIELDS && strcmp(name, person_fields[i].name) != 0)
            i++;
        if (i < PERSON_FIELDS || strcmp(name, "add_tags") == 0 ||
            strcmp(name, "remove_tags") == 0 || strcmp(name, "empty") == 0)
            continue;
        if (strcmp(name, "phone_numbers") == 0)
            return refuse(
                loader, name,
                "not supported, because Action Network takes a number that two people share "
                "away from one of them: use a custom field");
        return refuse(loader, name,
                      "unknown field (known: email, given_name, family_name, address_lines, "
                      "locality, region, postal_code, country, custom_fields, add_tags, "
                      "remove_tags, empty)");
    }
    if (json_object_get(loader->map->json, "email") == NULL)
        return refuse(loader, "email", "missing: people are found by it");
    if (json_object_get(json_object_get(loader->map->json, "custom_fields"), FIELD_IS_MEMBER) ==
        NULL)
        return refuse(loader, FIELD_IS_MEMBER_PATH,
                      "missing: it tells members from others, such as {\"value\": \"True\"}");
    return STATUS_OK;
}

/* Makes the fields of the map's JSON. */
static enum status compile(struct loader *loader)
{
    static const char TAGS[] = "must be a list of tags' names";
    struct field_map *map = loader->map;
    if (!json_is_object(map->json))
        return fail(loader->failure, STATUS_CONFIG, "%s: not a JSON object", loader->name);
    enum status status = check_names(loader);
    if (status != STATUS_OK)
        return status;
    size_t lines = json_array_size(json_object_get(map->json, "address_lines"));
    size_t custom = json_object_size(json_object_get(map->json, "custom_fields"));
    map->fields = calloc(PERSON_FIELDS + lines + custom, sizeof *map->fields);
    if (map->fields == NULL)
        return fail_memory(loader->failure);
    for (size_t i = 0; i < PERSON_FIELDS && status == STATUS_OK; i++) {
        const json_t *spec = json_object_get(map->json, person_fields[i].name);
        if (spec == NULL)
            continue;
        if (person_fields[i].group == FIELD_LINE)
            status = add_lines(loader, spec);
        else if (person_fields[i].group == FIELD_CUSTOM)
            status = add_custom_fields(loader, spec);
        else
            status = add_field(loader, person_fields[i].group, NULL, person_fields[i].name, spec);
    }
    for (size_t i = 0; i < map->count && status == STATUS_OK; i++)
        if (map->fields[i].group == FIELD_ADDRESS && strcmp(map->fields[i].name, "country") == 0)
            map->country = &map->fields[i];
    if (status == STATUS_OK)
        status = take_list(loader, "empty", &map->empty,
                           "must be a list of texts that stand for nothing");
    if (status == STATUS_OK)
        status = take_list(loader, "add_tags", &map->add_tags, TAGS);
    if (status == STATUS_OK)
        status = take_list(loader, "remove_tags", &map->remove_tags, TAGS);
    return status;
}

static int update_digest(const char *bytes, size_t length, void *state)
{
    return XXH3_128bits_update(state, bytes, length) == XXH_OK ? 0 : -1;
}

static enum status take_digest(struct loader *loader)
{
    struct field_map *map = loader->map;
    XXH3_state_t *state = XXH3_createState();
    enum status status = STATUS_OK;
    if (state == NULL || XXH3_128bits_reset(state) != XXH_OK ||
        json_dump_callback(map->json, update_digest, state, JSON_SORT_KEYS | JSON_COMPACT) != 0) {
        status = fail_memory(loader->failure);
    } else {
        static const char digits[] = "0123456789abcdef";
        XXH128_canonical_t hash;
        XXH128_canonicalFromHash(&hash, XXH3_128bits_digest(state));
        for (size_t i = 0; i < sizeof hash.digest; i++) {
            map->digest[2 * i] = digits[hash.digest[i] >> 4];
            map->digest[2 * i + 1] = digits[hash.digest[i] & 15];
        }
    }
    (void)XXH3_freeState(state);
    return status;
}

/* ---- reading ---- */

static enum status read_file(const char *path, struct buffer *text, struct failure *failure)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    int error = file >= 0 ? buffer_read(text, file) : errno;
    if (file >= 0)
        (void)close(file);
    if (error == ENOMEM)
        return fail_memory(failure);
    if (error == EFBIG)
        return fail(failure, STATUS_CONFIG, "%s: longer than a field map may be (%d bytes)", path,
                    MAP_LIMIT);
    return error == 0 ? STATUS_OK : fail(failure, STATUS_CONFIG, "%s: %s", path, strerror(error));
}

static enum status parse(struct loader *loader, const char *text, size_t length)
{
    static const char mark[] = {'\xEF', '\xBB', '\xBF'}; /* some editors begin a file with it */
    if (length >= sizeof mark && memcmp(text, mark, sizeof mark) == 0) {
        text += sizeof mark;
        length -= sizeof mark;
    }
    json_error_t error;
    loader->map->json = json_text_load(text, length, JSON_REJECT_DUPLICATES, &error);
    if (loader->map->json != NULL)
        return STATUS_OK;
    if (json_text_no_memory(&error))
        return fail_memory(loader->failure);
    enum status status = fail(loader->failure, STATUS_CONFIG, "%.400s:%d:%d: %s", loader->name,
                              error.line, error.column, error.text);
    text_printable(loader->failure->text, sizeof loader->failure->text - 1);
    return status;
}

enum status field_map_load(const char *path, struct field_map **map, struct failure *failure)
{
    *map = NULL;
    if (path == NULL)
        path = getenv("AN_FIELD_MAP");
    if (path != NULL && path[0] == '\0')
        path = NULL;
    struct buffer text = {.limit = MAP_LIMIT};
    enum status status = STATUS_OK;
    struct loader loader = {path == NULL ? "the built-in field map" : path, NULL, failure};
    loader.map = calloc(1, sizeof *loader.map);
    if (loader.map == NULL)
        return fail_memory(failure);
    if (path != NULL)
        status = read_file(path, &text, failure);
    if (status == STATUS_OK && path == NULL)
        status = parse(&loader, field_map_builtin, strlen(field_map_builtin));
    else if (status == STATUS_OK)
        status = parse(&loader, text.bytes == NULL ? "" : text.bytes, text.length);
    if (status == STATUS_OK)
        status = compile(&loader);
    if (status == STATUS_OK)
        status = take_digest(&loader);
    buffer_free(&text);
    if (status == STATUS_OK)
        *map = loader.map;
    else
        field_map_free(loader.map);
    return status;
}

void field_map_free(struct field_map *map)
{
    if (map == NULL)
        return;
    for (size_t i = 0; i < map->count; i++)
        field_free(&map->fields[i]);
    free(map->fields);
    json_decref(map->json);
    free(map);
}

/* ---- questions ---- */

const json_t *field_map_json(const struct field_map *map)
{
    return map->json;
}

const char *field_map_digest(const struct field_map *map)
{
    return map->digest;
}

static bool has_string(const json_t *array, const json_t *string)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        if (json_equal(json_array_get(array, i), string))
            return true;
    return false;
}

json_t *field_map_columns(const struct field_map *map)
{
    json_t *all = json_array();
    for (size_t i = 0; all != NULL && i < map->count; i++) {
        const json_t *columns = map->fields[i].columns;
        for (size_t j = 0; j < json_array_size(columns); j++) {
            json_t *column = json_array_get(columns, j);
            if (has_string(all, column) || json_array_append(all, column) == 0)
                continue;
            json_decref(all);
            return NULL;
        }
    }
    return all;
}

json_t *field_map_keys(const struct field_map *map)
{
    for (size_t i = 0; i < map->count; i++)
        if (map->fields[i].group == FIELD_EMAIL && map->fields[i].columns != NULL)
            return json_copy(map->fields[i].columns);
    return json_array();
}

/* Whether the row has a column of this name, however it is spelled. */
static bool has_column(const json_t *row, const char *column)
{
    if (json_object_get(row, column) != NULL)
        return true;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)row, name, value)
    {
        const char *text = name;
        size_t length = strlen(name);
        text_trim(&text, &length);
        if (unicode_equal_n(text, length, column, strlen(column)))
            return true;
    }
    return false;
}

/* Appends "path (column)", with the first of the field's spellings, when the row has none of them.
 * False when memory runs out. */
static bool append_missing(json_t *missing, const struct field *field, const json_t *row)
{
    for (size_t i = 0; i < json_array_size(field->columns); i++)
        if (has_column(row, json_string_value(json_array_get(field->columns, i))))
            return true;
    json_t *text =
        json_sprintf("%s (%s)", field->path, json_string_value(json_array_get(field->columns, 0)));
    return json_array_append_new(missing, text) == 0;
}

json_t *field_map_missing(const struct field_map *map, const json_t *row)
{
    json_t *missing = json_array();
    for (size_t i = 0; missing != NULL && i < map->count; i++) {
        if (map->fields[i].constant != NULL || append_missing(missing, &map->fields[i], row))
            continue;
        json_decref(missing);
        return NULL;
    }
    return missing;
}
