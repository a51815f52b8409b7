#include "roster/table.h"

#include "base/text.h"
#include "roster/row.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xxhash.h>

enum { SCHEMA_VERSION = 2, NAME_LIMIT = 255 };

enum status roster_table_damaged(const struct roster_table *table, const char *what,
                                 struct failure *failure)
{
    return fail(failure, STATUS_IO, "the roster %.300s is damaged: %s", table->name, what);
}

const char *roster_item_text(const json_t *item, const char *attribute)
{
    return json_string_value(json_object_get(json_object_get(item, attribute), "S"));
}

/* The number of an item's attribute, which DynamoDB writes as text; -1 when there is none. */
static long long number_of(const json_t *item, const char *attribute)
{
    const char *text = json_string_value(json_object_get(json_object_get(item, attribute), "N"));
    char *end = NULL;
    long long number = text != NULL ? strtoll(text, &end, 10) : -1;
    return end != text && end != NULL && *end == '\0' && number >= 0 ? number : -1;
}

/* The key of an item that is no member: a new reference, NULL without memory. */
static json_t *meta_key(const struct roster_table *table, const char *which)
{
    return json_pack("{s:{s:s+}, s:{s:s}}", "roster", "S", table->name, "#meta", "email", "S",
                     which);
}

/* dynamodb_call for a request that json_pack made, and that is freed. */
static enum status call(const struct roster_table *table, const char *action, json_t *request,
                        json_t **answer, struct failure *failure)
{
    *answer = NULL;
    enum status status = request != NULL
                             ? dynamodb_call(table->db, action, request, answer, failure)
                             : fail_memory(failure);
    json_decref(request);
    return status;
}

/* ---- opening ---- */

void roster_table_name_header(const char *columns, size_t length, char name[HEADER_NAME_SIZE])
{
    (void)snprintf(name, HEADER_NAME_SIZE, "%016llx",
                   (unsigned long long)XXH3_64bits(columns, length));
}

/* Takes a header. Those who wrote at the same time may have added it twice. */
static enum status take_header(struct roster_table *table, const char *text, size_t length,
                               struct failure *failure)
{
    char name[HEADER_NAME_SIZE];
    roster_table_name_header(text, length, name);
    if (json_object_get(table->known, name) != NULL)
        return STATUS_OK;
    if (json_object_set_new(table->known, name, json_stringn(text, length)) != 0 ||
        json_array_append(table->headers, json_object_get(table->known, name)) != 0)
        return fail_memory(failure);
    return STATUS_OK;
}

/* Takes the columns of schema 1 as the first header, so that their order stays. */
static enum status take_columns(struct roster_table *table, const json_t *columns,
                                struct failure *failure)
{
    struct buffer line = {.limit = 0};
    size_t index;
    json_t *column;
    enum status status = STATUS_OK;
    json_array_foreach(columns, index, column)
    {
        const char *name = json_string_value(json_object_get(column, "S"));
        if (status == STATUS_OK && name == NULL)
            status = roster_table_damaged(table, "a column has no name", failure);
        else if (status == STATUS_OK && ((index > 0 && !buffer_append(&line, ",", 1)) ||
                                         !row_append_field(&line, name, strlen(name))))
            status = fail_memory(failure);
    }
    if (status == STATUS_OK && line.length > 0)
        status = take_header(table, line.bytes, line.length, failure);
    buffer_free(&line);
    return status;
}

/* Takes what the roster's own item says; of one that nobody has made, nothing. */
static enum status take_meta(struct roster_table *table, const json_t *item,
                             struct failure *failure)
{
    size_t index;
    json_t *header;
    if (json_object_size(item) == 0)
        return STATUS_OK;
    long long version = number_of(item, "version");
    if (version < 0)
        return roster_table_damaged(table, "it does not say its schema", failure);
    if (version > SCHEMA_VERSION)
        return fail(failure, STATUS_CONFIG,
                    "the roster %.300s was made by a newer an-sync (schema %lld); update this one",
                    table->name, version);
    enum status status =
        take_columns(table, json_object_get(json_object_get(item, "columns"), "L"), failure);
    json_array_foreach(json_object_get(json_object_get(item, "headers"), "L"), index, header)
    {
        const json_t *text = json_object_get(header, "S");
        if (status == STATUS_OK && !json_is_string(text))
            status = roster_table_damaged(table, "a header is no text", failure);
        else if (status == STATUS_OK)
            status = take_header(table, json_string_value(text), json_string_length(text), failure);
    }
    return status;
}

