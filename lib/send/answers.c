#include "send/answers.h"

#include "base/confine.h"
#include "people/check.h"
#include "people/connection.h"
#include "people/person.h"

#include <csv.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* A column's name on a line, in quotes where csv-diff -c would not take it for one name else. */
static void print_column(const char *name)
{
    if (name[strcspn(name, ",\"\r\n")] == '\0')
        (void)fputs(name, stdout);
    else
        (void)csv_fwrite2(stdout, name, strlen(name), '"');
    (void)putchar('\n');
}

/* The field map itself, for people and for csv-diff -c. */
static enum status print(const struct sender_options *options, enum sender_action action,
                         struct failure *failure)
{
    struct field_map *map = NULL;
    json_t *columns = NULL;
    size_t index;
    json_t *column;
    enum status status = field_map_load(options->map, &map, failure);
    if (status == STATUS_OK && action == SENDER_PRINT_MAP) {
        if (json_dumpf(field_map_json(map), stdout, JSON_INDENT(2)) != 0 && ferror(stdout) == 0)
            status = fail_memory(failure);
        (void)putchar('\n');
    } else if (status == STATUS_OK && action == SENDER_PRINT_DIGEST) {
        (void)puts(field_map_digest(map));
    } else if (status == STATUS_OK && (columns = field_map_columns(map)) == NULL) {
        status = fail_memory(failure);
    }
    json_array_foreach(columns, index, column)
    {
        print_column(json_string_value(column));
    }
    json_decref(columns);
    field_map_free(map);
    return status;
}

/* Whether the key and the group's custom fields are as the map needs them. */
static enum status check(const struct sender_options *options, struct failure *failure)
{
    struct connection connection = {.service = NULL};
    struct connection_settings settings = {.rate = options->rate, .connections = 1};
    struct field_map *map = NULL;
    json_t *unknown = NULL;
    size_t index;
    json_t *name;
    enum status status = field_map_load(options->map, &map, failure);
    if (status == STATUS_OK)
        status = connection_open(&settings, &connection, failure);
    (void)confine_to_network();
    if (status == STATUS_OK)
        status = people_check(&connection, map, &unknown, failure);
    if (status == STATUS_OK)
        (void)puts("the key is accepted");
    json_array_foreach(unknown, index, name)
    {
        (void)printf("the group has no custom field \"%s\"\n", json_string_value(name));
    }
    if (status == STATUS_OK && json_array_size(unknown) > 0)
        status = fail(failure, STATUS_SOME_FAILED,
                      "create the missing custom fields in Action Network, or take them out of the "
                      "field map");
    json_decref(unknown);
    connection_close(&connection);
    field_map_free(map);
    return status;
}

enum status sender_answer(const struct sender_options *options, enum sender_action action,
                          struct failure *failure)
{
    return action == SENDER_CHECK ? check(options, failure) : print(options, action, failure);
}
