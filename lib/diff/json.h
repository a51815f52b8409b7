/*
 * The outcome of a comparison as NDJSON: the records of an-sync-records(5).
 */
#ifndef DIFF_JSON_H
#define DIFF_JSON_H

#include "base/output.h"
#include "diff/diff.h"

#include <stdint.h>

/* One change as a line (a diff_render, without context). Values are UTF-8 and hold no NUL, which
 * csv_split has checked. */
void diff_json_change(struct output *output, const struct diff_change *change, const void *context);

/* How many rows the rule for members left out, as members of the summary's object; nothing when
 * `rule` (csv_screen_rule) is NULL. */
void diff_json_rule(struct output *output, const char *rule, uint64_t others);

/* The last line. */
void diff_json_summary(struct output *output, const struct diff_summary *summary);

#endif
