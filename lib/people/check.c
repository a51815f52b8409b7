#include "people/check.h"

#include "base/text.h"
#include "base/unicode.h"
#include "people/ask.h"
#include "people/people.h"

/* What is asked, one behind the other: a page of people proves the key. */
enum { PEOPLE, FIELDS, QUESTIONS };
static const char *const PATHS[QUESTIONS] = {PEOPLE_PROBE, "/metadata/custom_fields"};

struct checking {
    const struct connection *connection;
    size_t asked;
    json_t *fields; /* those that the group knows; NULL before they are told */
};

static enum status next(void *context, char **url, uintptr_t *number, struct failure *failure)
{
    struct checking *checking = context;
    struct buffer made = {.limit = 0};
    *url = NULL;
    if (checking->asked == QUESTIONS)
        return STATUS_OK;
    *number = checking->asked++;
    if (!buffer_printf(&made, "%s%s", checking->connection->service, PATHS[*number])) {
        buffer_free(&made);
        return fail_memory(failure);
    }
    *url = made.bytes;
    return STATUS_OK;
}

static enum status answered(void *context, uintptr_t number, const struct http_answer *answer,
                            struct failure *failure)
{
    struct checking *checking = context;
    if (answer->json == NULL || answer->code > 299)
        return fail(failure, STATUS_DATA, "Action Network said to %s: %s", PATHS[number],
                    answer->error);
    if (number == FIELDS)
        checking->fields =
            json_incref(json_object_get(answer->json, "action_network:custom_fields"));
    return STATUS_OK;
}

/* Whether the list has a custom field of that name, in any case. */
static bool is_known(const json_t *fields, const char *name)
{
    size_t index;
    const json_t *field;
    json_array_foreach(fields, index, field)
    {
        if (unicode_equal(json_string_value(json_object_get(field, "name")), name))
            return true;
    }
    return false;
}

/* The names of the map's custom fields that are not among the group's `fields`: a new array, NULL
 * without memory. */
static json_t *list_unknown(const struct field_map *map, const json_t *fields)
{
    json_t *mapped = json_object_get(field_map_json(map), "custom_fields");
    json_t *unknown = json_array();
    const char *name;
    json_t *rule;
    json_object_foreach(mapped, name, rule)
    {
        if (!is_known(fields, name) && json_array_append_new(unknown, json_string(name)) != 0) {
            json_decref(unknown);
            return NULL;
        }
    }
    return unknown;
}

enum status people_check(struct connection *connection, const struct field_map *map,
                         json_t **unknown, struct failure *failure)
{
    struct checking checking = {.connection = connection};
    const struct people_questions questions = {next, answered, &checking};
    *unknown = NULL;
    enum status status = people_ask(connection, 1, &questions, failure);
    if (status == STATUS_OK && !json_is_array(checking.fields))
        status = fail(failure, STATUS_DATA, "the list of custom fields is not as expected");
    else if (status == STATUS_OK && (*unknown = list_unknown(map, checking.fields)) == NULL)
        status = fail_memory(failure);
    json_decref(checking.fields);
    return status;
}
