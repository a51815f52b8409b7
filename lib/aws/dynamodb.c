#include "aws/dynamodb.h"

#include "aws/cli.h"
#include "aws/credentials.h"
#include "aws/request.h"
#include "base/clock.h"
#include "base/json_text.h"
#include "base/secret.h"
#include "base/text.h"
#include "http/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH_ITEMS = 25,
    /* Of a batch's text, but for its last request. Below the size at which curl would ask with
     * Expect first, and far below the 16 MB that are allowed. */
    BATCH_BYTES = 512 * 1024,
    ANSWER_LIMIT = 16 * 1024 * 1024, /* a page is 1 MB, written as JSON in JSON */
    SAID_LIMIT = 500                 /* bytes of what the service said */
};
static const int64_t PATIENCE_AT_FIRST = (int64_t)10 * NANOSECONDS;
static const int64_t PATIENCE = (int64_t)60 * NANOSECONDS;

struct dynamodb {
    char *table;
    char *region;
    char *url;
    char *scope; /* of the signature */
    struct aws_credentials *credentials;
    struct aws_transport *transport;
    struct aws_answer answer; /* the last one */
    bool succeeded;           /* a call did once */
};

/* ---- opening ---- */

static bool consists_of(const char *text, const char *more)
{
    static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    for (const char *at = text; *at != '\0'; at++)
        if (strchr(LETTERS, *at) == NULL && strchr(more, *at) == NULL)
            return false;
    return text[0] != '\0';
}

