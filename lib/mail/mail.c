#include "mail/mail.h"

#include "mail/charset.h"
#include "mail/content.h"
#include "mail/header.h"
#include "mail/lines.h"
#include "mail/name.h"
#include "mail/unpack.h"

#include <gmime/gmime.h>
#include <string.h>
#ifdef SANITIZED
#include <sanitizer/lsan_interface.h>
#endif

enum {
    DEEPEST = 64,             /* parts within parts; GMime has a limit of its own beside it */
    MOST_PARTS = 10000,       /* leaf parts of one mail */
    MOST_HEADER = 512 * 1024, /* bytes of the header */
};

struct leaf {
    struct mail_part facts;
    GMimePart *part; /* borrowed from its object */
};

struct mail {
    GMimeStream *stream; /* the mail, from its header on */
    size_t decoded;      /* how many more bytes the mails in it may be decoded to */
    bool inside;
    GPtrArray *objects; /* what GMime made of the mail, and of what lies in it */
    GPtrArray *strings; /* what `facts` and the leaves' facts point to */
    GArray *leaves;     /* of struct leaf */
    struct mail_facts facts;
};

/* Has GMime take a mail in a mail for a part like any other, to be parsed here, if at all. A
 * GMimeMessage would parse the fields of its addresses at once, however deeply they nest. So none
 * is ever made. */
static void start_gmime(void)
{
    static gsize started;
    static const char *const TYPES[] = {"rfc822", "rfc2822",       "global",
                                        "news",   "external-body", "partial"};
    if (!g_once_init_enter(&started))
        return;
#ifdef SANITIZED
    __lsan_disable(); /* GMime loses the types that are registered anew, once */
#endif
    g_mime_init(); /* never undone: GMime can't begin again */
#ifdef SANITIZED
    __lsan_enable();
#endif
    for (size_t i = 0; i < G_N_ELEMENTS(TYPES); i++)
        g_mime_object_register_type("message", TYPES[i], GMIME_TYPE_PART);
    g_once_init_leave(&started, 1);
}

void mail_load(void)
{
    start_gmime();
    charset_load();
    unpack_load();
}

/* What GMime makes of a mail, kept with it; NULL when it does not begin with a header. */
static GMimeObject *parse(struct mail *mail, GMimeStream *stream)
{
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeObject *object = g_mime_parser_construct_part(parser, NULL);
    g_object_unref(parser);
    if (object == NULL)
        return NULL;
    g_ptr_array_add(mail->objects, object);
    return g_mime_header_list_get_count(g_mime_object_get_header_list(object)) > 0 ? object : NULL;
}

/* ---- the header ---- */

/* How long the header is, with the empty line behind it. */
static size_t header_length(const char *bytes, size_t length)
{
    size_t at = 0;
    while ((at += lines_length(bytes + at, length - at)) < length) {
        if (bytes[at] == '\n')
            return at + 1;
        if (length - at >= 2 && memcmp(bytes + at, "\r\n", 2) == 0)
            return at + 2;
    }
    return length;
}

/* Reads what the header says, and nothing behind it. */
static enum status read_header(struct mail *mail, const char *bytes, size_t length,
                               struct failure *failure)
{
    size_t header = header_length(bytes, length);
    bool is_long = header > MOST_HEADER;
    if (memchr(bytes, '\0', is_long ? MOST_HEADER : header) != NULL)
        return fail(failure, STATUS_DATA, "not a mail: there is a NUL byte in its header");
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(bytes, is_long ? MOST_HEADER : header);
    GMimeObject *object = parse(mail, stream);
    g_object_unref(stream);
    if (object == NULL)
        return fail(failure, STATUS_DATA, "not a mail: it does not begin with a header");
    if (is_long)
        return fail(failure, STATUS_DATA, "refused: its header is longer than %d bytes",
                    MOST_HEADER);
    return header_read(object, mail->strings, &mail->facts, failure);
}

/* ---- the parts ---- */

static bool note_piece(const char *bytes, size_t length, void *context)
{
    struct mail_part *facts = context;
    for (size_t i = 0; i < length && facts->size + i < MAIL_BEGINNING; i++)
        facts->beginning[facts->size + i] = bytes[i];
    facts->size += length;
    return true;
}

