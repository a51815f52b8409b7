#include "mail/extract.h"

#include "mail/lines.h"
#include "mail/name.h"
#include "mail/unpack.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- which part it is ---- */

static bool ends_in_any(const char *name, const char *const *endings)
{
    for (; *endings != NULL; endings++)
        if (mail_name_ends_in(name, *endings))
            return true;
    return false;
}

static bool is_zip(const char *bytes, size_t length)
{
    return length >= 4 && (memcmp(bytes, "PK\003\004", 4) == 0 || /* a file in it */
                           memcmp(bytes, "PK\005\006", 4) == 0);  /* or none */
}

static bool is_gzip(const char *bytes, size_t length)
{
    return length >= 2 && memcmp(bytes, "\x1F\x8B", 2) == 0;
}

/* What it is that can't be an export, and what to do about it; NULL for anything else. Known by how
 * it begins, whatever its name. */
static const char *stranger_of(const char *bytes, size_t length)
{
    static const struct {
        const char *beginning;
        size_t length; /* of the beginning: no more than MAIL_BEGINNING */
        const char *is;
    } KINDS[] = {
        {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8,
         "it is an Excel workbook (.xls), or another document of Office; save it as CSV and send "
         "that"},
        {"7z\xBC\xAF\x27\x1C", 6, "it is a 7z archive; send the CSV in a ZIP, or as it is"},
        {"Rar!\x1A\x07", 6, "it is a RAR archive; send the CSV in a ZIP, or as it is"},
        {"\xFD\x37zXZ\0", 6, "it is an xz file; send the CSV in a ZIP, or as it is"},
        {"\x28\xB5\x2F\xFD", 4, "it is a Zstandard file; send the CSV in a ZIP, or as it is"},
        {"BZh", 3, "it is a bzip2 file; send the CSV in a ZIP, or as it is"},
        {"\x78\x9F\x3E\x22", 4,
         "it is a winmail.dat, in which Outlook wraps what is attached; send the mail as plain "
         "text or HTML, "
         "not as \"rich text\""},
        {"%PDF-", 5, "it is a PDF, and no export"},
        {"PAR1", 4, "it is a Parquet file; export it as CSV"},
    };
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++)
        if (length >= KINDS[i].length && memcmp(bytes, KINDS[i].beginning, KINDS[i].length) == 0)
            return KINDS[i].is;
    return NULL;
}

/* The same of a whole content, which more can be told of. */
static const char *content_stranger(const struct buffer *content)
{
    enum { TAR_MARK = 257 }; /* POSIX's pax, "ustar Interchange Format" */
    const char *bytes = content->bytes;
    size_t length = content->length;
    const char *stranger = stranger_of(bytes, length);
    if (stranger != NULL)
        return stranger;
    if (length > TAR_MARK + 5 && memcmp(bytes + TAR_MARK, "ustar", 5) == 0)
        return "it is a tar archive; send the CSV in a ZIP, or as it is";
    text_trim(&bytes, &length);
    if (length >= 5 && (strncasecmp(bytes, "<html", 5) == 0 || strncasecmp(bytes, "<!doc", 5) == 0))
        return "it is a web page, such as one that asks to log in, and no export";
    return length >= 5 && memcmp(bytes, "<?xml", 5) == 0 ? "it is XML; save it as CSV and send that"
                                                         : NULL;
}

/* Whether it is a file of another program, by its name: many are ZIP files, too. */
static bool is_document(const struct mail_part *part)
{
    static const char *const DOCUMENTS[] = {".docx", ".xlsx",    ".xlsm", ".xlsb", ".pptx",
                                            ".odt",  ".ods",     ".odp",  ".epub", ".jar",
                                            ".kmz",  ".numbers", NULL};
    return ends_in_any(part->name, DOCUMENTS);
}

/* Whether it is what macOS keeps beside a file, under that file's name (RFC 1740). */
static bool is_resource_fork(const struct mail_part *part)
{
    return ascii_equal(part->type, "application/applefile") ||
           (part->size >= 4 && memcmp(part->beginning, "\0\5\x16\7", 4) == 0);
}