/* Reads the roster's own item. */
static enum status get_meta(struct roster_table *table, struct failure *failure)
{
    json_t *answer;
    enum status status =
        call(table, "GetItem",
             json_pack("{s:o, s:b}", "Key", meta_key(table, "roster"), "ConsistentRead", 1),
             &answer, failure);
    if (status == STATUS_OK)
        status = take_meta(table, json_object_get(answer, "Item"), failure);
    json_decref(answer);
    return status;
}

/* Makes the roster where it is missing, of this schema where it is of an older one. What nobody may
 * write is read, which tells why. */
static enum status load_meta(struct roster_table *table, enum roster_mode mode,
                             struct failure *failure)
{
    json_t *answer;
    if (mode == ROSTER_READ)
        return get_meta(table, failure);
    enum status status = call(
        table, "UpdateItem",
        json_pack("{s:o, s:s, s:s, s:{s:s}, s:{s:{s:s}}, s:s}", "Key", meta_key(table, "roster"),
                  "UpdateExpression", "SET #version = :version", "ConditionExpression",
                  "attribute_not_exists(#version) OR #version <= :version",
                  "ExpressionAttributeNames", "#version", "version", "ExpressionAttributeValues",
                  ":version", "N", "2", "ReturnValues", "ALL_NEW"),
        &answer, failure);
    if (status == STATUS_AGAIN)
        return get_meta(table, failure);
    if (status == STATUS_OK)
        status = take_meta(table, json_object_get(answer, "Attributes"), failure);
    json_decref(answer);
    return status;
}

enum status roster_table_open(const char *name, enum roster_mode mode, struct roster_table *table,
                              struct failure *failure)
{
    *table = (struct roster_table){.headers = json_array(), .known = json_object()};
    const char *slash = strchr(name, '/');
    size_t length = slash != NULL ? strlen(slash + 1) : 0;
    if (length == 0 || length > NAME_LIMIT || strchr(slash + 1, '#') != NULL ||
        !utf8_valid(slash + 1, length, NULL))
        return fail(failure, STATUS_CONFIG,
                    "\"dynamodb:%.300s\" names no roster; write dynamodb:TABLE/NAME", name);
    table->name = strdup(slash + 1);
    char *of = strndup(name, (size_t)(slash - name));
    enum status status = STATUS_OK;
    if (table->headers == NULL || table->known == NULL || table->name == NULL || of == NULL)
        status = fail_memory(failure);
    if (status == STATUS_OK)
        status = dynamodb_open(of, &table->db, failure);
    if (status == STATUS_OK)
        status = load_meta(table, mode, failure);
    free(of);
    return status;
}

void roster_table_close(struct roster_table *table)
{
    dynamodb_close(table->db);
    json_decref(table->known);
    json_decref(table->headers);
    free(table->name);
    *table = (struct roster_table){.db = NULL};
}

/* ---- headers and pages ---- */

enum status roster_table_add_headers(struct roster_table *table, json_t *texts,
                                     struct failure *failure)
{
    size_t index;
    json_t *text;
    json_t *answer;
    enum status status =
        call(table, "UpdateItem",
             json_pack("{s:o, s:s, s:{s:s}, s:{s:{s:[]}, s:{s:O}}}", "Key",
                       meta_key(table, "roster"), "UpdateExpression",
                       "SET #headers = list_append(if_not_exists(#headers, :none), :more)",
                       "ExpressionAttributeNames", "#headers", "headers",
                       "ExpressionAttributeValues", ":none", "L", ":more", "L", texts),
             &answer, failure);
    json_decref(answer);
    json_array_foreach(texts, index, text)
    {
        if (status == STATUS_OK &&
            json_array_append(table->headers, json_object_get(text, "S")) != 0)
            status = fail_memory(failure);
    }
    return status;
}

