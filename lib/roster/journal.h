/*
 * The journal of a SQLite roster: changes as they come, one behind the other, which costs a commit
 * no more than their bytes. When a writer closes the roster, or they become many, they are worked
 * into the members in the order of the addresses, which is the members' own. Until then whoever
 * reads takes both together.
 */
#ifndef ROSTER_JOURNAL_H
#define ROSTER_JOURNAL_H

#include "base/status.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

/* How many changes are many: twenty megabytes to keep in mind. */
enum { JOURNAL_MANY = 200000 };

struct journal_entry {
    size_t email; /* where it begins in the journal's `emails` */
    sqlite3_int64 number;
    bool removed;
};

/* The last change of each address, in the byte order of the addresses. Starts zeroed. */
struct journal {
    struct journal_entry *entries;
    size_t count;
    char *emails;
};

/* Reads it, into what is to be given to journal_free, also on error. STATUS_IO and what
 * roster_database_fail makes of the database's errors. */
enum status journal_load(sqlite3 *database, const char *path, struct journal *journal,
                         struct failure *failure);

/* Starting zeroed is harmless. */
void journal_free(struct journal *journal);

/* Works the changes into the members and empties the journal, in one transaction of its own;
 * nothing happens without any. Errors as above: then all is as it was. */
enum status journal_settle(sqlite3 *database, const char *path, struct failure *failure);

#endif
