/*
 * An incoming webhook of Slack or of a service like it: one message, posted.
 *
 * Whoever has the URL can post, so the URL is a secret: it is never part of a failure's text.
 * https://api.slack.com/messaging/webhooks
 */
#ifndef WEBHOOK_H
#define WEBHOOK_H

#include "base/status.h"

#include <jansson.h>

/* Posts the message to `url` (https, or http to loopback) and waits for the answer: at most 30
 * seconds, of them 10 for connecting. 429, 5xx and broken connections are tried again, three times
 * in all, obeying Retry-After, all within 60 seconds. TLS is verified; redirects are not followed.
 * STATUS_OK (any 2xx); STATUS_CONFIG for a malformed URL; STATUS_DENIED when the webhook is gone or
 * refused (401, 403, 404, 410); STATUS_UNAVAILABLE for any other answer or none; STATUS_IO when
 * memory runs out. The text holds at most 200 bytes of the answer. Blocks; not to be called from
 * two threads before curl_global_init was called. */
enum status webhook_post(const char *url, const json_t *message, struct failure *failure);

#endif
