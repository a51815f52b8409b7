/*
 * The command line that an-upsert and an-lapse share.
 */
#ifndef SENDER_OPTIONS_H
#define SENDER_OPTIONS_H

#include "send/sender.h"

enum sender_action {
    SENDER_RUN,
    SENDER_HELP,
    SENDER_VERSION,
    SENDER_PRINT_MAP,
    SENDER_PRINT_COLUMNS,
    SENDER_PRINT_DIGEST,
    SENDER_CHECK,
    SENDER_WRONG /* a message is on stderr */
};

/* --print-* and --check are an-upsert's; others treat what they do not know as wrong usage. */

/* Reads the options into `options` (strings borrowed from argv) and says what is asked for. */
enum sender_action sender_options_read(const char *program, int argc, char **argv,
                                       struct sender_options *options);

/* Writes the options' help, one line each. */
void sender_options_help(FILE *stream);

#endif
