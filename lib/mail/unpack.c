#include "mail/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PIECE = 64 * 1024 };

/* Appends, and tells a limit from memory that ran out. */
static enum status append(struct buffer *buffer, const void *bytes, size_t length,
                          struct failure *failure)
{
    if (buffer->limit > 0 && length > buffer->limit - buffer->length)
        return fail(failure, STATUS_DATA, "it unpacks to more than the limit of %zu bytes",
                    buffer->limit);
    return buffer_append(buffer, bytes, length) ? STATUS_OK : fail_memory(failure);
}

/* ---- ZIP ---- */

static enum status damaged(struct archive *zip, struct failure *failure)
{
    const char *why = archive_error_string(zip);
    return fail(failure, STATUS_DATA, "it is truncated or damaged (%s)",
                why != NULL ? why : "unknown error");
}

/* The entry's path; "" when it can't be told. Borrowed. */
static const char *path_of(struct archive_entry *entry)
{
    const char *path = archive_entry_pathname_utf8(entry);
    if (path == NULL)
        path = archive_entry_pathname(entry);
    return path != NULL ? path : "";
}

/* Whether it is a file, not hidden, with a name that ends in .csv. */
static bool is_csv(struct archive_entry *entry)
{
    const char *path = path_of(entry);
    size_t length = strlen(path);
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    return archive_entry_filetype(entry) == AE_IFREG && length >= 4 &&
           strcasecmp(path + length - 4, ".csv") == 0 && name[0] != '.' &&
           strncmp(path, "__MACOSX/", 9) != 0;
}

static enum status read_entry(struct archive *zip, struct archive_entry *entry, struct buffer *csv,
                              struct failure *failure)
{
    if (archive_entry_is_encrypted(entry))
        return fail(failure, STATUS_DATA, "%s in it is encrypted; send it without a password",
                    path_of(entry));
    char piece[PIECE];
    la_ssize_t got;
    /* A wrong checksum comes as a warning, which is negative, too. */
    while ((got = archive_read_data(zip, piece, sizeof piece)) > 0) {
        enum status status = append(csv, piece, (size_t)got, failure);
        if (status != STATUS_OK)
            return status;
    }
    return got == 0 ? STATUS_OK : damaged(zip, failure);
}

static enum status read_entries(struct archive *zip, struct buffer *csv, struct failure *failure)
{
    char found[256] = "";
    for (;;) {
        struct archive_entry *entry;
        int result = archive_read_next_header(zip, &entry);
        if (result == ARCHIVE_EOF)
            break;
        /* A name in a strange charset is no more than a warning. */
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
            return damaged(zip, failure);
        if (!is_csv(entry))
            continue;
        if (found[0] != '\0')
            return fail(failure, STATUS_DATA, "it holds two CSV files, %s and %s", found,
                        path_of(entry));
        (void)snprintf(found, sizeof found, "%s", path_of(entry));
        enum status status = read_entry(zip, entry, csv, failure);
        if (status != STATUS_OK)
            return status;
    }
    if (found[0] == '\0')
        return fail(failure, STATUS_DATA, "it holds no CSV file");
    return STATUS_OK;
}

enum status unpack_zip(const char *bytes, size_t length, struct buffer *csv,
                       struct failure *failure)
{
    struct archive *zip = archive_read_new();
    if (zip == NULL)
        return fail_memory(failure);
    enum status status;
    /* By its directory, which is at its end and so missing in one that was cut short. */
    if (archive_read_support_format_zip_seekable(zip) != ARCHIVE_OK ||
        archive_read_open_memory(zip, bytes, length) != ARCHIVE_OK)
        status = damaged(zip, failure);
    else
        status = read_entries(zip, csv, failure);
    (void)archive_read_free(zip);
    return status;
}

/* ---- gzip ---- */

static enum status gzip_error(const GError *error, struct failure *failure)
{
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT))
        return fail(failure, STATUS_DATA, "it is truncated: the gzip data ends too soon");
    return fail(failure, STATUS_DATA, "it is damaged (%s)", error->message);
}

/* Whether what follows a member is none: padding of zeros, as tapes leave it. */
static bool is_padding(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] != '\0')
            return false;
    return true;
}

/* Decompresses one member; `*used` bytes of the input were its. */
static enum status read_member(GConverter *converter, const char *bytes, size_t length,
                               size_t *used, struct buffer *content, struct failure *failure)
{
    char piece[PIECE];
    *used = 0;
    for (;;) {
        GError *error = NULL;
        gsize read = 0;
        gsize made = 0;
        GConverterResult result =
            g_converter_convert(converter, bytes + *used, length - *used, piece, sizeof piece,
                                G_CONVERTER_INPUT_AT_END, &read, &made, &error);
        if (result == G_CONVERTER_ERROR) {
            enum status status = gzip_error(error, failure);
            g_error_free(error);
            return status;
        }
        *used += read;
        enum status status = append(content, piece, made, failure);
        if (status != STATUS_OK || result == G_CONVERTER_FINISHED)
            return status;
    }
}

enum status unpack_gzip(const char *bytes, size_t length, struct buffer *content,
                        struct failure *failure)
{
    GZlibDecompressor *gzip = g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
    enum status status = STATUS_OK;
    do {
        size_t used;
        g_converter_reset(G_CONVERTER(gzip));
        status = read_member(G_CONVERTER(gzip), bytes, length, &used, content, failure);
        bytes += used;
        length -= used;
    } while (status == STATUS_OK && !is_padding(bytes, length));
    g_object_unref(gzip);
    return status;
}
