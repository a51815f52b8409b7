/*
 * The command line that the senders share, and what an-upsert answers instead of sending.
 */
#ifndef SENDER_OPTIONS_H
#define SENDER_OPTIONS_H

#include "base/options.h"
#include "send/sender.h"

enum { SENDER_OPTION_LINES = 8 };

/* What is asked for; for an option of the kind OPTION_CHOICE. */
enum sender_action {
    SENDER_RUN,
    SENDER_PRINT_MAP,
    SENDER_PRINT_COLUMNS,
    SENDER_PRINT_KEYS,
    SENDER_PRINT_DIGEST,
    SENDER_CHECK,
    SENDER_GROUP
};

/* Sets `options` to what holds when nothing is said, and fills the table of the options that all
 * senders have, with its end. It borrows `options`. */
void sender_options_lines(struct sender_options *options,
                          struct option_line lines[SENDER_OPTION_LINES]);

#endif