enum extract_kind extract_kind_of(const struct mail_part *part)
{
    static const char *const CSV_TYPES[] = {"text/csv",
                                            "application/csv",
                                            "text/x-csv",
                                            "application/x-csv",
                                            "text/comma-separated-values",
                                            "text/x-comma-separated-values",
                                            NULL};
    if (is_document(part) || is_resource_fork(part))
        return EXTRACT_NOTHING;
    if (is_zip(part->beginning, part->size))
        return EXTRACT_ZIP;
    if (is_gzip(part->beginning, part->size))
        return EXTRACT_GZIP;
    if (mail_name_ends_in(part->name, ".zip"))
        return EXTRACT_ZIP;
    if (mail_name_ends_in(part->name, ".csv.gz"))
        return EXTRACT_GZIP;
    if (mail_name_ends_in(part->name, ".csv") || ends_in_any(part->type, CSV_TYPES))
        return EXTRACT_CSV;
    return EXTRACT_NOTHING;
}

#define SEALED                                                                                     \
    "it is a mail in one sealed piece (S/MIME), which is not opened; send it neither encrypted "   \
    "nor signed"
#define ENCRYPTED "it is encrypted (PGP), which is not opened; send it unencrypted"

/* What people call the part. */
static struct mail_quote describe(const struct mail *mail, size_t index)
{
    const struct mail_part *part = mail_part(mail, index);
    char text[MAIL_QUOTE_LIMIT];
    if (part->name != NULL)
        return mail_quote(part->name);
    (void)snprintf(text, sizeof text, "part %zu (%s)", index + 1, part->type);
    return mail_quote(text);
}

/* What holds or names an export that cannot be come by, with what to do; NULL for any other part.
 */
static const char *wrapping_of(const struct mail_part *part)
{
    static const char *const PGP[] = {".pgp", ".gpg", ".csv.asc", ".zip.asc", NULL};
    static const struct {
        const char *type;
        const char *is;
    } TYPES[] = {
        {"application/pkcs7-mime", SEALED},
        {"application/x-pkcs7-mime", SEALED},
        {"application/pgp-encrypted", ENCRYPTED},
        {"message/partial",
         "it is one piece of a mail that was split; have it sent whole, or smaller in a ZIP"},
        {"message/external-body",
         "it names a file that lies elsewhere, which is not fetched; attach the file itself"},
    };
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++)
        if (ascii_equal(part->type, TYPES[i].type))
            return TYPES[i].is;
    if (mail_name_ends_in(part->name, ".p7m"))
        return SEALED;
    if (ends_in_any(part->name, PGP))
        return ENCRYPTED;
    return mail_name_ends_in(part->name, ".msg")
               ? "it is a mail that Outlook saved; attach the export itself"
               : NULL;
}

/* What a part is that somebody may have meant as the export; NULL for the others. */
static const char *near_miss(const struct mail_part *part)
{
    size_t length = part->size < MAIL_BEGINNING ? part->size : MAIL_BEGINNING;
    const char *wrapping = wrapping_of(part);
    const char *stranger = wrapping != NULL ? wrapping : stranger_of(part->beginning, length);
    if (stranger != NULL)
        return stranger;
    if (is_document(part) && is_zip(part->beginning, part->size))
        return "it is a document of another program; if it is the export, save it as CSV and send "
               "that";
    if (text_begins(part->type, "message/rfc822"))
        return "it is a mail in the mail, which is not looked into; --allow forwards does";
    if (part->name != NULL &&
        (strcasestr(part->name, ".csv") != NULL || mail_name_ends_in(part->name, ".tsv")))
        return "its name does not end in .csv; if it is the export, name it so and send that";
    return NULL;
}

static enum status no_export(const struct mail *mail, struct failure *failure)
{
    struct buffer parts = {.limit = 700};
    for (size_t i = 0; i < mail_part_count(mail); i++) {
        const char *is = near_miss(mail_part(mail, i));
        if (is != NULL) {
            buffer_free(&parts);
            return fail(failure, STATUS_DATA, "no export is attached, but %s: %s",
                        describe(mail, i).text, is);
        }
        (void)buffer_printf(&parts, "%s%s", i > 0 ? ", " : "", describe(mail, i).text);
    }
    enum status status = fail(failure, STATUS_DATA, "no export is attached: no CSV, no ZIP (%s)",
                              parts.length > 0 ? parts.bytes : "it has no parts");
    buffer_free(&parts);
    return status;
}

static enum status two_exports(const struct mail *mail, size_t one, size_t other,
                               struct failure *failure)
{
    return fail(failure, STATUS_DATA, "two parts could be the export: %s and %s",
                describe(mail, one).text, describe(mail, other).text);
}

/* The index of the one part that is an export. */
static enum status choose(const struct mail *mail, size_t *chosen, struct failure *failure)
{
    bool found = false;
    for (size_t i = 0; i < mail_part_count(mail); i++) {
        if (extract_kind_of(mail_part(mail, i)) == EXTRACT_NOTHING)
            continue;
        if (found)
            return two_exports(mail, *chosen, i, failure);
        *chosen = i;
        found = true;
    }
    return found ? STATUS_OK : no_export(mail, failure);
}

