#include "roster/database.h"

#include "base/state_directory.h"
#include "roster/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    APPLICATION = 0x416E5273, /* "AnRs", which file(1) shows */
    SCHEMA = 2,               /* user_version */
    LOCK_WAIT = 60 * 1000     /* milliseconds */
};

/* What stands in sqlite_master, to the byte. Rows and headers are lines of CSV (row.h), the order
 * of the headers is that of coming; ids of Action Network's form are 16 bytes. A journal's row of
 * NULL is a removal (journal.h). */
#define MEMBERS                                                                                    \
    "members (email TEXT NOT NULL PRIMARY KEY, id NOT NULL, digest INTEGER NOT NULL,"              \
    " header INTEGER NOT NULL, row TEXT NOT NULL) WITHOUT ROWID"
#define JOURNAL                                                                                    \
    "journal (number INTEGER PRIMARY KEY, email TEXT NOT NULL, id, digest INTEGER,"                \
    " header INTEGER, row TEXT)"
#define HEADERS "headers (number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)"
#define DIGESTS "digests (number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)"
#define RUNS "runs (number INTEGER PRIMARY KEY, run TEXT NOT NULL)"

/* Of schema 1: a member's row was JSON there. */
#define MEMBERS_1                                                                                  \
    "members (email TEXT NOT NULL PRIMARY KEY, id TEXT NOT NULL,"                                  \
    "  map TEXT NOT NULL, row TEXT NOT NULL)"
#define COLUMNS_1 "columns (position INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)"

#define NEW_TABLES                                                                                 \
    "CREATE TABLE IF NOT EXISTS " MEMBERS ";CREATE TABLE IF NOT EXISTS " JOURNAL                   \
    ";CREATE TABLE IF NOT EXISTS " HEADERS ";CREATE TABLE IF NOT EXISTS " DIGESTS                  \
    ";PRAGMA user_version = 2;"

static const char TABLES[] = "BEGIN IMMEDIATE;" NEW_TABLES "CREATE TABLE IF NOT EXISTS " RUNS ";"
                             "PRAGMA application_id = 1097749107;"
                             "COMMIT;";

/* The older tables make room for the new ones, to be taken over from and dropped. */
static const char SET_ASIDE[] = "ALTER TABLE members RENAME TO members_1;" NEW_TABLES;
static const char DROP_OLDER[] = "DROP TABLE members_1; DROP TABLE columns; COMMIT";

/* What is not as an-sync makes it. A check, a column that is computed or an index over an
 * expression could run a function; triggers and views never do, as `configure` has it. */
static const char FOREIGN[] =
    "SELECT count(*) FROM sqlite_master WHERE lower(tbl_name) IN"
    " ('members', 'columns', 'runs', 'journal', 'headers', 'digests', 'members_1')"
    " AND type <> 'trigger' AND sql IS NOT NULL AND NOT (type = 'table' AND sql IN ("
    "'CREATE TABLE " MEMBERS "', 'CREATE TABLE " JOURNAL "', 'CREATE TABLE " HEADERS
    "', 'CREATE TABLE " DIGESTS "', 'CREATE TABLE " RUNS "', 'CREATE TABLE " MEMBERS_1
    "', 'CREATE TABLE " COLUMNS_1 "'))";
_Static_assert(APPLICATION == 1097749107 && SCHEMA == 2, "what TABLES writes");

enum content { CONTENT_ROSTER, CONTENT_OLDER, CONTENT_NOTHING };

enum status roster_database_fail(sqlite3 *database, const char *path, struct failure *failure)
{
    int code = sqlite3_extended_errcode(database);
    int error = sqlite3_system_errno(database);
    switch (code & 0xFF) {
    case SQLITE_NOMEM:
        return fail_memory(failure);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return fail(failure, STATUS_AGAIN,
                    "%.600s: another process keeps the roster locked; run again later", path);
    case SQLITE_NOTADB:
        return fail(failure, STATUS_CONFIG, "%.600s: this file is not a roster", path);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_FULL:
        if (error != 0)
            return fail(failure, STATUS_IO, "%.600s: %s: %s", path, sqlite3_errmsg(database),
                        strerror(error));
        break;
    default:
        break;
    }
    return fail(failure, STATUS_IO, "%.600s: %s", path, sqlite3_errmsg(database));
}

