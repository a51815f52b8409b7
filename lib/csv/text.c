#include "csv/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct csv_text {
    const char *name; /* borrowed from csv_text_open's caller */
    const char *bytes;
    size_t length;
    void *mapped; /* with its length: to be unmapped */
    size_t mapped_length;
    char *read; /* or to be freed */
};

static const char byte_order_mark[] = "\xEF\xBB\xBF";

static enum status fail_reading(const struct csv_text *text, struct failure *failure)
{
    return fail(failure, STATUS_IO, "%.300s: %s", text->name, strerror(errno));
}

/* Reads to the end, for what cannot be mapped. */
static enum status read_whole(struct csv_text *text, int file, struct failure *failure)
{
    size_t capacity = (size_t)1 << 16;
    for (;;) {
        if (text->read == NULL || text->length == capacity) {
            if (capacity > SIZE_MAX / 4)
                return fail_memory(failure);
            capacity *= 2;
            char *more = realloc(text->read, capacity);
            if (more == NULL)
                return fail_memory(failure);
            text->read = more;
            text->bytes = more;
        }
        ssize_t got = read(file, text->read + text->length, capacity - text->length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_reading(text, failure);
        if (got == 0)
            return STATUS_OK;
        text->length += (size_t)got;
    }
}

/* Maps a regular file from where the descriptor stands (standard input may have been read from). */
static enum status map_file(struct csv_text *text, int file, off_t size, struct failure *failure)
{
    off_t at = lseek(file, 0, SEEK_CUR);
    if (at < 0)
        return fail_reading(text, failure);
    if (at >= size)
        return STATUS_OK;
    if ((uintmax_t)size > SIZE_MAX / 2)
        return fail(failure, STATUS_IO, "%.300s: too large for this machine", text->name);
    void *mapped = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, file, 0);
    if (mapped == MAP_FAILED)
        return read_whole(text, file, failure);
    text->mapped = mapped;
    text->mapped_length = (size_t)size;
    text->bytes = (const char *)mapped + at;
    text->length = (size_t)(size - at);
    return STATUS_OK;
}

static enum status load(struct csv_text *text, int file, struct failure *failure)
{
    struct stat about;
    if (fstat(file, &about) != 0)
        return fail_reading(text, failure);
    if (S_ISDIR(about.st_mode)) {
        errno = EISDIR;
        return fail_reading(text, failure);
    }
    /* Files of /proc and the like say that they are empty, and are not. */
    enum status status = S_ISREG(about.st_mode) && about.st_size > 0
                             ? map_file(text, file, about.st_size, failure)
                             : read_whole(text, file, failure);
    const size_t mark = sizeof byte_order_mark - 1;
    if (status == STATUS_OK && text->length >= mark &&
        memcmp(text->bytes, byte_order_mark, mark) == 0) {
        text->bytes += mark;
        text->length -= mark;
    }
    return status;
}

enum status csv_text_open(const char *path, struct csv_text **text, struct failure *failure)
{
    *text = NULL;
    struct csv_text *opened = calloc(1, sizeof *opened);
    if (opened == NULL)
        return fail_memory(failure);
    bool standard_input = strcmp(path, "-") == 0;
    opened->name = standard_input ? "standard input" : path;
    opened->bytes = "";
    int file = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    enum status status = file < 0 ? fail_reading(opened, failure) : load(opened, file, failure);
    if (file >= 0 && !standard_input)
        close(file);
    if (status == STATUS_OK)
        *text = opened;
    else
        csv_text_close(opened);
    return status;
}

void csv_text_close(struct csv_text *text)
{
    if (text == NULL)
        return;
    if (text->mapped != NULL) {
        /* munmap makes other threads wait while it lets go of each page; this does not. */
        (void)madvise(text->mapped, text->mapped_length, MADV_DONTNEED);
        munmap(text->mapped, text->mapped_length);
    }
    free(text->read);
    free(text);
}

const char *csv_text_name(const struct csv_text *text)
{
    return text->name;
}

const char *csv_text_bytes(const struct csv_text *text)
{
    return text->bytes;
}

size_t csv_text_length(const struct csv_text *text)
{
    return text->length;
}

size_t csv_text_line(const struct csv_text *text, size_t offset, struct csv_lines *lines)
{
    if (offset < lines->offset)
        *lines = (struct csv_lines){0};
    const char *bytes = text->bytes;
    size_t passed = lines->passed;
    for (size_t i = lines->offset; i < offset; i++)
        passed += bytes[i] == '\n' ? 1 : bytes[i] == '\r' && bytes[i + 1] != '\n' ? 1 : 0;
    lines->offset = offset;
    lines->passed = passed;
    return passed + 1;
}
