#include "mail/charset.h"

#include <errno.h>
#include <gmime/gmime.h>
#include <iconv.h>
#include <string.h>

#define NO_CONVERSION ((iconv_t)-1)
#define FALLBACK "windows-1252"

enum { PIECE = 64 * 1024 };

static bool begins(const struct buffer *text, const char *mark)
{
    return text->length >= strlen(mark) && memcmp(text->bytes, mark, strlen(mark)) == 0;
}

/* Opens the conversion from a charset that a stranger named; NO_CONVERSION when it is unknown.
 * iconv reads more than a name where it may ("//IGNORE"), so nothing else is let through. */
static iconv_t open_conversion(const char *charset)
{
    if (charset[0] == '\0' || strlen(charset) > 40 ||
        charset[strspn(charset, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789-_.:+")] != '\0')
        return NO_CONVERSION;
    g_mime_init(); /* as in mail_parse */
    return iconv_open("UTF-8", g_mime_charset_iconv_name(charset));
}

static enum status cannot(const char *charset, int why, size_t at, size_t limit,
                          struct failure *failure)
{
    if (why == EINVAL)
        return fail(failure, STATUS_DATA, "it is truncated: its last character (%s) is not whole",
                    charset);
    if (why == EILSEQ)
        return fail(failure, STATUS_DATA, "its text is not %s: byte %zu is wrong", charset, at);
    if (why == EFBIG)
        return fail(failure, STATUS_DATA, "larger than the limit of %zu bytes", limit);
    return fail_memory(failure);
}

/* Replaces the text by what the conversion makes of it. */
static enum status convert(iconv_t conversion, const char *charset, struct buffer *text,
                           struct failure *failure)
{
    struct buffer converted = {.limit = text->limit};
    char piece[PIECE];
    char *in = text->bytes;
    size_t left = text->length;
    int why = 0;
    for (bool more = true; more && why == 0;) {
        char *out = piece;
        size_t room = sizeof piece;
        /* A last call without input takes out what the conversion still holds. */
        more = left > 0;
        if (iconv(conversion, more ? &in : NULL, &left, &out, &room) == (size_t)-1 &&
            errno != E2BIG)
            why = errno;
        size_t made = sizeof piece - room;
        if (converted.limit > 0 && made > converted.limit - converted.length)
            why = EFBIG;
        else if (!buffer_append(&converted, piece, made))
            why = ENOMEM;
    }
    if (why != 0) {
        buffer_free(&converted);
        return cannot(charset, why, (size_t)(in - text->bytes) + 1, text->limit, failure);
    }
    buffer_free(text);
    *text = converted;
    return STATUS_OK;
}

static enum status convert_from(const char *charset, struct buffer *text, struct failure *failure)
{
    iconv_t conversion = open_conversion(charset);
    if (conversion == NO_CONVERSION)
        return fail(failure, STATUS_IO, "this system cannot read %s", charset);
    enum status status = convert(conversion, charset, text, failure);
    (void)iconv_close(conversion);
    return status;
}

/* Whether the declaration says anything: not when it is none, US-ASCII, or a name nobody knows. */
static bool is_telling(const char *declared)
{
    if (declared == NULL || ascii_equal(declared, "us-ascii") || ascii_equal(declared, "ascii"))
        return false;
    iconv_t conversion = open_conversion(declared);
    if (conversion == NO_CONVERSION)
        return false;
    (void)iconv_close(conversion);
    return true;
}

enum status charset_to_utf8(struct buffer *text, const char *declared, const char **assumed,
                            struct failure *failure)
{
    *assumed = NULL;
    if (begins(text, "\xFF\xFE") || begins(text, "\xFE\xFF"))
        return convert_from("UTF-16", text, failure);
    size_t bad = 0;
    bool is_utf8 = utf8_valid(text->bytes != NULL ? text->bytes : "", text->length, &bad);
    bool is_declared_utf8 = begins(text, "\xEF\xBB\xBF") || ascii_equal(declared, "utf-8") ||
                            ascii_equal(declared, "utf8");
    if (is_declared_utf8 && !is_utf8)
        return cannot("UTF-8", EILSEQ, bad + 1, 0, failure);
    if (is_declared_utf8)
        return STATUS_OK;
    if (is_telling(declared))
        return convert_from(declared, text, failure);
    if (is_utf8)
        return STATUS_OK;
    *assumed = FALLBACK;
    return convert_from(FALLBACK, text, failure);
}
