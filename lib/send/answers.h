/*
 * What an-upsert answers instead of sending: the field map, whether Action Network can be used, and
 * whether a roster is the group's.
 */
#ifndef SENDER_ANSWERS_H
#define SENDER_ANSWERS_H

#include "send/options.h"

enum { SENDER_ANSWER_LINES = 7 };

/* Fills the table of the options that ask for an answer, with its end: each sets `*action`. */
void sender_answer_lines(int *action, struct option_line lines[SENDER_ANSWER_LINES]);

/* Writes the field map in effect, the columns that it uses or takes the address from as a list for
 * csv-diff, or its digest to stdout; with SENDER_CHECK asks Action Network whether the key and the
 * map's custom fields are usable, and writes what it found; with SENDER_GROUP reads what
 * roster-dump --group writes from the file of the options, and writes the group that the roster is
 * to keep. STATUS_SOME_FAILED when custom fields are missing, STATUS_AGAIN when others have taken
 * the turns for long, STATUS_CONFIG for a map or a setting that is wrong, and what people_check and
 * people_group return. */
enum status sender_answer(const struct sender_options *options, enum sender_action action,
                          struct failure *failure);

#endif
