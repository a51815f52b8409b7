#include "audit/export.h"

#include "base/key_hash.h"
#include "base/text.h"
#include "csv/split.h"
#include "diff/key_index.h"

#include <stdlib.h>
#include <string.h>

/* A column that the field map uses, and that the export has. */
struct used_column {
    char *name;
    size_t column;
};

struct audit_export {
    const struct field_map *map;
    struct csv_text *text;
    struct csv_table *table;
    uint64_t seed;
    struct key_index *index; /* the first row of each key */
    uint32_t *next; /* of a row with the same key, its number plus one; NULL: none repeats */
    struct csv_record *record;
    size_t parsed; /* the row that is in `record`; AUDIT_NO_ROW: none */
    struct used_column *used;
    size_t used_count;
    struct buffer key;   /* a normalized one */
    struct buffer other; /* and a row's, to compare with it */
};

/* What becomes of a row's hash when an earlier row has the same key. */
static const uint64_t REPEATS = UINT64_MAX;

enum status audit_export_record(struct audit_export *export, size_t row,
                                const struct csv_record **record, struct failure *failure)
{
    *record = NULL;
    if (export->parsed != row) {
        export->parsed = AUDIT_NO_ROW;
        enum status status = csv_table_parse(export->table, row, export->record, failure);
        if (status != STATUS_OK)
            return status;
        export->parsed = row;
    }
    *record = export->record;
    return STATUS_OK;
}

enum status audit_export_value(struct audit_export *export, size_t row, size_t column,
                               struct csv_value *value, struct failure *failure)
{
    const struct csv_record *record;
    enum status status = audit_export_record(export, row, &record, failure);
    *value = status == STATUS_OK ? csv_record_value(record, column) : (struct csv_value){"", 0};
    return status;
}

/* ---- who is named ---- */

/* Whether a row has the key in export->key. */
static enum status has_key(struct audit_export *export, size_t row, bool *has,
                           struct failure *failure)
{
    const struct csv_record *record;
    enum status status = audit_export_record(export, row, &record, failure);
    *has = false;
    if (status != STATUS_OK)
        return status;
    struct csv_value value = csv_table_key(export->table, record);
    if (!buffer_normalize(&export->other, value.bytes, value.length))
        return fail_memory(failure);
    *has = export->other.length == export->key.length &&
           memcmp(export->other.bytes, export->key.bytes, export->key.length) == 0;
    return STATUS_OK;
}

/* Looks for the first row with the key in export->key. */
static enum status search(struct audit_export *export, uint64_t hash, struct key_probe *probe,
                          uint64_t *found, struct failure *failure)
{
    for (*found = key_index_first(export->index, hash, probe); *found != KEY_NONE;
         *found = key_index_next(export->index, probe)) {
        bool has;
        enum status status = has_key(export, *found, &has, failure);
        if (status != STATUS_OK || has)
            return status;
    }
    return STATUS_OK;
}

enum status audit_export_find(struct audit_export *export, const char *address, size_t *row,
                              struct failure *failure)
{
    struct key_probe probe;
    uint64_t found = KEY_NONE;
    *row = AUDIT_NO_ROW;
    if (!buffer_normalize(&export->key, address, strlen(address)))
        return fail_memory(failure);
    if (export->key.length == 0)
        return STATUS_OK;
    uint64_t hash = key_hash(export->seed, export->key.bytes, export->key.length);
    enum status status = search(export, hash, &probe, &found, failure);
    if (status == STATUS_OK && found != KEY_NONE)
        *row = found;
    return status;
}

/* Puts a row behind the first one that has its key. */
static enum status chain(struct audit_export *export, size_t first, size_t row,
                         struct failure *failure)
{
    if (export->next == NULL &&
        (export->next = calloc(export->table->count, sizeof *export->next)) == NULL)
        return fail_memory(failure);
    export->next[row] = export->next[first];
    export->next[first] = (uint32_t)row + 1;
    export->table->rows[row].key = REPEATS;
    return STATUS_OK;
}

static enum status enter(struct audit_export *export, size_t row, struct failure *failure)
{
    uint64_t hash = export->table->rows[row].key, found = KEY_NONE;
    struct key_probe probe;
    /* Nearly every row finds nobody, and need not be parsed for that. */
    if (key_index_first(export->index, hash, &probe) != KEY_NONE) {
        const struct csv_record *record;
        struct csv_value value = {"", 0};
        enum status status = audit_export_record(export, row, &record, failure);
        if (status == STATUS_OK)
            value = csv_table_key(export->table, record);
        if (status == STATUS_OK && !buffer_normalize(&export->key, value.bytes, value.length))
            status = fail_memory(failure);
        if (status == STATUS_OK)
            status = search(export, hash, &probe, &found, failure);
        if (status != STATUS_OK)
            return status;
    }
    if (found != KEY_NONE)
        return chain(export, found, row, failure);
    (void)key_index_put(export->index, &probe, row);
    return STATUS_OK;
}

