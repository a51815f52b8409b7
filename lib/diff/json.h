/*
 * The outcome of a comparison as NDJSON: the records of an-sync-records(5).
 */
#ifndef DIFF_JSON_H
#define DIFF_JSON_H

#include "base/output.h"
#include "diff/diff.h"

/* One change as a line (a diff_render, without context). Values are UTF-8 and hold no NUL, which
 * csv_split has checked. */
void diff_json_change(struct output *output, const struct diff_change *change, const void *context);

/* The last line; `before` is what its object has before the rest, "" for nothing. */
void diff_json_summary(struct output *output, const struct diff_summary *summary,
                       const char *before);

#endif
