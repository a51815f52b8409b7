/*
 * The roster in a SQLite database: one file, on the machine's own disk.
 */
#include "base/confine.h"
#include "base/json_text.h"
#include "base/text.h"
#include "roster/database.h"
#include "roster/roster.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum statement { PUT, REMOVE, ADD_COLUMN, ADD_RUN, STATEMENT_COUNT };

static const char *const SQL[STATEMENT_COUNT] = {
    [PUT] = ("INSERT INTO members (email, id, map, row) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (email)"
             " DO UPDATE SET id = excluded.id, map = excluded.map, row = excluded.row"),
    [REMOVE] = "DELETE FROM members WHERE email = ?1",
    [ADD_COLUMN] = "INSERT OR IGNORE INTO columns (name) VALUES (?1)",
    [ADD_RUN] = "INSERT INTO runs (run) VALUES (?1)",
};

struct store {
    char *path;
    sqlite3 *database; /* NULL for a roster that does not exist, opened for reading */
    bool pending;      /* a transaction was begun */
    json_t *columns;   /* an object of the names that were stored or are pending */
    sqlite3_stmt *statements[STATEMENT_COUNT];
};

/* The path as SQLite is to see it: nothing that it would take for a URI or for ":memory:". */
static char *plain_path(const char *name)
{
    struct buffer path = {.limit = 0};
    if (!buffer_printf(&path, "%s%s", name[0] == '/' ? "" : "./", name))
        buffer_free(&path);
    return path.bytes;
}

static void store_close(void *handle)
{
    struct store *store = handle;
    if (store == NULL)
        return;
    for (int i = 0; i < STATEMENT_COUNT; i++)
        (void)sqlite3_finalize(store->statements[i]);
    (void)sqlite3_close(store->database);
    json_decref(store->columns);
    free(store->path);
    free(store);
}

/* The directory is that of the file itself, where the path is a link to it. */
static void store_confine(const void *handle)
{
    const struct store *store = handle;
    char *path = realpath(store->path, NULL); /* NULL: there is none, and nothing to reach */
    char *slash = path != NULL ? strrchr(path, '/') : NULL;
    if (slash != NULL)
        slash[slash == path] = '\0';
    (void)confine_to_directory(path != NULL ? path : "/dev/null");
    free(path);
}

static enum status store_open(const char *name, enum roster_mode mode, void **handle,
                              struct failure *failure)
{
    *handle = NULL;
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return fail_memory(failure);
    store->path = plain_path(name);
    store->columns = json_object();
    enum status status = store->path != NULL && store->columns != NULL
                             ? roster_database_open(store->path, mode, &store->database, failure)
                             : fail_memory(failure);
    for (int i = 0; status == STATUS_OK && mode == ROSTER_WRITE && i < STATEMENT_COUNT; i++)
        if (sqlite3_prepare_v3(store->database, SQL[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &store->statements[i], NULL) != SQLITE_OK)
            status = roster_database_fail(store->database, store->path, failure);
    if (status == STATUS_OK)
        *handle = store;
    else
        store_close(store);
    return status;
}

/* ---- changes ---- */

static void forget_pending(struct store *store)
{
    /* SQLite may have rolled back already; then there is nothing left to do. */
    if (!sqlite3_get_autocommit(store->database))
        (void)sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
    store->pending = false;
    (void)json_object_clear(store->columns);
}

static enum status begin(struct store *store, struct failure *failure)
{
    if (store->pending)
        return STATUS_OK;
    enum status status =
        roster_database_run(store->database, store->path, "BEGIN IMMEDIATE", failure);
    store->pending = status == STATUS_OK;
    return status;
}

/* Runs a statement with texts as its parameters. */
static enum status change(struct store *store, enum statement which, const char *const *texts,
                          int count, struct failure *failure)
{
    sqlite3_stmt *statement = store->statements[which];
    int code = SQLITE_OK;
    for (int i = 0; i < count && code == SQLITE_OK; i++)
        code = sqlite3_bind_text64(statement, i + 1, texts[i], strlen(texts[i]), SQLITE_STATIC,
                                   SQLITE_UTF8);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    enum status status = code == SQLITE_DONE
                             ? STATUS_OK
                             : roster_database_fail(store->database, store->path, failure);
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    return status;
}

static enum status add_columns(struct store *store, const json_t *row, struct failure *failure)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)row, name, value)
    {
        if (json_object_get(store->columns, name) != NULL)
            continue;
        enum status status = change(store, ADD_COLUMN, &name, 1, failure);
        if (status == STATUS_OK && json_object_set_new(store->columns, name, json_true()) != 0)
            status = fail_memory(failure);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status store_put(void *handle, const struct roster_member *member,
                             struct failure *failure)
{
    struct store *store = handle;
    struct buffer row = {.limit = 0};
    bool written = json_text_dump(member->row, JSON_COMPACT, &row);
    const char *texts[] = {member->email, member->id, member->digest, row.bytes};
    enum status status = begin(store, failure);
    if (status == STATUS_OK)
        status = add_columns(store, member->row, failure);
    if (status == STATUS_OK)
        status = written ? change(store, PUT, texts, 4, failure) : fail_memory(failure);
    if (status != STATUS_OK)
        forget_pending(store);
    buffer_free(&row);
    return status;
}

static enum status store_remove(void *handle, const char *email, struct failure *failure)
{
    struct store *store = handle;
    enum status status = begin(store, failure);
    if (status == STATUS_OK)
        status = change(store, REMOVE, &email, 1, failure);
    if (status != STATUS_OK)
        forget_pending(store);
    return status;
}

static enum status store_add_run(void *handle, const json_t *run, struct failure *failure)
{
    struct store *store = handle;
    struct buffer text = {.limit = 0};
    bool written = json_text_dump(run, JSON_COMPACT, &text);
    const char *texts[] = {text.bytes};
    enum status status = begin(store, failure);
    if (status == STATUS_OK)
        status = written ? change(store, ADD_RUN, texts, 1, failure) : fail_memory(failure);
    if (status != STATUS_OK)
        forget_pending(store);
    buffer_free(&text);
    return status;
}

static enum status store_commit(void *handle, struct failure *failure)
{
    struct store *store = handle;
    if (!store->pending)
        return STATUS_OK;
    enum status status = roster_database_run(store->database, store->path, "COMMIT", failure);
    if (status != STATUS_OK)
        forget_pending(store);
    store->pending = false;
    return status;
}

/* ---- reading ---- */

/* A column's text, never NULL. Borrowed from the statement. */
static const char *text_at(sqlite3_stmt *statement, int column)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    return text != NULL ? (const char *)text : "";
}

