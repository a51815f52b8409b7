/*
 * What a report has counted: shared by report.c, which counts, and text.c, which writes, and
 * nobody else.
 */
#ifndef REPORT_COUNTS_H
#define REPORT_COUNTS_H

#include "base/text.h"
#include "report/tally.h"

#include <stdbool.h>
#include <stddef.h>

enum kind { NEW, UPDATED, SENT_AGAIN, LAPSED, KINDS };
enum state { PENDING, OK, FAILED, DRY_RUN, DEFERRED, STATES };

struct count {
    size_t people;
    size_t named;
    struct buffer names; /* the first of them, separated by commas */
};

struct report {
    bool names;
    bool any; /* a record came */
    struct count changes[STATES][KINDS];
    struct count skipped;
    struct tally failures, skips, unapplied, overridden, notes, drift;
    bool unapplied_custom; /* one of the unapplied is a custom field */
    bool key_refused;
    bool summed;  /* the summary came */
    bool audited; /* the summary is an-diff's */
    size_t members, unchanged, announced, people;
    size_t held, others;
    char rule[256]; /* by which a row is a member's; empty without one */
    char cut_short[512];
};

#endif
