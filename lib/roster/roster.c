#include "roster/roster.h"

#include "base/state_directory.h"
#include "base/text.h"
#include "roster/row.h"

#include <stdlib.h>
#include <string.h>

struct roster {
    const struct roster_backend *backend;
    enum roster_mode mode;
    void *handle;
};

static const struct roster_backend *const BACKENDS[] = {&roster_sqlite, &roster_dynamodb};
enum { BACKEND_COUNT = sizeof BACKENDS / sizeof BACKENDS[0] };

/* The backend of a store and, behind its colon, the store's name there. NULL when there is none. */
static const struct roster_backend *find_backend(const char *store, const char **name)
{
    for (size_t i = 0; i < BACKEND_COUNT; i++) {
        size_t length = strlen(BACKENDS[i]->scheme);
        if (strncmp(store, BACKENDS[i]->scheme, length) == 0 && store[length] == ':' &&
            store[length + 1] != '\0') {
            *name = store + length + 1;
            return BACKENDS[i];
        }
    }
    return NULL;
}

static enum status fail_name(const char *store, struct failure *failure)
{
    struct buffer forms = {.limit = 200};
    for (size_t i = 0; i < BACKEND_COUNT; i++)
        if (!buffer_printf(&forms, "%s%s", i > 0 ? " or " : "", BACKENDS[i]->form))
            break;
    enum status status = fail(failure, STATUS_CONFIG, "\"%.300s\" names no roster; write %s", store,
                              forms.bytes != NULL ? forms.bytes : "");
    buffer_free(&forms);
    return status;
}

/* The store that is meant without a name, as a new string. */
static enum status default_store(char **store, struct failure *failure)
{
    const char *named = getenv("AN_ROSTER");
    if (named != NULL && named[0] != '\0') {
        *store = strdup(named);
        return *store != NULL ? STATUS_OK : fail_memory(failure);
    }
    *store = NULL;
    char *directory = state_directory();
    if (directory == NULL)
        return fail(failure, STATUS_CONFIG,
                    "where is the roster? Neither AN_ROSTER nor AN_STATE nor HOME is set");
    struct buffer made = {.limit = 0};
    if (buffer_printf(&made, "sqlite:%s/roster.sqlite", directory))
        *store = made.bytes;
    free(directory);
    return *store != NULL ? STATUS_OK : fail_memory(failure);
}

static enum status open_named(const char *store, enum roster_mode mode, struct roster **roster,
                              struct failure *failure)
{
    const char *name;
    const struct roster_backend *backend = find_backend(store, &name);
    if (backend == NULL)
        return fail_name(store, failure);
    struct roster *made = calloc(1, sizeof *made);
    if (made == NULL)
        return fail_memory(failure);
    made->backend = backend;
    made->mode = mode;
    enum status status = backend->open(name, mode, &made->handle, failure);
    if (status == STATUS_OK)
        *roster = made;
    else
        free(made);
    return status;
}

enum status roster_open(const char *store, enum roster_mode mode, struct roster **roster,
                        struct failure *failure)
{
    *roster = NULL;
    if (store != NULL)
        return open_named(store, mode, roster, failure);
    char *found = NULL;
    enum status status = default_store(&found, failure);
    if (found != NULL)
        status = open_named(found, mode, roster, failure);
    free(found);
    return status;
}

void roster_confine(const struct roster *roster)
{
    roster->backend->confine(roster->handle);
}

void roster_close(struct roster *roster)
{
    if (roster == NULL)
        return;
    roster->backend->close(roster->handle);
    free(roster);
}

/* Whether it may be changed. */
static enum status check_writable(const struct roster *roster, struct failure *failure)
{
    if (roster->mode == ROSTER_WRITE)
        return STATUS_OK;
    return fail(failure, STATUS_IO, "the roster was opened for reading");
}

enum status roster_put(struct roster *roster, const struct roster_member *member,
                       struct failure *failure)
{
    enum status status = check_writable(roster, failure);
    return status != STATUS_OK ? status : roster->backend->put(roster->handle, member, failure);
}

enum status roster_remove(struct roster *roster, const char *email, struct failure *failure)
{
    enum status status = check_writable(roster, failure);
    return status != STATUS_OK ? status : roster->backend->remove(roster->handle, email, failure);
}

enum status roster_add_run(struct roster *roster, const json_t *run, struct failure *failure)
{
    enum status status = check_writable(roster, failure);
    return status != STATUS_OK ? status : roster->backend->add_run(roster->handle, run, failure);
}

enum status roster_commit(struct roster *roster, struct failure *failure)
{
    enum status status = check_writable(roster, failure);
    return status != STATUS_OK ? status : roster->backend->commit(roster->handle, failure);
}

/* Whether it has a lock. */
static enum status check_lockable(const struct roster *roster, struct failure *failure)
{
    if (roster->backend->lock == NULL)
        return fail(failure, STATUS_CONFIG,
                    "a roster of the kind %s has no run lock; flock(1) does that on one machine",
                    roster->backend->form);
    return check_writable(roster, failure);
}

enum status roster_lock(struct roster *roster, const char *owner, unsigned seconds,
                        struct failure *failure)
{
    enum status status = check_lockable(roster, failure);
    return status != STATUS_OK ? status
                               : roster->backend->lock(roster->handle, owner, seconds, failure);
}

enum status roster_unlock(struct roster *roster, const char *owner, struct failure *failure)
{
    enum status status = check_lockable(roster, failure);
    return status != STATUS_OK ? status : roster->backend->unlock(roster->handle, owner, failure);
}

/* Adds the names of a header that are not known yet. */
static enum status add_columns(json_t *columns, json_t *known, const json_t *header,
                               struct failure *failure)
{
    size_t index;
    json_t *name;
    json_t *names = row_fields(json_string_value(header), json_string_length(header));
    if (names == NULL)
        return fail(failure, STATUS_IO, "the roster is damaged: a header is no line of CSV");
    enum status status = STATUS_OK;
    json_array_foreach(names, index, name)
    {
        const char *text = json_string_value(name);
        if (json_object_get(known, text) == NULL &&
            (json_array_append(columns, name) != 0 ||
             json_object_set_new(known, text, json_true()) != 0))
            status = fail_memory(failure);
    }
    json_decref(names);
    return status;
}

enum status roster_columns(struct roster *roster, json_t **columns, struct failure *failure)
{
    size_t index;
    json_t *header;
    json_t *headers = NULL;
    json_t *known = json_object();
    *columns = json_array();
    enum status status = known != NULL && *columns != NULL
                             ? roster->backend->headers(roster->handle, &headers, failure)
                             : fail_memory(failure);
    json_array_foreach(headers, index, header)
    {
        if (status == STATUS_OK)
            status = add_columns(*columns, known, header, failure);
    }
    json_decref(headers);
    json_decref(known);
    if (status != STATUS_OK) {
        json_decref(*columns);
        *columns = NULL;
    }
    return status;
}

enum status roster_each(struct roster *roster, roster_visit *visit, void *context,
                        struct failure *failure)
{
    return roster->backend->each(roster->handle, visit, context, failure);
}

enum status roster_each_run(struct roster *roster, size_t count, roster_visit_run *visit,
                            void *context, struct failure *failure)
{
    return roster->backend->each_run(roster->handle, count, visit, context, failure);
}
