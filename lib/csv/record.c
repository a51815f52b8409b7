#include "csv/record.h"

#include "base/text.h"
#include "csv/fields.h"

#include <csv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct csv_record {
    struct csv_parser parser;
    struct csv_value *values;
    size_t count;
    size_t values_room;
    char *bytes; /* the values, each with its NUL */
    size_t length;
    size_t bytes_room;
    size_t rows;
    size_t wrong_at;
    bool out_of_memory;
};

enum { PARSER_OPTIONS = CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL };

struct csv_record *csv_record_new(void)
{
    struct csv_record *record = calloc(1, sizeof *record);
    if (record != NULL && csv_init(&record->parser, PARSER_OPTIONS) != 0) {
        free(record);
        return NULL;
    }
    return record;
}

void csv_record_free(struct csv_record *record)
{
    if (record == NULL)
        return;
    csv_free(&record->parser);
    free(record->values);
    free(record->bytes);
    free(record);
}

static void on_field(void *bytes, size_t length, void *context)
{
    struct csv_record *record = context;
    if (record->out_of_memory)
        return;
    if (record->count == record->values_room) {
        size_t room = record->values_room == 0 ? 64 : record->values_room * 2;
        struct csv_value *values = reallocarray(record->values, room, sizeof *values);
        if (values == NULL) {
            record->out_of_memory = true;
            return;
        }
        record->values = values;
        record->values_room = room;
    }
    /* libcsv drops the blanks around quotes, and not those inside of them. */
    const char *from = bytes;
    while (length > 0 && csv_is_blank(from[length - 1]))
        length--;
    while (length > 0 && csv_is_blank(*from)) {
        from++;
        length--;
    }
    char *copy = record->bytes + record->length;
    memcpy(copy, from, length);
    copy[length] = '\0';
    record->values[record->count++] = (struct csv_value){copy, length};
    record->length += length + 1;
}

static void on_row(int terminator, void *context)
{
    (void)terminator;
    struct csv_record *record = context;
    record->rows++;
}

/* The fields are together never longer than the record, and each ends in a byte of it or at its
 * end: so this is room for all of them, and what points into it stays. */
static bool make_room(struct csv_record *record, size_t length)
{
    if (length > SIZE_MAX / 8)
        return false;
    size_t needed = 2 * length + 2;
    if (needed > record->bytes_room) {
        free(record->bytes);
        record->bytes_room = 0;
        record->bytes = malloc(needed + needed / 2);
        if (record->bytes == NULL)
            return false;
        record->bytes_room = needed + needed / 2;
    }
    /* libcsv grows its buffer by this much at a time: without it, a long field takes long. */
    csv_set_blk_size(&record->parser, length < 1024 ? 1024 : length);
    return true;
}

static enum csv_result parse(struct csv_record *record, const char *bytes, size_t length)
{
    size_t parsed = csv_parse(&record->parser, bytes, length, on_field, on_row, record);
    if (parsed != length) {
        record->wrong_at = parsed;
        return csv_error(&record->parser) == CSV_EPARSE ? CSV_BAD_QUOTE : CSV_OUT_OF_MEMORY;
    }
    if (csv_fini(&record->parser, on_field, on_row, record) != 0)
        return csv_error(&record->parser) == CSV_EPARSE ? CSV_UNTERMINATED : CSV_OUT_OF_MEMORY;
    if (record->out_of_memory)
        return CSV_OUT_OF_MEMORY;
    return record->rows == 0 ? CSV_BLANK : record->rows == 1 ? CSV_PARSED : CSV_SEVERAL;
}

enum csv_result csv_record_parse(struct csv_record *record, const char *bytes, size_t length)
{
    record->count = 0;
    record->length = 0;
    record->rows = 0;
    record->wrong_at = 0;
    record->out_of_memory = false;
    if (!make_room(record, length))
        return CSV_OUT_OF_MEMORY;
    enum csv_result result = parse(record, bytes, length);
    if (result != CSV_PARSED) {
        /* An error leaves the parser in the middle of a field: begin with a fresh one. */
        record->count = 0;
        csv_free(&record->parser);
        if (csv_init(&record->parser, PARSER_OPTIONS) != 0)
            return CSV_OUT_OF_MEMORY;
    }
    return result;
}

size_t csv_record_wrong_at(const struct csv_record *record)
{
    return record->wrong_at;
}

bool csv_record_is_text(const struct csv_record *record)
{
    /* A NUL parts the fields from each other, and belongs to none of them. */
    const char *at = record->bytes;
    for (size_t i = 0; i < record->count; i++, at++)
        at += strlen(at);
    return at == record->bytes + record->length && utf8_valid(record->bytes, record->length, NULL);
}

size_t csv_record_count(const struct csv_record *record)
{
    return record->count;
}

struct csv_value csv_record_value(const struct csv_record *record, size_t field)
{
    return record->values[field];
}
