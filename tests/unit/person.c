/*
 * The field map and the persons made by it, for tests/person.bats.
 * usage: test-person COMMAND [MAP] <RECORDS
 * Reads one JSON object a line and writes one JSON value for each; MAP as field_map_load takes it.
 */
#include "people/person.h"
#include "base/cli.h"
#include "base/ndjson.h"
#include "people/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- allocations that fail when they are told to ---- */

/* The linker sends the library's calls here (--wrap), and jansson is told to come here, so these
 * are the one thing that has to be in file scope. */
static struct {
    long until_failure; /* allocations that succeed before one fails; negative: none fails */
    long live;          /* allocations that were not freed */
    bool failed;
} memory = {-1, 0, false};

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void __real_free(void *bytes);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *bytes);

static bool fails_now(void)
{
    if (memory.until_failure < 0 || memory.until_failure-- > 0)
        return false;
    memory.failed = true;
    return true;
}

static void *counted(void *bytes)
{
    if (bytes != NULL)
        memory.live++;
    return bytes;
}

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size)
{
    if (fails_now())
        return NULL;
    return old == NULL ? counted(__real_realloc(old, size)) : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return fails_now() ? NULL : counted(__real_strdup(text));
}

void __wrap_free(void *bytes)
{
    if (bytes != NULL)
        memory.live--;
    __real_free(bytes);
}

/* ---- commands: a new reference, or NULL with `failure` filled ---- */

static json_t *out_of_memory(struct failure *failure)
{
    (void)fail_memory(failure);
    return NULL;
}

static json_t *body_of(const struct field_map *map, const json_t *record, enum status *status,
                       struct failure *failure)
{
    json_t *body = NULL;
    *status = person_from_row(map, json_object_get(record, "row"), json_object_get(record, "was"),
                              &body, failure);
    return body;
}

static json_t *id_of(const json_t *record)
{
    const char *id = person_id(json_object_get(record, "resource"));
    return id == NULL ? json_null() : json_string(id);
}

static json_t *overrides(const json_t *record)
{
    json_t *body = json_deep_copy(json_object_get(record, "body"));
    json_t *taken = person_respect_overrides(body, json_object_get(record, "existing"));
    json_t *answer = json_pack("{s:o,s:o}", "taken", taken, "body", body);
    return answer;
}

/* Everything that the library does with the record, from loading the map on. */
static enum status everything(const char *path, json_t *record, struct failure *failure)
{
    struct field_map *map = NULL;
    json_t *body = NULL, *columns = NULL, *missing = NULL, *differences = NULL, *taken = NULL;
    json_t *lapsed = NULL;
    enum status status = field_map_load(path, &map, failure);
    if (status != STATUS_OK)
        return status;
    const json_t *row = json_object_get(record, "row");
    status = person_from_row(map, row, json_object_get(record, "was"), &body, failure);
    if (status != STATUS_OK)
        goto done;
    const json_t *answer = json_object_get(record, "answer");
    if ((columns = field_map_columns(map)) == NULL ||
        (missing = field_map_missing(map, row)) == NULL ||
        (differences = person_differences(body, answer, true)) == NULL ||
        (taken = person_respect_overrides(body, answer)) == NULL ||
        (lapsed = person_lapsed("rosa@example.org")) == NULL)
        status = fail_memory(failure);
done:
    json_decref(lapsed);
    json_decref(taken);
    json_decref(differences);
    json_decref(missing);
    json_decref(columns);
    json_decref(body);
    field_map_free(map);
    return status;
}

/* Lets each allocation of everything() fail in turn, until none is left to fail. Every time it must
 * say that memory ran out, and leave nothing behind. */
static json_t *torture(const char *path, json_t *record, struct failure *failure)
{
    for (long turn = 0;; turn++) {
        long live = memory.live;
        memory.failed = false;
        memory.until_failure = turn;
        enum status status = everything(path, record, failure);
        bool injected = memory.failed;
        memory.until_failure = -1;
        if (memory.live != live) {
            (void)fail(failure, STATUS_DATA, "allocation %ld: %ld left behind", turn,
                       memory.live - live);
            return NULL;
        }
        if (!injected)
            return status == STATUS_OK ? json_pack("{s:I}", "allocations", (json_int_t)turn) : NULL;
        if (status != STATUS_IO) {
            struct failure said = *failure;
            (void)fail(failure, STATUS_DATA, "allocation %ld: status %d: %.500s", turn, (int)status,
                       said.text);
            return NULL;
        }
    }
}

static json_t *answer(const char *command, const char *path, const struct field_map *map,
                      json_t *record, enum status *status, struct failure *failure)
{
    json_t *value = NULL;
    if (strcmp(command, "body") == 0)
        return body_of(map, record, status, failure);
    if (strcmp(command, "torture") == 0) {
        value = torture(path, record, failure);
        *status = value == NULL ? STATUS_DATA : STATUS_OK;
        return value;
    }
    if (strcmp(command, "map") == 0)
        value = json_pack("{s:s,s:o,s:O}", "digest", field_map_digest(map), "columns",
                          field_map_columns(map), "map", field_map_json(map));
    else if (strcmp(command, "missing") == 0)
        value = field_map_missing(map, json_object_get(record, "row"));
    else if (strcmp(command, "differences") == 0)
        value =
            person_differences(json_object_get(record, "body"), json_object_get(record, "answer"),
                               json_is_true(json_object_get(record, "overrides")));
    else if (strcmp(command, "overrides") == 0)
        value = overrides(record);
    else if (strcmp(command, "id") == 0)
        value = id_of(record);
    else if (strcmp(command, "lapsed") == 0)
        value = person_lapsed(ndjson_string(record, "email"));
    else if (strcmp(command, "address") == 0)
        value = json_pack("[s?]", person_address(json_object_get(record, "body")));
    *status = value == NULL ? STATUS_IO : STATUS_OK;
    return value == NULL ? out_of_memory(failure) : value;
}

static enum status each_line(const char *command, const char *path, const struct field_map *map,
                             struct ndjson_reader *reader, struct failure *failure)
{
    for (;;) {
        struct ndjson_line line;
        bool more;
        json_t *record = NULL;
        enum status status = ndjson_read(reader, &line, &more, failure);
        if (status != STATUS_OK || !more)
            return status;
        status = ndjson_parse(reader, &line, &record, failure);
        json_t *value =
            status == STATUS_OK ? answer(command, path, map, record, &status, failure) : NULL;
        if (status == STATUS_OK) {
            char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
            status = text == NULL ? fail_memory(failure)
                                  : ndjson_write(STDOUT_FILENO, text, strlen(text), failure);
            free(text);
        }
        json_decref(value);
        json_decref(record);
        if (status != STATUS_OK)
            return status;
    }
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        cli_warn("test-person", "usage: test-person COMMAND [MAP] <RECORDS");
        return STATUS_USAGE;
    }
    json_set_alloc_funcs(__wrap_malloc, __wrap_free);
    struct failure failure = {""};
    struct field_map *map = NULL;
    struct ndjson_reader *reader = NULL;
    enum status status = field_map_load(argv[2], &map, &failure);
    if (status == STATUS_OK)
        status = ndjson_open(NULL, &reader, &failure);
    if (status == STATUS_OK)
        status = each_line(argv[1], argv[2], map, reader, &failure);
    ndjson_close(reader);
    field_map_free(map);
    if (status != STATUS_OK)
        cli_warn("test-person", "%s", failure.text);
    else if (memory.live != 0)
        cli_warn("test-person", "%ld allocations left behind", memory.live);
    return status == STATUS_OK && memory.live != 0 ? STATUS_SOME_FAILED : (int)status;
}
