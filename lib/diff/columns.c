#include "diff/columns.h"

#include <stdlib.h>
#include <string.h>

static size_t find(const struct csv_header *header, const char *name)
{
    return header == NULL ? CSV_NO_COLUMN : csv_header_find(header, name);
}

static bool is_named(const struct diff_options *options, const char *name)
{
    for (size_t i = 0; options->columns != NULL && i < options->column_count; i++)
        if (strcmp(options->columns[i], name) == 0)
            return true;
    return false;
}

/* Compared are the columns that were asked for, as far as NEWER has them, otherwise those that
 * both have. The key's column is matched already, and its capitals are no difference. */
static size_t choose_compared(const struct csv_header *older, const struct csv_header *newer,
                              const struct diff_options *options, struct diff_columns *columns)
{
    size_t named = 0;
    for (size_t i = 0; i < csv_header_count(newer); i++) {
        const char *name = csv_header_name(newer, i).bytes;
        size_t match = find(older, name);
        bool wanted = options->columns != NULL ? is_named(options, name) : match != CSV_NO_COLUMN;
        if (!wanted)
            continue;
        named++;
        if (strcmp(name, options->key) != 0)
            columns->compared[columns->compared_count++] = (struct column_pair){i, match};
    }
    return named;
}

/* Carried is what only OLDER has. A column that was asked for and that NEWER lacks is an older
 * spelling of another one, which it would hide. */
static void choose_carried(const struct csv_header *older, const struct csv_header *newer,
                           const struct diff_options *options, struct diff_columns *columns)
{
    for (size_t i = 0; older != NULL && i < csv_header_count(older); i++) {
        const char *name = csv_header_name(older, i).bytes;
        if (csv_header_find(newer, name) == CSV_NO_COLUMN && !is_named(options, name))
            columns->carried[columns->carried_count++] = i;
    }
}

static bool have_same_layout(const struct csv_header *older, const struct csv_header *newer)
{
    if (older == NULL || csv_header_count(older) != csv_header_count(newer))
        return false;
    for (size_t i = 0; i < csv_header_count(newer); i++)
        if (strcmp(csv_header_name(older, i).bytes, csv_header_name(newer, i).bytes) != 0)
            return false;
    return true;
}

enum status diff_columns_choose(const struct csv_header *older, const struct csv_header *newer,
                                const struct diff_options *options, struct diff_columns *columns,
                                struct failure *failure)
{
    *columns = (struct diff_columns){.current = CSV_NO_COLUMN,
                                     .doubtful = CSV_NO_COLUMN,
                                     .follow_older = CSV_NO_COLUMN,
                                     .follow_newer = CSV_NO_COLUMN};
    size_t older_count = older == NULL ? 0 : csv_header_count(older);
    columns->compared = calloc(csv_header_count(newer), sizeof *columns->compared);
    columns->carried = calloc(older_count + 1, sizeof *columns->carried);
    if (columns->compared == NULL || columns->carried == NULL)
        return fail_memory(failure);
    size_t named = choose_compared(older, newer, options, columns);
    if (options->columns != NULL && named == 0)
        return fail(failure, STATUS_DATA, "it has none of the columns to compare; check -c");
    choose_carried(older, newer, options, columns);
    if (options->current_column != NULL)
        columns->current = find(older, options->current_column);
    if (options->doubtful_column != NULL)
        columns->doubtful = find(older, options->doubtful_column);
    if (options->follow != NULL) {
        columns->follow_older = find(older, options->follow);
        columns->follow_newer = find(newer, options->follow);
    }
    columns->same_layout = have_same_layout(older, newer);
    return STATUS_OK;
}

void diff_columns_free(struct diff_columns *columns)
{
    free(columns->compared);
    free(columns->carried);
    columns->compared = NULL;
    columns->carried = NULL;
}
