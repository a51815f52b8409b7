/*
 * The outcome of a comparison for people: a line for each change, a line for each column that
 * differs, and the totals.
 */
#ifndef DIFF_PEOPLE_H
#define DIFF_PEOPLE_H

#include "base/output.h"
#include "diff/diff.h"

#include <stdbool.h>

struct diff_people {
    bool colour;
};

/* One change (a diff_render; the context is a struct diff_people). Control characters of the export
 * are written as escapes, so that none of them reaches a terminal. */
void diff_people_change(struct output *output, const struct diff_change *change,
                        const void *context);

/* The totals. */
void diff_people_summary(struct output *output, const struct diff_summary *summary, bool colour);

#endif