/* The first of two variables that is not empty, and its name; NULL for none. Borrowed. */
static const char *first_set(const char *one, const char *other, const char **name)
{
    const char *value = getenv(one);
    *name = one;
    if (value == NULL || value[0] == '\0') {
        value = getenv(other);
        *name = other;
    }
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* The region of the environment, else the one that the aws CLI was configured with. */
static enum status find_region(struct dynamodb *db, struct failure *failure)
{
    static const char *const QUESTION[] = {"configure", "get", "region", NULL};
    struct buffer asked = {.limit = 1024};
    struct failure ignored = {.text = ""};
    enum status status = STATUS_OK;
    const char *variable;
    const char *region = first_set("AWS_REGION", "AWS_DEFAULT_REGION", &variable);
    if (region == NULL && aws_cli(QUESTION, &asked, &ignored) == STATUS_OK && asked.bytes != NULL) {
        buffer_cut(&asked, text_normalize(asked.bytes, asked.bytes, asked.length));
        region = asked.bytes;
    }
    if (region == NULL)
        status = fail(failure, STATUS_CONFIG,
                      "which AWS region? Neither AWS_REGION nor AWS_DEFAULT_REGION is set");
    else if (!consists_of(region, ""))
        status = fail(failure, STATUS_CONFIG, "\"%.100s\" is not an AWS region", region);
    else if ((db->region = strdup(region)) == NULL)
        status = fail_memory(failure);
    buffer_free(&asked);
    return status;
}

static enum status find_endpoint(struct dynamodb *db, struct failure *failure)
{
    struct buffer url = {.limit = 0};
    struct failure why;
    char *checked = NULL;
    const char *variable;
    const char *given = first_set("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL", &variable);
    if (given != NULL) {
        enum status status = http_service_url(given, &checked, &why);
        if (status != STATUS_OK)
            return fail(failure, status, "%s: %.900s", variable, why.text);
    }
    bool made = given != NULL
                    ? buffer_printf(&url, "%s/", checked)
                    : buffer_printf(&url, "https://dynamodb.%s.amazonaws.com/", db->region);
    free(checked);
    db->url = url.bytes;
    return made ? STATUS_OK : fail_memory(failure);
}

static enum status open_all(struct dynamodb *db, const char *table, struct failure *failure)
{
    struct buffer scope = {.limit = 0};
    secret_no_core();
    if (!consists_of(table, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_.") || strlen(table) < 3 ||
        strlen(table) > 255)
        return fail(failure, STATUS_CONFIG, "\"%.300s\" is not the name of a DynamoDB table",
                    table);
    db->table = strdup(table);
    enum status status = db->table != NULL ? find_region(db, failure) : fail_memory(failure);
    if (status == STATUS_OK)
        status = find_endpoint(db, failure);
    if (status == STATUS_OK && !buffer_printf(&scope, "aws:amz:%s:dynamodb", db->region))
        status = fail_memory(failure);
    db->scope = scope.bytes;
    if (status == STATUS_OK)
        status = aws_credentials_open(&db->credentials, failure);
    if (status == STATUS_OK)
        status = aws_transport_open(&db->transport, failure);
    return status;
}

enum status dynamodb_open(const char *table, struct dynamodb **db, struct failure *failure)
{
    *db = NULL;
    struct dynamodb *made = calloc(1, sizeof *made);
    if (made == NULL)
        return fail_memory(failure);
    made->answer.body.limit = ANSWER_LIMIT;
    enum status status = open_all(made, table, failure);
    if (status == STATUS_OK)
        *db = made;
    else
        dynamodb_close(made);
    return status;
}

void dynamodb_close(struct dynamodb *db)
{
    if (db == NULL)
        return;
    aws_answer_free(&db->answer);
    aws_transport_close(db->transport);
    aws_credentials_close(db->credentials);
    free(db->scope);
    free(db->url);
    free(db->region);
    free(db->table);
    free(db);
}

/* ---- what an answer means ---- */

/* What the service calls an error: the part of "__type" that programs know. "" for none. */
static const char *error_of(const json_t *answer)
{
    const char *type = json_string_value(json_object_get(answer, "__type"));
    const char *hash = type != NULL ? strrchr(type, '#') : NULL;
    return hash != NULL ? hash + 1 : type != NULL ? type : "";
}

static bool is_one_of(const char *error, const char *const *names)
{
    while (*names != NULL && strcmp(error, *names) != 0)
        names++;
    return *names != NULL;
}

/* They come as a 400, but pass. */
static bool is_throttling(const char *error)
{
    static const char *const NAMES[] = {"ProvisionedThroughputExceededException",
                                        "ThrottlingException",
                                        "Throttling",
                                        "RequestLimitExceeded",
                                        "TransactionInProgressException",
                                        "InternalServerError",
                                        NULL};
    return is_one_of(error, NAMES);
}

static bool is_expired(const char *error)
{
    static const char *const NAMES[] = {"ExpiredTokenException", "ExpiredToken",
                                        "UnrecognizedClientException", NULL};
    return is_one_of(error, NAMES);
}

/* They come as a 400, too. */
static bool is_denied(const char *error)
{
    static const char *const NAMES[] = {"AccessDeniedException",
                                        "IncompleteSignatureException",
                                        "IncompleteSignature",
                                        "InvalidClientTokenId",
                                        "InvalidSignatureException",
                                        "MissingAuthenticationToken",
                                        "MissingAuthenticationTokenException",
                                        "NotAuthorizedException",
                                        "OptInRequired",
                                        "SignatureDoesNotMatch",
                                        NULL};
    return is_one_of(error, NAMES) || is_expired(error);
}

static enum status status_of(const char *error, long code)
{
    if (strcmp(error, "ConditionalCheckFailedException") == 0)
        return STATUS_AGAIN;
    if (strcmp(error, "ResourceNotFoundException") == 0 ||
        strcmp(error, "ValidationException") == 0)
        return STATUS_CONFIG;
    if (is_denied(error) || code == 401 || code == 403)
        return STATUS_DENIED;
    return STATUS_UNAVAILABLE;
}

/* Says what went wrong, without the keys, which the service may repeat: before anything is cut,
 * which could halve one. */
static enum status explain(struct dynamodb *db, const json_t *answer, struct failure *failure)
{
    struct buffer said = {.limit = 0};
    const char *error = error_of(answer);
    const char *message = json_string_value(json_object_get(answer, "message"));
    if (message == NULL)
        message = json_string_value(json_object_get(answer, "Message"));
    bool made;
    if (db->answer.curl != CURLE_OK)
        made = buffer_printf(&said, "%s", db->answer.said);
    else if (error[0] != '\0')
        made = buffer_printf(&said, "%s%s%s", error, message != NULL ? ": " : "",
                             message != NULL ? message : "");
    else if (db->answer.code >= 200 && db->answer.code <= 299)
        made = buffer_printf(&said, "the answer is not JSON");
    else
        made = buffer_printf(&said, "HTTP %ld", db->answer.code);
    if (!made)
        return fail_memory(failure);
    aws_credentials_redact(db->credentials, said.bytes);
    text_printable(said.bytes, SAID_LIMIT);
    enum status status =
        db->answer.curl == CURLE_OK ? status_of(error, db->answer.code) : STATUS_UNAVAILABLE;
    const char *hint = "";
    if (strcmp(error, "ResourceNotFoundException") == 0)
        hint = "; does the table exist?";
    else if (message != NULL && strstr(message, "schema") != NULL)
        hint = "; are its keys the texts roster (partition) and email (sort)?";
    (void)fail(failure, status, "DynamoDB table %s in %s: %s%s", db->table, db->region, said.bytes,
               hint);
    buffer_free(&said);
    return status;
}

/* ---- a call ---- */

static enum status send_once(struct dynamodb *db, const char *target, const char *body,
                             json_t **answer, struct failure *failure)
{
    const char *headers[] = {target, "Content-Type: application/x-amz-json-1.0", NULL};
    struct aws_keys keys;
    const struct aws_request request = {
        .url = db->url, .body = body, .headers = headers, .scope = db->scope, .keys = &keys};
    json_error_t error;
    *answer = NULL;
    enum status status = aws_credentials_get(db->credentials, &keys, failure);
    if (status == STATUS_OK)
        status = aws_send(db->transport, &request, &db->answer, failure);
    if (status != STATUS_OK || db->answer.code == 0 || db->answer.body.length == 0)
        return status;
    *answer = json_text_load(db->answer.body.bytes, db->answer.body.length, 0, &error);
    if (*answer == NULL && json_text_no_memory(&error))
        return fail_memory(failure);
    if (!json_is_object(*answer)) {
        json_decref(*answer);
        *answer = NULL;
    }
    return STATUS_OK;
}

static int64_t patience_of(const struct dynamodb *db)
{
    return clock_now() + (db->succeeded ? PATIENCE : PATIENCE_AT_FIRST);
}

/* dynamodb_call with the request's text. */
static enum status call(struct dynamodb *db, const char *action, const char *body, json_t **answer,
                        struct failure *failure)
{
    char target[96];
    bool renewed = false;
    int64_t until = patience_of(db);
    (void)snprintf(target, sizeof target, "X-Amz-Target: DynamoDB_20120810.%s", action);
    for (unsigned number = 1;; number++) {
        enum status status = send_once(db, target, body, answer, failure);
        if (status != STATUS_OK)
            return status;
        const char *error = error_of(*answer);
        long code = is_throttling(error) ? 429 : db->answer.code;
        struct http_verdict verdict = aws_judge(db->answer.curl, code, *answer != NULL, number);
        if (verdict.kind == HTTP_SUCCESS) {
            db->succeeded = true;
            return STATUS_OK;
        }
        bool again = false;
        if (verdict.kind == HTTP_PASSING)
            again = clock_pause(verdict.wait, until);
        else if (is_expired(error) && !renewed)
            again = renewed = aws_credentials_expire(db->credentials);
        if (!again)
            status = explain(db, *answer, failure);
        json_decref(*answer);
        *answer = NULL;
        if (!again)
            return status;
    }
}

enum status dynamodb_call(struct dynamodb *db, const char *action, json_t *request, json_t **answer,
                          struct failure *failure)
{
    struct buffer body = {.limit = 0};
    *answer = NULL;
    enum status status = STATUS_OK;
    if (json_object_set_new(request, "TableName", json_string(db->table)) != 0 ||
        !json_text_dump(request, JSON_COMPACT, &body))
        status = fail_memory(failure);
    if (status == STATUS_OK)
        status = call(db, action, body.bytes, answer, failure);
    buffer_free(&body);
    return status;
}

/* ---- writing ---- */

/* Writes the text of a batch: of the requests from `*next`, which is moved on, as many as fit. */
static bool write_batch(const struct dynamodb *db, const json_t *requests, size_t *next,
                        struct buffer *body)
{
    size_t count = 0;
    buffer_clear(body);
    bool made = buffer_printf(body, "{\"RequestItems\":{\"%s\":[", db->table);
    while (made && count < BATCH_ITEMS && body->length < BATCH_BYTES &&
           *next < json_array_size(requests)) {
        made = (count == 0 || buffer_append(body, ",", 1)) &&
               json_text_dump(json_array_get(requests, *next), JSON_COMPACT, body);
        count++;
        *next += 1;
    }
    return made && buffer_append(body, "]}}", 3);
}

/* Sends one batch; `*left` is what the table did not process, a new reference, NULL for nothing. */
static enum status send_batch(struct dynamodb *db, const char *body, json_t **left,
                              struct failure *failure)
{
    json_t *answer;
    *left = NULL;
    enum status status = call(db, "BatchWriteItem", body, &answer, failure);
    const json_t *tables = json_object_get(answer, "UnprocessedItems");
    json_t *items = json_object_get(tables, db->table);
    if (status == STATUS_OK &&
        (!json_is_object(tables) || (items != NULL && !json_is_array(items))))
        status = fail(failure, STATUS_UNAVAILABLE,
                      "DynamoDB table %s in %s: the answer does not say what was processed",
                      db->table, db->region);
    if (status == STATUS_OK && json_array_size(items) > 0)
        *left = json_incref(items);
    json_decref(answer);
    return status;
}

/* Sends a batch until all of it is processed. As long as something of it is, there is hope. */
static enum status settle_batch(struct dynamodb *db, struct buffer *body, struct failure *failure)
{
    json_t *left = NULL;
    size_t least = BATCH_ITEMS + 1;
    int64_t until = patience_of(db);
    enum status status = send_batch(db, body->bytes, &left, failure);
    for (unsigned number = 1; status == STATUS_OK && left != NULL; number++) {
        if (json_array_size(left) < least) {
            least = json_array_size(left);
            until = patience_of(db);
            number = 1;
        }
        size_t next = 0;
        bool made = write_batch(db, left, &next, body) && next == json_array_size(left);
        json_decref(left);
        left = NULL;
        if (!made)
            status = fail_memory(failure);
        else if (!clock_pause(aws_judge(CURLE_OK, 503, true, number).wait, until))
            status = fail(failure, STATUS_UNAVAILABLE,
                          "DynamoDB table %s in %s: it does not process what is written to it",
                          db->table, db->region);
        else
            status = send_batch(db, body->bytes, &left, failure);
    }
    json_decref(left);
    return status;
}

enum status dynamodb_write(struct dynamodb *db, const json_t *requests, struct failure *failure)
{
    struct buffer body = {.limit = 0};
    enum status status = STATUS_OK;
    for (size_t next = 0; status == STATUS_OK && next < json_array_size(requests);)
        status = write_batch(db, requests, &next, &body) ? settle_batch(db, &body, failure)
                                                         : fail_memory(failure);
    buffer_free(&body);
    return status;
}
