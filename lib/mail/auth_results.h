/*
 * An Authentication-Results header field, RFC 8601: what a receiving server found out about who
 * sent a mail.
 */
#ifndef AUTH_RESULTS_H
#define AUTH_RESULTS_H

#include "base/status.h"

#include <stddef.h>

enum { AUTH_RESULTS_MOST = 64 };

/* All strings are in one piece and owned by the struct auth_results; keywords may be in any case.
 */
struct auth_result {
    const char *method;      /* "spf", "dkim", "dmarc", ...; without its version */
    const char *result;      /* "pass", "fail", ... */
    const char *signer;      /* dkim: the domain of header.d, else of header.i; or NULL */
    const char *header_from; /* dmarc: header.from; or NULL */
};

struct auth_results {
    char *words;        /* what the others point to */
    const char *server; /* authserv-id */
    struct auth_result results[AUTH_RESULTS_MOST];
    size_t count;
};

/* Reads the unfolded value of the field. The results are the caller's, to be given to
 * auth_results_free; NULL on error. What the server repeats of the sender's words without quotes
 * ("helo=x;dkim=pass") makes no results. STATUS_DATA when a quoted string or a comment is not
 * closed, something but a version stands behind the server's id, or there are too many results;
 * STATUS_IO when memory runs out. */
enum status auth_results_parse(const char *value, struct auth_results **results,
                               struct failure *failure);

/* NULL is harmless. */
void auth_results_free(struct auth_results *results);

/* What was found by a method: "pass" when one of its results is, else the first one; NULL when
 * there is none. Borrowed. */
const char *auth_results_of(const struct auth_results *results, const char *method);

/* How often a method occurs. */
size_t auth_results_count(const struct auth_results *results, const char *method);

#endif
