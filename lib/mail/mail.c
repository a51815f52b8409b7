#include "mail/mail.h"

#include "mail/content.h"

#include <gmime/gmime.h>
#include <string.h>

enum {
    DEEPEST = 64,      /* parts within parts; GMime has a limit of its own beside it */
    MOST_PARTS = 10000 /* leaf parts of one mail */
};

struct leaf {
    struct mail_part facts;
    GMimePart *part; /* borrowed from its message */
};

struct mail {
    GPtrArray *messages; /* the mail, and those that were forwarded in it in base64 */
    GPtrArray *strings;  /* what `facts` and the leaves' facts point to */
    GArray *leaves;      /* of struct leaf */
    struct mail_facts facts;
};

/* ---- text ---- */

/* Keeps a string that GLib allocated as long as the mail; NULL stays NULL. */
static const char *keep(struct mail *mail, char *text)
{
    if (text != NULL)
        g_ptr_array_add(mail->strings, text);
    return text;
}

static const char *keep_utf8(struct mail *mail, const char *text)
{
    return text != NULL ? keep(mail, g_utf8_make_valid(text, -1)) : NULL;
}

/* ---- the header ---- */

/* The header's topmost line of that name; NULL when there is none. */
static GMimeHeader *topmost(GMimeMessage *message, const char *name)
{
    GMimeHeaderList *headers = g_mime_object_get_header_list(GMIME_OBJECT(message));
    for (int i = 0; i < g_mime_header_list_get_count(headers); i++) {
        GMimeHeader *header = g_mime_header_list_get_header_at(headers, i);
        if (ascii_equal(g_mime_header_get_name(header), name))
            return header;
    }
    return NULL;
}

/* Its value unfolded and without blanks at its ends, nothing in it decoded. */
static const char *topmost_value(struct mail *mail, GMimeMessage *message, const char *name)
{
    GMimeHeader *header = topmost(message, name);
    const char *raw = header != NULL ? g_mime_header_get_raw_value(header) : NULL;
    if (raw == NULL)
        return NULL;
    char *unfolded = g_mime_utils_header_unfold(raw);
    const char *value = keep_utf8(mail, g_strstrip(unfolded));
    g_free(unfolded);
    return value;
}

static void note_bad_address(gint64 offset, GMimeParserWarning warning, const gchar *item,
                             gpointer bad)
{
    (void)offset;
    (void)item;
    if (warning == GMIME_WARN_INVALID_ADDRESS_LIST)
        *(bool *)bad = true;
}

/* Reads the sender's address. Whoever is believed by it must not be able to write it so that two
 * readers see two addresses: one From line, one mailbox in it, and nothing that has to be guessed.
 */
static void read_from(struct mail *mail, GMimeMessage *message)
{
    GMimeHeaderList *headers = g_mime_object_get_header_list(GMIME_OBJECT(message));
    GMimeHeader *from = NULL;
    int lines = 0;
    for (int i = 0; i < g_mime_header_list_get_count(headers); i++) {
        GMimeHeader *header = g_mime_header_list_get_header_at(headers, i);
        if (ascii_equal(g_mime_header_get_name(header), "From")) {
            from = header;
            lines++;
        }
    }
    if (lines != 1 || g_mime_header_get_raw_value(from) == NULL)
        return;
    bool bad = false;
    GMimeParserOptions *options = g_mime_parser_options_new();
    g_mime_parser_options_set_address_compliance_mode(options, GMIME_RFC_COMPLIANCE_STRICT);
    g_mime_parser_options_set_warning_callback(options, note_bad_address, &bad);
    InternetAddressList *list =
        internet_address_list_parse(options, g_mime_header_get_raw_value(from));
    g_mime_parser_options_free(options);
    InternetAddress *only = list != NULL && internet_address_list_length(list) == 1
                                ? internet_address_list_get_address(list, 0)
                                : NULL;
    if (!bad && only != NULL && INTERNET_ADDRESS_IS_MAILBOX(only)) {
        InternetAddressMailbox *mailbox = INTERNET_ADDRESS_MAILBOX(only);
        const char *ascii = keep_utf8(mail, internet_address_mailbox_get_idn_addr(mailbox));
        const char *at = ascii != NULL ? strrchr(ascii, '@') : NULL;
        if (at != NULL && at != ascii && at[1] != '\0') {
            mail->facts.from = keep_utf8(mail, internet_address_mailbox_get_addr(mailbox));
            mail->facts.from_domain = at + 1;
        }
    }
    if (list != NULL)
        g_object_unref(list);
}

