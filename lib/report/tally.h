/*
 * A tally: how often each of a few texts came, for "12: no email, 3: two rows with one address".
 */
#ifndef TALLY_H
#define TALLY_H

#include <stdbool.h>
#include <stddef.h>

enum { TALLY_LIMIT = 50 }; /* different texts; what comes beyond them is counted together */

/* Starts zeroed; `used` entries, each with a text that the tally owns. */
struct tally {
    struct tally_entry {
        char *text;
        size_t count;
    } entries[TALLY_LIMIT];
    size_t used;
    size_t others;
};

/* Counts `text`, which is copied. False, and the tally as it was, when memory runs out. */
bool tally_add(struct tally *tally, const char *text);

/* The most frequent first; of equally frequent ones in the order of their bytes. */
void tally_sort(struct tally *tally);

/* Frees what the tally owns. */
void tally_free(struct tally *tally);

#endif
