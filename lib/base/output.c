#include "base/output.h"

#include "base/text.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { OUTPUT_SIZE = 256 * 1024 };

struct output {
    int file;
    int error; /* the first one's errno; 0 for none */
    char *bytes;
    size_t length;
    size_t capacity;
};

struct output *output_new(int file)
{
    struct output *output = calloc(1, sizeof *output);
    if (output == NULL)
        return NULL;
    output->bytes = malloc(OUTPUT_SIZE);
    if (output->bytes == NULL) {
        free(output);
        return NULL;
    }
    output->capacity = OUTPUT_SIZE;
    output->file = file;
    return output;
}

void output_free(struct output *output)
{
    if (output == NULL)
        return;
    free(output->bytes);
    free(output);
}

static void empty(struct output *output)
{
    if (output->error == 0 && !write_all(output->file, output->bytes, output->length))
        output->error = errno;
    output->length = 0;
}

static bool grow(struct output *output, size_t length)
{
    size_t needed = output->length + length;
    if (length > SIZE_MAX / 4 || needed > SIZE_MAX / 4)
        return false;
    size_t capacity = needed > output->capacity * 2 ? needed : output->capacity * 2;
    char *bytes = realloc(output->bytes, capacity);
    if (bytes == NULL)
        return false;
    output->bytes = bytes;
    output->capacity = capacity;
    return true;
}

char *output_room(struct output *output, size_t length)
{
    if (length > output->capacity - output->length && output->file >= 0)
        empty(output);
    if (output->error != 0)
        return NULL;
    if (length > output->capacity - output->length && !grow(output, length)) {
        output->error = ENOMEM;
        return NULL;
    }
    return output->bytes + output->length;
}

void output_advance(struct output *output, size_t length)
{
    output->length += length;
}

void output_bytes(struct output *output, const void *bytes, size_t length)
{
    char *room = output_room(output, length);
    if (room == NULL)
        return;
    memcpy(room, bytes, length);
    output->length += length;
}

void output_take_back(struct output *output, size_t length)
{
    output->length -= length <= output->length ? length : 0;
}

const char *output_kept(const struct output *output, size_t *length)
{
    *length = output->length;
    return output->bytes;
}

void output_move(struct output *output, struct output *from)
{
    if (output->error == 0)
        output->error = from->error;
    /* What is large is not copied once more. */
    if (output->file >= 0 && from->length >= OUTPUT_SIZE) {
        empty(output);
        if (output->error == 0 && !write_all(output->file, from->bytes, from->length))
            output->error = errno;
    } else {
        output_bytes(output, from->bytes, from->length);
    }
    from->length = 0;
}

void output_text(struct output *output, const char *text)
{
    output_bytes(output, text, strlen(text));
}

bool output_failed(const struct output *output)
{
    return output->error != 0;
}

enum status output_end(struct output *output, enum status status, struct failure *failure)
{
    if (output == NULL)
        return status;
    empty(output);
    if (output->error != 0)
        status = fail(failure, STATUS_IO, "standard output: %s", strerror(output->error));
    if (output->error == EPIPE)
        failure->text[0] = '\0';
    output_free(output);
    return status;
}
