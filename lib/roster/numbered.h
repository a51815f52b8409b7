/*
 * Texts that many members share, stored once under a number: the headers and the digests of a
 * SQLite roster.
 */
#ifndef ROSTER_NUMBERED_H
#define ROSTER_NUMBERED_H

#include "base/status.h"

#include <sqlite3.h>
#include <stddef.h>

/* A table (number, text) and those of it that are known. Starts with the name of the table and else
 * zeroed; to be given to numbered_free. */
struct numbered {
    const char *table;
    struct numbered_text {
        sqlite3_int64 number;
        char *text;
        size_t length;
    } * texts;
    size_t count;
};

/* Forgets what is known: what was pending may have come to nothing. */
void numbered_forget(struct numbered *numbered);

/* Also its memory. */
void numbered_free(struct numbered *numbered);

/* Reads the whole table, in the order of the numbers. STATUS_IO and as roster_database_fail. */
enum status numbered_load(struct numbered *numbered, sqlite3 *database, const char *path,
                          struct failure *failure);

/* The number of a text, which is stored where it is missing, within the caller's transaction. */
enum status numbered_put(struct numbered *numbered, sqlite3 *database, const char *path,
                         const char *text, size_t length, sqlite3_int64 *number,
                         struct failure *failure);

/* The text of a number that is known; NULL when none is. Borrowed. */
const struct numbered_text *numbered_get(const struct numbered *numbered, sqlite3_int64 number);

#endif