static enum status enter_all(struct audit_export *export, struct failure *failure)
{
    struct csv_table *table = export->table;
    enum status status = STATUS_OK;
    bool any = false;
    export->index = key_index_new(table->count);
    if (export->index == NULL)
        return fail_memory(failure);
    for (size_t row = 0; row < table->count && status == STATUS_OK; row++) {
        if (table->rows[row].key == CSV_ROW_SKIPPED || table->rows[row].key == CSV_ROW_OTHER)
            continue;
        any = true;
        status = enter(export, row, failure);
    }
    if (status == STATUS_OK && !any)
        return fail(failure, STATUS_DATA, "%.300s: there is nobody in it; is it the right file?",
                    csv_text_name(export->text));
    return status;
}

bool audit_export_is_blank(const struct audit_export *export, size_t row)
{
    return export->table->rows[row].key == CSV_ROW_SKIPPED;
}

bool audit_export_is_first(const struct audit_export *export, size_t row)
{
    uint64_t key = export->table->rows[row].key;
    return key != CSV_ROW_SKIPPED && key != CSV_ROW_OTHER && key != REPEATS;
}

size_t audit_export_next(const struct audit_export *export, size_t row)
{
    return export->next == NULL || export->next[row] == 0 ? AUDIT_NO_ROW : export->next[row] - 1;
}

/* ---- what they should be ---- */

/* Finds where the columns are that the map uses. */
static enum status find_used(struct audit_export *export, struct failure *failure)
{
    json_t *columns = field_map_columns(export->map);
    size_t index;
    json_t *column;
    export->used = calloc(json_array_size(columns) + 1, sizeof *export->used);
    bool found = columns != NULL && export->used != NULL;
    json_array_foreach(columns, index, column)
    {
        size_t where = audit_export_column(export, json_string_value(column));
        if (!found || where == CSV_NO_COLUMN)
            continue;
        char *name = strdup(json_string_value(column));
        export->used[export->used_count++] = (struct used_column){name, where};
        found = name != NULL;
    }
    json_decref(columns);
    return found ? STATUS_OK : fail_memory(failure);
}

enum status audit_export_person(struct audit_export *export, size_t row, json_t **body,
                                struct failure *failure)
{
    const struct csv_record *record;
    *body = NULL;
    enum status status = audit_export_record(export, row, &record, failure);
    if (status != STATUS_OK)
        return status;
    json_t *used = json_object();
    for (size_t i = 0; i < export->used_count && status == STATUS_OK; i++) {
        struct csv_value value = csv_record_value(record, export->used[i].column);
        if (json_object_set_new_nocheck(used, export->used[i].name,
                                        json_stringn_nocheck(value.bytes, value.length)) != 0)
            status = fail_memory(failure);
    }
    if (status == STATUS_OK)
        status = person_from_row(export->map, used, NULL, body, failure);
    json_decref(used);
    return status;
}

/* ---- */

size_t audit_export_count(const struct audit_export *export)
{
    return export->table->count;
}

const char *audit_export_name(const struct audit_export *export)
{
    return csv_text_name(export->text);
}

size_t audit_export_column(const struct audit_export *export, const char *name)
{
    return csv_header_find(export->table->header, name);
}

const struct csv_table *audit_export_table(const struct audit_export *export)
{
    return export->table;
}

static enum status read_all(struct audit_export *export, const char *path,
                            const struct csv_rules *rules, struct failure *failure)
{
    enum status status = csv_text_open(path, NULL, &export->text, failure);
    if (status == STATUS_OK)
        status = csv_split(export->text, rules, CSV_RULES, export->seed, CSV_BEST, &export->table,
                           failure);
    if (status == STATUS_OK && export->table->header == NULL)
        status = fail(failure, STATUS_DATA, "%.300s: it is empty; is it the right file?",
                      csv_text_name(export->text));
    if (status == STATUS_OK && (export->record = csv_record_new()) == NULL)
        status = fail_memory(failure);
    if (status == STATUS_OK)
        status = enter_all(export, failure);
    if (status == STATUS_OK)
        status = find_used(export, failure);
    return status;
}

enum status audit_export_open(const char *path, const struct csv_rules *rules,
                              const struct field_map *map, struct audit_export **export,
                              struct failure *failure)
{
    *export = NULL;
    struct audit_export *made = calloc(1, sizeof *made);
    if (made == NULL)
        return fail_memory(failure);
    made->map = map;
    made->seed = key_seed();
    made->parsed = AUDIT_NO_ROW;
    enum status status = read_all(made, path, rules, failure);
    if (status == STATUS_OK)
        *export = made;
    else
        audit_export_close(made);
    return status;
}

void audit_export_close(struct audit_export *export)
{
    if (export == NULL)
        return;
    for (size_t i = 0; i < export->used_count; i++)
        free(export->used[i].name);
    free(export->used);
    buffer_free(&export->key);
    buffer_free(&export->other);
    csv_record_free(export->record);
    free(export->next);
    key_index_free(export->index);
    csv_table_free(export->table);
    csv_text_close(export->text);
    free(export);
}
