/*
 * Acknowledgements as our own programs write them, taken without a tree of JSON: most of what comes
 * when a group begins, and there it is most of the work. Whatever is written otherwise, or says
 * more, is not quick, and is read as any record is (acknowledgement.h), with the same outcome.
 */
#ifndef ROSTER_QUICK_H
#define ROSTER_QUICK_H

#include "base/ndjson.h"
#include "base/status.h"
#include "base/text.h"
#include "roster/acknowledgement.h"
#include "roster/roster.h"

#include <stdbool.h>
#include <stddef.h>

/* What records of one kind have in common. Starts zeroed; to be given to quick_free. */
struct quick {
    struct quick_name {
        size_t begin, length; /* in `names` */
    } * columns;
    size_t column_count;
    struct buffer names;
    struct buffer header; /* the same as a line of CSV; no bytes: nothing is known yet */
    struct buffer row;
    struct buffer text; /* of one record: its key, id and digest, with their NULs */
};

void quick_free(struct quick *quick);

/* Takes the record of a new member that is acknowledged, adopted or begun into the roster. False
 * when the line is not quick: then nothing was done. `*status` is what roster_put returned. */
bool quick_take(struct quick *quick, const struct ndjson_line *line,
                const struct acknowledgement_mode *mode, struct roster *roster, enum status *status,
                struct failure *failure);

/* Learns the columns of a record that was not quick, for those that follow. */
void quick_learn(struct quick *quick, const json_t *record);

#endif
