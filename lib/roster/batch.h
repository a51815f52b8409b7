/*
 * Records into the roster and on, in batches: what has arrived is made durable together, and no
 * record is written on before it is. So at a low rate every record is durable at once, at a high
 * one many share an fsync, and there is no timer.
 */
#ifndef ROSTER_BATCH_H
#define ROSTER_BATCH_H

#include "base/ndjson.h"
#include "base/status.h"
#include "roster/acknowledgement.h"
#include "roster/roster.h"

struct batch_settings {
    struct acknowledgement_mode
        mode;        /* `begin` also stops on a signal that signals_caught() tells */
    double deadline; /* of `begin`: seconds from now after which nothing is noted; 0: none */
};

/* Reads to the input's end, records in `roster`, and writes every line on to `file`. STATUS_DATA
 * for a line that is no record, with its place, once all before it is recorded and written.
 * STATUS_IO, and what the roster's functions return; what was not recorded is not written then.
 * `*output_error` becomes the errno of the first write that failed, 0 for none: that stops `begin`,
 * but what was acknowledged is recorded all the same. */
enum status batch_run(struct ndjson_reader *reader, struct roster *roster, int file,
                      const struct batch_settings *settings, int *output_error,
                      struct failure *failure);

#endif