static enum status walk(struct mail *mail, GMimeObject *object, bool open, int depth,
                        struct failure *failure);
static enum status add_part(struct mail *mail, GMimePart *part, bool open, int depth,
                            struct failure *failure);

/* Reads "Content-Type: csv; name=x", which lacks a slash, as "text/csv; name=x". GMime writes down
 * a type that it is given, and never ends where a parameter's name has 70 letters: of the others
 * nobody asks. */
static void mend_type(GMimeObject *object)
{
    static const char *const PARAMETERS[] = {"name", "charset"};
    const char *raw = header_topmost(object, "Content-Type", NULL);
    const char *value = raw != NULL ? raw + strspn(raw, " \t\r\n") : "";
    size_t length = strcspn(value, "; \t\r\n");
    if (length == 0 || memchr(value, '/', length) != NULL)
        return;
    char *mended = g_strconcat("text/", value, NULL);
    GMimeContentType *read = g_mime_content_type_parse(NULL, mended);
    GMimeContentType *type =
        g_mime_content_type_new("text", g_mime_content_type_get_media_subtype(read));
    for (size_t i = 0; i < sizeof PARAMETERS / sizeof PARAMETERS[0]; i++) {
        const char *parameter = g_mime_content_type_get_parameter(read, PARAMETERS[i]);
        if (parameter != NULL)
            g_mime_content_type_set_parameter(type, PARAMETERS[i], parameter);
    }
    g_mime_object_set_content_type(object, type);
    g_object_unref(type);
    g_object_unref(read);
    g_free(mended);
}

static bool collect(const char *bytes, size_t length, void *array)
{
    g_byte_array_append(array, (const guint8 *)bytes, (guint)length);
    return true;
}

/* Makes a part of a uuencoded file in a text. */
static GMimePart *uuencoded_part(struct mail *mail, const char *text, const struct lines_file *file)
{
    GMimePart *part = g_mime_part_new_with_type("application", "octet-stream");
    GMimeStream *stream =
        g_mime_stream_mem_new_with_buffer(text + file->from, file->to - file->from);
    GMimeDataWrapper *content =
        g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_UUENCODE);
    char *name = g_strstrip(g_strndup(file->name, file->name_length));
    g_mime_part_set_content(part, content);
    g_mime_part_set_filename(part, name);
    g_free(name);
    g_object_unref(content);
    g_object_unref(stream);
    g_ptr_array_add(mail->objects, part);
    return part;
}

/* Adds the files that are uuencoded in a text, each as a part of its own. */
static enum status add_uuencoded(struct mail *mail, GMimePart *text, bool open, int depth,
                                 struct failure *failure)
{
    GByteArray *bytes = g_byte_array_new();
    (void)mail_content_decode(text, collect, bytes);
    const char *at = bytes->data != NULL ? (const char *)bytes->data : "";
    enum status status = STATUS_OK;
    struct lines_file file = {.to = 0};
    while (status == STATUS_OK && lines_find_file(at, bytes->len, file.to, &file))
        status = add_part(mail, uuencoded_part(mail, at, &file), open || !file.whole, depth + 1,
                          failure);
    g_byte_array_unref(bytes);
    return status;
}

static enum status add_leaf(struct mail *mail, GMimePart *part, bool open, int depth,
                            struct failure *failure)
{
    if (mail->leaves->len >= MOST_PARTS)
        return fail(failure, STATUS_DATA, "the mail has more than %d parts", MOST_PARTS);
    GMimeObject *object = GMIME_OBJECT(part);
    struct leaf leaf = {.part = part};
    leaf.facts.type = header_type(mail->strings, object);
    leaf.facts.name = header_keep_utf8(mail->strings, g_mime_part_get_filename(part));
    leaf.facts.charset = header_keep_utf8(
        mail->strings, g_mime_object_get_content_type_parameter(object, "charset"));
    leaf.facts.damage =
        open ? "it is truncated: the mail ends before the part does" : mail_content_damage(part);
    (void)mail_content_decode(part, note_piece, &leaf.facts);
    g_array_append_val(mail->leaves, leaf);
    if (mail->inside && leaf.facts.name == NULL && text_begins(leaf.facts.type, "text/"))
        return add_uuencoded(mail, part, open, depth, failure);
    return STATUS_OK;
}

