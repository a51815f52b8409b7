/*
 * The roster: what Action Network has acknowledged. One member an address: the row that was last
 * accepted, the person's Action Network id, and the digest of the field map it was sent with.
 * Beside them, the history of runs.
 *
 * A store is named by a string, a scheme and what its backend makes of the rest: "sqlite:PATH",
 * "dynamodb:TABLE/NAME". The backends implement struct roster_backend, and nothing else knows which
 * one it is.
 */
#ifndef ROSTER_H
#define ROSTER_H

#include "base/status.h"

#include <jansson.h>
#include <stddef.h>

struct roster;

enum roster_mode {
    ROSTER_READ, /* creates no store; one that does not exist is an empty roster */
    ROSTER_WRITE /* creates the store and the directory that holds it (0700) where they are missing
                  */
};

/* One member. All borrowed. */
struct roster_member {
    const char *email;  /* the key: normalized (text_normalize) */
    const char *id;     /* Action Network's UUID of the person; "" when unknown */
    const char *digest; /* of the field map the row was sent with, "" when unknown; or what stands
                         * in its place (base/record.h) */
    /* The names of the row's columns and its values, a line of CSV each (row.h), without a newline,
     * without NUL, and without the two columns of base/record.h. */
    const char *columns;
    size_t columns_length;
    const char *row;
    size_t row_length;
};

/* Opens `store`; NULL stands for $AN_ROSTER, else for sqlite:roster.sqlite in the state directory
 * (state_directory). The roster is the caller's, to be given to roster_close; NULL on error.
 * STATUS_CONFIG for a name that is none or a store of a newer schema, STATUS_IO, STATUS_AGAIN when
 * another process keeps it locked for more than a minute, STATUS_UNAVAILABLE and STATUS_DENIED of
 * a remote one. */
enum status roster_open(const char *store, enum roster_mode mode, struct roster **roster,
                        struct failure *failure);

/* Confines the program (base/confine.h) to what this roster needs: its directory, or its service.
 */
void roster_confine(const struct roster *roster);

/* Closes without committing what is pending. NULL is harmless. */
void roster_close(struct roster *roster);

/* Changes are pending, and invisible to others, until roster_commit has made all of them durable. A
 * local store does that in one transaction. A remote one does it piece by piece: an error of
 * roster_commit may leave some of it stored, and others may see some of it earlier. Each change is
 * true by itself, so what is not stored is a difference again. Only a change of address is two: of
 * one that is stored by half, both addresses are in the roster, and what keeps the older one from
 * being taken for a person's is that it was noted as begun.
 *
 * An error of any of the following four calls forgets all that is pending, and but for what
 * roster_commit was about, nothing of it is stored. STATUS_IO (the disk is full, or the roster was
 * opened for reading), STATUS_AGAIN and, of a remote store, STATUS_UNAVAILABLE and STATUS_DENIED,
 * as above. Only STATUS_DATA, for a change that the store has no room for (DynamoDB: 400 KiB a
 * member, 1024 bytes an address), leaves pending what was so before. */

/* Stores the member in place of an earlier one of the same address, and remembers column names not
 * seen before, in the order of their coming. */
enum status roster_put(struct roster *roster, const struct roster_member *member,
                       struct failure *failure);

/* Removes the member; nothing happens when there is none. */
enum status roster_remove(struct roster *roster, const char *email, struct failure *failure);

/* Appends to the history. `run` is the object at "run" of a run's record, see an-sync-records(5).
 */
enum status roster_add_run(struct roster *roster, const json_t *run, struct failure *failure);

/* Makes what is pending durable (on the disk, not in a cache). Without anything pending it does
 * nothing. */
enum status roster_commit(struct roster *roster, struct failure *failure);

/* The run lock of a store that several machines share, for whoever is to be the only one at work on
 * it; the calls above do not ask for it. It is held by `owner`, a text that nobody else uses, for
 * `seconds`, and taking it once more prolongs that. When the time is over it is anybody's, by the
 * clocks of the machines. STATUS_AGAIN, and who has it since when, when another owner holds it;
 * STATUS_CONFIG for a local store, where flock(2) does better; others as above. */
enum status roster_lock(struct roster *roster, const char *owner, unsigned seconds,
                        struct failure *failure);

/* Gives the lock back; nothing happens when `owner` does not hold it. */
enum status roster_unlock(struct roster *roster, const char *owner, struct failure *failure);

/* What follows reads; with ROSTER_READ, where the store is a local one, all of it as of the moment
 * of opening. STATUS_IO, also when the store is damaged, and a remote one's as above. */

/* Every column that was ever stored, in the order of coming: a new JSON array of strings, the
 * caller's; NULL on error. */
enum status roster_columns(struct roster *roster, json_t **columns, struct failure *failure);

/* Return STATUS_OK to go on; anything else ends the walk, which returns it. */
typedef enum status roster_visit(const struct roster_member *member, void *context,
                                 struct failure *failure);
typedef enum status roster_visit_run(const json_t *run, void *context, struct failure *failure);

/* Visits every member in the byte order of the addresses, all as of one moment; of a remote store
 * each as of some moment during the walk. Memory does not grow with the roster. */
enum status roster_each(struct roster *roster, roster_visit *visit, void *context,
                        struct failure *failure);

/* Visits the last `count` runs, the oldest of them first. */
enum status roster_each_run(struct roster *roster, size_t count, roster_visit_run *visit,
                            void *context, struct failure *failure);

/* ---- for the backends ---- */

struct roster_backend {
    const char *scheme; /* "sqlite" */
    const char *form;   /* for messages: "sqlite:PATH" */
    /* `name` is what follows the scheme's colon, never empty; `*handle` is the backend's own, NULL
     * on error. None of the calls that change anything comes with ROSTER_READ. */
    enum status (*open)(const char *name, enum roster_mode mode, void **handle,
                        struct failure *failure);
    void (*close)(void *handle);
    void (*confine)(const void *handle);
    enum status (*put)(void *handle, const struct roster_member *member, struct failure *failure);
    enum status (*remove)(void *handle, const char *email, struct failure *failure);
    enum status (*add_run)(void *handle, const json_t *run, struct failure *failure);
    enum status (*commit)(void *handle, struct failure *failure);
    /* Every line of columns that was ever stored, in the order of coming: a new array of strings.
     */
    enum status (*headers)(void *handle, json_t **headers, struct failure *failure);
    enum status (*each)(void *handle, roster_visit *visit, void *context, struct failure *failure);
    enum status (*each_run)(void *handle, size_t count, roster_visit_run *visit, void *context,
                            struct failure *failure);
    /* NULL, both, where it has no run lock. */
    enum status (*lock)(void *handle, const char *owner, unsigned seconds, struct failure *failure);
    enum status (*unlock)(void *handle, const char *owner, struct failure *failure);
};

extern const struct roster_backend roster_sqlite;
extern const struct roster_backend roster_dynamodb;

#endif
