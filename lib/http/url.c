#include "http/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool http_is_loopback(const char *host)
{
    struct in_addr address;
    if (inet_pton(AF_INET, host, &address) == 1)
        return ntohl(address.s_addr) >> 24 == 127;
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0;
}

static bool url_has(CURLU *parts, CURLUPart part)
{
    char *text = NULL;
    bool has = curl_url_get(parts, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return has;
}

/* Takes a URL apart; scheme and host are the caller's, also on error. */
static CURLUcode read_parts(CURLU *parts, const char *text, char **scheme, char **host)
{
    CURLUcode code = curl_url_set(parts, CURLUPART_URL, text, 0);
    if (code == CURLUE_OK)
        code = curl_url_get(parts, CURLUPART_SCHEME, scheme, 0);
    if (code == CURLUE_OK)
        code = curl_url_get(parts, CURLUPART_HOST, host, 0);
    return code;
}

enum status http_service_url(const char *text, char **url, struct failure *failure)
{
    *url = NULL;
    enum status status = STATUS_OK;
    char *scheme = NULL;
    char *host = NULL;
    CURLUcode code;
    CURLU *parts = curl_url();
    if (parts == NULL) {
        status = fail_memory(failure);
    } else if ((code = read_parts(parts, text, &scheme, &host)) == CURLUE_OUT_OF_MEMORY) {
        status = fail_memory(failure);
    } else if (code != CURLUE_OK) {
        status = fail(failure, STATUS_CONFIG, "the service's URL is not a URL");
    } else if (url_has(parts, CURLUPART_USER) || url_has(parts, CURLUPART_PASSWORD) ||
               url_has(parts, CURLUPART_QUERY) || url_has(parts, CURLUPART_FRAGMENT)) {
        status = fail(failure, STATUS_CONFIG,
                      "the service's URL must have no user, password, query or fragment");
    } else if (strcasecmp(scheme, "https") != 0 &&
               !(strcasecmp(scheme, "http") == 0 && http_is_loopback(host))) {
        status = fail(failure, STATUS_CONFIG,
                      "the service's URL must begin with https:// (http:// is for loopback only)");
    } else if ((*url = strdup(text)) == NULL) {
        status = fail_memory(failure);
    } else {
        for (size_t end = strlen(*url); end > 0 && (*url)[end - 1] == '/'; end--)
            (*url)[end - 1] = '\0';
    }
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(parts);
    return status;
}

char *http_encode(const char *text)
{
    char *encoded = curl_easy_escape(NULL, text, (int)strlen(text));
    char *copy = encoded != NULL ? strdup(encoded) : NULL;
    curl_free(encoded);
    return copy;
}
