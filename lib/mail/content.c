#include "mail/content.h"

#include <limits.h>
#include <string.h>

enum { PIECE = 64 * 1024 };

/* The content as it is in the mail, rewound; borrowed, NULL when there is none. */
static GMimeStream *encoded_stream(GMimePart *part)
{
    GMimeDataWrapper *content = g_mime_part_get_content(part);
    GMimeStream *stream = content != NULL ? g_mime_data_wrapper_get_stream(content) : NULL;
    if (stream != NULL)
        (void)g_mime_stream_reset(stream);
    return stream;
}

static GMimeContentEncoding encoding_of(GMimePart *part)
{
    return g_mime_data_wrapper_get_encoding(g_mime_part_get_content(part));
}

bool mail_content_decode(GMimePart *part, mail_content_sink *sink, void *context)
{
    GMimeStream *encoded = encoded_stream(part);
    if (encoded == NULL)
        return true;
    GMimeStream *decoded = g_mime_stream_filter_new(encoded);
    GMimeFilter *filter = g_mime_filter_basic_new(encoding_of(part), FALSE);
    (void)g_mime_stream_filter_add(GMIME_STREAM_FILTER(decoded), filter);
    g_object_unref(filter);
    char *piece = g_malloc(PIECE);
    bool going = true;
    for (ssize_t got; going && (got = g_mime_stream_read(decoded, piece, PIECE)) > 0;)
        going = sink(piece, (size_t)got, context);
    g_free(piece);
    g_object_unref(decoded);
    return going;
}

/* What a byte is in base64. */
enum kind { DIGIT, BLANK, PADDING, STRANGE };

static void fill_kinds(unsigned char kinds[UCHAR_MAX + 1])
{
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    memset(kinds, STRANGE, UCHAR_MAX + 1);
    for (size_t i = 0; i < sizeof DIGITS - 1; i++)
        kinds[(unsigned char)DIGITS[i]] = DIGIT;
    kinds[' '] = kinds['\t'] = kinds['\r'] = kinds['\n'] = BLANK;
    kinds['='] = PADDING;
}

/* How many of the bytes are digits before one that is none, eight at a time: lines are long. */
static size_t leading_digits(const unsigned char kinds[], const unsigned char *bytes, size_t length)
{
    size_t count = 0;
    for (; length - count >= 8; count += 8) {
        const unsigned char *at = bytes + count;
        int others = kinds[at[0]] | kinds[at[1]] | kinds[at[2]] | kinds[at[3]] | kinds[at[4]] |
                     kinds[at[5]] | kinds[at[6]] | kinds[at[7]];
        if (others != DIGIT)
            break;
    }
    while (count < length && kinds[bytes[count]] == DIGIT)
        count++;
    return count;
}

const char *mail_content_damage(GMimePart *part)
{
    GMimeStream *encoded = encoded_stream(part);
    if (encoded == NULL || encoding_of(part) != GMIME_CONTENT_ENCODING_BASE64)
        return NULL;
    unsigned char kinds[UCHAR_MAX + 1];
    unsigned char *piece = g_malloc(PIECE);
    size_t digits = 0;
    size_t padding = 0;
    bool strange = false;
    fill_kinds(kinds);
    for (ssize_t got; !strange && (got = g_mime_stream_read(encoded, (char *)piece, PIECE)) > 0;) {
        size_t length = (size_t)got;
        for (size_t i = 0; i < length && !strange; i++) {
            size_t more = leading_digits(kinds, piece + i, length - i);
            strange = more > 0 && padding > 0;
            digits += more;
            i += more;
            if (i == length)
                break;
            padding += kinds[piece[i]] == PADDING;
            strange = strange || kinds[piece[i]] == STRANGE;
        }
    }
    g_free(piece);
    if (strange)
        return "its base64 is damaged";
    return (digits + padding) % 4 == 0 && padding <= 2
               ? NULL
               : "it is truncated: its base64 ends too soon";
}
