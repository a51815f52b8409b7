/*
 * Columns without a name, as spreadsheets write them behind the last one.
 */
#ifndef CSV_NAMELESS_H
#define CSV_NAMELESS_H

#include "base/status.h"
#include "csv/table.h"

#include <stddef.h>

/* Leaves out (csv_header_leave_out) those that are empty in every row, of a table whose rows are
 * split. `*filled` is how many have a value; of more than one nothing is left out, and not all are
 * counted. STATUS_IO without memory, or when the text is not what it was. */
enum status csv_nameless_leave_out(struct csv_table *table, size_t *filled,
                                   struct failure *failure);

#endif
