#include "csv/nameless.h"

#include <stdbool.h>
#include <stdlib.h>

struct nameless {
    size_t *columns;
    bool *filled; /* of each, whether any row has a value there */
    size_t count;
    size_t filled_count;
};

/* False when memory runs out. */
static bool list_nameless(const struct csv_header *header, struct nameless *nameless)
{
    size_t columns = csv_header_count(header);
    nameless->columns = calloc(columns, sizeof *nameless->columns);
    nameless->filled = calloc(columns, sizeof *nameless->filled);
    if (nameless->columns == NULL || nameless->filled == NULL)
        return false;
    for (size_t i = 0; i < columns; i++)
        if (csv_header_name(header, i).length == 0)
            nameless->columns[nameless->count++] = i;
    return true;
}

/* Looks for values, in one walk through the rows however many columns there are, until two have
 * one. */
static enum status find_filled(const struct csv_table *table, struct nameless *nameless,
                               struct failure *failure)
{
    struct csv_span *fields = calloc(csv_header_count(table->header), sizeof *fields);
    enum status status = STATUS_OK;
    if (fields == NULL)
        return fail_memory(failure);
    for (size_t row = 0; row < table->count && status == STATUS_OK; row++) {
        if (nameless->filled_count == nameless->count || nameless->filled_count > 1)
            break;
        if (!csv_table_cut(table, row, fields))
            status = csv_table_changed(table, failure);
        for (size_t i = 0; i < nameless->count && status == STATUS_OK; i++) {
            if (nameless->filled[i] || !csv_field_has_value(fields[nameless->columns[i]]))
                continue;
            nameless->filled[i] = true;
            nameless->filled_count++;
        }
    }
    free(fields);
    return status;
}

enum status csv_nameless_leave_out(struct csv_table *table, size_t *filled, struct failure *failure)
{
    struct csv_header *header = table->header;
    struct nameless nameless = {.count = 0};
    *filled = 0;
    if (header == NULL || csv_header_find(header, "") == CSV_NO_COLUMN)
        return STATUS_OK;
    enum status status = list_nameless(header, &nameless) ? find_filled(table, &nameless, failure)
                                                          : fail_memory(failure);
    *filled = nameless.filled_count;
    for (size_t i = 0; i < nameless.count && status == STATUS_OK && *filled <= 1; i++)
        if (!nameless.filled[i])
            csv_header_leave_out(header, nameless.columns[i]);
    free(nameless.filled);
    free(nameless.columns);
    return status;
}
