#include "diff/emptied.h"

#include "base/cell.h"
#include "base/text.h"

#include <stdlib.h>

/* The compared columns that may be meant, and how many rows of OLDER have a value there. */
struct emptied {
    const struct diff_match *match;
    struct csv_span *fields; /* of a row */
    struct suspect {
        size_t newer;
        size_t older;
        size_t values;
    } * suspects;
    size_t count;
};

static bool has_value(struct csv_span field)
{
    return !csv_field_value(&field) || cell_says_something(field.bytes, field.length);
}

/* Clears those that have a value in some row of NEWER, which most have in the first ones. */
static enum status clear_filled(struct emptied *emptied, struct failure *failure)
{
    const struct csv_table *newer = emptied->match->newer;
    for (size_t row = 0; row < newer->count && emptied->count > 0; row++) {
        size_t kept = 0;
        if (newer->rows[row].key == CSV_ROW_OTHER)
            continue;
        if (!csv_table_cut(newer, row, emptied->fields))
            return csv_table_changed(newer, failure);
        for (size_t i = 0; i < emptied->count; i++)
            if (!has_value(emptied->fields[emptied->suspects[i].newer]))
                emptied->suspects[kept++] = emptied->suspects[i];
        emptied->count = kept;
    }
    return STATUS_OK;
}

static enum status count_older(struct emptied *emptied, struct failure *failure)
{
    const struct csv_table *older = emptied->match->older;
    for (size_t row = 0; row < older->count && emptied->count > 0; row++) {
        if (!csv_table_cut(older, row, emptied->fields))
            return csv_table_changed(older, failure);
        for (size_t i = 0; i < emptied->count; i++)
            emptied->suspects[i].values += has_value(emptied->fields[emptied->suspects[i].older]);
    }
    return STATUS_OK;
}

/* Keeps those of which OLDER has so many values that they can't be gone. */
static void keep_lost(struct emptied *emptied)
{
    size_t kept = 0;
    for (size_t i = 0; i < emptied->count; i++) {
        size_t values = emptied->suspects[i].values;
        if (values >= EMPTIED_ROWS &&
            values >= (emptied->match->older->count + EMPTIED_SHARE - 1) / EMPTIED_SHARE)
            emptied->suspects[kept++] = emptied->suspects[i];
    }
    emptied->count = kept;
}

static enum status refuse(const struct emptied *emptied, struct failure *failure)
{
    enum { ENOUGH = 300, OF_ONE = 100 }; /* bytes */
    const struct csv_table *newer = emptied->match->newer;
    struct buffer names = {.limit = 0};
    for (size_t i = 0; i < emptied->count && names.length < ENOUGH; i++)
        (void)buffer_printf(&names, "%s%.*s", i > 0 ? "," : "", OF_ONE,
                            csv_header_name(newer->header, emptied->suspects[i].newer).bytes);
    const char *list = names.bytes != NULL ? names.bytes : "";
    enum status status =
        fail(failure, STATUS_DATA,
             "%.300s: no row has a value in the column%s %s any more, and %zu of %zu had one "
             "before; is the "
             "export broken? If it is not, run again with --empty %s (AN_ALLOW_EMPTY)",
             csv_text_name(newer->text), emptied->count > 1 ? "s" : "", list,
             emptied->suspects[0].values, emptied->match->older->count, list);
    buffer_free(&names);
    return status;
}

static enum status check(struct emptied *emptied, const struct csv_names *allowed,
                         struct failure *failure)
{
    const struct diff_match *match = emptied->match;
    const struct diff_columns *columns = match->columns;
    for (size_t i = 0; i < columns->compared_count; i++) {
        const struct column_pair *pair = &columns->compared[i];
        const char *name = csv_header_name(match->newer->header, pair->newer).bytes;
        if (pair->older != CSV_NO_COLUMN && !csv_names_have(allowed, name))
            emptied->suspects[emptied->count++] = (struct suspect){pair->newer, pair->older, 0};
    }
    enum status status = clear_filled(emptied, failure);
    if (status == STATUS_OK)
        status = count_older(emptied, failure);
    if (status != STATUS_OK)
        return status;
    keep_lost(emptied);
    return emptied->count == 0 ? STATUS_OK : refuse(emptied, failure);
}

enum status diff_emptied_check(const struct diff_match *match, const struct csv_names *allowed,
                               struct failure *failure)
{
    if (match->older->count < EMPTIED_ROWS)
        return STATUS_OK;
    size_t older = csv_header_count(match->older->header);
    size_t newer = csv_header_count(match->newer->header);
    struct emptied emptied = {
        .match = match,
        .fields = calloc(older > newer ? older : newer, sizeof *emptied.fields),
        .suspects = calloc(match->columns->compared_count + 1, sizeof *emptied.suspects)};
    enum status status = emptied.fields == NULL || emptied.suspects == NULL
                             ? fail_memory(failure)
                             : check(&emptied, allowed, failure);
    free(emptied.fields);
    free(emptied.suspects);
    return status;
}
