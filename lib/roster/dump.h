/*
 * The roster's members as a CSV file: a header, and then rows, nearly always as they are stored.
 */
#ifndef ROSTER_DUMP_H
#define ROSTER_DUMP_H

#include "base/output.h"
#include "base/status.h"
#include "roster/roster.h"

#include <stdbool.h>
#include <stddef.h>

/* Writes all members to `output`; with `begun` those, too, whose first change was only begun.
 * Nothing, not even a header, for a roster that never had a member. What roster_each returns;
 * STATUS_IO also when `output` fails, of which output_end tells more. */
enum status roster_dump(struct roster *roster, struct output *output, bool begun,
                        struct failure *failure);

/* How many of them there are. */
enum status roster_count(struct roster *roster, bool begun, size_t *count, struct failure *failure);

#endif