/* Whether the part is a mail: by its type, or as a file with the name of one, whatever its type. */
static bool is_mail(GMimePart *part)
{
    GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(part));
    const char *name = g_mime_part_get_filename(part);
    return g_mime_content_type_is_type(type, "message", "rfc822") ||
           g_mime_content_type_is_type(type, "message", "rfc2822") ||
           g_mime_content_type_is_type(type, "message", "global") ||
           g_mime_content_type_is_type(type, "message", "news") || mail_name_ends_in(name, ".eml");
}

/* The part's content as a stream, a new reference: the mail's own bytes, or, where it is encoded,
 * which RFC 2046 forbids for a mail and mailers do, a decoded copy. NULL when that would be too
 * large. */
static GMimeStream *content_stream(struct mail *mail, GMimePart *part)
{
    GMimeDataWrapper *content = g_mime_part_get_content(part);
    if (content == NULL)
        return g_mime_stream_mem_new();
    switch (g_mime_data_wrapper_get_encoding(content)) {
    case GMIME_CONTENT_ENCODING_BASE64:
    case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
    case GMIME_CONTENT_ENCODING_UUENCODE:
        break;
    default: {
        GMimeStream *stream = g_mime_data_wrapper_get_stream(content);
        (void)g_mime_stream_reset(stream);
        return g_object_ref(stream);
    }
    }
    GByteArray *decoded = g_byte_array_new();
    (void)mail_content_decode(part, collect, decoded);
    bool fits = decoded->len <= mail->decoded;
    if (fits)
        mail->decoded -= decoded->len;
    GMimeStream *stream = fits ? g_mime_stream_mem_new_with_byte_array(decoded) : NULL;
    if (!fits)
        g_byte_array_unref(decoded);
    return stream;
}

/* Passes over the line of an mbox, with which a file of one mail may begin; returns the stream, or
 * a new one in its place. */
static GMimeStream *skip_mbox_line(GMimeStream *stream)
{
    char line[1000];
    ssize_t got = g_mime_stream_read(stream, line, sizeof line);
    (void)g_mime_stream_reset(stream);
    if (got < 5 || memcmp(line, "From ", 5) != 0)
        return stream;
    GMimeStream *rest = g_mime_stream_substream(
        stream, stream->bound_start + (gint64)lines_length(line, (size_t)got), stream->bound_end);
    g_object_unref(stream);
    return rest;
}

/* Adds the parts of a mail in the mail. What is none after all is a part itself. */
static enum status add_mail(struct mail *mail, GMimePart *part, bool open, int depth,
                            struct failure *failure)
{
    GMimeStream *stream = content_stream(mail, part);
    if (stream == NULL)
        return fail(failure, STATUS_DATA, "the mails in the mail are larger than itself");
    stream = skip_mbox_line(stream);
    GMimeObject *object = parse(mail, stream);
    g_object_unref(stream);
    if (object == NULL)
        return add_leaf(mail, part, open, depth, failure);
    open = open || mail_content_damage(part) != NULL;
    return walk(mail, object, open, depth + 1, failure);
}

static enum status add_part(struct mail *mail, GMimePart *part, bool open, int depth,
                            struct failure *failure)
{
    if (depth > DEEPEST)
        return fail(failure, STATUS_DATA, "the mail nests its parts too deeply");
    mend_type(GMIME_OBJECT(part));
    return mail->inside && is_mail(part) ? add_mail(mail, part, open, depth, failure)
                                         : add_leaf(mail, part, open, depth, failure);
}