enum status roster_database_run(sqlite3 *database, const char *path, const char *sql,
                                struct failure *failure)
{
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK)
        return STATUS_OK;
    return roster_database_fail(database, path, failure);
}

/* ---- directories ---- */

/* Makes the entries of a directory durable. Not every file system can; that is no error. */
static enum status sync_directory(const char *path, struct failure *failure)
{
    int file = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)failure;
    if (file >= 0) {
        (void)fsync(file);
        (void)close(file);
    }
    return STATUS_OK;
}

/* Does something with the directory that holds `path`, which is written to for a moment. */
static enum status with_holder(char *path,
                               enum status (*act)(const char *directory, struct failure *failure),
                               struct failure *failure)
{
    char *slash = strrchr(path, '/');
    if (slash == NULL)
        return act(".", failure);
    char kept = slash[1];
    slash[1] = '\0';
    enum status status = act(path, failure);
    slash[1] = kept;
    return status;
}

/* Makes those directories above the file `path` that are missing. `path` is written to meanwhile.
 */
static enum status make_directories(char *path, struct failure *failure)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool made = mkdir(path, 0700) == 0;
        enum status status = STATUS_OK;
        struct stat existing;
        if (made)
            status = with_holder(path, sync_directory, failure);
        else if (errno != EEXIST && stat(path, &existing) != 0)
            status = fail(failure, STATUS_IO, "%.600s: %s", path, strerror(errno));
        *slash = '/';
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* The same for the file itself, which is open, where `path` is a link to it. One that was made only
 * now is taken away again. */
static enum status check_real_holder(const char *path, bool existed, struct failure *failure)
{
    char *real = realpath(path, NULL);
    if (real == NULL)
        return errno == ENOMEM ? fail_memory(failure)
                               : fail(failure, STATUS_IO, "%.600s: %s", path, strerror(errno));
    enum status status = with_holder(real, directory_check, failure);
    if (status != STATUS_OK && !existed)
        (void)unlink(real);
    free(real);
    return status;
}

/* Makes the file where it is missing, for nobody else to read: SQLite gives the files beside it the
 * same permissions. */
static enum status make_file(const char *path, bool exists, struct failure *failure)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return fail_memory(failure);
    int file = -1;
    enum status status = make_directories(copy, failure);
    if (status == STATUS_OK)
        status = with_holder(copy, directory_check, failure);
    if (status == STATUS_OK) {
        file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (file < 0)
            status = fail(failure, STATUS_IO, "%.600s: %s", path, strerror(errno));
    }
    if (file >= 0) {
        status = check_real_holder(path, exists, failure);
        (void)close(file);
        (void)with_holder(copy, sync_directory, failure);
    }
    free(copy);
    return status;
}

/* Whether there is a file. STATUS_OK also when there is none. */
static enum status look_for(const char *path, bool *exists, struct failure *failure)
{
    struct stat found;
    *exists = stat(path, &found) == 0;
    if (!*exists && errno != ENOENT)
        return fail(failure, STATUS_IO, "%.600s: %s", path, strerror(errno));
    if (*exists && !S_ISREG(found.st_mode))
        return fail(failure, STATUS_CONFIG, "%.600s: this is not a file", path);
    return STATUS_OK;
}

/* ---- the database ---- */

/* The number that a query gives; 0 when it gives none. */
static enum status ask(sqlite3 *database, const char *path, const char *sql, sqlite3_int64 *number,
                       struct failure *failure)
{
    sqlite3_stmt *statement = NULL;
    *number = 0;
    int code = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *number = sqlite3_column_int64(statement, 0);
    enum status status = code == SQLITE_ROW || code == SQLITE_DONE
                             ? STATUS_OK
                             : roster_database_fail(database, path, failure);
    (void)sqlite3_finalize(statement);
    return status;
}

