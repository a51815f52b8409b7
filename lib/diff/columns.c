#include "diff/columns.h"

#include <stdlib.h>
#include <string.h>

static size_t find(const struct csv_header *header, const char *name)
{
    return header == NULL ? CSV_NO_COLUMN : csv_header_find(header, name);
}

/* Compared are the columns that were asked for, as far as NEWER has them, otherwise those that
 * both have. The key's column is matched already, and its capitals are no difference. */
static size_t choose_compared(const struct csv_header *older, const struct csv_table *newer,
                              const struct diff_options *options, struct diff_columns *columns)
{
    size_t named = 0;
    for (size_t i = 0; i < csv_header_count(newer->header); i++) {
        const char *name = csv_header_name(newer->header, i).bytes;
        size_t match = find(older, name);
        bool wanted = options->columns.count > 0 ? csv_names_have(&options->columns, name)
                                                 : match != CSV_NO_COLUMN;
        if (!wanted || csv_header_is_left_out(newer->header, i))
            continue;
        named++;
        if (i != newer->key)
            columns->compared[columns->compared_count++] = (struct column_pair){i, match};
    }
    return named;
}

static bool is_in(const size_t *columns, size_t count, size_t column)
{
    for (size_t i = 0; i < count; i++)
        if (columns[i] == column)
            return true;
    return false;
}

/* Carried is what only OLDER has. A column that was asked for and that NEWER lacks is an older
 * spelling of another one, which it would hide; so is one of the key's, and of those to follow. */
static void choose_carried(const struct csv_table *older, const struct csv_table *newer,
                           const struct diff_options *options, struct diff_columns *columns)
{
    for (size_t i = 0; older != NULL && i < csv_header_count(older->header); i++) {
        const char *name = csv_header_name(older->header, i).bytes;
        bool is_spelling = csv_names_have(&options->columns, name) ||
                           is_in(older->keys, older->key_count, i) ||
                           (columns->follow_newer.count > 0 &&
                            is_in(columns->follow_older.columns, columns->follow_older.count, i));
        if (csv_header_find(newer->header, name) == CSV_NO_COLUMN && !is_spelling &&
            !csv_header_is_left_out(older->header, i))
            columns->carried[columns->carried_count++] = i;
    }
}

/* Whether OLDER begins with NEWER's columns in the same order. */
static bool begins_alike(const struct csv_header *older, const struct csv_header *newer)
{
    if (older == NULL || csv_header_count(older) < csv_header_count(newer))
        return false;
    for (size_t i = 0; i < csv_header_count(newer); i++)
        if (strcmp(csv_header_name(older, i).bytes, csv_header_name(newer, i).bytes) != 0 ||
            csv_header_is_left_out(older, i) != csv_header_is_left_out(newer, i))
            return false;
    return true;
}

enum status diff_columns_choose(const struct csv_table *older, const struct csv_table *newer,
                                const struct diff_options *options, struct diff_columns *columns,
                                struct failure *failure)
{
    *columns = (struct diff_columns){.current = CSV_NO_COLUMN, .doubtful = CSV_NO_COLUMN};
    const struct csv_header *older_header = older == NULL ? NULL : older->header;
    size_t older_count = older == NULL ? 0 : csv_header_count(older_header);
    columns->compared = calloc(csv_header_count(newer->header), sizeof *columns->compared);
    columns->carried = calloc(older_count + 1, sizeof *columns->carried);
    if (columns->compared == NULL || columns->carried == NULL ||
        !csv_header_find_all(older_header, &options->follow, &columns->follow_older.columns,
                             &columns->follow_older.count) ||
        !csv_header_find_all(newer->header, &options->follow, &columns->follow_newer.columns,
                             &columns->follow_newer.count))
        return fail_memory(failure);
    size_t named = choose_compared(older_header, newer, options, columns);
    if (options->columns.count > 0 && named == 0)
        return fail(failure, STATUS_DATA, "it has none of the columns to compare; check -c");
    choose_carried(older, newer, options, columns);
    if (options->current_column != NULL)
        columns->current = find(older_header, options->current_column);
    if (options->doubtful_column != NULL)
        columns->doubtful = find(older_header, options->doubtful_column);
    bool alike =
        older != NULL && older->key == newer->key && begins_alike(older_header, newer->header);
    size_t newer_count = csv_header_count(newer->header);
    columns->same_layout = alike && older_count == newer_count;
    columns->longer_layout = alike && older_count > newer_count &&
                             (columns->current == CSV_NO_COLUMN || columns->current >= newer_count);
    return STATUS_OK;
}

void diff_columns_free(struct diff_columns *columns)
{
    free(columns->compared);
    free(columns->carried);
    free(columns->follow_older.columns);
    free(columns->follow_newer.columns);
    *columns = (struct diff_columns){.compared = NULL};
}
