/*
 * A member and a statement of a SQLite roster. Action Network's ids are 16 bytes there where they
 * are UUIDs in lower case, as they always were, else the text as it is.
 */
#ifndef ROSTER_MEMBER_H
#define ROSTER_MEMBER_H

#include "base/uuid.h"
#include "roster/roster.h"

#include <sqlite3.h>

/* Binds a member to the parameters ?1 to ?5: email, id, digest, header, row. SQLite's code; the
 * member is borrowed until the statement is reset. */
int member_bind(sqlite3_stmt *statement, const struct roster_member *member, sqlite3_int64 header,
                sqlite3_int64 digest);

/* The id in a column: borrowed from `room` or from the statement; NULL without memory. */
const char *member_id(sqlite3_stmt *statement, int column, char room[UUID_TEXT]);

#endif
