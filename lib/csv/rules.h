/*
 * Who is a member: by which of its columns a row is known, which conditions it must meet, and
 * whether its key must be an address of e-mail. All that decides it stands here; csv_split applies
 * it to each row.
 */
#ifndef CSV_RULES_H
#define CSV_RULES_H

#include "base/status.h"
#include "csv/header.h"
#include "csv/names.h"
#include "csv/record.h"

#include <stdbool.h>
#include <stddef.h>

/* One of several conditions, which must all hold: that a column's value is one of those, or, when
 * negated, none of them. */
struct csv_condition {
    char *column; /* normalized */
    bool negated;
    char **values;
    size_t count;
};

struct csv_conditions {
    struct csv_condition *conditions;
    size_t count;
};

/* Starts as {0}. All of it is filled by the functions below, but `addresses`. */
struct csv_rules {
    struct csv_names keys;       /* in a row, the first that it has a value in is its key */
    struct csv_conditions where; /* who is no member otherwise */
    struct csv_conditions where_possible; /* the same, for want of `where`, in a file that has all
                                             of their columns */
    bool addresses;                       /* keys are addresses */
};

/* Frees them, and leaves none. */
void csv_rules_free(struct csv_rules *rules);

/* Adds conditions, "COLUMN=VALUE[,VALUE...][;...]", with "!=" for the contrary. What holds one of
 * ",;=!\"" or a newline stands in quotes, as in CSV. An empty value is a blank field. STATUS_USAGE
 * when that is not what the text is, STATUS_IO when memory runs out. */
enum status csv_conditions_add(struct csv_conditions *conditions, const char *text);

/* The conditions on the rows of one file. */
struct csv_screen;

/* The conditions of `rules`, which are borrowed, that hold for the file with this header; NULL when
 * there are none. The screen is the caller's, to be given to csv_screen_free. STATUS_DATA when the
 * file lacks a column that `where` names; the sentence says so without the file's name. */
enum status csv_screen_new(const struct csv_rules *rules, const struct csv_header *header,
                           struct csv_screen **screen, struct failure *failure);

/* The conditions of `rules` that the file with this header has lost, as one can read them, though
 * one with the header `before` had their columns: `where_possible`, without `where`. To be freed;
 * NULL for none, and `*made` false when memory runs out. */
char *csv_rules_lost(const struct csv_rules *rules, const struct csv_header *before,
                     const struct csv_header *header, bool *made);

/* NULL is harmless. */
void csv_screen_free(struct csv_screen *screen);

/* The conditions that are used, for people and as csv_conditions_add reads them; NULL without a
 * screen. Borrowed. */
const char *csv_screen_rule(const struct csv_screen *screen);

/* Whether a row meets all conditions. Values are compared without what text_trim takes off, and
 * without regard to the case of ASCII letters. */
bool csv_screen_passes(const struct csv_screen *screen, const struct csv_record *record);

/* The same of a checked row, by what is written. False when only the parser can tell. */
bool csv_screen_written(struct csv_screen *screen, const char *bytes, size_t length, bool *passes);

/* Whether a normalized key can be an address: one '@' with something before it that no apostrophe
 * begins, behind it a domain of at least two names that no dot begins or ends, of letters, digits,
 * "-" and "_"; nothing blank, invisible, damaged (U+FFFD) or of <>,;: in it. */
bool csv_is_address(const char *key, size_t length);

#endif
