/*
 * The command line that the senders share, and what an-upsert answers instead of sending.
 */
#ifndef SENDER_OPTIONS_H
#define SENDER_OPTIONS_H

#include "base/options.h"
#include "send/sender.h"

enum { SENDER_OPTION_LINES = 8 };

/* What is asked for instead of sending, for options of the kind OPTION_BITS. */
enum sender_action {
    SENDER_RUN = 0,
    SENDER_PRINT_DIGEST = 1,
    SENDER_PRINT_KEYS = 2,
    SENDER_PRINT_COLUMNS = 4,
    SENDER_PRINT_MAP = 8,
    SENDER_CHECK = 16,
    SENDER_GROUP = 32
};

/* Sets `options` to what holds when nothing is said, and fills the table of the options that all
 * senders have, with its end. It borrows `options`. */
void sender_options_lines(struct sender_options *options,
                          struct option_line lines[SENDER_OPTION_LINES]);

#endif