/* Finds out what the file is, before anything is changed in it. */
static enum status identify(sqlite3 *database, const char *path, enum content *content,
                            struct failure *failure)
{
    sqlite3_int64 objects;
    sqlite3_int64 application;
    sqlite3_int64 schema;
    enum status status =
        ask(database, path, "SELECT count(*) FROM sqlite_master", &objects, failure);
    if (status == STATUS_OK)
        status = ask(database, path, "PRAGMA application_id", &application, failure);
    if (status == STATUS_OK)
        status = ask(database, path, "PRAGMA user_version", &schema, failure);
    if (status != STATUS_OK)
        return status;
    *content = CONTENT_ROSTER;
    if (objects == 0 && application == 0 && schema == 0) {
        *content = CONTENT_NOTHING;
        return STATUS_OK;
    }
    if (application != APPLICATION || schema < 1)
        return fail(failure, STATUS_CONFIG,
                    "%.600s: this is not a roster but a SQLite database of something else", path);
    if (schema > SCHEMA)
        return fail(
            failure, STATUS_CONFIG,
            "%.600s: this roster was made by a newer an-sync (schema %lld); update this one", path,
            schema);
    *content = schema < SCHEMA ? CONTENT_OLDER : CONTENT_ROSTER;
    sqlite3_int64 foreign;
    status = ask(database, path, FOREIGN, &foreign, failure);
    if (status == STATUS_OK && foreign > 0)
        return fail(failure, STATUS_CONFIG,
                    "%.600s: its tables are not as an-sync makes them: somebody changed them",
                    path);
    return status;
}

/* What every connection is to be like. A roster is data: nothing in it may run.
 * https://www.sqlite.org/security.html */
