#include "mail/unpack.h"

#include "mail/name.h"

#include <archive.h>
#include <archive_entry.h>
#include <gio/gio.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

enum { PIECE = 64 * 1024, NAMED = 5 /* files of a ZIP that a message names */ };

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

/* The entry's path; NULL when it can't be told. Borrowed. */
static const char *path_of(struct archive_entry *entry)
{
    const char *path = archive_entry_pathname_utf8(entry);
    return path != NULL ? path : archive_entry_pathname(entry);
}

/* Whether it is a file that somebody put there: not a directory, not hidden, not macOS's own. */
static bool is_file(struct archive_entry *entry, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    return archive_entry_filetype(entry) == AE_IFREG && name[0] != '.' &&
           !text_begins(path, "__MACOSX/");
}

/* What a ZIP is, by a file that it holds; NULL for an ordinary one. */
static const char *document_of(const char *path)
{
    static const struct {
        const char *path;
        const char *document;
    } MARKS[] = {
        {"xl/workbook.xml", "it is an Excel workbook; save it as CSV and send that"},
        {"xl/workbook.bin", "it is an Excel workbook; save it as CSV and send that"},
        {"Index/Document.iwa", "it is a Numbers spreadsheet; export it as CSV and send that"},
        {"META-INF/manifest.xml",
         "it is an OpenDocument file; save its sheet as CSV and send that"},
        {"word/document.xml", "it is a Word document, and no export"},
    };
    for (size_t i = 0; i < sizeof MARKS / sizeof MARKS[0]; i++)
        if (strcmp(path, MARKS[i].path) == 0)
            return MARKS[i].document;
    return NULL;
}

/* What was seen of a ZIP so far. */
struct contents {
    char csv[MAIL_QUOTE_LIMIT + 1]; /* the path of the CSV, or "" */
    size_t others;                  /* files that are none */
    struct buffer names;            /* of the first of them, quoted */
    const char *document;           /* see document_of */
};

static void note_other(struct contents *contents, const char *path)
{
    if (contents->document == NULL)
        contents->document = document_of(path);
    if (contents->others++ < NAMED)
        (void)buffer_printf(&contents->names, "%s%s", contents->others > 1 ? ", " : "",
                            mail_quote(path).text);
}

static enum status no_csv(const struct contents *contents, struct failure *failure)
{
    if (contents->document != NULL)
        return fail(failure, STATUS_DATA, "%s", contents->document);
    if (contents->others == 0)
        return fail(failure, STATUS_DATA, "it holds no CSV file, and no other");
    return fail(failure, STATUS_DATA,
                "it holds no CSV file, but %s%s; put the CSV itself in it, with a name in .csv",
                contents->names.bytes != NULL ? contents->names.bytes : "others",
                contents->others > NAMED ? " and others" : "");
}

static enum status read_entry(struct archive *zip, struct archive_entry *entry, struct buffer *csv,
                              struct failure *failure)
{
    if (archive_entry_is_encrypted(entry))
        return fail(failure, STATUS_DATA, "%s in it is encrypted; send it without a password",
                    mail_quote(path_of(entry)).text);
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

static enum status read_entries(struct archive *zip, struct contents *contents, struct buffer *csv,
                                struct failure *failure)
{
    for (;;) {
        struct archive_entry *entry;
        int result = archive_read_next_header(zip, &entry);
        if (result == ARCHIVE_EOF)
            break;
        /* A name in a strange charset is no more than a warning. */
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
            return damaged(zip, failure);
        const char *path = path_of(entry);
        if (path == NULL)
            return fail(failure, STATUS_DATA, "the name of a file in it can't be read; rename it");
        if (!is_file(entry, path))
            continue;
        if (!mail_name_ends_in(path, ".csv")) {
            note_other(contents, path);
            continue;
        }
        if (contents->csv[0] != '\0')
            return fail(failure, STATUS_DATA, "it holds two CSV files, %s and %s",
                        mail_quote(contents->csv).text, mail_quote(path).text);
        (void)snprintf(contents->csv, sizeof contents->csv, "%s", path);
        enum status status = read_entry(zip, entry, csv, failure);
        if (status != STATUS_OK)
            return status;
    }
    return contents->csv[0] != '\0' ? STATUS_OK : no_csv(contents, failure);
}

static enum status open_zip(const char *bytes, size_t length, struct buffer *csv,
                            struct failure *failure)
{
    struct archive *zip = archive_read_new();
    if (zip == NULL)
        return fail_memory(failure);
    struct contents contents = {.names = {.limit = 0}};
    enum status status;
    /* By its directory, which is at its end and so missing in one that was cut short. */
    if (archive_read_support_format_zip_seekable(zip) != ARCHIVE_OK ||
        archive_read_open_memory(zip, bytes, length) != ARCHIVE_OK)
        status = damaged(zip, failure);
    else
        status = read_entries(zip, &contents, csv, failure);
    buffer_free(&contents.names);
    (void)archive_read_free(zip);
    return status;
}

/* libarchive tells names beyond ASCII only where the locale has their letters. It is loaded once,
 * and kept; 0 where the system has none such. */
static locale_t letters(void)
{
    static locale_t kept;
    if (kept == (locale_t)0)
        kept = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    return kept;
}

void unpack_load(void)
{
    (void)letters();
}

enum status unpack_zip(const char *bytes, size_t length, struct buffer *csv,
                       struct failure *failure)
{
    if (length >= 4 && memcmp(bytes, "PK\005\006", 4) == 0) /* which libarchive does not know */
        return fail(failure, STATUS_DATA, "it holds no CSV file: it is empty");
    locale_t former = uselocale(letters()); /* 0 changes nothing */
    enum status status = open_zip(bytes, length, csv, failure);
    (void)uselocale(former);
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
