/*
 * The roster in a SQLite database: one file, on the machine's own disk.
 */
#include "base/confine.h"
#include "base/json_text.h"
#include "base/text.h"
#include "roster/database.h"
#include "roster/journal.h"
#include "roster/member.h"
#include "roster/numbered.h"
#include "roster/roster.h"
#include "roster/upgrade.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum statement { CHANGE, ADD_RUN, STATEMENT_COUNT };

static const char *const SQL[STATEMENT_COUNT] = {
    [CHANGE] = ("INSERT INTO journal (email, id, digest, header, row)"
                " VALUES (?1, ?2, ?3, ?4, ?5)"),
    [ADD_RUN] = "INSERT INTO runs (run) VALUES (?1)",
};

struct store {
    char *path;
    sqlite3 *database; /* NULL for a roster that does not exist, opened for reading */
    bool pending;      /* a transaction was begun */
    bool older;        /* of the schema before, opened for reading */
    size_t journalled; /* changes since the journal was settled by this one */
    struct numbered headers;
    struct numbered digests;
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

static void forget_pending(struct store *store)
{
    /* SQLite may have rolled back already; then there is nothing left to do. */
    if (!sqlite3_get_autocommit(store->database))
        (void)sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
    store->pending = false;
    numbered_forget(&store->headers);
    numbered_forget(&store->digests);
}

static void store_close(void *handle)
{
    struct store *store = handle;
    struct failure ignored;
    if (store == NULL)
        return;
    for (int i = 0; i < STATEMENT_COUNT; i++)
        (void)sqlite3_finalize(store->statements[i]);
    /* What cannot be settled now is by the next who writes. */
    if (store->statements[CHANGE] != NULL) {
        forget_pending(store);
        (void)journal_settle(store->database, store->path, &ignored);
    }
    (void)sqlite3_close(store->database);
    numbered_free(&store->headers);
    numbered_free(&store->digests);
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

/* Makes ready what the mode needs. */
static enum status prepare(struct store *store, enum roster_mode mode, struct failure *failure)
{
    if (mode == ROSTER_READ)
        return roster_database_is_older(store->database, store->path, &store->older, failure);
    for (int i = 0; i < STATEMENT_COUNT; i++)
        if (sqlite3_prepare_v3(store->database, SQL[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &store->statements[i], NULL) != SQLITE_OK)
            return roster_database_fail(store->database, store->path, failure);
    return STATUS_OK;
}

static enum status store_open(const char *name, enum roster_mode mode, void **handle,
                              struct failure *failure)
{
    *handle = NULL;
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return fail_memory(failure);
    store->headers.table = "headers";
    store->digests.table = "digests";
    store->path = plain_path(name);
    enum status status = store->path != NULL
                             ? roster_database_open(store->path, mode, &store->database, failure)
                             : fail_memory(failure);
    if (status == STATUS_OK && store->database != NULL)
        status = prepare(store, mode, failure);
    if (status == STATUS_OK)
        *handle = store;
    else
        store_close(store);
    return status;
}

/* ---- changes ---- */

static enum status begin(struct store *store, struct failure *failure)
{
    if (store->pending)
        return STATUS_OK;
    enum status status =
        roster_database_run(store->database, store->path, "BEGIN IMMEDIATE", failure);
    store->pending = status == STATUS_OK;
    return status;
}

/* Runs a statement whose parameters were bound with `code` as the outcome. */
static enum status run(struct store *store, enum statement which, int code, struct failure *failure)
{
    sqlite3_stmt *statement = store->statements[which];
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    enum status status = code == SQLITE_DONE
                             ? STATUS_OK
                             : roster_database_fail(store->database, store->path, failure);
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    return status;
}

static enum status journal_put(struct store *store, const struct roster_member *member,
                               struct failure *failure)
{
    sqlite3_int64 header = 0;
    sqlite3_int64 digest = 0;
    enum status status = numbered_put(&store->headers, store->database, store->path,
                                      member->columns, member->columns_length, &header, failure);
    if (status == STATUS_OK)
        status = numbered_put(&store->digests, store->database, store->path, member->digest,
                              strlen(member->digest), &digest, failure);
    if (status != STATUS_OK)
        return status;
    return run(store, CHANGE, member_bind(store->statements[CHANGE], member, header, digest),
               failure);
}

static enum status store_put(void *handle, const struct roster_member *member,
                             struct failure *failure)
{
    struct store *store = handle;
    enum status status = begin(store, failure);
    if (status == STATUS_OK)
        status = journal_put(store, member, failure);
    store->journalled++;
    if (status != STATUS_OK)
        forget_pending(store);
    return status;
}

static enum status store_remove(void *handle, const char *email, struct failure *failure)
{
    struct store *store = handle;
    enum status status = begin(store, failure);
    if (status == STATUS_OK)
        status =
            run(store, CHANGE,
                sqlite3_bind_text(store->statements[CHANGE], 1, email, -1, SQLITE_STATIC), failure);
    store->journalled++;
    if (status != STATUS_OK)
        forget_pending(store);
    return status;
}

static enum status store_add_run(void *handle, const json_t *history, struct failure *failure)
{
    struct store *store = handle;
    struct buffer text = {.limit = 0};
    bool written = json_text_dump(history, JSON_COMPACT, &text);
    enum status status = begin(store, failure);
    if (status == STATUS_OK && !written)
        status = fail_memory(failure);
    if (status == STATUS_OK)
        status = run(store, ADD_RUN,
                     sqlite3_bind_text64(store->statements[ADD_RUN], 1, text.bytes, text.length,
                                         SQLITE_STATIC, SQLITE_UTF8),
                     failure);
    if (status != STATUS_OK)
        forget_pending(store);
    buffer_free(&text);
    return status;
}

static enum status store_commit(void *handle, struct failure *failure)
{
    struct store *store = handle;
    struct failure ignored;
    if (!store->pending)
        return STATUS_OK;
    enum status status = roster_database_run(store->database, store->path, "COMMIT", failure);
    if (status != STATUS_OK)
        forget_pending(store);
    store->pending = false;
    if (status == STATUS_OK && store->journalled >= JOURNAL_MANY &&
        journal_settle(store->database, store->path, &ignored) == STATUS_OK)
        store->journalled = 0;
    return status;
}

/* ---- reading ---- */

/* A column's text, borrowed from the statement: none of the columns is ever NULL, so NULL is a lack
 * of memory. */
static const char *text_at(sqlite3_stmt *statement, int column)
{
    return (const char *)sqlite3_column_text(statement, column);
}

/* The JSON object in a column, a new reference; NULL on error. */
static enum status object_at(const struct store *store, sqlite3_stmt *statement, int column,
                             json_t **object, struct failure *failure)
{
    json_error_t error;
    const char *text = text_at(statement, column);
    *object = NULL;
    if (text == NULL)
        return fail_memory(failure);
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

/* The headers: of a roster of the schema before, its columns as one. */
static enum status store_headers(void *handle, json_t **headers, struct failure *failure)
{
    struct store *store = handle;
    *headers = json_array();
    enum status status = *headers != NULL ? STATUS_OK : fail_memory(failure);
    if (status == STATUS_OK && store->database != NULL && store->older)
        return roster_older_headers(store->database, store->path, *headers, failure);
    if (status == STATUS_OK && store->database != NULL)
        status = numbered_load(&store->headers, store->database, store->path, failure);
    for (size_t i = 0; status == STATUS_OK && i < store->headers.count; i++)
        if (json_array_append_new(*headers, json_stringn(store->headers.texts[i].text,
                                                         store->headers.texts[i].length)) != 0)
            status = fail_memory(failure);
    return status;
}

static enum status damaged(const struct store *store, struct failure *failure)
{
    return fail(failure, STATUS_IO, "%.600s: the roster is damaged: a member's row has no header",
                store->path);
}

/* Visits the member at which a statement stands, whose columns are email, id, digest, header, row.
 */
static enum status visit_member(struct store *store, sqlite3_stmt *statement, roster_visit *visit,
                                void *context, struct failure *failure)
{
    char id[UUID_TEXT];
    const struct numbered_text *digest =
        numbered_get(&store->digests, sqlite3_column_int64(statement, 2));
    const struct numbered_text *header =
        numbered_get(&store->headers, sqlite3_column_int64(statement, 3));
    if (digest == NULL || header == NULL)
        return damaged(store, failure);
    struct roster_member member = {.email = text_at(statement, 0),
                                   .id = member_id(statement, 1, id),
                                   .digest = digest->text,
                                   .columns = header->text,
                                   .columns_length = header->length,
                                   .row = text_at(statement, 4)};
    if (member.email == NULL || member.id == NULL || member.row == NULL)
        return fail_memory(failure);
    member.row_length = (size_t)sqlite3_column_bytes(statement, 4);
    return visit(&member, context, failure);
}

/* Where a walk through the members and the journal stands. */
struct member_walk {
    sqlite3_stmt *members;
    sqlite3_stmt *change; /* the one in the journal with a number */
    struct journal journal;
    size_t at;       /* in the journal */
    bool has_member; /* `members` stands at one */
};

static enum status next_member(struct store *store, struct member_walk *walk,
                               struct failure *failure)
{
    int code = sqlite3_step(walk->members);
    walk->has_member = code == SQLITE_ROW;
    return code == SQLITE_ROW || code == SQLITE_DONE
               ? STATUS_OK
               : roster_database_fail(store->database, store->path, failure);
}

/* Visits what the journal has instead of a member, or beside them. */
static enum status visit_change(struct store *store, struct member_walk *walk, roster_visit *visit,
                                void *context, struct failure *failure)
{
    const struct journal_entry *entry = &walk->journal.entries[walk->at];
    if (entry->removed)
        return STATUS_OK;
    int code = sqlite3_bind_int64(walk->change, 1, entry->number);
    if (code == SQLITE_OK)
        code = sqlite3_step(walk->change);
    enum status status = code == SQLITE_ROW
                             ? visit_member(store, walk->change, visit, context, failure)
                             : roster_database_fail(store->database, store->path, failure);
    (void)sqlite3_reset(walk->change);
    return status;
}

/* Goes through both in the order of the addresses; of an address that both have, the journal
 * counts. */
static enum status walk_members(struct store *store, struct member_walk *walk, roster_visit *visit,
                                void *context, struct failure *failure)
{
    enum status status = next_member(store, walk, failure);
    while (status == STATUS_OK && (walk->has_member || walk->at < walk->journal.count)) {
        int order = walk->has_member ? -1 : 1;
        if (walk->has_member && walk->at < walk->journal.count) {
            const char *email = text_at(walk->members, 0);
            if (email == NULL)
                return fail_memory(failure);
            order = strcmp(email, walk->journal.emails + walk->journal.entries[walk->at].email);
        }
        if (order < 0)
            status = visit_member(store, walk->members, visit, context, failure);
        else
            status = visit_change(store, walk, visit, context, failure);
        if (status == STATUS_OK && order <= 0)
            status = next_member(store, walk, failure);
        walk->at += order >= 0;
    }
    return status;
}

static enum status store_each(void *handle, roster_visit *visit, void *context,
                              struct failure *failure)
{
    struct store *store = handle;
    struct member_walk walk = {.members = NULL};
    if (store->database == NULL)
        return STATUS_OK;
    if (store->older)
        return roster_older_each(store->database, store->path, visit, context, failure);
    enum status status = numbered_load(&store->headers, store->database, store->path, failure);
    if (status == STATUS_OK)
        status = numbered_load(&store->digests, store->database, store->path, failure);
    if (status == STATUS_OK)
        status = journal_load(store->database, store->path, &walk.journal, failure);
    if (status == STATUS_OK &&
        (sqlite3_prepare_v2(store->database,
                            "SELECT email, id, digest, header, row FROM members ORDER BY email", -1,
                            &walk.members, NULL) != SQLITE_OK ||
         sqlite3_prepare_v2(store->database,
                            "SELECT email, id, digest, header, row FROM journal WHERE number = ?1",
                            -1, &walk.change, NULL) != SQLITE_OK))
        status = roster_database_fail(store->database, store->path, failure);
    if (status == STATUS_OK)
        status = walk_members(store, &walk, visit, context, failure);
    (void)sqlite3_finalize(walk.members);
    (void)sqlite3_finalize(walk.change);
    journal_free(&walk.journal);
    return status;
}

static enum status store_each_run(void *handle, size_t count, roster_visit_run *visit,
                                  void *context, struct failure *failure)
{
    static const char LAST[] = "SELECT run FROM (SELECT number, run FROM runs ORDER BY number DESC"
                               " LIMIT ?1) ORDER BY number";
    const struct store *store = handle;
    sqlite3_stmt *statement = NULL;
    enum status status = STATUS_OK;
    if (store->database == NULL)
        return STATUS_OK;
    int code = sqlite3_prepare_v2(store->database, LAST, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code =
            sqlite3_bind_int64(statement, 1, count < INT64_MAX ? (sqlite3_int64)count : INT64_MAX);
    while (status == STATUS_OK && (code == SQLITE_OK || code == SQLITE_ROW)) {
        json_t *run;
        code = sqlite3_step(statement);
        if (code != SQLITE_ROW)
            break;
        status = object_at(store, statement, 0, &run, failure);
        if (status == STATUS_OK)
            status = visit(run, context, failure);
        json_decref(run);
    }
    if (status == STATUS_OK && code != SQLITE_DONE)
        status = roster_database_fail(store->database, store->path, failure);
    (void)sqlite3_finalize(statement);
    return status;
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
    .headers = store_headers,
    .each = store_each,
    .each_run = store_each_run,
};
