#include "base/json_text.h"

#include <stdlib.h>
#include <string.h>

static _Thread_local bool out_of_memory;

static void *watched_malloc(size_t size)
{
    void *block = malloc(size);
    if (block == NULL)
        out_of_memory = true;
    return block;
}

json_t *json_text_load(const char *bytes, size_t length, size_t flags, json_error_t *error)
{
    json_set_alloc_funcs(watched_malloc, free);
    out_of_memory = false;
    memset(error, 0, sizeof *error);
    json_t *value = json_loadb(bytes, length, flags, error);
    if (!out_of_memory)
        return value;
    json_decref(value);
    error->text[sizeof error->text - 1] = (char)json_error_out_of_memory;
    return NULL;
}

bool json_text_no_memory(const json_error_t *error)
{
    return json_error_code(error) == json_error_out_of_memory;
}

struct sink {
    struct buffer *buffer;
    bool failed;
};

static int append(const char *bytes, size_t length, void *context)
{
    struct sink *sink = context;
    sink->failed = sink->failed || !buffer_append(sink->buffer, bytes, length);
    return sink->failed ? -1 : 0;
}

bool json_text_dump(const json_t *value, size_t flags, struct buffer *buffer)
{
    struct sink sink = {buffer, false};
    size_t before = buffer->length;
    if (json_dump_callback(value, append, &sink, flags) == 0 && !sink.failed)
        return true;
    buffer_cut(buffer, before);
    return false;
}

json_t *json_text_plain(const json_t *value)
{
    if (json_is_string(value))
        return json_incref((json_t *)value);
    if (json_is_boolean(value))
        return json_string(json_is_true(value) ? "True" : "False");
    if (!json_is_number(value))
        return json_string("");
    char text[64]; /* the longest number is a double of 17 digits with sign, point and exponent */
    size_t length = json_dumpb(value, text, sizeof text, JSON_ENCODE_ANY);
    return length > 0 && length <= sizeof text ? json_stringn(text, length) : NULL;
}
