#include "csv/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct csv_text {
    const char *name; /* borrowed from csv_text_open's caller */
    bool has_label;
    const char *bytes;
    size_t length;
    void *mapped; /* with its length: to be unmapped */
    size_t mapped_length;
    char *read; /* or to be freed */
};

static const char byte_order_mark[] = "\xEF\xBB\xBF";
static const char end_of_file = 0x1A; /* DOS's, which old tools still write */

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

/* What programs put around a text and is not of it. */
static void drop_marks(struct csv_text *text)
{
    const size_t mark = sizeof byte_order_mark - 1;
    while (text->length >= mark && memcmp(text->bytes, byte_order_mark, mark) == 0) {
        text->bytes += mark;
        text->length -= mark;
    }
    while (text->length > 0 && text->bytes[text->length - 1] == end_of_file)
        text->length--;
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
    if (status == STATUS_OK)
        drop_marks(text);
    return status;
}

enum status csv_text_open(const char *path, const char *label, struct csv_text **text,
                          struct failure *failure)
{
    *text = NULL;
    struct csv_text *opened = calloc(1, sizeof *opened);
    if (opened == NULL)
        return fail_memory(failure);
    bool standard_input = strcmp(path, "-") == 0;
    opened->name = label != NULL ? label : standard_input ? "standard input" : path;
    opened->has_label = label != NULL;
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

bool csv_text_has_label(const struct csv_text *text)
{
    return text->has_label;
}

size_t csv_text_length(const struct csv_text *text)
{
    return text->length;
}

void csv_text_count(const struct csv_text *text, size_t offset, struct csv_lines *lines)
{
    if (offset < lines->offset)
        *lines = (struct csv_lines){0};
    const char *bytes = text->bytes;
    struct csv_lines counted = *lines;
    for (size_t i = lines->offset; i < offset; i++) {
        if (bytes[i] == '"')
            counted.quoted = !counted.quoted;
        if (bytes[i] != '\n' && (bytes[i] != '\r' || bytes[i + 1] == '\n'))
            continue;
        counted.passed++;
        counted.rows += counted.quoted ? 0 : 1;
    }
    counted.offset = offset;
    *lines = counted;
}

struct csv_place csv_text_place(const struct csv_text *text, size_t offset)
{
    struct csv_place place;
    struct csv_lines lines = {0};
    csv_text_count(text, offset, &lines);
    if (text->has_label)
        (void)snprintf(place.text, sizeof place.text, "%.300s: row %zu", text->name,
                       lines.rows + 1);
    else
        (void)snprintf(place.text, sizeof place.text, "%.300s:%zu", text->name, lines.passed + 1);
    return place;
}
