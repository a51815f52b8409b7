#include "base/ndjson.h"

#include "base/json_text.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_SIZE = 64 * 1024 };

struct ndjson_reader {
    int file;
    char *name;
    bool ended;
    struct buffer buffer;
    size_t taken;   /* bytes of the buffer that were handed out */
    size_t scanned; /* bytes behind `taken` known to hold no newline */
    size_t lines;
};

enum status ndjson_open(const char *path, struct ndjson_reader **reader, struct failure *failure)
{
    *reader = NULL;
    bool standard = path == NULL || strcmp(path, "-") == 0;
    struct ndjson_reader *made = calloc(1, sizeof *made);
    if (made == NULL)
        return fail_memory(failure);
    made->file = -1;
    made->name = strdup(standard ? "standard input" : path);
    if (made->name == NULL) {
        ndjson_close(made);
        return fail_memory(failure);
    }
    made->file = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (made->file < 0) {
        enum status status = fail(failure, STATUS_IO, "%s: %s", path, strerror(errno));
        ndjson_close(made);
        return status;
    }
    *reader = made;
    return STATUS_OK;
}

void ndjson_close(struct ndjson_reader *reader)
{
    if (reader == NULL)
        return;
    if (reader->file > STDIN_FILENO)
        (void)close(reader->file);
    free(reader->name);
    buffer_free(&reader->buffer);
    free(reader);
}

const char *ndjson_name(const struct ndjson_reader *reader)
{
    return reader->name;
}

int ndjson_descriptor(const struct ndjson_reader *reader)
{
    return reader->file;
}

bool ndjson_ended(const struct ndjson_reader *reader)
{
    return reader->ended;
}

enum status ndjson_fill(struct ndjson_reader *reader, struct failure *failure)
{
    struct buffer *buffer = &reader->buffer;
    if (reader->taken > 0) {
        memmove(buffer->bytes, buffer->bytes + reader->taken, buffer->length - reader->taken);
        buffer->length -= reader->taken;
        reader->taken = 0;
    }
    if (buffer->length > NDJSON_LINE_LIMIT)
        return fail(failure, STATUS_DATA, "%s:%zu: the line is longer than %d bytes", reader->name,
                    reader->lines + 1, NDJSON_LINE_LIMIT);
    char bytes[READ_SIZE];
    ssize_t length;
    do
        length = read(reader->file, bytes, sizeof bytes);
    while (length < 0 && errno == EINTR);
    if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return STATUS_OK;
    if (length < 0)
        return fail(failure, STATUS_IO, "%s: %s", reader->name, strerror(errno));
    reader->ended = length == 0;
    if (!buffer_append(buffer, bytes, (size_t)length))
        return fail_memory(failure);
    return STATUS_OK;
}

static bool is_blank_line(const char *bytes, size_t length)
{
    while (length > 0 && strchr(" \t\r", bytes[length - 1]) != NULL && bytes[length - 1] != '\0')
        length--;
    return length == 0;
}

bool ndjson_next(struct ndjson_reader *reader, struct ndjson_line *line)
{
    for (;;) {
        size_t left = reader->buffer.length - reader->taken;
        if (left == 0)
            return false;
        const char *start = reader->buffer.bytes + reader->taken;
        const char *end = memchr(start + reader->scanned, '\n', left - reader->scanned);
        if (end == NULL && !reader->ended) {
            reader->scanned = left;
            return false;
        }
        size_t length = end != NULL ? (size_t)(end - start) : left;
        reader->taken += length + (end != NULL ? 1 : 0);
        reader->scanned = 0;
        reader->lines++;
        if (is_blank_line(start, length))
            continue;
        *line = (struct ndjson_line){start, length, reader->lines};
        return true;
    }
}

