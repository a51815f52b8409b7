#include "roster/journal.h"

#include "base/text.h"
#include "roster/database.h"

#include <stdlib.h>
#include <string.h>

void journal_free(struct journal *journal)
{
    free(journal->entries);
    free(journal->emails);
    *journal = (struct journal){.entries = NULL};
}

/* By address, and of one address in the order of coming. */
static int compare(const void *one, const void *other, void *emails)
{
    const struct journal_entry *a = one;
    const struct journal_entry *b = other;
    int order = strcmp((const char *)emails + a->email, (const char *)emails + b->email);
    return order != 0 ? order : (a->number > b->number) - (a->number < b->number);
}

/* Sorts what was read, and keeps the last of each address. */
static void sort(struct journal *journal)
{
    struct journal_entry *entries = journal->entries;
    size_t kept = 0;
    if (journal->count > 1)
        qsort_r(entries, journal->count, sizeof *entries, compare, journal->emails);
    for (size_t i = 0; i < journal->count; i++)
        if (i + 1 == journal->count ||
            strcmp(journal->emails + entries[i].email, journal->emails + entries[i + 1].email) != 0)
            entries[kept++] = entries[i];
    journal->count = kept;
}

/* Adds one change; `*room` is how many there is room for. False without memory. */
static bool add(struct journal *journal, size_t *room, struct buffer *emails,
                sqlite3_stmt *statement)
{
    if (journal->count == *room) {
        size_t wanted = *room == 0 ? 64 : *room * 2;
        struct journal_entry *grown =
            reallocarray(journal->entries, wanted, sizeof *journal->entries);
        if (grown == NULL)
            return false;
        journal->entries = grown;
        *room = wanted;
    }
    const char *email = (const char *)sqlite3_column_text(statement, 1);
    journal->entries[journal->count++] =
        (struct journal_entry){.email = emails->length,
                               .number = sqlite3_column_int64(statement, 0),
                               .removed = sqlite3_column_int(statement, 2) != 0};
    return email != NULL && buffer_append(emails, email, strlen(email) + 1);
}

enum status journal_load(sqlite3 *database, const char *path, struct journal *journal,
                         struct failure *failure)
{
    *journal = (struct journal){.entries = NULL};
    struct buffer emails = {.limit = 0};
    sqlite3_stmt *statement = NULL;
    size_t room = 0;
    enum status status = STATUS_OK;
    int code = sqlite3_prepare_v2(database, "SELECT number, email, row IS NULL FROM journal", -1,
                                  &statement, NULL);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW && !add(journal, &room, &emails, statement)) {
            status = fail_memory(failure);
            break;
        }
    }
    if (status == STATUS_OK && code != SQLITE_DONE)
        status = roster_database_fail(database, path, failure);
    (void)sqlite3_finalize(statement);
    journal->emails = emails.bytes;
    if (status == STATUS_OK)
        sort(journal);
    return status;
}

/* Works one change in, by the statements for that. */
static int work_in(sqlite3_stmt *put, sqlite3_stmt *remove, const struct journal *journal,
                   const struct journal_entry *entry)
{
    sqlite3_stmt *statement = entry->removed ? remove : put;
    int code = entry->removed ? sqlite3_bind_text(statement, 1, journal->emails + entry->email, -1,
                                                  SQLITE_STATIC)
                              : sqlite3_bind_int64(statement, 1, entry->number);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    (void)sqlite3_reset(statement);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static enum status work_all_in(sqlite3 *database, const char *path, struct failure *failure)
{
    struct journal journal;
    sqlite3_stmt *put = NULL;
    sqlite3_stmt *remove = NULL;
    enum status status = journal_load(database, path, &journal, failure);
    int code = SQLITE_OK;
    if (status == STATUS_OK)
        code = sqlite3_prepare_v2(database,
                                  "INSERT OR REPLACE INTO members (email, id, digest, header, row)"
                                  " SELECT email, id, digest, header, row FROM journal"
                                  " WHERE number = ?1",
                                  -1, &put, NULL);
    if (status == STATUS_OK && code == SQLITE_OK)
        code =
            sqlite3_prepare_v2(database, "DELETE FROM members WHERE email = ?1", -1, &remove, NULL);
    for (size_t i = 0; status == STATUS_OK && code == SQLITE_OK && i < journal.count; i++)
        code = work_in(put, remove, &journal, &journal.entries[i]);
    if (status == STATUS_OK && code != SQLITE_OK)
        status = roster_database_fail(database, path, failure);
    (void)sqlite3_finalize(put);
    (void)sqlite3_finalize(remove);
    journal_free(&journal);
    return status;
}

enum status journal_settle(sqlite3 *database, const char *path, struct failure *failure)
{
    bool empty;
    enum status status = roster_database_empty(database, path, "journal", &empty, failure);
    if (status != STATUS_OK || empty)
        return status;
    status = roster_database_run(database, path, "BEGIN IMMEDIATE", failure);
    if (status != STATUS_OK)
        return status;
    status = work_all_in(database, path, failure);
    if (status == STATUS_OK)
        status = roster_database_run(database, path, "DELETE FROM journal; COMMIT", failure);
    if (status != STATUS_OK && !sqlite3_get_autocommit(database))
        (void)sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
    /* The pages that the journal had are given back; where that fails they are used again. */
    if (status == STATUS_OK)
        (void)sqlite3_exec(database, "PRAGMA incremental_vacuum", NULL, NULL, NULL);
    return status;
}
