/*
 * The service's URL: what is allowed to be one, and how a value gets into it.
 */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include "base/status.h"

#include <stdbool.h>

/* Checks a service's URL: https, or http to loopback; no user, query or fragment. Writes it without
 * its trailing slashes into a new string, the caller's; NULL on error, which is STATUS_CONFIG (or
 * STATUS_IO without memory). */
enum status http_service_url(const char *text, char **url, struct failure *failure);

/* `text` percent-encoded for use in a URL (RFC 3986), as a new string; NULL without memory. */
char *http_encode(const char *text);

/* Whether a URL's host is this machine: 127.0.0.0/8, [::1] or localhost. */
bool http_is_loopback(const char *host);

#endif
