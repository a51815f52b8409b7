#include "people/person.h"

#include "people/field_map.h"

#include <string.h>

/* A row as it is, and the values that it had before the update; NULL when there are none. */
struct rows {
    json_t *now;
    json_t *was;
};

/* Where a value comes from: the row's columns, or the map's constants where they have none. */
enum sources { COLUMNS = 1, CONSTANTS = 2, ALL = COLUMNS | CONSTANTS };

/* Whether the field had a value then. False also when memory runs out, with *failed set. */
static bool had_value(const struct field *field, const struct rows *rows, bool *failed)
{
    if (rows->was == NULL)
        return false;
    json_t *older = field_value(field, rows->now, rows->was);
    bool had = older != NULL && !json_is_null(older);
    *failed = older == NULL;
    json_decref(older);
    return had;
}

/* Sets the field in `object` to its value, or to null when it had one then and has none now. False
 * when memory runs out. */
static bool set_field(json_t *object, const struct field *field, enum sources sources,
                      const struct rows *rows)
{
    bool failed = false;
    json_t *value = (sources & COLUMNS) != 0 ? field_value(field, rows->now, NULL) : json_null();
    if (json_is_null(value) && (sources & CONSTANTS) != 0 && field->constant != NULL &&
        !json_is_string(json_object_get(object, field->name)))
        value = json_incref((json_t *)field->constant);
    if (json_is_null(value)) {
        bool emptied = (sources & COLUMNS) != 0 && strcmp(field->path, FIELD_IS_MEMBER_PATH) != 0 &&
                       had_value(field, rows, &failed);
        if (!emptied)
            return !failed;
    }
    return json_object_set_new(object, field->name, value) == 0;
}

/* Sets the fields of one group from these sources, in the map's order. */
static bool set_group(json_t *object, const struct field_map *map, enum field_group group,
                      enum sources sources, const struct rows *rows)
{
    for (size_t i = 0; i < map->count; i++)
        if (map->fields[i].group == group && !set_field(object, &map->fields[i], sources, rows))
            return false;
    return true;
}

/* The lines of the address that are not empty: a new array; NULL when memory runs out. */
static json_t *address_lines(const struct field_map *map, const json_t *row, const json_t *older)
{
    json_t *lines = json_array();
    for (size_t i = 0; lines != NULL && i < map->count; i++) {
        if (map->fields[i].group != FIELD_LINE)
            continue;
        json_t *line = field_value(&map->fields[i], row, older);
        if (json_is_null(line) || json_array_append_new(lines, line) == 0)
            continue;
        json_decref(lines);
        return NULL;
    }
    return lines;
}

static bool set_address_lines(json_t *address, const struct field_map *map, const struct rows *rows)
{
    bool emptied = false;
    json_t *lines = address_lines(map, rows->now, NULL);
    if (lines == NULL)
        return false;
    if (json_array_size(lines) > 0)
        return json_object_set_new(address, "address_lines", lines) == 0;
    json_decref(lines);
    if (rows->was != NULL) {
        json_t *older = address_lines(map, rows->now, rows->was);
        if (older == NULL)
            return false;
        emptied = json_array_size(older) > 0;
        json_decref(older);
    }
    return !emptied || json_object_set_new(address, "address_lines", json_null()) == 0;
}

static bool has_value(const json_t *object)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value)
    {
        if (!json_is_null(value))
            return true;
    }
    return false;
}

/* Sets nothing when there is nothing to say. A country alone is no address, so constants stand
 * only beside other parts. */
static bool set_address(json_t *person, const struct field_map *map, const struct rows *rows)
{
    json_t *address = json_object();
    bool done = address != NULL && set_address_lines(address, map, rows) &&
                set_group(address, map, FIELD_ADDRESS, COLUMNS, rows);
    if (done && has_value(address))
        done = set_group(address, map, FIELD_ADDRESS, CONSTANTS, rows);
    if (done && json_object_size(address) > 0)
        done = json_object_set_new(person, "postal_addresses", json_pack("[O]", address)) == 0;
    json_decref(address);
    return done;
}

static bool set_custom_fields(json_t *person, const struct field_map *map, const struct rows *rows)
{
    json_t *fields = json_object();
    bool done = fields != NULL && set_group(fields, map, FIELD_CUSTOM, ALL, rows);
    if (done && json_object_size(fields) > 0)
        done = json_object_set(person, "custom_fields", fields) == 0;
    json_decref(fields);
    return done;
}

static json_t *email_addresses(json_t *address)
{
    return json_pack("[{s:O}]", "address", address);
}

static bool set_tags(json_t *body, const char *key, const json_t *tags)
{
    return json_array_size(tags) == 0 ||
           json_object_set_new(body, key, json_copy((json_t *)tags)) == 0;
}

static json_t *make_body(const struct field_map *map, json_t *address, const struct rows *rows)
{
    json_t *body = json_object();
    json_t *person = json_object();
    bool done = body != NULL && person != NULL && json_object_set(body, "person", person) == 0 &&
                json_object_set_new(person, "email_addresses", email_addresses(address)) == 0 &&
                set_group(person, map, FIELD_PERSON, ALL, rows) && set_address(person, map, rows) &&
                set_custom_fields(person, map, rows) && set_tags(body, "add_tags", map->add_tags) &&
                set_tags(body, "remove_tags", map->remove_tags);
    json_decref(person);
    if (done)
        return body;
    json_decref(body);
    return NULL;
}

enum status person_from_row(const struct field_map *map, const json_t *row, const json_t *was,
                            json_t **body, struct failure *failure)
{
    *body = NULL;
    struct rows rows = {NULL, NULL};
    json_t *address = NULL;
    enum status status = field_row(row, &rows.now, failure);
    if (status == STATUS_OK && json_object_size(was) > 0)
        status = field_row(was, &rows.was, failure);
    if (status != STATUS_OK)
        goto done;
    address = field_value(&map->fields[0], rows.now, NULL);
    if (address == NULL)
        status = fail_memory(failure);
    else if (json_is_null(address))
        status = fail(failure, STATUS_DATA, "the row has no email address");
    else if (strlen(json_string_value(address)) != json_string_length(address))
        status = fail(failure, STATUS_DATA, "the row's email address holds a NUL");
    else if ((*body = make_body(map, address, &rows)) == NULL)
        status = fail_memory(failure);
done:
    json_decref(address);
    json_decref(rows.was);
    json_decref(rows.now);
    return status;
}

enum status person_older_address(const struct field_map *map, const json_t *row, const json_t *was,
                                 char **address, struct failure *failure)
{
    *address = NULL;
    struct rows rows = {NULL, NULL};
    json_t *value = NULL;
    enum status status = field_row(was, &rows.was, failure);
    if (status != STATUS_OK || !field_is_in(&map->fields[0], rows.was))
        goto done;
    if ((status = field_row(row, &rows.now, failure)) != STATUS_OK)
        goto done;
    value = field_value(&map->fields[0], rows.now, rows.was);
    if (!json_is_null(value) &&
        (value == NULL || (*address = strdup(json_string_value(value))) == NULL))
        status = fail_memory(failure);
done:
    json_decref(value);
    json_decref(rows.was);
    json_decref(rows.now);
    return status;
}

json_t *person_lapsed(const char *email)
{
    return json_pack("{s:{s:[{s:s}],s:{s:s}}}", "person", "email_addresses", "address", email,
                     "custom_fields", FIELD_IS_MEMBER, "False");
}
