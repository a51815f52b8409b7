#include "send/answers.h"

#include "base/clock.h"
#include "base/confine.h"
#include "base/ndjson.h"
#include "people/check.h"
#include "people/connection.h"
#include "people/group.h"
#include "people/person.h"

#include <csv.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A column's name on a line, in quotes where csv-diff would not take it for one name else. */
static void print_column(const char *name)
{
    if (name[strcspn(name, ",\"\r\n")] == '\0')
        (void)fputs(name, stdout);
    else
        (void)csv_fwrite2(stdout, name, strlen(name), '"');
    (void)putchar('\n');
}

static enum status print_columns(json_t *columns, struct failure *failure)
{
    size_t index;
    json_t *column;
    json_array_foreach(columns, index, column)
    {
        print_column(json_string_value(column));
    }
    json_decref(columns);
    return columns != NULL ? STATUS_OK : fail_memory(failure);
}

static enum status print_one(const struct field_map *map, int action, struct failure *failure)
{
    if (action == SENDER_PRINT_KEYS)
        return print_columns(field_map_keys(map), failure);
    if (action == SENDER_PRINT_COLUMNS)
        return print_columns(field_map_columns(map), failure);
    if (action == SENDER_PRINT_DIGEST) {
        (void)puts(field_map_digest(map));
        return STATUS_OK;
    }
    if (json_dumpf(field_map_json(map), stdout, JSON_INDENT(2)) != 0 && ferror(stdout) == 0)
        return fail_memory(failure);
    (void)putchar('\n');
    return STATUS_OK;
}

/* The field map itself, for people and for csv-diff: what was asked for, with an empty line
 * between. */
static enum status print(const struct sender_options *options, int actions, struct failure *failure)
{
    struct field_map *map = NULL;
    enum status status = field_map_load(options->map, &map, failure);
    for (int action = SENDER_PRINT_DIGEST; status == STATUS_OK && action <= SENDER_PRINT_MAP;
         action *= 2) {
        if ((actions & action) == 0)
            continue;
        if ((actions & (action - 1)) != 0) /* one before it was asked for, too */
            (void)putchar('\n');
        status = print_one(map, action, failure);
    }
    field_map_free(map);
    return status;
}

/* Says until when nothing can be asked, where others have taken the turns for long. */
static enum status look_at_turns(struct connection *connection, struct failure *failure)
{
    enum { SHORT = 10 }; /* seconds */
    int64_t wait;
    char until[32] = "?";
    struct tm parts;
    enum status status = pacer_next(connection->pacer, &wait, failure);
    if (status != STATUS_OK || wait <= SHORT * (int64_t)NANOSECONDS)
        return status;
    time_t when = time(NULL) + (time_t)(wait / NANOSECONDS) + 1;
    if (localtime_r(&when, &parts) != NULL)
        (void)strftime(until, sizeof until, "%H:%M:%S", &parts);
    return fail(failure, STATUS_AGAIN,
                "nothing can be asked before %s: an earlier run with a lower rate (-r) took the "
                "turns until then; the key was not tried",
                until);
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
        status = look_at_turns(&connection, failure);
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

/* What roster-dump --group wrote: one line. */
static enum status read_roster(const char *file, json_t **roster, struct failure *failure)
{
    struct ndjson_reader *reader = NULL;
    struct ndjson_line line;
    bool more = false;
    *roster = NULL;
    enum status status = ndjson_open(file, &reader, failure);
    if (status == STATUS_OK)
        status = ndjson_read(reader, &line, &more, failure);
    if (status == STATUS_OK && !more)
        status =
            fail(failure, STATUS_DATA, "%s: empty; it should be what roster-dump --group writes",
                 ndjson_name(reader));
    if (status == STATUS_OK)
        status = ndjson_parse(reader, &line, roster, failure);
    ndjson_close(reader);
    return status;
}

/* Whether the key is of the group whose roster it is; and that group, for the roster to keep. */
static enum status tell_group(const struct sender_options *options, struct failure *failure)
{
    struct connection connection = {.service = NULL};
    struct connection_settings settings = {
        .rate = options->rate, .connections = 1, .deadline = options->deadline};
    struct people_group found = {.group = NULL};
    json_t *roster;
    enum status status = read_roster(options->file, &roster, failure);
    if (status == STATUS_OK)
        status = connection_open(&settings, &connection, failure);
    (void)confine_to_network();
    if (status == STATUS_OK)
        status = people_group(&connection, roster, &found, failure);
    if (status == STATUS_OK && json_dumpf(found.group, stdout, JSON_COMPACT) == 0)
        (void)putchar('\n');
    if (status == STATUS_OK && found.had_one && !found.known && options->say != NULL)
        options->say(found.asked > 0
                         ? "another key than before, and the same group: the roster's members are "
                           "members there"
                         : "another key than before; the roster has no members, and is this "
                           "key's group's from now on");
    json_decref(found.group);
    json_decref(roster);
    connection_close(&connection);
    return status;
}

enum status sender_answer(const struct sender_options *options, int actions,
                          struct failure *failure)
{
    if ((actions & SENDER_CHECK) != 0)
        return check(options, failure);
    if ((actions & SENDER_GROUP) != 0)
        return tell_group(options, failure);
    return print(options, actions, failure);
}

void sender_answer_lines(int *actions, struct option_line lines[SENDER_ANSWER_LINES])
{
    const struct option_line made[SENDER_ANSWER_LINES] = {
        {"print-map", '\0', OPTION_BITS, actions, .value = SENDER_PRINT_MAP,
         .help = "the field map in effect"},
        {"print-columns", '\0', OPTION_BITS, actions, .value = SENDER_PRINT_COLUMNS,
         .help = "the columns that it uses, for csv-diff -c"},
        {"print-keys", '\0', OPTION_BITS, actions, .value = SENDER_PRINT_KEYS,
         .help = "those that the address is taken from, for csv-diff -k"},
        {"print-digest", '\0', OPTION_BITS, actions, .value = SENDER_PRINT_DIGEST,
         .help = "its digest"},
        {"check", '\0', OPTION_BITS, actions, .value = SENDER_CHECK,
         .help = "ask Action Network whether key and custom fields are usable"},
        {"group", '\0', OPTION_BITS, actions, .value = SENDER_GROUP,
         .help = "read what roster-dump --group writes: is the roster this key's group's?"},
        {.name = NULL},
    };
    memcpy(lines, made, sizeof made);
}
