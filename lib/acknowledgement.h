/*
 * What a record tells the roster: that Action Network has acknowledged a change, or that a run has
 * ended. The records are described in an-sync-records(5).
 */
#ifndef ACKNOWLEDGEMENT_H
#define ACKNOWLEDGEMENT_H

#include "roster.h"
#include "status.h"

#include <jansson.h>
#include <stdbool.h>

enum acknowledgement_kind {
    ACKNOWLEDGED_NOTHING, /* the roster is not concerned */
    ACKNOWLEDGED_MEMBER,  /* somebody is a member with this row */
    ACKNOWLEDGED_LAPSE,   /* somebody is none any more */
    ACKNOWLEDGED_RUN      /* a run for the history */
};

/* To be given to acknowledgement_free. */
struct acknowledgement {
    enum acknowledgement_kind kind;
    char *email;        /* normalized; owned; NULL for a run */
    char *former_email; /* the normalized address before a followed change of it, or NULL; owned */
    char *id;           /* "" when unknown; owned */
    const char *digest; /* "" when unknown; borrowed from the record or from the caller */
    json_t *row;        /* as struct roster_member has it; owned; NULL unless a member */
    const json_t *run;  /* borrowed from the record; NULL unless a run */
};

/* Reads it out of a record. With `adopt`, the digest of a field map, a change without a result
 * counts as acknowledged with that; NULL for only those whose result is ok. STATUS_DATA when an
 * acknowledged change lacks what the roster needs: a sentence without the place; STATUS_IO when
 * memory runs out. Then nothing is to be freed, which is harmless. */
enum status acknowledgement_read(const json_t *record, const char *adopt,
                                 struct acknowledgement *acknowledgement, struct failure *failure);

/* Frees what it owns. */
void acknowledgement_free(struct acknowledgement *acknowledgement);

/* Makes it pending in the roster; `*changes` is set when that is anything. Errors as roster_put. */
enum status acknowledgement_apply(const struct acknowledgement *acknowledgement,
                                  struct roster *roster, bool *changes, struct failure *failure);

#endif
