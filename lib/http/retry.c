#include "http/retry.h"

#include "base/clock.h"

static const int64_t BACKOFF = NANOSECONDS / 2;
static const int64_t LONGEST_BACKOFF = (int64_t)30 * NANOSECONDS;
static const int64_t LONGEST_RETRY_AFTER = (int64_t)900 * NANOSECONDS;

/* A transport error that would come again. */
static bool is_final(CURLcode code)
{
    switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_WRITE_ERROR: /* the answer is over the limit */
    case CURLE_FILESIZE_EXCEEDED:
#if CURL_AT_LEAST_VERSION(8, 6, 0)
    case CURLE_TOO_LARGE: /* a header is; libcurl before 8.6 calls it no memory */
#endif
    case CURLE_OUT_OF_MEMORY:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_FAILED_INIT:
        return true;
    default:
        return false;
    }
}

/* A transport error that is about the service, or about this machine. */
static bool is_hopeless(CURLcode code)
{
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        return true;
    default:
        return false;
    }
}

static int64_t backoff(const struct http_attempt *attempt)
{
    int64_t wait = BACKOFF;
    for (unsigned i = 1; i < attempt->number && wait < LONGEST_BACKOFF; i++)
        wait *= 2;
    if (wait > LONGEST_BACKOFF)
        wait = LONGEST_BACKOFF;
    wait -= wait / 2 * (attempt->random >> 16) / 65536;
    if (attempt->retry_after > wait)
        wait = attempt->retry_after;
    return wait < LONGEST_RETRY_AFTER ? wait : LONGEST_RETRY_AFTER;
}

struct http_verdict http_judge(const struct http_attempt *attempt)
{
    struct http_verdict passing = {.kind = HTTP_PASSING, .wait = backoff(attempt)};
    const struct http_verdict refused = {.kind = HTTP_REFUSED,
                                         .hopeless = is_hopeless(attempt->curl)};
    const struct http_verdict success = {.kind = HTTP_SUCCESS};
    if (attempt->curl != CURLE_OK)
        return refused.hopeless || is_final(attempt->curl) ? refused : passing;
    if (attempt->code >= 200 && attempt->code <= 299)
        return attempt->json ? success : passing;
    if (attempt->code == 408 || attempt->code == 425 || attempt->code == 429 ||
        (attempt->code >= 500 && attempt->code <= 599)) {
        passing.slow_down = attempt->code == 429;
        return passing;
    }
    return refused;
}
