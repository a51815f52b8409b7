/*
 * Made-up pairs of exports and options to compare them with, each the same for the same seed.
 */
#ifndef CASES_H
#define CASES_H

#include "oracle.h"

#include <stdint.h>

struct oracle_case {
    struct oracle_bytes older; /* to be freed, both */
    struct oracle_bytes newer;
    struct oracle_options options; /* strings are constants */
};

struct oracle_case oracle_case_make(uint64_t seed);

void oracle_case_free(struct oracle_case *made);

/* The options as csv-diff takes them, into `text`: for messages. */
void oracle_case_describe(const struct oracle_case *made, char *text, size_t size);

#endif
