#include "roster/member.h"

#include <stdbool.h>
#include <string.h>

enum { UUID_BYTES = 16 };

static const char FORM[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
static const char DIGITS[] = "0123456789abcdef";

/* The bytes of a UUID in lower case; false when the text is none. */
static bool to_bytes(const char *id, unsigned char bytes[UUID_BYTES])
{
    size_t half = 0;
    if (strlen(id) != UUID_LENGTH)
        return false;
    for (size_t i = 0; i < UUID_LENGTH; i++) {
        if (FORM[i] == '-') {
            if (id[i] != '-')
                return false;
            continue;
        }
        const char *digit = strchr(DIGITS, id[i]);
        if (digit == NULL)
            return false;
        unsigned value = (unsigned)(digit - DIGITS);
        bytes[half / 2] =
            (unsigned char)(half % 2 == 0 ? value << 4 : (unsigned)bytes[half / 2] | value);
        half++;
    }
    return true;
}

static int bind_id(sqlite3_stmt *statement, int parameter, const char *id)
{
    unsigned char bytes[UUID_BYTES];
    if (to_bytes(id, bytes))
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

const char *member_id(sqlite3_stmt *statement, int column, char room[UUID_LENGTH + 1])
{
    if (sqlite3_column_type(statement, column) != SQLITE_BLOB ||
        sqlite3_column_bytes(statement, column) != UUID_BYTES)
        return (const char *)sqlite3_column_text(statement, column);
    const unsigned char *bytes = sqlite3_column_blob(statement, column);
    size_t half = 0;
    for (size_t i = 0; i < UUID_LENGTH; i++) {
        room[i] = '-';
        if (FORM[i] != '-') {
            room[i] = DIGITS[half % 2 == 0 ? bytes[half / 2] >> 4 : bytes[half / 2] & 15];
            half++;
        }
    }
    room[UUID_LENGTH] = '\0';
    return room;
}