/* `open` is whether a multipart around it lacks its end, or ends too soon. */
static enum status walk(struct mail *mail, GMimeObject *object, bool open, int depth,
                        struct failure *failure)
{
    if (depth > DEEPEST)
        return fail(failure, STATUS_DATA, "the mail nests its parts too deeply");
    if (GMIME_IS_PART(object))
        return add_part(mail, GMIME_PART(object), open, depth, failure);
    if (!GMIME_IS_MULTIPART(object))
        return STATUS_OK;
    GMimeMultipart *multipart = GMIME_MULTIPART(object);
    /* GMime has no other way to ask whether the closing boundary was there. */
    open = open || !multipart->write_end_boundary;
    enum status status = STATUS_OK;
    for (int i = 0; status == STATUS_OK && i < g_mime_multipart_get_count(multipart); i++)
        status = walk(mail, g_mime_multipart_get_part(multipart, i), open, depth + 1, failure);
    return status;
}

/* ---- the mail ---- */

enum status mail_parse(struct buffer *raw, struct mail **mail_out, struct failure *failure)
{
    *mail_out = NULL;
    if (raw->length == 0 || raw->length >= G_MAXUINT) {
        bool empty = raw->length == 0;
        buffer_free(raw);
        return fail(failure, STATUS_DATA, "not a mail: it is %s", empty ? "empty" : "too large");
    }
    start_gmime();
    size_t length = raw->length;
    const char *bytes = raw->bytes;
    struct mail *mail = g_new0(struct mail, 1);
    mail->decoded =
        2 * length; /* a mail in base64, in another one in base64, is smaller than that */
    mail->objects = g_ptr_array_new_with_free_func(g_object_unref);
    mail->strings = g_ptr_array_new_with_free_func(g_free);
    mail->leaves = g_array_new(FALSE, TRUE, sizeof(struct leaf));
    /* GLib's allocator is malloc's since 2.46, so it can take the bytes over. */
    GMimeStream *all = g_mime_stream_mem_new_with_byte_array(
        g_byte_array_new_take((guint8 *)raw->bytes, raw->length));
    *raw = (struct buffer){.limit = raw->limit};
    bool is_mbox = length >= 5 && memcmp(bytes, "From ", 5) == 0;
    size_t start = is_mbox ? lines_length(bytes, length) : 0;
    size_t count = is_mbox ? lines_count_mails(bytes, length) : 1;
    mail->stream = g_mime_stream_substream(all, (gint64)start, (gint64)length);
    g_object_unref(all);
    enum status status =
        count > 1 ? fail(failure, STATUS_DATA,
                         "there are %zu mails in the file (an mbox); one at a time, please: "
                         "git mailsplit -oDIRECTORY FILE makes a file of each",
                         count)
                  : read_header(mail, bytes + start, length - start, failure);
    if (status != STATUS_OK) {
        mail_free(mail);
        return status;
    }
    *mail_out = mail;
    return STATUS_OK;
}

enum status mail_read_parts(struct mail *mail, bool inside, struct failure *failure)
{
    mail->inside = inside;
    GMimeObject *object = parse(mail, mail->stream);
    return object != NULL ? walk(mail, object, false, 0, failure)
                          : fail(failure, STATUS_DATA, "not a mail: its parts can't be told");
}

void mail_free(struct mail *mail)
{
    if (mail == NULL)
        return;
    g_array_free(mail->leaves, TRUE);
    g_object_unref(mail->stream);
    g_ptr_array_free(mail->objects, TRUE);
    g_ptr_array_free(mail->strings, TRUE);
    g_free(mail);
}

const struct mail_facts *mail_facts(const struct mail *mail)
{
    return &mail->facts;
}

size_t mail_part_count(const struct mail *mail)
{
    return mail->leaves->len;
}

const struct mail_part *mail_part(const struct mail *mail, size_t index)
{
    return &g_array_index(mail->leaves, struct leaf, index).facts;
}

static bool append_piece(const char *bytes, size_t length, void *buffer)
{
    return buffer_append(buffer, bytes, length);
}

enum status mail_part_decode(const struct mail *mail, size_t index, struct buffer *content,
                             struct failure *failure)
{
    const struct leaf *leaf = &g_array_index(mail->leaves, struct leaf, index);
    if (content->limit > 0 && leaf->facts.size > content->limit - content->length)
        return fail(failure, STATUS_DATA, "larger than the limit of %zu bytes", content->limit);
    if (!mail_content_decode(leaf->part, append_piece, content))
        return fail_memory(failure);
    return STATUS_OK;
}
