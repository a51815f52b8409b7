/*
 * What every request of this project has in common, whomever it goes to: it is verified, follows no
 * redirect, and speaks nothing but HTTP.
 */
#ifndef HTTP_COMMON_H
#define HTTP_COMMON_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

/* Sets that on a handle: who asks, which protocols, no redirects, no signals, TLS with the other
 * side's name and certificate checked. The authorities that are trusted are the system's, or those
 * in the file $CURL_CA_BUNDLE, else $SSL_CERT_FILE, as for curl(1); the text need not outlive the
 * call. False when curl refuses one of them, for want of memory. */
bool http_common(CURL *easy);

/* Adds the line that `start` ("Name: ", or all of it) and `value` make together to the list, which
 * is NULL at first and is to be given to http_free_headers. False without memory. */
bool http_add_header(struct curl_slist **headers, const char *start, const char *value);

/* Overwrites the lines, which may hold secrets, and frees them. NULL is harmless. */
void http_free_headers(struct curl_slist *headers);

/* libcurl's write function: appends to the struct buffer `context`. Ends the transfer when that is
 * over its limit. */
size_t http_keep_body(char *bytes, size_t size, size_t count, void *context);

#endif
