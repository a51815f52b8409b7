/*
 * A record on its way through the sender (sender.c): the line it came as, what the program does
 * with it, and its result. For the sender alone.
 */
#ifndef FLIGHT_H
#define FLIGHT_H

#include "base/ndjson.h"
#include "send/sender.h"

#include <stdint.h>

/* A record that was read: held back, under way, or just passing through. */
struct flight {
    struct sender_job job;
    struct flight *next;
    char *line;
    size_t length;
    json_t *record;
    char *older;
    uint64_t key_hash;
    uint64_t older_hash; /* of the address before a followed change; the key's without one */
    uint64_t id_hash;    /* of the roster's id; the key's without one */
    long code;
    unsigned attempts;
};

/* Reads a line into a new flight, the caller's; NULL on error. STATUS_DATA for a line that is no
 * JSON object, STATUS_IO without memory. Borrows `service` and copies the line. */
enum status flight_new(const struct ndjson_reader *reader, const struct ndjson_line *line,
                       const char *service, const struct field_map *map,
                       const struct sender_options *options, struct flight **flight,
                       struct failure *failure);

/* NULL is harmless. */
void flight_free(struct flight *flight);

/* Whether the record must wait: for those of the list `active` that concern one of its addresses
 * or the same person or, being the summary, for all of them. */
bool flight_must_wait(const struct flight *flight, const struct flight *active);

/* The job's result as it is written: what is known of the sending first, then what the program
 * added. A new reference; NULL without memory. `digest` is the field map's. */
json_t *flight_result(const struct flight *flight, const char *digest);

/* Sets the result "deferred"; false without memory. */
bool flight_defer(struct flight *flight);

/* Sets the result "dry-run" with the request that would be sent; false without memory. */
bool flight_dry(struct flight *flight);

#endif