static void read_facts(struct mail *mail, GMimeMessage *message)
{
    struct mail_facts *facts = &mail->facts;
    read_from(mail, message);
    facts->subject = keep_utf8(mail, g_mime_message_get_subject(message));
    facts->message_id = keep_utf8(mail, g_mime_message_get_message_id(message));
    facts->authentication = topmost_value(mail, message, "Authentication-Results");
    facts->spam = topmost_value(mail, message, "X-SES-Spam-Verdict");
    facts->virus = topmost_value(mail, message, "X-SES-Virus-Verdict");
    GDateTime *date = g_mime_message_get_date(message);
    GDateTime *utc = date != NULL ? g_date_time_to_utc(date) : NULL;
    if (utc != NULL) {
        facts->date = keep(mail, g_date_time_format(utc, "%Y-%m-%dT%H:%M:%SZ"));
        g_date_time_unref(utc);
    }
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

static enum status add_leaf(struct mail *mail, GMimePart *part, bool open, struct failure *failure)
{
    if (mail->leaves->len >= MOST_PARTS)
        return fail(failure, STATUS_DATA, "the mail has more than %d parts", MOST_PARTS);
    GMimeObject *object = GMIME_OBJECT(part);
    char *type = g_mime_content_type_get_mime_type(g_mime_object_get_content_type(object));
    struct leaf leaf = {.part = part};
    leaf.facts.type = keep(mail, g_ascii_strdown(type, -1));
    leaf.facts.name = keep_utf8(mail, g_mime_part_get_filename(part));
    leaf.facts.charset =
        keep_utf8(mail, g_mime_object_get_content_type_parameter(object, "charset"));
    leaf.facts.damage =
        open ? "it is truncated: the mail ends before the part does" : mail_content_damage(part);
    (void)mail_content_decode(part, note_piece, &leaf.facts);
    g_array_append_val(mail->leaves, leaf);
    g_free(type);
    return STATUS_OK;
}

static GMimeMessage *parse_stream(GMimeStream *stream)
{
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    g_object_unref(parser);
    return message;
}

static bool collect(const char *bytes, size_t length, void *array)
{
    g_byte_array_append(array, (const guint8 *)bytes, (guint)length);
    return true;
}

/* A forwarded mail that is itself encoded, which RFC 2046 forbids and mailers do: GMime shows it as
 * a leaf. What is no mail stays one. */
static enum status add_encoded_mail(struct mail *mail, GMimePart *part, bool open, int depth,
                                    struct failure *failure)
{
    GByteArray *decoded = g_byte_array_new();
    (void)mail_content_decode(part, collect, decoded);
    GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(decoded);
    GMimeMessage *message = parse_stream(stream);
    g_object_unref(stream);
    if (message == NULL)
        return add_leaf(mail, part, open, failure);
    g_ptr_array_add(mail->messages, message);
    open = open || mail_content_damage(part) != NULL;
    return walk(mail, g_mime_message_get_mime_part(message), open, depth + 1, failure);
}

/* `open` is whether a multipart around it lacks its end, or ends too soon. */
static enum status walk(struct mail *mail, GMimeObject *object, bool open, int depth,
                        struct failure *failure)
{
    if (depth > DEEPEST)
        return fail(failure, STATUS_DATA, "the mail nests its parts too deeply");
    if (object == NULL)
        return STATUS_OK;
    if (GMIME_IS_MULTIPART(object)) {
        GMimeMultipart *multipart = GMIME_MULTIPART(object);
        /* GMime has no other way to ask whether the closing boundary was there. */
        open = open || !multipart->write_end_boundary;
        enum status status = STATUS_OK;
        for (int i = 0; status == STATUS_OK && i < g_mime_multipart_get_count(multipart); i++)
            status = walk(mail, g_mime_multipart_get_part(multipart, i), open, depth + 1, failure);
        return status;
    }
    if (GMIME_IS_MESSAGE_PART(object)) {
        GMimeMessage *message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
        GMimeObject *inner = message != NULL ? g_mime_message_get_mime_part(message) : NULL;
        return walk(mail, inner, open, depth + 1, failure);
    }
    if (!GMIME_IS_PART(object))
        return STATUS_OK;
    GMimeContentType *type = g_mime_object_get_content_type(object);
    if (g_mime_content_type_is_type(type, "message", "rfc822"))
        return add_encoded_mail(mail, GMIME_PART(object), open, depth, failure);
    return add_leaf(mail, GMIME_PART(object), open, failure);
}

/* ---- the mail ---- */

/* Whether there is a NUL in the header, where it would hide what comes after it from us only. */
static bool header_has_nul(const struct buffer *raw)
{
    const char *end = memmem(raw->bytes, raw->length, "\n\n", 2);
    size_t length = end != NULL ? (size_t)(end - raw->bytes) : raw->length;
    const char *dos_end = memmem(raw->bytes, length, "\n\r\n", 3);
    if (dos_end != NULL)
        length = (size_t)(dos_end - raw->bytes);
    return memchr(raw->bytes, '\0', length) != NULL;
}

enum status mail_parse(struct buffer *raw, struct mail **mail_out, struct failure *failure)
{
    *mail_out = NULL;
    if (raw->length == 0 || raw->length >= G_MAXUINT || header_has_nul(raw)) {
        const char *why = raw->length == 0           ? "it is empty"
                          : raw->length >= G_MAXUINT ? "it is too large"
                                                     : "there is a NUL byte in its header";
        buffer_free(raw);
        return fail(failure, STATUS_DATA, "not a mail: %s", why);
    }
    g_mime_init(); /* to be called often, and never undone: GMime can't begin again */
    struct mail *mail = g_new0(struct mail, 1);
    mail->messages = g_ptr_array_new_with_free_func(g_object_unref);
    mail->strings = g_ptr_array_new_with_free_func(g_free);
    mail->leaves = g_array_new(FALSE, TRUE, sizeof(struct leaf));
    /* GLib's allocator is malloc's since 2.46, so it can take the bytes over. */
    GByteArray *bytes = g_byte_array_new_take((guint8 *)raw->bytes, raw->length);
    *raw = (struct buffer){.limit = raw->limit};
    GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(bytes);
    GMimeMessage *message = parse_stream(stream);
    g_object_unref(stream);
    enum status status;
    if (message == NULL) {
        status = fail(failure, STATUS_DATA, "not a mail: it does not begin with a header");
    } else {
        g_ptr_array_add(mail->messages, message);
        read_facts(mail, message);
        status = walk(mail, g_mime_message_get_mime_part(message), false, 0, failure);
    }
    if (status != STATUS_OK) {
        mail_free(mail);
        return status;
    }
    *mail_out = mail;
    return STATUS_OK;
}

void mail_free(struct mail *mail)
{
    if (mail == NULL)
        return;
    g_array_free(mail->leaves, TRUE);
    g_ptr_array_free(mail->messages, TRUE);
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
