#include "people/check.h"

#include "base/text.h"
#include "base/unicode.h"
#include "people/people.h"

/* One GET, to its end. `*json` is a new reference to the answer. */
static enum status ask(struct connection *connection, const char *path, json_t **json,
                       struct failure *failure)
{
    *json = NULL;
    struct buffer url = {.limit = 0};
    if (!buffer_printf(&url, "%s%s", connection->service, path))
        return fail_memory(failure);
    enum status status = http_start(connection->http, "GET", url.bytes, NULL, NULL, failure);
    buffer_free(&url);
    struct http_answer answer = {.json = NULL};
    while (status == STATUS_OK && !http_finished(connection->http, &answer))
        status = http_run(connection->http, NULL, 0, failure);
    if (status != STATUS_OK)
        return status;
    if (answer.code == 401 || answer.code == 403)
        status = fail(failure, STATUS_DENIED, "Action Network refused the key: %s", answer.error);
    else if (http_stopped(connection->http) == HTTP_STOP_AUTHORITIES)
        status = fail(failure, STATUS_CONFIG, "no authorities to trust: %s", answer.error);
    else if (answer.outcome != HTTP_ANSWERED)
        status =
            fail(failure, STATUS_UNAVAILABLE, "Action Network does not answer: %s", answer.error);
    else if (answer.json == NULL || answer.code > 299)
        status = fail(failure, STATUS_DATA, "Action Network said to %s: %s", path, answer.error);
    if (status == STATUS_OK)
        *json = answer.json;
    else
        json_decref(answer.json);
    return status;
}

/* Whether the answer's list has a custom field of that name, in any case. */
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

enum status people_check(struct connection *connection, const struct field_map *map,
                         json_t **unknown, struct failure *failure)
{
    *unknown = NULL;
    json_t *answer = NULL;
    enum status status = ask(connection, PEOPLE_PROBE, &answer, failure);
    json_decref(answer);
    if (status == STATUS_OK)
        status = ask(connection, "/metadata/custom_fields", &answer, failure);
    if (status != STATUS_OK)
        return status;
    const json_t *known = json_object_get(answer, "action_network:custom_fields");
    json_t *missing = json_array();
    const char *name;
    json_t *rule;
    json_t *fields = json_object_get(field_map_json(map), "custom_fields");
    if (!json_is_array(known))
        status = fail(failure, STATUS_DATA, "the list of custom fields is not as expected");
    json_object_foreach(fields, name, rule)
    {
        if (status == STATUS_OK && !is_known(known, name) &&
            json_array_append_new(missing, json_string(name)) != 0)
            status = fail_memory(failure);
    }
    json_decref(answer);
    if (status == STATUS_OK && missing != NULL)
        *unknown = missing;
    else
        json_decref(missing);
    return status;
}
