/*
 * One DynamoDB table: its calls, signed, and tried again where that can help.
 *
 * The table is that of $AWS_REGION, else $AWS_DEFAULT_REGION, else of the profile; with the
 * credentials of aws/credentials.h; at $AWS_ENDPOINT_URL_DYNAMODB, else $AWS_ENDPOINT_URL, else at
 * AWS's own endpoint.
 *
 * Throttling, 5xx, time-outs, broken connections and answers that are no JSON are tried again, with
 * exponential backoff and jitter, for a minute; before the first success for ten seconds, since a
 * mistake in the configuration is likelier then. A call may therefore have been applied twice.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
 */
#ifndef DYNAMODB_H
#define DYNAMODB_H

#include "base/status.h"

#include <jansson.h>

/* https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html */
enum {
    DYNAMODB_ITEM_LIMIT = 400 * 1024, /* bytes of the names and texts of an item's attributes */
    DYNAMODB_SORT_KEY_LIMIT = 1024    /* bytes of a sort key's text */
};

struct dynamodb;

/* Opens the table, and sends nothing yet. It is the caller's, to be given to dynamodb_close; NULL
 * on error: STATUS_CONFIG (no region, no credentials, a URL or a table's name that is none),
 * STATUS_IO. */
enum status dynamodb_open(const char *table, struct dynamodb **db, struct failure *failure);

/* NULL is harmless. */
void dynamodb_close(struct dynamodb *db);

/* Calls `action`, such as "Query", with a request (borrowed) to which the table's name is added.
 * `*answer` is a new JSON object, the caller's; NULL on error. STATUS_AGAIN when the request's
 * condition does not hold (ConditionalCheckFailedException), and only then; STATUS_CONFIG (no such
 * table, or one with other keys), STATUS_DENIED, STATUS_UNAVAILABLE, STATUS_IO (memory), and those
 * of aws_credentials_get. No sentence holds a key. */
enum status dynamodb_call(struct dynamodb *db, const char *action, json_t *request, json_t **answer,
                          struct failure *failure);

/* Puts and deletes items: `requests` is an array (borrowed) of {"PutRequest":{"Item":{...}}} and
 * {"DeleteRequest":{"Key":{...}}}, no two of them of one key. They are sent in their order, by 25,
 * and by what fits; what the table leaves unprocessed is sent again. On error some of them may have
 * been done. Errors as above, but for STATUS_AGAIN. */
enum status dynamodb_write(struct dynamodb *db, const json_t *requests, struct failure *failure);

#endif
