/*
 * What an audit knows, row by row: for the files of this room, which find it out and write it, and
 * nobody else.
 */
#ifndef AUDIT_OUTCOME_H
#define AUDIT_OUTCOME_H

#include "audit/audit.h"
#include "audit/export.h"
#include "audit/strays.h"

#include <stddef.h>
#include <stdint.h>

/* Of the first row of each address, and of a row that has none. */
enum outcome {
    UNSEEN,  /* nobody with the address came yet */
    MISSING, /* and nobody has it */
    AGREES,
    RENUMBERED, /* agrees, and has another id than the roster knows */
    DIFFERS,
    MOVED,    /* the person has another address: differs in that, and perhaps in more */
    DOUBTFUL, /* a change was begun, and not acknowledged: not judged */
    UNKNOWN,  /* it cannot be told; `kept` says why */
    HELD      /* a row without an address, whose person is a member at the address in `kept` */
};

struct audit {
    const struct audit_options *options;
    struct field_map *map;
    struct audit_export *export;
    json_t *member;       /* a person with nothing but is_member "True" */
    json_t *none;         /* and "False" */
    char *follow_field;   /* the custom field that holds what is followed by; NULL: nobody is */
    size_t follow_column; /* in the export; CSV_NO_COLUMN likewise */
    size_t id_column;     /* the roster's column of ids; CSV_NO_COLUMN in an export */
    /* A row each: */
    unsigned char *outcomes;          /* enum outcome */
    unsigned char *are_members;       /* whether is_member is "True" in Action Network */
    unsigned char (*ids)[UUID_BYTES]; /* of the person */
    uint64_t *kept; /* AGREES, RENUMBERED: the row that does; HELD: where in the strays' texts; else
                       where in `texts` the differences begin, or the reason */
    struct buffer texts;
    struct strays strays;
    struct buffer seen; /* of everybody, the hash of the id: a uint64_t each */
    struct audit_summary summary;
    struct failure warning;
};

/* Finds the outcome of every row, and all strays, in Action Network. As audit_run. */
enum status audit_find(struct audit *audit, struct connection *connection,
                       struct progress *progress, struct failure *failure);

#endif
