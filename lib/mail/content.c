#include "mail/content.h"

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

static bool is_base64(char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte >= '0' && byte <= '9') || byte == '+' || byte == '/';
}

const char *mail_content_damage(GMimePart *part)
{
    GMimeStream *encoded = encoded_stream(part);
    if (encoded == NULL || encoding_of(part) != GMIME_CONTENT_ENCODING_BASE64)
        return NULL;
    char *piece = g_malloc(PIECE);
    size_t digits = 0;
    size_t padding = 0;
    bool strange = false;
    for (ssize_t got; !strange && (got = g_mime_stream_read(encoded, piece, PIECE)) > 0;)
        for (ssize_t i = 0; i < got && !strange; i++) {
            if (is_base64(piece[i])) {
                strange = padding > 0;
                digits++;
            } else if (piece[i] == '=') {
                padding++;
            } else {
                strange = strchr(" \t\r\n", piece[i]) == NULL || piece[i] == '\0';
            }
        }
    g_free(piece);
    if (strange)
        return "its base64 is damaged";
    return (digits + padding) % 4 == 0 && padding <= 2
               ? NULL
               : "it is truncated: its base64 ends too soon";
}
