#include "roster/row.h"

#include "base/json_text.h"

#include <csv.h>
#include <string.h>

bool row_append_field(struct buffer *line, const char *text, size_t length)
{
    bool plain = true;
    for (size_t i = 0; plain && i < length; i++)
        plain = text[i] != ',' && text[i] != '"' && text[i] != '\n' && text[i] != '\r';
    if (length > 0 &&
        (text[0] == ' ' || text[0] == '\t' || text[length - 1] == ' ' || text[length - 1] == '\t'))
        plain = false;
    if (plain)
        return buffer_append(line, text, length);
    char *room = buffer_room(line, 2 * length + 2);
    if (room == NULL)
        return false;
    line->length += csv_write2(room, 2 * length + 2, text, length, '"');
    line->bytes[line->length] = '\0';
    return true;
}

bool row_write(const json_t *row, struct buffer *columns, struct buffer *values)
{
    const char *name;
    json_t *value;
    bool first = true;
    json_object_foreach((json_t *)row, name, value)
    {
        if (!first && (!buffer_append(columns, ",", 1) || !buffer_append(values, ",", 1)))
            return false;
        first = false;
        if (!row_append_field(columns, name, strlen(name)) ||
            !row_append_field(values, json_string_value(value), json_string_length(value)))
            return false;
    }
    /* Both have bytes, if none but a NUL. */
    return buffer_append(columns, "", 0) && buffer_append(values, "", 0);
}

enum status row_write_text(const char *json, struct buffer *columns, struct buffer *values)
{
    json_error_t error;
    const char *name;
    json_t *value;
    json_t *row = json_text_load(json, strlen(json), JSON_ALLOW_NUL, &error);
    bool is_row = json_is_object(row);
    json_object_foreach(row, name, value)
    {
        is_row = is_row && json_is_string(value) &&
                 strlen(json_string_value(value)) == json_string_length(value);
    }
    buffer_clear(columns);
    buffer_clear(values);
    enum status status = STATUS_OK;
    if (!is_row)
        status = row == NULL && json_text_no_memory(&error) ? STATUS_IO : STATUS_DATA;
    else if (!row_write(row, columns, values))
        status = STATUS_IO;
    json_decref(row);
    return status;
}

struct reading {
    json_t *fields;
    bool failed;
};

static void take_field(void *bytes, size_t length, void *context)
{
    struct reading *reading = context;
    if (json_array_append_new(reading->fields, json_stringn(bytes, length)) != 0)
        reading->failed = true;
}

json_t *row_fields(const char *line, size_t length)
{
    struct csv_parser parser;
    struct reading reading = {.fields = json_array()};
    if (reading.fields == NULL || csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        json_decref(reading.fields);
        return NULL;
    }
    if (csv_parse(&parser, line, length, take_field, NULL, &reading) != length ||
        csv_fini(&parser, take_field, NULL, &reading) != 0)
        reading.failed = true;
    csv_free(&parser);
    if (!reading.failed)
        return reading.fields;
    json_decref(reading.fields);
    return NULL;
}
