#include "roster/numbered.h"

#include "base/text.h"
#include "roster/database.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void numbered_forget(struct numbered *numbered)
{
    for (size_t i = 0; i < numbered->count; i++)
        free(numbered->texts[i].text);
    numbered->count = 0;
}

void numbered_free(struct numbered *numbered)
{
    numbered_forget(numbered);
    free(numbered->texts);
    *numbered = (struct numbered){.table = numbered->table};
}

/* Keeps a text in mind. False without memory. */
static bool keep(struct numbered *numbered, sqlite3_int64 number, const char *text, size_t length)
{
    struct numbered_text *grown =
        reallocarray(numbered->texts, numbered->count + 1, sizeof *numbered->texts);
    char *copy = malloc(length + 1);
    if (grown != NULL)
        numbered->texts = grown;
    if (grown == NULL || copy == NULL) {
        free(copy);
        return false;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    struct numbered_text *kept = &numbered->texts[numbered->count++];
    kept->number = number;
    kept->text = copy;
    kept->length = length;
    return true;
}

/* Runs a statement on the table, whose one parameter may be a text, and keeps what it returns. */
static enum status run(struct numbered *numbered, sqlite3 *database, const char *path,
                       const char *format, const char *text, size_t length, struct failure *failure)
{
    sqlite3_stmt *statement = NULL;
    char *sql = sqlite3_mprintf(format, numbered->table);
    int code = sql != NULL ? sqlite3_prepare_v2(database, sql, -1, &statement, NULL) : SQLITE_NOMEM;
    if (code == SQLITE_OK && text != NULL)
        code = sqlite3_bind_text64(statement, 1, text, length, SQLITE_STATIC, SQLITE_UTF8);
    enum status status = STATUS_OK;
    while (status == STATUS_OK && (code == SQLITE_OK || code == SQLITE_ROW)) {
        code = sqlite3_step(statement);
        const char *found =
            code == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 1) : "";
        size_t size = code == SQLITE_ROW ? (size_t)sqlite3_column_bytes(statement, 1) : 0;
        if (code == SQLITE_ROW &&
            (found == NULL || !keep(numbered, sqlite3_column_int64(statement, 0), found, size)))
            status = fail_memory(failure);
    }
    if (sql == NULL)
        status = fail_memory(failure);
    else if (status == STATUS_OK && code != SQLITE_DONE)
        status = roster_database_fail(database, path, failure);
    (void)sqlite3_finalize(statement);
    sqlite3_free(sql);
    return status;
}

enum status numbered_load(struct numbered *numbered, sqlite3 *database, const char *path,
                          struct failure *failure)
{
    numbered_forget(numbered);
    return run(numbered, database, path, "SELECT number, text FROM %s ORDER BY number", NULL, 0,
               failure);
}

enum status numbered_put(struct numbered *numbered, sqlite3 *database, const char *path,
                         const char *text, size_t length, sqlite3_int64 *number,
                         struct failure *failure)
{
    for (size_t i = numbered->count; i > 0; i--) {
        const struct numbered_text *known = &numbered->texts[i - 1];
        if (known->length == length && memcmp(known->text, text, length) == 0) {
            *number = known->number;
            return STATUS_OK;
        }
    }
    enum status status = run(numbered, database, path,
                             "INSERT INTO %s (text) VALUES (?1) ON CONFLICT (text)"
                             " DO UPDATE SET text = text RETURNING number, text",
                             text, length, failure);
    *number = status == STATUS_OK && numbered->count > 0
                  ? numbered->texts[numbered->count - 1].number
                  : 0;
    return status;
}

const struct numbered_text *numbered_get(const struct numbered *numbered, sqlite3_int64 number)
{
    for (size_t i = 0; i < numbered->count; i++)
        if (numbered->texts[i].number == number)
            return &numbered->texts[i];
    return NULL;
}
