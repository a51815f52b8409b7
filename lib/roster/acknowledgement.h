/*
 * What a record tells the roster: that Action Network has acknowledged a change, that one is about
 * to be sent, or that a run has ended. The records are described in an-sync-records(5).
 */
#ifndef ACKNOWLEDGEMENT_H
#define ACKNOWLEDGEMENT_H

#include "base/status.h"
#include "roster/roster.h"

#include <jansson.h>
#include <stdbool.h>

enum acknowledgement_kind {
    ACKNOWLEDGED_NOTHING, /* the roster is not concerned */
    ACKNOWLEDGED_MEMBER,  /* somebody is a member with this row */
    ACKNOWLEDGED_LAPSE,   /* somebody is none any more */
    ACKNOWLEDGED_RUN,     /* a run for the history */
    ACKNOWLEDGED_BEGIN    /* nothing yet: a change that is about to be sent */
};

/* Which changes count. */
struct acknowledgement_mode {
    const char
        *adopt; /* the digest of a field map: one without a result is acknowledged with that */
    bool begin; /* no acknowledgement, but each that is not ok yet, as about to be sent */
};

/* To be given to acknowledgement_free. */
struct acknowledgement {
    enum acknowledgement_kind kind;
    char *email;        /* normalized; owned; NULL for a run */
    char *former_email; /* the normalized address before a followed change of it, or NULL; owned */
    char *id;           /* "" when unknown; owned */
    char *digest;       /* as struct roster_member has it; owned */
    json_t *row; /* an object of strings without NUL, under normalized names, without the columns of
                    base/record.h; owned; NULL unless a member or begun */
    json_t *former_row; /* of what is begun with a former address: the row with that; owned */
    const json_t *run;  /* borrowed from the record; NULL unless a run */
};

/* Reads it out of a record. STATUS_DATA when a change that counts lacks what the roster needs: a
 * sentence without the place; STATUS_IO when memory runs out. Then nothing is to be freed, which is
 * harmless. */
enum status acknowledgement_read(const json_t *record, const struct acknowledgement_mode *mode,
                                 struct acknowledgement *acknowledgement, struct failure *failure);

/* Frees what it owns. */
void acknowledgement_free(struct acknowledgement *acknowledgement);

/* Makes it pending in the roster; `*changes` is set when that is anything. Errors as roster_put. */
enum status acknowledgement_apply(const struct acknowledgement *acknowledgement,
                                  struct roster *roster, bool *changes, struct failure *failure);

#endif
