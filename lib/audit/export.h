/*
 * The export that Action Network is compared with: who is named in it, found by address, and what
 * each should be there.
 */
#ifndef AUDIT_EXPORT_H
#define AUDIT_EXPORT_H

#include "base/status.h"
#include "csv/table.h"
#include "people/person.h"

#include <jansson.h>
#include <stddef.h>

struct audit_export;

#define AUDIT_NO_ROW SIZE_MAX

/* Reads the export, "-" for standard input. `rules` and `map` are borrowed; the export is the
 * caller's, to be given to audit_export_close; NULL on error. STATUS_DATA for what is none, or
 * names nobody; STATUS_IO. */
enum status audit_export_open(const char *path, const struct csv_rules *rules,
                              const struct field_map *map, struct audit_export **export,
                              struct failure *failure);

/* NULL is harmless. */
void audit_export_close(struct audit_export *export);

/* How many rows it has, and its name for messages; borrowed. */
size_t audit_export_count(const struct audit_export *export);
const char *audit_export_name(const struct audit_export *export);

/* Whether a row names a member, and no row before it the same. */
bool audit_export_is_first(const struct audit_export *export, size_t row);

/* Whether it names nobody, for want of a key, or of one that is an address. */
bool audit_export_is_blank(const struct audit_export *export, size_t row);

/* The first row with this address; AUDIT_NO_ROW when there is none. STATUS_IO. */
enum status audit_export_find(struct audit_export *export, const char *address, size_t *row,
                              struct failure *failure);

/* The next row that has the same address; AUDIT_NO_ROW behind the last one. */
size_t audit_export_next(const struct audit_export *export, size_t row);

/* The person that a row makes (person_from_row): a new reference, NULL on error. STATUS_DATA when
 * it makes none; STATUS_IO. */
enum status audit_export_person(struct audit_export *export, size_t row, json_t **body,
                                struct failure *failure);

/* Where a column of this normalized name is; CSV_NO_COLUMN when there is none. */
size_t audit_export_column(const struct audit_export *export, const char *name);

/* A row's value; borrowed until another row is asked for. STATUS_IO. */
enum status audit_export_value(struct audit_export *export, size_t row, size_t column,
                               struct csv_value *value, struct failure *failure);

/* A row, parsed; borrowed until another one is asked for. NULL on error: STATUS_IO. */
enum status audit_export_record(struct audit_export *export, size_t row,
                                const struct csv_record **record, struct failure *failure);

/* The table itself. Borrowed. */
const struct csv_table *audit_export_table(const struct audit_export *export);

#endif
