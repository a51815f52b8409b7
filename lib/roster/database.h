/*
 * The file behind the SQLite backend of the roster: opened, checked and made. For the files of
 * that backend; everybody else includes roster.h.
 *
 * It is in WAL mode, where a commit costs one fsync and nobody waits for a reader. The files that
 * go with that, PATH-wal and PATH-shm, are left lying beside it: so somebody who reads it creates
 * nothing, and need not be allowed to. https://www.sqlite.org/wal.html
 */
#ifndef ROSTER_DATABASE_H
#define ROSTER_DATABASE_H

#include "base/status.h"
#include "roster/roster.h"

#include <sqlite3.h>
#include <stdbool.h>

/* Opens the roster at `path`, with ROSTER_WRITE ready to be changed, with ROSTER_READ within a
 * transaction that sees it as of now. The database is the caller's, to be given to sqlite3_close;
 * NULL on error, and for a roster that is only read and that nobody has made yet. STATUS_CONFIG for
 * a file that is no roster, one of a newer schema or one whose tables somebody changed, and when it
 * is to be written in a directory where others can meddle with it; STATUS_IO; STATUS_AGAIN when it
 * stays locked for a minute. */
enum status roster_database_open(const char *path, enum roster_mode mode, sqlite3 **database,
                                 struct failure *failure);

/* The sentence and the status for the last call on the database, which failed. */
enum status roster_database_fail(sqlite3 *database, const char *path, struct failure *failure);

/* Runs SQL that gives no rows, or whose rows do not matter. Errors as above. */
enum status roster_database_run(sqlite3 *database, const char *path, const char *sql,
                                struct failure *failure);

/* Whether a table has no row. Errors as above. */
enum status roster_database_empty(sqlite3 *database, const char *path, const char *table,
                                  bool *empty, struct failure *failure);

/* Whether the roster, which is open, is of an older schema (upgrade.h). Errors as above. */
enum status roster_database_is_older(sqlite3 *database, const char *path, bool *older,
                                     struct failure *failure);

/* For the upgrade: begins a transaction in which the older members are the table members_1 and the
 * new tables are empty; `*begun` is false, and no transaction, when somebody else was faster. And
 * ends it: what is older is gone then. */
enum status roster_database_begin_upgrade(sqlite3 *database, const char *path, bool *begun,
                                          struct failure *failure);
enum status roster_database_end_upgrade(sqlite3 *database, const char *path,
                                        struct failure *failure);

#endif
