#include "csv/split.h"

#include "base/huge.h"
#include "base/key_hash.h"
#include "base/text.h"
#include "csv/fields.h"
#include "csv/scan.h"

#include <stdlib.h>
#include <string.h>

/* What the walk through a text holds. */
struct splitter {
    const struct csv_text *text;
    const char *bytes;
    size_t length;
    size_t at; /* where the next record begins */
    const char *key_name;
    uint64_t seed;
    struct csv_record *record;
    struct csv_table *table;
};

/* Where the record that begins at `at` ends: behind the first line end that is not in quotes. */
static size_t find_end(const char *bytes, size_t at, size_t length)
{
    bool quoted = false;
    for (; at < length; at++) {
        if (bytes[at] == '"')
            quoted = !quoted;
        else if (!quoted && csv_is_line_end(bytes[at]))
            return at + 1;
    }
    return length;
}

/* STATUS_DATA with the file and the line of the byte at `offset`. */
static enum status refuse(const struct csv_text *text, size_t offset, struct failure *failure,
                          const char *what)
{
    struct csv_lines lines = {0};
    return fail(failure, STATUS_DATA, "%.300s:%zu: %s", csv_text_name(text),
                csv_text_line(text, offset, &lines), what);
}

/* What concerns bytes, and not records. */
static enum status check_bytes(const struct csv_text *text, struct failure *failure)
{
    const char *bytes = csv_text_bytes(text);
    size_t length = csv_text_length(text);
    const char *nul = memchr(bytes, '\0', length);
    if (nul != NULL)
        return refuse(text, (size_t)(nul - bytes), failure,
                      "there is a NUL byte: is it UTF-16, or no CSV at all? Export it as UTF-8");
    size_t where;
    if (!utf8_valid(bytes, length, &where))
        return refuse(text, where, failure,
                      "this is not UTF-8; convert it (iconv -f WINDOWS-1252 -t UTF-8, perhaps)");
    return STATUS_OK;
}

/* Parses the next record into splitter->record. `*start` is where it begins; `*more` is false when
 * there is none. */
static enum status next_record(struct splitter *splitter, size_t *start, bool *more,
                               struct failure *failure)
{
    *more = false;
    while (splitter->at < splitter->length) {
        if (csv_is_line_end(splitter->bytes[splitter->at])) {
            splitter->at++;
            continue;
        }
        size_t begin = splitter->at;
        splitter->at = find_end(splitter->bytes, begin, splitter->length);
        switch (csv_record_parse(splitter->record, splitter->bytes + begin, splitter->at - begin)) {
        case CSV_PARSED:
            *start = begin;
            *more = true;
            return STATUS_OK;
        case CSV_BLANK:
            break;
        case CSV_BAD_QUOTE:
            return refuse(splitter->text, begin + csv_record_wrong_at(splitter->record), failure,
                          "a quotation mark stands where none may be; a field that holds one is "
                          "quoted, and the mark in it doubled");
        case CSV_UNTERMINATED:
            return refuse(splitter->text, begin, failure,
                          "the quotation mark that opens a field of this row is never closed; is "
                          "the file cut off?");
        case CSV_SEVERAL:
            return csv_table_changed(splitter->table, failure);
        case CSV_OUT_OF_MEMORY:
            return fail_memory(failure);
        }
    }
    return STATUS_OK;
}

static enum status fail_without_key(const struct splitter *splitter, size_t start,
                                    struct failure *failure)
{
    enum { ENOUGH = 200, OF_ONE = 100 }; /* bytes */
    struct buffer names = {.limit = 0};
    const struct csv_header *header = splitter->table->header;
    size_t count = csv_header_count(header);
    size_t shown = 0;
    while (shown < count && names.length < ENOUGH &&
           buffer_printf(&names, "%s%.*s", shown > 0 ? ", " : "", OF_ONE,
                         csv_header_name(header, shown).bytes))
        shown++;
    const char *more = shown < count ? ", ..." : "";
    struct csv_lines lines = {0};
    enum status status =
        fail(failure, STATUS_DATA,
             "%.300s:%zu: there is no column \"%.100s\", only: %s%s; is the header line missing?",
             csv_text_name(splitter->text), csv_text_line(splitter->text, start, &lines),
             splitter->key_name, names.bytes != NULL ? names.bytes : "", more);
    buffer_free(&names);
    return status;
}

