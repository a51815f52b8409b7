#include "roster/dump.h"

#include "base/record.h"
#include "base/text.h"
#include "roster/row.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct dump {
    struct output *output;
    bool begun;
    bool has_header;
    json_t *columns;    /* all of the roster's names */
    struct buffer line; /* the same as a line of CSV */
    struct buffer field;
    size_t *places; /* where each of them stands in a member's row, from 1; 0: nowhere */
    /* The columns of the member before: */
    struct buffer seen;
    size_t seen_count;
    bool is_plain;  /* they are the first of the roster's own, in that order */
    size_t lacking; /* so many of the roster's are behind them then */
};

static enum status write_field(struct dump *dump, const char *text, char before,
                               struct failure *failure)
{
    buffer_clear(&dump->field);
    if ((before != '\0' && !buffer_append(&dump->field, &before, 1)) ||
        !row_append_field(&dump->field, text, strlen(text)))
        return fail_memory(failure);
    output_bytes(dump->output, dump->field.bytes, dump->field.length);
    return STATUS_OK;
}

/* Writes the header, once. */
static void write_header(struct dump *dump)
{
    if (dump->has_header)
        return;
    dump->has_header = true;
    output_bytes(dump->output, dump->line.bytes, dump->line.length);
    output_text(dump->output, dump->line.length > 0 ? "," ROSTER_ID_COLUMN : ROSTER_ID_COLUMN);
    output_text(dump->output, "," ROSTER_MAP_COLUMN "\n");
}

/* How many commas there are, eight bytes at a time. */
static size_t count_commas(const char *text, size_t length)
{
    const uint64_t ones = 0x0101010101010101;
    size_t commas = 0;
    uint64_t eight;
    for (; length >= sizeof eight; text += sizeof eight, length -= sizeof eight) {
        memcpy(&eight, text, sizeof eight);
        uint64_t rest = eight ^ ',' * ones; /* a comma is a byte of 0 */
        uint64_t others = ((rest & 0x7f * ones) + 0x7f * ones) | rest;
        commas += (size_t)((~others >> 7 & ones) * ones >> 56);
    }
    while (length-- > 0)
        commas += *text++ == ',';
    return commas;
}

/* How many fields a line has: none where it is empty, since no column's name is. */
static size_t count_fields(const char *line, size_t length)
{
    const char *at = line;
    const char *end = line + length;
    size_t separators = 0;
    while (at < end) {
        const char *quote = memchr(at, '"', (size_t)(end - at));
        separators += count_commas(at, (size_t)((quote != NULL ? quote : end) - at));
        at = quote != NULL ? memchr(quote + 1, '"', (size_t)(end - quote - 1)) : NULL;
        at = at != NULL ? at + 1 : end;
    }
    return length > 0 ? separators + 1 : 0;
}

/* Learns where the roster's columns stand in rows of these. */
static enum status learn(struct dump *dump, const struct roster_member *member,
                         struct failure *failure)
{
    size_t index;
    size_t place;
    json_t *column;
    json_t *name;
    json_t *names = row_fields(member->columns, member->columns_length);
    buffer_clear(&dump->seen);
    if (names == NULL || !buffer_append(&dump->seen, member->columns, member->columns_length)) {
        json_decref(names);
        return fail_memory(failure);
    }
    dump->seen_count = json_array_size(names);
    dump->is_plain = true;
    json_array_foreach(dump->columns, index, column)
    {
        dump->places[index] = 0;
        json_array_foreach(names, place, name)
        {
            if (json_equal(column, name))
                dump->places[index] = place + 1;
        }
        if (dump->places[index] != (index < dump->seen_count ? index + 1 : 0))
            dump->is_plain = false;
    }
    dump->lacking = json_array_size(dump->columns) - dump->seen_count;
    json_decref(names);
    return STATUS_OK;
}

