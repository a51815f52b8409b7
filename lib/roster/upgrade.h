/*
 * A SQLite roster of the schema before this one, where a member's row was JSON with every column's
 * name in it. Whoever writes rewrites it, once; whoever only reads takes it as it is.
 */
#ifndef ROSTER_UPGRADE_H
#define ROSTER_UPGRADE_H

#include "base/status.h"
#include "roster/roster.h"

#include <jansson.h>
#include <sqlite3.h>

/* Rewrites the roster in one transaction; nothing happens when it is of this schema by then. Errors
 * as roster_database_fail, STATUS_IO also when it is damaged: then it is as it was. */
enum status roster_upgrade(sqlite3 *database, const char *path, struct failure *failure);

/* For who reads such a roster: its columns as one header, added to an array of strings, and its
 * members. Errors as above. */
enum status roster_older_headers(sqlite3 *database, const char *path, json_t *headers,
                                 struct failure *failure);
enum status roster_older_each(sqlite3 *database, const char *path, roster_visit *visit,
                              void *context, struct failure *failure);

#endif