static enum status read_header(struct splitter *splitter, size_t *start, struct failure *failure)
{
    bool more;
    enum status status = next_record(splitter, start, &more, failure);
    if (status != STATUS_OK || !more)
        return status;
    struct failure twice = {""};
    status = csv_header_new(splitter->record, &splitter->table->header, &twice);
    if (status == STATUS_DATA)
        return refuse(splitter->text, *start, failure, twice.text);
    if (status != STATUS_OK)
        return fail_memory(failure);
    splitter->table->key = csv_header_find(splitter->table->header, splitter->key_name);
    return STATUS_OK;
}

static enum status fail_ragged(const struct splitter *splitter, size_t start,
                               struct failure *failure)
{
    struct csv_lines lines = {0};
    return fail(failure, STATUS_DATA,
                "%.300s:%zu: this row has %zu fields, the header has %zu; is a comma in it not "
                "quoted, or the file cut off?",
                csv_text_name(splitter->text), csv_text_line(splitter->text, start, &lines),
                csv_record_count(splitter->record), csv_header_count(splitter->table->header));
}

static enum status split(struct splitter *splitter, struct failure *failure)
{
    size_t header_start = 0;
    enum status status = check_bytes(splitter->text, failure);
    if (status == STATUS_OK)
        status = read_header(splitter, &header_start, failure);
    if (status != STATUS_OK || splitter->table->header == NULL)
        return status;
    for (;;) {
        size_t start;
        bool more;
        status = next_record(splitter, &start, &more, failure);
        if (status != STATUS_OK || !more)
            return status;
        if (splitter->table->key == CSV_NO_COLUMN)
            return fail_without_key(splitter, header_start, failure);
        if (csv_record_count(splitter->record) != csv_header_count(splitter->table->header))
            return fail_ragged(splitter, start, failure);
        uint64_t hash = csv_table_hash(splitter->table, splitter->record, splitter->seed);
        if (!csv_table_add(splitter->table, start, hash))
            return fail_memory(failure);
    }
}

/* The fast way: false, and all as it was, when it declines, which it does without saying why. */
static bool split_fast(struct splitter *splitter, enum csv_way way)
{
    size_t start;
    struct failure ignored;
    bool split_up = way != CSV_PLAIN && read_header(splitter, &start, &ignored) == STATUS_OK &&
                    splitter->table->header != NULL && splitter->table->key != CSV_NO_COLUMN &&
                    csv_scan_rows(splitter->table, splitter->at, splitter->seed, way);
    if (!split_up) {
        csv_header_free(splitter->table->header);
        splitter->table->header = NULL;
        splitter->at = 0;
    }
    return split_up;
}

enum status csv_split(const struct csv_text *text, const char *key, uint64_t seed, enum csv_way way,
                      struct csv_table **table, struct failure *failure)
{
    *table = NULL;
    struct splitter splitter = {.text = text,
                                .bytes = csv_text_bytes(text),
                                .length = csv_text_length(text),
                                .key_name = key,
                                .seed = seed,
                                .record = csv_record_new(),
                                .table = calloc(1, sizeof *splitter.table)};
    enum status status;
    if (splitter.record == NULL || splitter.table == NULL) {
        status = fail_memory(failure);
    } else {
        splitter.table->text = text;
        splitter.table->key = CSV_NO_COLUMN;
        status = split_fast(&splitter, way) ? STATUS_OK : split(&splitter, failure);
    }
    csv_record_free(splitter.record);
    if (status == STATUS_OK)
        *table = splitter.table;
    else
        csv_table_free(splitter.table);
    return status;
}

bool csv_table_add(struct csv_table *table, uint64_t start, uint64_t key)
{
    if (table->count == table->room) {
        size_t room = table->room == 0 ? 1024 : table->room * 2;
        struct csv_row *rows =
            huge_grow(table->rows, table->room * sizeof *rows, room * sizeof *rows);
        if (rows == NULL)
            return false;
        table->rows = rows;
        table->room = room;
    }
    table->rows[table->count++] = (struct csv_row){start, key};
    return true;
}

uint64_t csv_table_hash(const struct csv_table *table, const struct csv_record *record,
                        uint64_t seed)
{
    struct csv_value key = csv_record_value(record, table->key);
    size_t length = text_normalize((char *)key.bytes, key.bytes, key.length);
    return length == 0 ? 0 : key_hash(seed, key.bytes, length);
}

void csv_table_clear(struct csv_table *table)
{
    huge_free(table->rows, table->room * sizeof *table->rows);
    table->rows = NULL;
    table->count = 0;
    table->room = 0;
}

void csv_table_free(struct csv_table *table)
{
    if (table == NULL)
        return;
    csv_header_free(table->header);
    csv_table_clear(table);
    free(table);
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

size_t csv_table_line(const struct csv_table *table, size_t row, struct csv_lines *lines)
{
    return csv_text_line(table->text, (size_t)table->rows[row].start, lines);
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
