/*
 * What an-upsert answers instead of sending: the field map, whether Action Network can be used, and
 * whether a roster is the group's.
 */
#ifndef SENDER_ANSWERS_H
#define SENDER_ANSWERS_H

#include "send/options.h"

enum { SENDER_ANSWER_LINES = 7 };

/* Fills the table of the options that ask for an answer, with its end: each sets its bit in
 * `*actions`. */
void sender_answer_lines(int *actions, struct option_line lines[SENDER_ANSWER_LINES]);

/* Writes to stdout, in this order and with an empty line between, what the bits of `actions` ask
 * for: the field map's digest, the columns that it takes the address from and those that it uses as
 * a list for csv-diff, the map in effect; with SENDER_CHECK asks Action Network whether the key and
 * the map's custom fields are usable, and writes what it found; with SENDER_GROUP reads what
 * roster-dump --group writes from the file of the options, and writes the group that the roster is
 * to keep. STATUS_SOME_FAILED when custom fields are missing, STATUS_AGAIN when others have taken
 * the turns for long, STATUS_CONFIG for a map or a setting that is wrong, and what people_check and
 * people_group return. */
enum status sender_answer(const struct sender_options *options, int actions,
                          struct failure *failure);

#endif
