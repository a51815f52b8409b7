/*
 * A program's command line as a table. A line there makes an option known, read, checked, and told
 * by
 * --help, which is also what the completion asks. -h, --help and -V, --version need no line.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "base/status.h"

#include <stdbool.h>

enum option_kind {
    OPTION_FLAG,   /* into a bool: true */
    OPTION_BITS,   /* into an int: the bits of `value`, beside those that are set */
    OPTION_TEXT,   /* into a const char *: the argument, borrowed from argv; not empty if it `wants`
                    */
    OPTION_NUMBER, /* into a double: from `least` to `most` */
    OPTION_COUNT,  /* into a size_t: a whole number from `least` to `most` */
    OPTION_TAKEN   /* by take(into, argument) */
};

/* All borrowed. A table ends with an option that has no name. */
struct option_line {
    const char *name; /* the long one, without its dashes */
    char letter;      /* the short twin; NUL for none */
    enum option_kind kind;
    void *into;
    const char *argument; /* its name for --help; NULL for an option without */
    const char *absent;   /* what stands for an argument that may be left out; NULL: it may not */
    const char *help;     /* lines with a newline between them */
    const char *wants;    /* what its argument is, for "takes ..., not ..."; NULL for numbers */
    double least, most;   /* of a number */
    int value;            /* of a choice */
    /* STATUS_OK; STATUS_USAGE when the argument is not what it should be; STATUS_IO without memory.
     */
    enum status (*take)(void *into, const char *argument);
};

/* All borrowed. */
struct options_command {
    const char *name;
    const char *usage; /* "usage: ..." and more lines of it, each with its newline */
    const char *about; /* what it does; lines likewise */
    const struct option_line *lines;
    const struct option_line *more; /* a second table; NULL for none */
    const char *notes;              /* below the options; NULL for none */
    const char *operands;           /* what they are, for "takes ..." */
    int least, most;                /* how many of them */
};

/* Reads the command line. True: go on, with the operands at argv[optind]. False: the program is
 * done, and ends with `*status`: help or version are written, or what is wrong is on stderr, with
 * the usage. */
bool options_read(const struct options_command *command, int argc, char **argv,
                  enum status *status);

/* Says what is wrong with options that are each right (printf's format), and the usage. Returns
 * STATUS_USAGE. */
enum status options_wrong(const struct options_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "N", "NK", "NM", "NG": a number of bytes from 1 to 2^32 - 1 into the size_t `into`. For `take`.
 */
enum status options_take_size(void *into, const char *argument);

#endif