static enum status configure(sqlite3 *database, const char *path, struct failure *failure)
{
    static const struct {
        int setting;
        int value;
    } SAFE[] = {{SQLITE_DBCONFIG_DEFENSIVE, 1},
                {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
                {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0}};
    (void)sqlite3_extended_result_codes(database, 1);
    (void)sqlite3_busy_timeout(database, LOCK_WAIT);
    for (size_t i = 0; i < sizeof SAFE / sizeof SAFE[0]; i++) {
        int is = !SAFE[i].value;
        if (sqlite3_db_config(database, SAFE[i].setting, SAFE[i].value, &is) != SQLITE_OK ||
            is != SAFE[i].value)
            return fail(failure, STATUS_IO,
                        "%.600s: this SQLite cannot be kept from running what a "
                        "database holds",
                        path);
    }
    return roster_database_run(database, path,
                               "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;"
                               "PRAGMA temp_store = MEMORY",
                               failure);
}

static enum status connect(const char *path, int flags, sqlite3 **database, struct failure *failure)
{
    *database = NULL;
    /* Without a lock around each call: no program of ours has threads. */
    if (sqlite3_open_v2(path, database, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        enum status status = *database == NULL ? fail_memory(failure)
                                               : roster_database_fail(*database, path, failure);
        (void)sqlite3_close(*database);
        *database = NULL;
        return status;
    }
    return configure(*database, path, failure);
}

/* Switches to WAL. Two processes that do so at once would wait for each other, so SQLite does not
 * wait at all then; the one that is refused tries again, as long as for any other lock. */
static enum status use_wal(sqlite3 *database, const char *path, struct failure *failure)
{
    enum { PAUSE = 20 /* milliseconds */ };
    enum status status;
    int waited = 0;
    while ((status = roster_database_run(database, path, "PRAGMA journal_mode = WAL", failure)) ==
               STATUS_AGAIN &&
           waited < LOCK_WAIT)
        waited += sqlite3_sleep(PAUSE);
    return status;
}

enum status roster_database_empty(sqlite3 *database, const char *path, const char *table,
                                  bool *empty, struct failure *failure)
{
    sqlite3_int64 any = 0;
    char *sql = sqlite3_mprintf("SELECT EXISTS (SELECT 1 FROM %s)", table);
    enum status status =
        sql != NULL ? ask(database, path, sql, &any, failure) : fail_memory(failure);
    sqlite3_free(sql);
    *empty = any == 0;
    return status;
}

/* ---- the schema before this one ---- */

enum status roster_database_is_older(sqlite3 *database, const char *path, bool *older,
                                     struct failure *failure)
{
    sqlite3_int64 schema;
    enum status status = ask(database, path, "PRAGMA user_version", &schema, failure);
    *older = status == STATUS_OK && schema < SCHEMA;
    return status;
}

enum status roster_database_begin_upgrade(sqlite3 *database, const char *path, bool *begun,
                                          struct failure *failure)
{
    *begun = false;
    enum status status = roster_database_run(database, path, "BEGIN IMMEDIATE", failure);
    if (status == STATUS_OK)
        status = roster_database_is_older(database, path, begun, failure);
    if (status == STATUS_OK)
        status = roster_database_run(database, path, *begun ? SET_ASIDE : "ROLLBACK", failure);
    return status;
}

enum status roster_database_end_upgrade(sqlite3 *database, const char *path,
                                        struct failure *failure)
{
    enum status status = roster_database_run(database, path, DROP_OLDER, failure);
    /* The file shrinks to what it holds, by way of a copy beside it. Without room for that it stays
     * as large as it was, and its pages are used again. */
    if (status == STATUS_OK)
        (void)sqlite3_exec(database,
                           "PRAGMA temp_store = FILE; PRAGMA auto_vacuum = INCREMENTAL; VACUUM;"
                           "PRAGMA temp_store = MEMORY",
                           NULL, NULL, NULL);
    return status;
}

/* Where a file system cannot do WAL the mode stays what it is, and that is safe, too. */
static enum status prepare_writing(sqlite3 *database, const char *path, struct failure *failure)
{
    enum content content;
    int keep = 1;
    if (sqlite3_db_readonly(database, "main") != 0)
        return fail(failure, STATUS_IO, "%.600s: this file must not be written", path);
    enum status status = identify(database, path, &content, failure);
    if (status != STATUS_OK)
        return status;
    (void)sqlite3_file_control(database, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
    /* Only a database that has nothing yet takes it: so that pages can be given back. */
    if (content == CONTENT_NOTHING)
        status = roster_database_run(database, path, "PRAGMA auto_vacuum = INCREMENTAL", failure);
    if (status == STATUS_OK)
        status = use_wal(database, path, failure);
    if (status == STATUS_OK)
        status = roster_database_run(database, path,
                                     "PRAGMA journal_size_limit = 0; PRAGMA synchronous = FULL;"
                                     "PRAGMA secure_delete = ON",
                                     failure);
    if (status != STATUS_OK)
        return status;
    /* Even without anything to create: what cannot be written is to be known at once. */
    status = roster_database_run(
        database, path, content == CONTENT_NOTHING ? TABLES : "BEGIN IMMEDIATE; ROLLBACK", failure);
    return status == STATUS_OK && content == CONTENT_OLDER ? roster_upgrade(database, path, failure)
                                                           : status;
}

static enum status open_to_write(const char *path, sqlite3 **database, struct failure *failure)
{
    bool exists;
    enum status status = look_for(path, &exists, failure);
    if (status == STATUS_OK)
        status = make_file(path, exists, failure);
    if (status == STATUS_OK)
        status = connect(path, SQLITE_OPEN_READWRITE, database, failure);
    if (status == STATUS_OK)
        status = prepare_writing(*database, path, failure);
    return status;
}

static enum status try_to_read(const char *path, int flags, sqlite3 **database,
                               enum content *content, struct failure *failure)
{
    enum status status = connect(path, flags, database, failure);
    if (status == STATUS_OK)
        status = roster_database_run(*database, path, "BEGIN", failure);
    if (status == STATUS_OK)
        status = identify(*database, path, content, failure);
    return status;
}

static enum status open_to_read(const char *path, sqlite3 **database, struct failure *failure)
{
    bool exists;
    enum content content = CONTENT_NOTHING;
    enum status status = look_for(path, &exists, failure);
    if (status == STATUS_OK && exists) {
        status = try_to_read(path, SQLITE_OPEN_READONLY, database, &content, failure);
        int code = *database != NULL ? sqlite3_extended_errcode(*database) : SQLITE_OK;
        /* A writer was killed, and what it left half done must be undone before anybody reads. */
        if (status != STATUS_OK &&
            (code == SQLITE_READONLY_ROLLBACK || code == SQLITE_READONLY_RECOVERY)) {
            (void)sqlite3_close(*database);
            status = try_to_read(path, SQLITE_OPEN_READWRITE, database, &content, failure);
        }
    }
    if (status == STATUS_OK && content == CONTENT_NOTHING) {
        (void)sqlite3_close(*database);
        *database = NULL;
    }
    return status;
}

enum status roster_database_open(const char *path, enum roster_mode mode, sqlite3 **database,
                                 struct failure *failure)
{
    *database = NULL;
    enum status status = mode == ROSTER_WRITE ? open_to_write(path, database, failure)
                                              : open_to_read(path, database, failure);
    if (status != STATUS_OK) {
        (void)sqlite3_close(*database);
        *database = NULL;
    }
    return status;
}