enum status ndjson_read(struct ndjson_reader *reader, struct ndjson_line *line, bool *more,
                        struct failure *failure)
{
    *more = true;
    while (!ndjson_next(reader, line)) {
        *more = !reader->ended;
        if (reader->ended)
            return STATUS_OK;
        enum status status = ndjson_fill(reader, failure);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* Whether the byte can be part of a number. */
static bool is_numeric(char byte)
{
    return ascii_is_digit(byte) || (byte != '\0' && strchr("+-.eE", byte) != NULL);
}

/* Parses a line in which a number is larger than C's, which JSON allows, with every number as 0:
 * for reading the record's strings. What is written on is the line's own bytes. NULL when that is
 * not possible, or when there is a result to be replaced, for which the record is written anew. */
static json_t *parse_without_numbers(const struct ndjson_line *line)
{
    json_error_t error;
    char *copy = malloc(line->length);
    bool quoted = false;
    if (copy == NULL)
        return NULL;
    memcpy(copy, line->bytes, line->length);
    for (size_t i = 0; i < line->length; i++) {
        if (quoted && copy[i] == '\\')
            i++;
        else if (copy[i] == '"')
            quoted = !quoted;
        else if (!quoted && (copy[i] == '-' || ascii_is_digit(copy[i]))) {
            copy[i] = '0';
            while (i + 1 < line->length && is_numeric(copy[i + 1]))
                copy[++i] = ' ';
        }
    }
    json_t *record = json_text_load(copy, line->length, JSON_ALLOW_NUL, &error);
    free(copy);
    if (json_object_get(record, "result") == NULL)
        return record;
    json_decref(record);
    return NULL;
}

enum status ndjson_parse(const struct ndjson_reader *reader, const struct ndjson_line *line,
                         json_t **record, struct failure *failure)
{
    json_error_t error;
    *record = json_text_load(line->bytes, line->length, JSON_ALLOW_NUL, &error);
    if (*record == NULL && json_error_code(&error) == json_error_numeric_overflow)
        *record = parse_without_numbers(line);
    if (*record == NULL && json_text_no_memory(&error))
        return fail_memory(failure);
    if (*record == NULL)
        return fail(failure, STATUS_DATA, "%s:%zu: not a JSON object: %s", reader->name,
                    line->number, error.text);
    if (!json_is_object(*record)) {
        json_decref(*record);
        *record = NULL;
        return fail(failure, STATUS_DATA, "%s:%zu: not a JSON object", reader->name, line->number);
    }
    return STATUS_OK;
}

/* One write for the whole line, so that lines of two writers to one file do not mix; the line is
 * freed. `made` is whether there was memory for it. errno says why it could not be written. */
static enum status write_line(int file, struct buffer *line, bool made, struct failure *failure)
{
    bool written = made && write_all(file, line->bytes, line->length);
    int error = errno;
    enum status status = STATUS_OK;
    if (!made)
        status = fail_memory(failure);
    else if (!written)
        status = fail(failure, STATUS_IO, "standard output: %s", strerror(error));
    buffer_free(line);
    errno = error;
    return status;
}

enum status ndjson_write(int file, const char *bytes, size_t length, struct failure *failure)
{
    struct buffer line = {.limit = 0};
    bool made = buffer_append(&line, bytes, length) && buffer_append(&line, "\n", 1);
    return write_line(file, &line, made, failure);
}

enum status ndjson_write_json(int file, const json_t *value, struct failure *failure)
{
    struct buffer line = {.limit = 0};
    bool made = json_text_dump(value, JSON_COMPACT, &line) && buffer_append(&line, "\n", 1);
    return write_line(file, &line, made, failure);
}

enum status ndjson_write_result(int file, const char *bytes, size_t length, const json_t *record,
                                json_t *result, struct failure *failure)
{
    if (json_object_get(record, "result") != NULL) {
        json_t *copy = json_copy((json_t *)record);
        if (copy == NULL || json_object_del(copy, "result") != 0 ||
            json_object_set(copy, "result", result) != 0) {
            json_decref(copy);
            return fail_memory(failure);
        }
        enum status status = ndjson_write_json(file, copy, failure);
        json_decref(copy);
        return status;
    }
    const char *brace = memrchr(bytes, '}', length);
    size_t head = brace == NULL ? 0 : (size_t)(brace - bytes);
    struct buffer line = {.limit = 0};
    bool made = buffer_append(&line, bytes, head) &&
                buffer_printf(&line, "%s\"result\":", json_object_size(record) > 0 ? "," : "") &&
                json_text_dump(result, JSON_COMPACT, &line) && buffer_append(&line, "}\n", 2);
    return write_line(file, &line, made, failure);
}

const char *ndjson_string(const json_t *record, const char *name)
{
    return json_string_value(json_object_get(record, name));
}

const char *ndjson_result_status(const json_t *record)
{
    return ndjson_string(json_object_get(record, "result"), "status");
}
