#include "csv/table.h"

#include "base/huge.h"
#include "base/key_hash.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

struct csv_table *csv_table_new(const struct csv_text *text)
{
    struct csv_table *table = calloc(1, sizeof *table);
    if (table != NULL) {
        table->text = text;
        table->key = CSV_NO_COLUMN;
    }
    return table;
}

void csv_table_clear(struct csv_table *table)
{
    huge_free(table->rows, table->room * sizeof *table->rows);
    table->rows = NULL;
    table->count = 0;
    table->others = 0;
    table->room = 0;
}

void csv_table_free(struct csv_table *table)
{
    if (table == NULL)
        return;
    csv_header_free(table->header);
    csv_screen_free(table->screen);
    csv_table_clear(table);
    free(table->keys);
    free(table);
}

/* Whether the row that begins there has nothing but commas, blanks and empty quotes: spreadsheets
 * write such ones below their last row. */
static bool is_blank_row(const struct csv_text *text, uint64_t start)
{
    const char *at = csv_text_bytes(text) + start;
    const char *end = csv_text_bytes(text) + csv_text_length(text);
    for (unsigned quotes = 0; at < end && (quotes == 1 || !csv_is_line_end(*at)); at++) {
        if (*at == '"' && quotes < 2)
            quotes++;
        else if (*at == ',' && quotes != 1)
            quotes = 0;
        else if (!csv_is_blank(*at))
            return false;
    }
    return true;
}

bool csv_table_add(struct csv_table *table, uint64_t start, uint64_t key)
{
    bool is_blank = table->judged && (key == CSV_ROW_SKIPPED || key == CSV_ROW_OTHER) &&
                    is_blank_row(table->text, start);
    if (table->count == table->room) {
        size_t room = table->room == 0 ? 1024 : table->room * 2;
        struct csv_row *rows =
            huge_grow(table->rows, table->room * sizeof *rows, room * sizeof *rows);
        if (rows == NULL)
            return false;
        table->rows = rows;
        table->room = room;
    }
    table->rows[table->count++] = (struct csv_row){start, is_blank ? CSV_ROW_OTHER : key};
    table->others += key == CSV_ROW_OTHER && !is_blank ? 1 : 0;
    return true;
}

struct csv_value csv_table_key(const struct csv_table *table, const struct csv_record *record)
{
    struct csv_value key = csv_record_value(record, table->key);
    for (size_t i = 1; i < table->key_count; i++) {
        struct csv_value trimmed = key;
        text_trim(&trimmed.bytes, &trimmed.length);
        if (trimmed.length > 0)
            break;
        key = csv_record_value(record, table->keys[i]);
    }
    return key;
}

uint64_t csv_table_hash(const struct csv_table *table, const struct csv_record *record,
                        uint64_t seed)
{
    if (table->screen != NULL && !csv_screen_passes(table->screen, record))
        return CSV_ROW_OTHER;
    struct csv_value key = csv_table_key(table, record);
    size_t length = text_normalize((char *)key.bytes, key.bytes, key.length);
    if (length == 0 || (table->addresses && !csv_is_address(key.bytes, length)))
        return CSV_ROW_SKIPPED;
    return key_hash(seed, key.bytes, length);
}

uint64_t csv_table_size(const struct csv_table *table, size_t row)
{
    uint64_t end =
        row + 1 < table->count ? table->rows[row + 1].start : csv_text_length(table->text);
    return end - table->rows[row].start;
}

const char *csv_table_row(const struct csv_table *table, size_t row, size_t *length)
{
    const char *bytes = csv_text_bytes(table->text);
    uint64_t start = table->rows[row].start;
    uint64_t end = start + csv_table_size(table, row);
    while (end > start && (csv_is_line_end(bytes[end - 1]) || csv_is_blank(bytes[end - 1])))
        end--;
    *length = (size_t)(end - start);
    return bytes + start;
}

bool csv_table_cut(const struct csv_table *table, size_t row, struct csv_span *fields)
{
    size_t columns = csv_header_count(table->header);
    size_t length;
    const char *bytes = csv_table_row(table, row, &length);
    return csv_fields_cut(bytes, length, fields, columns) == columns;
}

void csv_table_prefetch(const struct csv_table *table, size_t row)
{
    enum { LINE = 64, MOST = 8 };
    const char *bytes = csv_text_bytes(table->text);
    uint64_t start = table->rows[row].start;
    uint64_t end = start + csv_table_size(table, row);
    for (uint64_t i = 0; i < MOST && start < end; i++, start += LINE)
        __builtin_prefetch(bytes + start);
}

bool csv_table_same(const struct csv_table *table, size_t row, const struct csv_table *other,
                    size_t other_row)
{
    uint64_t size = csv_table_size(table, row);
    if (size == csv_table_size(other, other_row) &&
        memcmp(csv_text_bytes(table->text) + table->rows[row].start,
               csv_text_bytes(other->text) + other->rows[other_row].start, size) == 0)
        return true;
    size_t length, other_length;
    const char *bytes = csv_table_row(table, row, &length);
    const char *other_bytes = csv_table_row(other, other_row, &other_length);
    return length == other_length && memcmp(bytes, other_bytes, length) == 0;
}

void csv_table_line(const struct csv_table *table, size_t row, struct csv_lines *lines)
{
    csv_text_count(table->text, (size_t)table->rows[row].start, lines);
}

enum status csv_table_parse(const struct csv_table *table, size_t row, struct csv_record *record,
                            struct failure *failure)
{
    size_t length;
    const char *bytes = csv_table_row(table, row, &length);
    enum csv_result result = csv_record_parse(record, bytes, length);
    if (result == CSV_OUT_OF_MEMORY)
        return fail_memory(failure);
    if (result != CSV_PARSED || csv_record_count(record) != csv_header_count(table->header) ||
        !csv_record_is_text(record))
        return csv_table_changed(table, failure);
    return STATUS_OK;
}

enum status csv_table_changed(const struct csv_table *table, struct failure *failure)
{
    return fail(failure, STATUS_IO, "%.300s: it changed while it was read",
                csv_text_name(table->text));
}
