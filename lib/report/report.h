/*
 * The report: counts the results of a run (an-sync-records(5)) into a few paragraphs for people.
 *
 * Its memory does not grow with the input: it keeps counts, a limited number of different reasons,
 * and, where asked for, a few names.
 */
#ifndef REPORT_H
#define REPORT_H

#include "base/ndjson.h"
#include "base/status.h"

#include <jansson.h>
#include <stdbool.h>

struct report;

/* An empty report; with `names` it names up to 20 people of each kind. The report is the caller's,
 * to be given to report_free; NULL when memory runs out. */
struct report *report_new(bool names);

/* NULL is harmless. */
void report_free(struct report *report);

/* Counts one record; one that is neither a change nor a summary changes nothing. STATUS_OK, or
 * STATUS_IO when memory runs out. */
enum status report_add(struct report *report, const json_t *record, struct failure *failure);

/* Counts all records of an input. On an error, which is what ndjson_read, ndjson_parse and
 * report_add return, the report says what it does not hold, and what is left is read all the same,
 * so that the programs before this one can finish their work. */
enum status report_read(struct report *report, struct ndjson_reader *reader,
                        struct failure *failure);

/* Says that counting ended before the input did, and why: one sentence, copied. */
void report_cut_short(struct report *report, const char *why);

/* Whether there is something for people to look at: failures, fields that were not taken, a run
 * that broke off. */
bool report_is_warning(const struct report *report);

/* The paragraphs, the first of them the counts, as a new array of strings; NULL when memory runs
 * out. Paragraphs that are lists have a line an item. No text that came from a server or an export
 * holds an address of email in it, but for a person's name with `names`. */
json_t *report_paragraphs(struct report *report);

#endif