/* The JSON object in a column, a new reference; NULL on error. */
static enum status object_at(const struct store *store, sqlite3_stmt *statement, int column,
                             json_t **object, struct failure *failure)
{
    json_error_t error;
    const char *text = text_at(statement, column);
    *object = json_text_load(text, strlen(text), JSON_ALLOW_NUL, &error);
    if (*object == NULL && json_text_no_memory(&error))
        return fail_memory(failure);
    if (json_is_object(*object))
        return STATUS_OK;
    json_decref(*object);
    *object = NULL;
    return fail(failure, STATUS_IO, "%.600s: the roster is damaged: what should be JSON is not",
                store->path);
}

typedef enum status take_row(struct store *store, sqlite3_stmt *statement, void *context,
                             struct failure *failure);

/* Calls `take` for every row of a query, whose parameter, if it has one, is `number`. */
static enum status walk(struct store *store, const char *sql, sqlite3_int64 number, take_row *take,
                        void *context, struct failure *failure)
{
    if (store->database == NULL)
        return STATUS_OK;
    sqlite3_stmt *statement = NULL;
    enum status status = STATUS_OK;
    int code = sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL);
    if (code == SQLITE_OK && sqlite3_bind_parameter_count(statement) > 0)
        code = sqlite3_bind_int64(statement, 1, number);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    while (code == SQLITE_ROW && status == STATUS_OK) {
        status = take(store, statement, context, failure);
        if (status == STATUS_OK)
            code = sqlite3_step(statement);
    }
    if (code != SQLITE_DONE && code != SQLITE_ROW)
        status = roster_database_fail(store->database, store->path, failure);
    (void)sqlite3_finalize(statement);
    return status;
}

static enum status take_column(struct store *store, sqlite3_stmt *statement, void *context,
                               struct failure *failure)
{
    (void)store;
    json_t *columns = context;
    if (json_array_append_new(columns, json_string(text_at(statement, 0))) != 0)
        return fail_memory(failure);
    return STATUS_OK;
}

static enum status store_columns(void *handle, json_t **columns, struct failure *failure)
{
    *columns = json_array();
    if (*columns == NULL)
        return fail_memory(failure);
    enum status status = walk(handle, "SELECT name FROM columns ORDER BY position", 0, take_column,
                              *columns, failure);
    if (status != STATUS_OK) {
        json_decref(*columns);
        *columns = NULL;
    }
    return status;
}

struct member_visit {
    roster_visit *visit;
    void *context;
};

static enum status take_member(struct store *store, sqlite3_stmt *statement, void *context,
                               struct failure *failure)
{
    const struct member_visit *visit = context;
    json_t *row;
    enum status status = object_at(store, statement, 3, &row, failure);
    if (status != STATUS_OK)
        return status;
    struct roster_member member = {.email = text_at(statement, 0),
                                   .id = text_at(statement, 1),
                                   .digest = text_at(statement, 2),
                                   .row = row};
    status = visit->visit(&member, visit->context, failure);
    json_decref(row);
    return status;
}

static enum status store_each(void *handle, roster_visit *visit, void *context,
                              struct failure *failure)
{
    struct member_visit member_visit = {visit, context};
    return walk(handle, "SELECT email, id, map, row FROM members ORDER BY email", 0, take_member,
                &member_visit, failure);
}

struct run_visit {
    roster_visit_run *visit;
    void *context;
};

static enum status take_run(struct store *store, sqlite3_stmt *statement, void *context,
                            struct failure *failure)
{
    const struct run_visit *visit = context;
    json_t *run;
    enum status status = object_at(store, statement, 0, &run, failure);
    if (status == STATUS_OK)
        status = visit->visit(run, visit->context, failure);
    json_decref(run);
    return status;
}

static enum status store_each_run(void *handle, size_t count, roster_visit_run *visit,
                                  void *context, struct failure *failure)
{
    struct run_visit run_visit = {visit, context};
    sqlite3_int64 number = count < INT64_MAX ? (sqlite3_int64)count : INT64_MAX;
    return walk(handle,
                "SELECT run FROM (SELECT number, run FROM runs ORDER BY number DESC LIMIT ?1)"
                " ORDER BY number",
                number, take_run, &run_visit, failure);
}

const struct roster_backend roster_sqlite = {
    .scheme = "sqlite",
    .form = "sqlite:PATH",
    .open = store_open,
    .close = store_close,
    .confine = store_confine,
    .put = store_put,
    .remove = store_remove,
    .add_run = store_add_run,
    .commit = store_commit,
    .columns = store_columns,
    .each = store_each,
    .each_run = store_each_run,
};