/* ---- what is in it ---- */

static void take_over(struct buffer *to, struct buffer *from)
{
    size_t limit = to->limit;
    buffer_free(to);
    *to = *from;
    to->limit = limit;
    *from = (struct buffer){.limit = from->limit};
}

static enum status unpack(enum extract_kind kind, struct buffer *content, struct buffer *csv,
                          struct failure *failure)
{
    const char *bytes = content->bytes != NULL ? content->bytes : "";
    if (kind == EXTRACT_ZIP)
        return unpack_zip(bytes, content->length, csv, failure);
    if (kind == EXTRACT_GZIP)
        return unpack_gzip(bytes, content->length, csv, failure);
    if (content->length > csv->limit && csv->limit > 0)
        return fail(failure, STATUS_DATA, "larger than the limit of %zu bytes", csv->limit);
    take_over(csv, content);
    return STATUS_OK;
}

/* A CSV must be text, and there must be something in it. */
static enum status check_text(const struct buffer *csv, struct failure *failure)
{
    const char *bytes = csv->bytes != NULL ? csv->bytes : "";
    size_t mark = csv->length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    const char *nul = memchr(bytes, '\0', csv->length);
    if (nul != NULL)
        return fail(failure, STATUS_DATA, "it is no text: byte %zu is NUL, in line %zu",
                    (size_t)(nul - bytes) + 1, 1 + lines_count(bytes, (size_t)(nul - bytes)));
    for (size_t i = mark; i < csv->length; i++)
        if (strchr(" \t\r\n", bytes[i]) == NULL)
            return STATUS_OK;
    return fail(failure, STATUS_DATA, "it is empty");
}

static enum status extract(enum extract_kind kind, const char *charset, struct buffer *content,
                           struct buffer *csv, struct charset_warning *warning,
                           struct failure *failure)
{
    enum status status = unpack(kind, content, csv, failure);
    buffer_free(content);
    if (status == STATUS_OK && csv->length > 0 &&
        (is_zip(csv->bytes, csv->length) || is_gzip(csv->bytes, csv->length)))
        status = fail(failure, STATUS_DATA, "it is packed twice");
    const char *stranger = status == STATUS_OK && csv->length > 0 ? content_stranger(csv) : NULL;
    if (stranger != NULL)
        status = fail(failure, STATUS_DATA, "%s", stranger);
    if (status == STATUS_OK)
        status = charset_to_utf8(csv, charset, warning, failure);
    if (status == STATUS_OK)
        status = check_text(csv, failure);
    return status;
}

/* Puts the part's name in front of what is wrong with it. */
static enum status blame(const struct mail *mail, size_t index, enum status status,
                         struct failure *failure)
{
    const struct failure what = *failure;
    return fail(failure, status, "%s: %.700s", describe(mail, index).text, what.text);
}

enum status extract_from_mail(const struct mail *mail, struct buffer *csv,
                              struct charset_warning *warning, struct failure *failure)
{
    warning->text[0] = '\0';
    size_t chosen = 0;
    enum status status = choose(mail, &chosen, failure);
    if (status != STATUS_OK)
        return status;
    const struct mail_part *part = mail_part(mail, chosen);
    enum extract_kind kind = extract_kind_of(part);
    struct buffer content = {.limit = kind == EXTRACT_CSV ? csv->limit : 0};
    if (part->damage != NULL)
        status = fail(failure, STATUS_DATA, "%s", part->damage);
    else
        status = mail_part_decode(mail, chosen, &content, failure);
    /* The part's charset is that of a text, not of what is in an archive. */
    if (status == STATUS_OK)
        status = extract(kind, kind == EXTRACT_CSV ? part->charset : NULL, &content, csv, warning,
                         failure);
    buffer_free(&content);
    return status == STATUS_OK ? status : blame(mail, chosen, status, failure);
}

enum status extract_from_file(struct buffer *file, struct buffer *csv,
                              struct charset_warning *warning, struct failure *failure)
{
    warning->text[0] = '\0';
    const char *bytes = file->bytes != NULL ? file->bytes : "";
    enum extract_kind kind = is_zip(bytes, file->length)    ? EXTRACT_ZIP
                             : is_gzip(bytes, file->length) ? EXTRACT_GZIP
                                                            : EXTRACT_CSV;
    return extract(kind, NULL, file, csv, warning, failure);
}
