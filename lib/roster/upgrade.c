#include "roster/upgrade.h"

#include "base/text.h"
#include "roster/database.h"
#include "roster/member.h"
#include "roster/numbered.h"
#include "roster/row.h"

#include <stdbool.h>
#include <string.h>

/* ---- reading ---- */

/* The names of all columns in the order of coming, as a line; nothing when there are none. */
static enum status read_columns(sqlite3 *database, const char *path, struct buffer *line,
                                struct failure *failure)
{
    sqlite3_stmt *statement = NULL;
    enum status status = STATUS_OK;
    int code = sqlite3_prepare_v2(database, "SELECT name FROM columns ORDER BY position", -1,
                                  &statement, NULL);
    while (status == STATUS_OK && (code == SQLITE_OK || code == SQLITE_ROW)) {
        code = sqlite3_step(statement);
        if (code != SQLITE_ROW)
            break;
        const char *name = (const char *)sqlite3_column_text(statement, 0);
        if (name == NULL || (line->bytes != NULL && !buffer_append(line, ",", 1)) ||
            !row_append_field(line, name, strlen(name)))
            status = fail_memory(failure);
    }
    if (status == STATUS_OK && code != SQLITE_DONE)
        status = roster_database_fail(database, path, failure);
    (void)sqlite3_finalize(statement);
    return status;
}

enum status roster_older_headers(sqlite3 *database, const char *path, json_t *headers,
                                 struct failure *failure)
{
    struct buffer line = {.limit = 0};
    enum status status = read_columns(database, path, &line, failure);
    if (status == STATUS_OK && line.bytes != NULL &&
        json_array_append_new(headers, json_stringn(line.bytes, line.length)) != 0)
        status = fail_memory(failure);
    buffer_free(&line);
    return status;
}

/* Makes the two lines (row.h) of a row that is JSON. */
static enum status convert(const char *path, const char *json, struct buffer *columns,
                           struct buffer *values, struct failure *failure)
{
    switch (row_write_text(json, columns, values)) {
    case STATUS_OK:
        return STATUS_OK;
    case STATUS_DATA:
        return fail(failure, STATUS_IO, "%.600s: the roster is damaged: what should be JSON is not",
                    path);
    default:
        return fail_memory(failure);
    }
}

/* The members of the table that the statement reads: email, id, map, row. */
static enum status each(sqlite3 *database, const char *path, const char *sql, roster_visit *visit,
                        void *context, struct failure *failure)
{
    struct buffer columns = {.limit = 0};
    struct buffer values = {.limit = 0};
    sqlite3_stmt *statement = NULL;
    enum status status = STATUS_OK;
    int code = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    while (status == STATUS_OK && (code == SQLITE_OK || code == SQLITE_ROW)) {
        code = sqlite3_step(statement);
        if (code != SQLITE_ROW)
            break;
        const char *texts[4];
        for (int i = 0; i < 4; i++)
            texts[i] = (const char *)sqlite3_column_text(statement, i);
        if (texts[0] == NULL || texts[1] == NULL || texts[2] == NULL || texts[3] == NULL)
            status = fail_memory(failure);
        else
            status = convert(path, texts[3], &columns, &values, failure);
        if (status != STATUS_OK)
            break;
        struct roster_member member = {.email = texts[0],
                                       .id = texts[1],
                                       .digest = texts[2],
                                       .columns = columns.bytes,
                                       .columns_length = columns.length,
                                       .row = values.bytes,
                                       .row_length = values.length};
        status = visit(&member, context, failure);
    }
    if (status == STATUS_OK && code != SQLITE_DONE)
        status = roster_database_fail(database, path, failure);
    (void)sqlite3_finalize(statement);
    buffer_free(&columns);
    buffer_free(&values);
    return status;
}

enum status roster_older_each(sqlite3 *database, const char *path, roster_visit *visit,
                              void *context, struct failure *failure)
{
    return each(database, path, "SELECT email, id, map, row FROM members ORDER BY email", visit,
                context, failure);
}

/* ---- rewriting ---- */

struct upgrade {
    sqlite3 *database;
    const char *path;
    sqlite3_stmt *put;
    struct numbered headers;
    struct numbered digests;
};

static enum status take_over(const struct roster_member *member, void *context,
                             struct failure *failure)
{
    struct upgrade *upgrade = context;
    sqlite3_int64 header = 0;
    sqlite3_int64 digest = 0;
    enum status status = numbered_put(&upgrade->headers, upgrade->database, upgrade->path,
                                      member->columns, member->columns_length, &header, failure);
    if (status == STATUS_OK)
        status = numbered_put(&upgrade->digests, upgrade->database, upgrade->path, member->digest,
                              strlen(member->digest), &digest, failure);
    if (status != STATUS_OK)
        return status;
    int code = member_bind(upgrade->put, member, header, digest);
    if (code == SQLITE_OK)
        code = sqlite3_step(upgrade->put);
    (void)sqlite3_reset(upgrade->put);
    return code == SQLITE_DONE ? STATUS_OK
                               : roster_database_fail(upgrade->database, upgrade->path, failure);
}

/* The header of all columns comes first, so that their order stays. */
static enum status rewrite(struct upgrade *upgrade, struct failure *failure)
{
    struct buffer line = {.limit = 0};
    sqlite3_int64 number;
    enum status status = read_columns(upgrade->database, upgrade->path, &line, failure);
    if (status == STATUS_OK && line.bytes != NULL)
        status = numbered_put(&upgrade->headers, upgrade->database, upgrade->path, line.bytes,
                              line.length, &number, failure);
    buffer_free(&line);
    if (status == STATUS_OK &&
        sqlite3_prepare_v2(upgrade->database,
                           "INSERT INTO members (email, id, digest, header, row)"
                           " VALUES (?1, ?2, ?3, ?4, ?5)",
                           -1, &upgrade->put, NULL) != SQLITE_OK)
        status = roster_database_fail(upgrade->database, upgrade->path, failure);
    if (status == STATUS_OK)
        status = each(upgrade->database, upgrade->path,
                      "SELECT email, id, map, row FROM members_1 ORDER BY email", take_over,
                      upgrade, failure);
    (void)sqlite3_finalize(upgrade->put);
    return status;
}

enum status roster_upgrade(sqlite3 *database, const char *path, struct failure *failure)
{
    struct upgrade upgrade = {.database = database,
                              .path = path,
                              .headers = {.table = "headers"},
                              .digests = {.table = "digests"}};
    bool begun;
    enum status status = roster_database_begin_upgrade(database, path, &begun, failure);
    if (status == STATUS_OK && begun)
        status = rewrite(&upgrade, failure);
    if (status == STATUS_OK && begun)
        status = roster_database_end_upgrade(database, path, failure);
    if (status != STATUS_OK && !sqlite3_get_autocommit(database))
        (void)sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
    numbered_free(&upgrade.headers);
    numbered_free(&upgrade.digests);
    return status;
}
