#include "mail/header.h"

#include "base/text.h"

#include <string.h>

enum {
    MOST_ADDRESSES = 64 * 1024, /* bytes of a field with addresses: some two thousand of them */
    MOST_FROM = 4096, /* bytes of the only such field that is parsed: GMime's way into groups of
                         addresses is recursive, and so deep at the most */
};

/* Takes over a string of GLib's, to keep it as long as `strings`; NULL stays NULL. */
static const char *keep(GPtrArray *strings, char *text)
{
    if (text != NULL)
        g_ptr_array_add(strings, text);
    return text;
}

const char *header_keep_utf8(GPtrArray *strings, const char *text)
{
    return text != NULL ? keep(strings, g_utf8_make_valid(text, -1)) : NULL;
}

const char *header_topmost(GMimeObject *object, const char *name, size_t *lines)
{
    GMimeHeaderList *headers = g_mime_object_get_header_list(object);
    const char *value = NULL;
    size_t count = 0;
    for (int i = 0; i < g_mime_header_list_get_count(headers); i++) {
        GMimeHeader *header = g_mime_header_list_get_header_at(headers, i);
        if (ascii_equal(g_mime_header_get_name(header), name) && count++ == 0)
            value = g_mime_header_get_raw_value(header);
    }
    if (lines != NULL)
        *lines = count;
    return value;
}

/* Its value unfolded and without blanks at its ends, nothing in it decoded. */
static const char *topmost_value(GPtrArray *strings, GMimeObject *object, const char *name)
{
    const char *raw = header_topmost(object, name, NULL);
    if (raw == NULL)
        return NULL;
    char *unfolded = g_mime_utils_header_unfold(raw);
    const char *value = header_keep_utf8(strings, g_strstrip(unfolded));
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

/* Whether a way to the address stands before it, "<@other.example:rosa@example.org>" (RFC 5322,
 * 4.4): GMime passes over it, and others take what is in it for the address. */
static bool has_route(const char *value)
{
    size_t depth = 0;
    bool quoted = false;
    char before = '\0'; /* what stands before, without blanks and comments */
    for (const char *at = value; *at != '\0'; at++) {
        if (*at == '\\' && at[1] != '\0')
            at++;
        else if (!quoted && *at == '(')
            depth++;
        else if (depth > 0)
            depth -= *at == ')';
        else if (*at == '@' && before == '<' && !quoted)
            return true;
        else if (!text_is_blank(*at)) {
            before = *at;
            quoted = quoted != (*at == '"');
        }
    }
    return false;
}

/* Reads the sender's address. Whoever is believed by it must not be able to write it so that two
 * readers see two addresses: one From line, one mailbox in it, and nothing that has to be guessed.
 */
static void read_from(GPtrArray *strings, GMimeObject *object, struct mail_facts *facts)
{
    size_t lines;
    const char *raw = header_topmost(object, "From", &lines);
    if (lines != 1 || raw == NULL || strlen(raw) > MOST_FROM || has_route(raw))
        return;
    bool bad = false;
    GMimeParserOptions *options = g_mime_parser_options_new();
    g_mime_parser_options_set_address_compliance_mode(options, GMIME_RFC_COMPLIANCE_STRICT);
#if GMIME_CHECK_VERSION(3, 2, 15) /* which added how to free what is handed to the callback */
    g_mime_parser_options_set_warning_callback(options, note_bad_address, &bad, NULL);
#else
    g_mime_parser_options_set_warning_callback(options, note_bad_address, &bad);
#endif
    InternetAddressList *list = internet_address_list_parse(options, raw);
    g_mime_parser_options_free(options);
    InternetAddress *only = list != NULL && internet_address_list_length(list) == 1
                                ? internet_address_list_get_address(list, 0)
                                : NULL;
    if (!bad && only != NULL && INTERNET_ADDRESS_IS_MAILBOX(only)) {
        InternetAddressMailbox *mailbox = INTERNET_ADDRESS_MAILBOX(only);
        const char *ascii =
            header_keep_utf8(strings, internet_address_mailbox_get_idn_addr(mailbox));
        const char *at = ascii != NULL ? strrchr(ascii, '@') : NULL;
        if (at != NULL && at != ascii && at[1] != '\0') {
            facts->from = header_keep_utf8(strings, internet_address_mailbox_get_addr(mailbox));
            facts->from_domain = at + 1;
        }
    }
    if (list != NULL)
        g_object_unref(list);
}

/* The text with the words of RFC 2047 decoded. */
static const char *read_subject(GPtrArray *strings, GMimeObject *object)
{
    const char *value = topmost_value(strings, object, "Subject");
    char *decoded = value != NULL ? g_mime_utils_header_decode_text(NULL, value) : NULL;
    const char *subject = header_keep_utf8(strings, decoded);
    g_free(decoded);
    return subject;
}

static const char *read_date(GPtrArray *strings, GMimeObject *object)
{
    const char *value = topmost_value(strings, object, "Date");
    GDateTime *date = value != NULL ? g_mime_utils_header_decode_date(value) : NULL;
    GDateTime *utc = date != NULL ? g_date_time_to_utc(date) : NULL;
    const char *text = NULL;
    if (utc != NULL) {
        text = keep(strings, g_date_time_format(utc, "%Y-%m-%dT%H:%M:%SZ"));
        g_date_time_unref(utc);
    }
    if (date != NULL)
        g_date_time_unref(date);
    return text;
}

static const char *read_message_id(GPtrArray *strings, GMimeObject *object)
{
    const char *value = topmost_value(strings, object, "Message-Id");
    char *decoded = value != NULL ? g_mime_utils_decode_message_id(value) : NULL;
    const char *id = header_keep_utf8(strings, decoded);
    g_free(decoded);
    return id;
}

const char *header_type(GPtrArray *strings, GMimeObject *object)
{
    char *type = g_mime_content_type_get_mime_type(g_mime_object_get_content_type(object));
    const char *lower = keep(strings, g_ascii_strdown(type, -1));
    g_free(type);
    return lower;
}

/* The field of addresses that is too long; NULL when none is. */
static const char *too_long(GMimeObject *object)
{
    static const char *const FIELDS[] = {"From", "Sender", "Reply-To", "To", "Cc", "Bcc"};
    for (size_t i = 0; i < G_N_ELEMENTS(FIELDS); i++) {
        const char *value = header_topmost(object, FIELDS[i], NULL);
        if (value != NULL && strlen(value) > MOST_ADDRESSES)
            return FIELDS[i];
    }
    return NULL;
}

enum status header_read(GMimeObject *object, GPtrArray *strings, struct mail_facts *facts,
                        struct failure *failure)
{
    const char *field = too_long(object);
    if (field != NULL)
        return fail(failure, STATUS_DATA, "refused: its %s is longer than %d bytes", field,
                    MOST_ADDRESSES);
    read_from(strings, object, facts);
    facts->subject = read_subject(strings, object);
    facts->date = read_date(strings, object);
    facts->message_id = read_message_id(strings, object);
    facts->authentication = topmost_value(strings, object, "Authentication-Results");
    facts->spam = topmost_value(strings, object, "X-SES-Spam-Verdict");
    facts->virus = topmost_value(strings, object, "X-SES-Virus-Verdict");
    facts->auto_submitted = topmost_value(strings, object, "Auto-Submitted");
    facts->type = header_type(strings, object);
    return STATUS_OK;
}
