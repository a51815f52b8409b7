/*
 * What every request of this project has in common, whomever it goes to: it is verified, follows no
 * redirect, and speaks nothing but HTTP.
 */
#ifndef HTTP_COMMON_H
#define HTTP_COMMON_H

#include <curl/curl.h>
#include <stdbool.h>

/* Sets that on a handle: who asks, which protocols, no redirects, no signals, TLS with the other
 * side's name and certificate checked. The authorities that are trusted are the system's, or those
 * in the file $CURL_CA_BUNDLE, else $SSL_CERT_FILE, as for curl(1); the text need not outlive the
 * call. False when curl refuses one of them, for want of memory. */
bool http_common(CURL *easy);

#endif