enum status roster_table_query(const struct roster_table *table, const char *suffix, json_t *start,
                               size_t limit, struct roster_page *page, struct failure *failure)
{
    *page = (struct roster_page){.answer = NULL};
    json_t *most = limit > 0 ? json_integer((json_int_t)limit) : NULL;
    json_t *request =
        json_pack("{s:b, s:b, s:o*, s:s, s:{s:s}, s:{s:{s:s+}}, s:O*}", "ConsistentRead", 1,
                  "ScanIndexForward", limit == 0, "Limit", most, "KeyConditionExpression",
                  "#roster = :roster", "ExpressionAttributeNames", "#roster", "roster",
                  "ExpressionAttributeValues", ":roster", "S", table->name, suffix,
                  "ExclusiveStartKey", start);
    enum status status = call(table, "Query", request, &page->answer, failure);
    if (status != STATUS_OK)
        return status;
    page->items = json_object_get(page->answer, "Items");
    page->next = json_object_get(page->answer, "LastEvaluatedKey");
    if (json_is_array(page->items) && (page->next == NULL || !json_equal(page->next, start)))
        return STATUS_OK;
    json_decref(page->answer);
    *page = (struct roster_page){.answer = NULL};
    return fail(failure, STATUS_UNAVAILABLE, "DynamoDB's answer is no page of the roster %.300s",
                table->name);
}

/* ---- the lock ---- */

/* An update of the lock under a condition, which together use every name and every value, since the
 * service insists on that. STATUS_AGAIN when the condition does not hold. */
static enum status update_lock(const struct roster_table *table, const char *update,
                               const char *condition, const char *owner, unsigned seconds,
                               struct failure *failure)
{
    json_t *answer;
    json_int_t now = (json_int_t)time(NULL);
    json_t *values = json_pack("{s:{s:s}, s:{s:o}, s:{s:o}}", ":owner", "S", owner, ":now", "N",
                               json_sprintf("%" JSON_INTEGER_FORMAT, now), ":expires", "N",
                               json_sprintf("%" JSON_INTEGER_FORMAT, now + (json_int_t)seconds));
    enum status status =
        call(table, "UpdateItem",
             json_pack("{s:o, s:s, s:s, s:{s:s, s:s, s:s}, s:o}", "Key", meta_key(table, "lock"),
                       "UpdateExpression", update, "ConditionExpression", condition,
                       "ExpressionAttributeNames", "#owner", "owner", "#since", "since", "#expires",
                       "expires", "ExpressionAttributeValues", values),
             &answer, failure);
    json_decref(answer);
    return status;
}

/* RFC 3339 of seconds since 1970; "?" when that is none. */
static const char *write_time(long long seconds, char *text, size_t size)
{
    time_t when = (time_t)seconds;
    struct tm parts;
    if (seconds < 0 || gmtime_r(&when, &parts) == NULL ||
        strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        return "?";
    return text;
}

/* Says who holds the lock: STATUS_AGAIN. */
static enum status explain_lock(const struct roster_table *table, struct failure *failure)
{
    char since[32];
    char until[32];
    json_t *answer;
    enum status status =
        call(table, "GetItem",
             json_pack("{s:o, s:b}", "Key", meta_key(table, "lock"), "ConsistentRead", 1), &answer,
             failure);
    const json_t *lock = json_object_get(answer, "Item");
    const char *owner = roster_item_text(lock, "owner");
    if (status == STATUS_OK)
        status = fail(failure, STATUS_AGAIN,
                      "the roster %.300s is locked by %.300s since %s, until %s if that is not "
                      "prolonged; run again later",
                      table->name, owner != NULL ? owner : "somebody who has just gone",
                      write_time(number_of(lock, "since"), since, sizeof since),
                      write_time(number_of(lock, "expires"), until, sizeof until));
    json_decref(answer);
    return status;
}

enum status roster_table_lock(struct roster_table *table, const char *owner, unsigned seconds,
                              struct failure *failure)
{
    enum status status =
        update_lock(table, "SET #owner = :owner, #since = :now, #expires = :expires",
                    "attribute_not_exists(#owner) OR #expires <= :now", owner, seconds, failure);
    if (status == STATUS_AGAIN)
        status = update_lock(table, "SET #expires = :expires, #since = if_not_exists(#since, :now)",
                             "#owner = :owner", owner, seconds, failure);
    return status == STATUS_AGAIN ? explain_lock(table, failure) : status;
}

enum status roster_table_unlock(struct roster_table *table, const char *owner,
                                struct failure *failure)
{
    json_t *answer;
    enum status status =
        call(table, "DeleteItem",
             json_pack("{s:o, s:s, s:{s:s}, s:{s:{s:s}}}", "Key", meta_key(table, "lock"),
                       "ConditionExpression", "#owner = :owner", "ExpressionAttributeNames",
                       "#owner", "owner", "ExpressionAttributeValues", ":owner", "S", owner),
             &answer, failure);
    json_decref(answer);
    return status == STATUS_AGAIN ? STATUS_OK : status; /* it is somebody else's by now */
}
