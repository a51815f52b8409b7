/*
 * An export beside what Action Network really holds: who is missing there, who differs in what, and
 * who is a member there whom the export does not name. Asks only; nothing is changed.
 *
 * The pages of people are read in whatever order they come, and each person is judged and
 * forgotten; what is kept is an outcome a row. Pages shift while they are read, so whoever seems to
 * be missing is looked up by address before it is said, and people who are seen twice count once.
 */
#ifndef AUDIT_H
#define AUDIT_H

#include "base/output.h"
#include "base/progress.h"
#include "base/status.h"
#include "diff/diff.h"
#include "people/connection.h"

#include <stdbool.h>
#include <stdint.h>

struct audit;

/* All borrowed until audit_close. */
struct audit_options {
    const char *file;          /* the export; "-" for standard input */
    const char *map;           /* as in field_map_load */
    struct csv_rules rules;    /* who of it is a member, and which column holds the address */
    const char *const *follow; /* columns that recognise who changed the address, normalized: in the
                                  export the first that it has */
    size_t follow_count;
    const char
        *since; /* RFC 3339, UTC: judge only whom somebody changed after that; NULL: everybody */
    struct diff_limit max_lapse; /* a share is one of the members whom Action Network has */
    bool all;                    /* write those who agree, too, and look up nobody */
    bool overrides;              /* leave out fields for which a person has an override */
    unsigned jobs;               /* questions at a time */
};

/* Of the changes, `older` are those whom Action Network has, of the export or as strays; `newer`
 * those whom the export names, of whom it was judged; `unchanged` agree, or are held; `added` are
 * missing, `updated` differ, `lapsed` are strays. */
struct audit_summary {
    uint64_t people; /* whom the group has; with `since`, who was changed */
    struct diff_summary changes;
};

/* Reads the export and the field map. The audit is the caller's, to be given to audit_close; NULL
 * on error. STATUS_DATA for an export that is refused, STATUS_CONFIG for the map, STATUS_IO. */
enum status audit_open(const struct audit_options *options, struct audit **audit,
                       struct failure *failure);

/* NULL is harmless. */
void audit_close(struct audit *audit);

/* Asks Action Network, until all is known. `progress` may be NULL. STATUS_DATA when there are more
 * strays than max_lapse allows, or for an answer that cannot be understood; else as people_ask. */
enum status audit_run(struct audit *audit, struct connection *connection, struct progress *progress,
                      struct failure *failure);

/* After audit_run. Borrowed. */
const struct audit_summary *audit_summary(const struct audit *audit);

/* A sentence for people on what was asked for and could not be done; NULL without one. Borrowed. */
const char *audit_warning(const struct audit *audit);

/* How an outcome is written: as the records of an-sync-records(5), or for people. */
enum audit_form { AUDIT_RECORDS, AUDIT_PEOPLE, AUDIT_COLOURED };

/* Writes what was found, in the order of the export, then strays by their address, then the
 * summary. STATUS_IO when the export changed meanwhile, memory ran out, or `output` failed, of
 * which output_end tells more. */
enum status audit_write(struct audit *audit, enum audit_form form, struct output *output,
                        struct failure *failure);

#endif
