#include "mail/extract.h"

#include "mail/charset.h"
#include "mail/unpack.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- which part it is ---- */

static bool ends_in(const char *name, const char *end)
{
    size_t length = name != NULL ? strlen(name) : 0;
    return length >= strlen(end) && strcasecmp(name + length - strlen(end), end) == 0;
}

static bool ends_in_any(const char *name, const char *const *ends)
{
    for (; *ends != NULL; ends++)
        if (ends_in(name, *ends))
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

enum extract_kind extract_kind_of(const struct mail_part *part)
{
    static const char *const DOCUMENTS[] = {".docx", ".xlsx", ".pptx", ".odt", ".ods",
                                            ".odp",  ".epub", ".jar",  ".kmz", NULL};
    static const char *const CSV_TYPES[] = {"text/csv", "application/csv",
                                            "text/comma-separated-values", NULL};
    if (ends_in_any(part->name, DOCUMENTS))
        return EXTRACT_NOTHING;
    if (is_zip(part->beginning, part->size))
        return EXTRACT_ZIP;
    if (is_gzip(part->beginning, part->size))
        return EXTRACT_GZIP;
    if (ends_in(part->name, ".zip"))
        return EXTRACT_ZIP;
    if (ends_in(part->name, ".csv.gz"))
        return EXTRACT_GZIP;
    if (ends_in(part->name, ".csv") || ends_in_any(part->type, CSV_TYPES))
        return EXTRACT_CSV;
    return EXTRACT_NOTHING;
}

/* What people call the part. */
static void describe(const struct mail *mail, size_t index, struct buffer *text)
{
    const struct mail_part *part = mail_part(mail, index);
    if (part->name != NULL)
        (void)buffer_printf(text, "%.200s", part->name);
    else
        (void)buffer_printf(text, "part %zu (%.200s)", index + 1, part->type);
}

static enum status no_export(const struct mail *mail, struct failure *failure)
{
    struct buffer parts = {.limit = 500};
    for (size_t i = 0; i < mail_part_count(mail); i++) {
        (void)buffer_append(&parts, ", ", i > 0 ? 2 : 0);
        describe(mail, i, &parts);
    }
    enum status status = fail(failure, STATUS_DATA, "no export is attached: no CSV, no ZIP (%s)",
                              parts.length > 0 ? parts.bytes : "it has no parts");
    buffer_free(&parts);
    return status;
}

static enum status two_exports(const struct mail *mail, size_t one, size_t other,
                               struct failure *failure)
{
    struct buffer names = {.limit = 500};
    describe(mail, one, &names);
    (void)buffer_append(&names, " and ", 5);
    describe(mail, other, &names);
    enum status status = fail(failure, STATUS_DATA, "two parts could be the export: %s",
                              names.bytes != NULL ? names.bytes : "");
    buffer_free(&names);
    return status;
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
        return fail(failure, STATUS_DATA, "it is no text: byte %zu is NUL",
                    (size_t)(nul - bytes) + 1);
    for (size_t i = mark; i < csv->length; i++)
        if (strchr(" \t\r\n", bytes[i]) == NULL)
            return STATUS_OK;
    return fail(failure, STATUS_DATA, "it is empty");
}

static enum status extract(enum extract_kind kind, const char *charset, struct buffer *content,
                           struct buffer *csv, const char **assumed, struct failure *failure)
{
    enum status status = unpack(kind, content, csv, failure);
    buffer_free(content);
    if (status == STATUS_OK && csv->length > 0 &&
        (is_zip(csv->bytes, csv->length) || is_gzip(csv->bytes, csv->length)))
        status = fail(failure, STATUS_DATA, "it is packed twice");
    if (status == STATUS_OK)
        status = charset_to_utf8(csv, charset, assumed, failure);
    if (status == STATUS_OK)
        status = check_text(csv, failure);
    return status;
}

/* Puts the part's name in front of what is wrong with it. */
static enum status blame(const struct mail *mail, size_t index, enum status status,
                         struct failure *failure)
{
    struct buffer text = {.limit = sizeof failure->text};
    describe(mail, index, &text);
    (void)buffer_printf(&text, ": %s", failure->text);
    if (text.bytes != NULL)
        (void)fail(failure, status, "%s", text.bytes);
    buffer_free(&text);
    return status;
}

enum status extract_from_mail(const struct mail *mail, struct buffer *csv, const char **assumed,
                              struct failure *failure)
{
    *assumed = NULL;
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
        status = extract(kind, kind == EXTRACT_CSV ? part->charset : NULL, &content, csv, assumed,
                         failure);
    buffer_free(&content);
    return status == STATUS_OK ? status : blame(mail, chosen, status, failure);
}

enum status extract_from_file(struct buffer *file, struct buffer *csv, const char **assumed,
                              struct failure *failure)
{
    *assumed = NULL;
    const char *bytes = file->bytes != NULL ? file->bytes : "";
    enum extract_kind kind = is_zip(bytes, file->length)    ? EXTRACT_ZIP
                             : is_gzip(bytes, file->length) ? EXTRACT_GZIP
                                                            : EXTRACT_CSV;
    return extract(kind, NULL, file, csv, assumed, failure);
}
