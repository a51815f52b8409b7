#include "roster/member.h"

#include <string.h>

static int bind_id(sqlite3_stmt *statement, int parameter, const char *id)
{
    unsigned char bytes[UUID_BYTES];
    if (strpbrk(id, "ABCDEF") == NULL && uuid_read(bytes, id))
        return sqlite3_bind_blob(statement, parameter, bytes, UUID_BYTES, SQLITE_TRANSIENT);
    return sqlite3_bind_text(statement, parameter, id, -1, SQLITE_STATIC);
}

int member_bind(sqlite3_stmt *statement, const struct roster_member *member, sqlite3_int64 header,
                sqlite3_int64 digest)
{
    int code = sqlite3_bind_text(statement, 1, member->email, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = bind_id(statement, 2, member->id);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 3, digest);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 4, header);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text64(statement, 5, member->row, member->row_length, SQLITE_STATIC,
                                   SQLITE_UTF8);
    return code;
}

const char *member_id(sqlite3_stmt *statement, int column, char room[UUID_TEXT])
{
    if (sqlite3_column_type(statement, column) != SQLITE_BLOB ||
        sqlite3_column_bytes(statement, column) != UUID_BYTES)
        return (const char *)sqlite3_column_text(statement, column);
    uuid_write(room, sqlite3_column_blob(statement, column));
    return room;
}
