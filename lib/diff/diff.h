/*
 * What changed between two exports: reads both, matches their rows by key, compares them, and has
 * each change rendered, in whatever form the caller likes.
 *
 * Exact: two rows are the same when every compared field is the same, byte for byte, once libcsv
 * has undone the quoting and blanks at its ends are dropped. The order of rows and of columns does
 * not count. Who is a member is what csv/rules.h says.
 */
#ifndef DIFF_H
#define DIFF_H

#include "base/output.h"
#include "base/status.h"
#include "csv/names.h"
#include "csv/record.h"
#include "csv/rules.h"
#include "csv/split.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diff;

struct diff_limit {
    bool set;
    bool is_share;
    uint64_t value; /* members, or of OLDER's members a share in millionths of a percent */
};

enum { DIFF_PERCENT = 1000000, DIFF_WHOLE = 100 * DIFF_PERCENT };

/* How many of so many members may lapse: any number where the limit is not set, and where it is a
 * share five at the least, for a share of a small group is nobody. Of at most 2^37 members. */
uint64_t diff_limit_most(const struct diff_limit *limit, uint64_t members);

/* All borrowed until diff_close. Column names are normalized (text_normalize). */
struct diff_options {
    void (*opened)(void); /* called when both files are open and nothing of them is read; or NULL */
    struct csv_rules rules;        /* of OLDER the keys alone: its rows were members */
    struct csv_names columns;      /* compared; without any, those that both have */
    struct csv_names follow;       /* columns that recognise who changed his key, or has none now */
    struct csv_names may_be_empty; /* of the compared ones, those that may lose all their values */
    const char *label;             /* what messages and records call NEWER; NULL for its path */
    const char *current_column; /* OLDER's rows with another value here are out of date; or NULL */
    const char *current_value;
    const char *doubtful_column; /* OLDER's rows with this value here may not be there; or NULL */
    const char *doubtful_value;
    struct diff_limit max_lapse;
    bool all;         /* unchanged members count as updated */
    unsigned threads; /* both 0 but in tests: how many, and how to look at the bytes */
    enum csv_way way;
};

/* Members, that is, different keys; `skipped` and `others` count rows. */
struct diff_summary {
    uint64_t older;
    uint64_t newer;
    uint64_t unchanged;
    uint64_t added;
    uint64_t updated;
    uint64_t lapsed;
    uint64_t skipped;
    uint64_t held;    /* among the unchanged: those whose row was skipped */
    uint64_t others;  /* that do not meet the conditions */
    const char *rule; /* these (csv_screen_rule); NULL without any. Borrowed from the diff. */
};

enum diff_kind { DIFF_NEW, DIFF_UPDATED, DIFF_LAPSED, DIFF_SKIPPED };

struct diff_pair {
    struct csv_value name; /* normalized */
    struct csv_value value;
};

/* One record of the outcome; everything in it is borrowed while it is rendered. */
struct diff_change {
    enum diff_kind kind;
    struct csv_value key;        /* normalized; when skipped, as it is written, no address or "" */
    const struct diff_pair *row; /* in the order of the columns */
    size_t row_count;
    const struct diff_pair
        *was; /* updated, or new and doubtful: the older values of what differs */
    size_t was_count;
    const char *key_name;  /* DIFF_SKIPPED, what follows: the key's column, */
    const char *reason;    /* or why, where it is not the key's fault, and NULL otherwise; */
    const char *file;      /* the file, NULL for none, */
    size_t line;           /* the line from 1, */
    size_t sheet_row;      /* in a file with a label, the row in a spreadsheet, from 1; else 0, */
    struct csv_value held; /* the key of the member who is held; "" when nobody is */
};

/* Reads, checks and compares the two files ("-" for standard input, not both). The outcome is the
 * caller's, to be given to diff_close; NULL on error. STATUS_DATA for input that is refused, with
 * the place and what to do; STATUS_IO for what cannot be read. */
enum status diff_open(const char *older, const char *newer, const struct diff_options *options,
                      struct diff **diff, struct failure *failure);

/* NULL is harmless. */
void diff_close(struct diff *diff);

const struct diff_summary *diff_summary(const struct diff *diff);

/* A sentence for people on what was asked for and could not be done; NULL without one. Borrowed. */
const char *diff_warning(const struct diff *diff);

/* Writes one change to `output`. It is called on several threads at once, each with an output of
 * its own. */
typedef void diff_render(struct output *output, const struct diff_change *change,
                         const void *context);

/* Renders every change to `output`: new, updated and skipped in the order of NEWER, then lapsed in
 * the order of OLDER. Once per diff. STATUS_IO when a file changed meanwhile, memory ran out, or
 * `output` failed, of which output_end tells more. */
enum status diff_write(struct diff *diff, struct output *output, diff_render *render,
                       const void *context, struct failure *failure);

#endif