/* Writes a row field by field in the order of the roster's columns. */
static enum status write_rearranged(struct dump *dump, const struct roster_member *member,
                                    struct failure *failure)
{
    size_t count = json_array_size(dump->columns);
    json_t *fields = row_fields(member->row, member->row_length);
    enum status status = fields != NULL ? STATUS_OK : fail_memory(failure);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        const char *value = dump->places[i] > 0
                                ? json_string_value(json_array_get(fields, dump->places[i] - 1))
                                : NULL;
        status = write_field(dump, value != NULL ? value : "", i > 0 ? ',' : '\0', failure);
    }
    json_decref(fields);
    return status;
}

static void write_plain(struct dump *dump, const struct roster_member *member)
{
    output_bytes(dump->output, member->row, member->row_length);
    for (size_t i = 0; i < dump->lacking; i++)
        if (dump->seen_count > 0 || i > 0)
            output_bytes(dump->output, ",", 1);
}

static enum status write_member(const struct roster_member *member, void *context,
                                struct failure *failure)
{
    struct dump *dump = context;
    enum status status = STATUS_OK;
    if (!dump->begun && strcmp(member->digest, ROSTER_BEGUN_NEW) == 0)
        return STATUS_OK;
    write_header(dump);
    if (dump->seen.bytes == NULL || dump->seen.length != member->columns_length ||
        memcmp(dump->seen.bytes, member->columns, member->columns_length) != 0)
        status = learn(dump, member, failure);
    if (status != STATUS_OK)
        return status;
    size_t fields = count_fields(member->row, member->row_length);
    if (fields != dump->seen_count && (fields > 0 || dump->seen_count != 1))
        return fail(failure, STATUS_IO,
                    "the roster is damaged: a member's row has %zu fields, not %zu", fields,
                    dump->seen_count);
    if (dump->is_plain)
        write_plain(dump, member);
    else
        status = write_rearranged(dump, member, failure);
    if (status == STATUS_OK)
        status = write_field(dump, member->id, dump->line.length > 0 ? ',' : '\0', failure);
    if (status == STATUS_OK)
        status = write_field(dump, member->digest, ',', failure);
    output_bytes(dump->output, "\n", 1);
    return status == STATUS_OK && output_failed(dump->output) ? STATUS_IO : status;
}

enum status roster_dump(struct roster *roster, struct output *output, bool begun,
                        struct failure *failure)
{
    struct dump dump = {.output = output, .begun = begun};
    size_t index;
    json_t *name;
    enum status status = roster_columns(roster, &dump.columns, failure);
    json_array_foreach(dump.columns, index, name)
    {
        if ((index > 0 && !buffer_append(&dump.line, ",", 1)) ||
            !row_append_field(&dump.line, json_string_value(name), json_string_length(name)))
            status = fail_memory(failure);
    }
    if (status == STATUS_OK) {
        dump.places = calloc(json_array_size(dump.columns) + 1, sizeof *dump.places);
        status = dump.places != NULL ? roster_each(roster, write_member, &dump, failure)
                                     : fail_memory(failure);
    }
    if (status == STATUS_OK && json_array_size(dump.columns) > 0)
        write_header(&dump);
    json_decref(dump.columns);
    buffer_free(&dump.line);
    buffer_free(&dump.seen);
    buffer_free(&dump.field);
    free(dump.places);
    return status;
}

struct count {
    bool begun;
    size_t members;
};

static enum status count_member(const struct roster_member *member, void *context,
                                struct failure *failure)
{
    struct count *count = context;
    (void)failure;
    count->members += count->begun || strcmp(member->digest, ROSTER_BEGUN_NEW) != 0;
    return STATUS_OK;
}

enum status roster_count(struct roster *roster, bool begun, size_t *count, struct failure *failure)
{
    struct count counting = {.begun = begun};
    enum status status = roster_each(roster, count_member, &counting, failure);
    *count = counting.members;
    return status;
}
