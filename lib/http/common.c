#include "http/common.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* The file of authorities that the environment names, or NULL. */
static const char *authorities(void)
{
    static const char *const names[] = {"CURL_CA_BUNDLE", "SSL_CERT_FILE"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *file = getenv(names[i]);
        if (file != NULL && file[0] != '\0')
            return file;
    }
    return NULL;
}

bool http_common(CURL *easy)
{
    const char *file = authorities();
    return curl_easy_setopt(easy, CURLOPT_USERAGENT, "an-sync/" AN_SYNC_VERSION) == CURLE_OK &&
#if LIBCURL_VERSION_NUM >= 0x075500
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https,http") == CURLE_OK &&
#else
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTPS | CURLPROTO_HTTP)) ==
               CURLE_OK &&
#endif
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           (file == NULL || curl_easy_setopt(easy, CURLOPT_CAINFO, file) == CURLE_OK);
}

bool http_add_header(struct curl_slist **headers, const char *start, const char *value)
{
    struct buffer line = {.limit = 0};
    struct curl_slist *longer = NULL;
    if (buffer_printf(&line, "%s%s", start, value))
        longer = curl_slist_append(*headers, line.bytes);
    if (line.bytes != NULL)
        explicit_bzero(line.bytes, line.length);
    buffer_free(&line);
    if (longer != NULL)
        *headers = longer;
    return longer != NULL;
}

void http_free_headers(struct curl_slist *headers)
{
    for (struct curl_slist *at = headers; at != NULL; at = at->next)
        explicit_bzero(at->data, strlen(at->data));
    curl_slist_free_all(headers);
}

size_t http_keep_body(char *bytes, size_t size, size_t count, void *context)
{
    struct buffer *body = context;
    return buffer_append(body, bytes, size * count) ? size * count : 0;
}
