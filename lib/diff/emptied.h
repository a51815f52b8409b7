/*
 * Whether a compared column lost all its values, which no week in the life of a chapter does: it is
 * the export that is broken then. NULL, #REF! and a dash (base/cell.h) are no values.
 */
#ifndef DIFF_EMPTIED_H
#define DIFF_EMPTIED_H

#include "base/status.h"
#include "csv/names.h"
#include "diff/match.h"

/* How many rows of OLDER must have had a value, and what share of them (1 in so many). */
enum { EMPTIED_ROWS = 20, EMPTIED_SHARE = 10 };

/* Refuses a NEWER of which a compared column is empty in every row that is a member's, though in
 * OLDER many had a value, unless its name is among `allowed`. Costs a look at every row of NEWER at
 * the most, and at OLDER's where a column is empty. STATUS_DATA, with the column's name. */
enum status diff_emptied_check(const struct diff_match *match, const struct csv_names *allowed,
                               struct failure *failure);

#endif
