/*
 * The roster in a DynamoDB table (roster/table.h).
 *
 * Changes wait in memory until the commit, the last one of each address only, since a batch may
 * name a key once. A commit is not one transaction: DynamoDB's hold 100 items and cost twice as
 * much, and each change stands for itself (see roster.h). Headers are stored before the members
 * that have them, and the run that tells of members after them.
 */
#include "roster/roster.h"

#include "base/confine.h"
#include "base/json_text.h"
#include "base/text.h"
#include "roster/row.h"
#include "roster/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
    RUNS_PAGE = 1000,
    ATTRIBUTE_BYTES = 64 /* the names of an item's attributes, and room to spare */
};

struct store {
    struct roster_table table;
    json_t *headers; /* an array of {"S":TEXT}: those that are pending; table.known has them, too */
    json_t *members; /* an object by address: the pending requests */
    json_t *runs;    /* an array: likewise */
    struct timespec run_time;
};

static void store_close(void *handle)
{
    struct store *store = handle;
    if (store == NULL)
        return;
    json_decref(store->runs);
    json_decref(store->members);
    json_decref(store->headers);
    roster_table_close(&store->table);
    free(store);
}

/* The aws CLI, which may be asked for credentials again, keeps what it was given in ~/.aws. */
static void store_confine(const void *handle)
{
    (void)handle;
    const char *home = getenv("HOME");
    struct buffer path = {.limit = 0};
    bool known = home != NULL && home[0] == '/' && buffer_printf(&path, "%s/.aws", home);
    (void)confine_to_network_and_programs(known ? path.bytes : NULL);
    buffer_free(&path);
}

static enum status store_open(const char *name, enum roster_mode mode, void **handle,
                              struct failure *failure)
{
    *handle = NULL;
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return fail_memory(failure);
    store->headers = json_array();
    store->members = json_object();
    store->runs = json_array();
    enum status status = store->headers != NULL && store->members != NULL && store->runs != NULL
                             ? roster_table_open(name, mode, &store->table, failure)
                             : fail_memory(failure);
    if (status == STATUS_OK)
        *handle = store;
    else
        store_close(store);
    return status;
}

/* ---- changes ---- */

static void forget_pending(struct store *store)
{
    char name[HEADER_NAME_SIZE];
    size_t index;
    json_t *header;
    json_array_foreach(store->headers, index, header)
    {
        const json_t *text = json_object_get(header, "S");
        roster_table_name_header(json_string_value(text), json_string_length(text), name);
        (void)json_object_del(store->table.known, name);
    }
    (void)json_array_clear(store->headers);
    (void)json_object_clear(store->members);
    (void)json_array_clear(store->runs);
}

/* Makes a header pending that is not known, and says what items call it. False without memory. */
static bool add_header(struct store *store, const struct roster_member *member,
                       char name[HEADER_NAME_SIZE])
{
    roster_table_name_header(member->columns, member->columns_length, name);
    if (json_object_get(store->table.known, name) != NULL)
        return true;
    json_t *text = json_stringn(member->columns, member->columns_length);
    if (json_array_append_new(store->headers, json_pack("{s:O}", "S", text)) != 0) {
        json_decref(text);
        return false;
    }
    return json_object_set_new(store->table.known, name, text) == 0;
}

/* Refuses what DynamoDB would, and would hold the whole batch up with. */
static enum status check_size(const char *what, size_t key, size_t all, struct failure *failure)
{
    if (key > DYNAMODB_SORT_KEY_LIMIT)
        return fail(failure, STATUS_DATA, "the key is longer than the %d bytes DynamoDB allows",
                    (int)DYNAMODB_SORT_KEY_LIMIT);
    if (all + ATTRIBUTE_BYTES > DYNAMODB_ITEM_LIMIT)
        return fail(failure, STATUS_DATA, "%s takes %zu KiB, and DynamoDB holds %d", what,
                    all / 1024 + 1, (int)DYNAMODB_ITEM_LIMIT / 1024);
    return STATUS_OK;
}

/* The request that puts a member; NULL without memory. */
static json_t *put_request(const struct store *store, const struct roster_member *member,
                           const char *header)
{
    const char *texts[] = {"id", member->id, "map", member->digest};
    json_t *item = json_pack("{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s%}}", "roster", "S",
                             store->table.name, "email", "S", member->email, "header", "S", header,
                             "row", "S", member->row, member->row_length);
    for (size_t i = 0; item != NULL && i < sizeof texts / sizeof texts[0]; i += 2) {
        if (texts[i + 1][0] != '\0' &&
            json_object_set_new(item, texts[i], json_pack("{s:s}", "S", texts[i + 1])) != 0) {
            json_decref(item);
            item = NULL;
        }
    }
    return json_pack("{s:{s:o}}", "PutRequest", "Item", item);
}

static enum status store_put(void *handle, const struct roster_member *member,
                             struct failure *failure)
{
    struct store *store = handle;
    char header[HEADER_NAME_SIZE];
    size_t key = strlen(member->email);
    enum status status = check_size("the row", key,
                                    strlen(store->table.name) + key + strlen(member->id) +
                                        strlen(member->digest) + sizeof header + member->row_length,
                                    failure);
    if (status == STATUS_OK && (!add_header(store, member, header) ||
                                json_object_set_new(store->members, member->email,
                                                    put_request(store, member, header)) != 0))
        status = fail_memory(failure);
    if (status != STATUS_OK && status != STATUS_DATA)
        forget_pending(store);
    return status;
}

static enum status store_remove(void *handle, const char *email, struct failure *failure)
{
    struct store *store = handle;
    if (strlen(email) > DYNAMODB_SORT_KEY_LIMIT)
        return STATUS_OK; /* nobody can be there */
    json_t *request = json_pack("{s:{s:{s:{s:s}, s:{s:s}}}}", "DeleteRequest", "Key", "roster", "S",
                                store->table.name, "email", "S", email);
    if (json_object_set_new(store->members, email, request) == 0)
        return STATUS_OK;
    forget_pending(store);
    return fail_memory(failure);
}

/* A sort key behind that of the run before: the time, and what tells two processes apart. */
static bool run_key(struct store *store, struct buffer *key)
{
    char text[sizeof "2026-11-23T22:04:05"];
    struct timespec now;
    struct timespec *last = &store->run_time;
    struct tm parts;
    unsigned nonce = 0;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec < last->tv_sec || (now.tv_sec == last->tv_sec && now.tv_nsec <= last->tv_nsec)) {
        now.tv_sec = last->tv_sec + (last->tv_nsec == 999999999);
        now.tv_nsec = (last->tv_nsec + 1) % 1000000000;
    }
    *last = now;
    if (gmtime_r(&now.tv_sec, &parts) == NULL ||
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts) == 0)
        return false;
    (void)!getrandom(&nonce, sizeof nonce, GRND_NONBLOCK);
    return buffer_printf(key, "%s.%09ldZ#%08x", text, now.tv_nsec, nonce);
}

static enum status store_add_run(void *handle, const json_t *run, struct failure *failure)
{
    struct store *store = handle;
    struct buffer key = {.limit = 0};
    struct buffer text = {.limit = 0};
    enum status status =
        run_key(store, &key) && json_text_dump(run, JSON_COMPACT, &text)
            ? check_size("the run", key.length,
                         strlen(store->table.name) + key.length + text.length, failure)
            : fail_memory(failure);
    if (status == STATUS_OK &&
        json_array_append_new(store->runs,
                              json_pack("{s:{s:{s:{s:s+}, s:{s:s}, s:{s:s}}}}", "PutRequest",
                                        "Item", "roster", "S", store->table.name, "#runs", "email",
                                        "S", key.bytes, "run", "S", text.bytes)) != 0)
        status = fail_memory(failure);
    if (status != STATUS_OK && status != STATUS_DATA)
        forget_pending(store);
    buffer_free(&text);
    buffer_free(&key);
    return status;
}

static enum status store_commit(void *handle, struct failure *failure)
{
    struct store *store = handle;
    const char *email;
    json_t *request;
    json_t *requests = json_array();
    enum status status = requests != NULL ? STATUS_OK : fail_memory(failure);
    if (status == STATUS_OK && json_array_size(store->headers) > 0)
        status = roster_table_add_headers(&store->table, store->headers, failure);
    if (status == STATUS_OK)
        (void)json_array_clear(store->headers); /* pending no more: they stay known */
    json_object_foreach(store->members, email, request)
    {
        if (status == STATUS_OK && json_array_append(requests, request) != 0)
            status = fail_memory(failure);
    }
    if (status == STATUS_OK)
        status = dynamodb_write(store->table.db, requests, failure);
    if (status == STATUS_OK)
        status = dynamodb_write(store->table.db, store->runs, failure);
    forget_pending(store);
    json_decref(requests);
    return status;
}

/* ---- reading ---- */

static enum status store_headers(void *handle, json_t **headers, struct failure *failure)
{
    const struct store *store = handle;
    *headers = json_copy(store->table.headers);
    return *headers != NULL ? STATUS_OK : fail_memory(failure);
}

/* The JSON object in an item's attribute, a new reference; NULL on error. */
static enum status object_of(const struct store *store, const json_t *item, const char *attribute,
                             json_t **object, struct failure *failure)
{
    json_error_t error;
    const char *text = roster_item_text(item, attribute);
    *object = text != NULL ? json_text_load(text, strlen(text), JSON_ALLOW_NUL, &error) : NULL;
    if (text != NULL && *object == NULL && json_text_no_memory(&error))
        return fail_memory(failure);
    if (json_is_object(*object))
        return STATUS_OK;
    json_decref(*object);
    *object = NULL;
    return roster_table_damaged(&store->table, "what should be JSON is not", failure);
}

/* What to do with each item of a partition. */
typedef enum status take_item(const struct store *store, const json_t *item, void *context,
                              struct failure *failure);

/* Takes the items of a partition, page by page: all of them, or the last `count`, backwards. */
static enum status walk(const struct store *store, const char *suffix, size_t count,
                        take_item *take, void *context, struct failure *failure)
{
    json_t *start = NULL;
    size_t left = count;
    enum status status;
    do {
        struct roster_page page;
        size_t index;
        json_t *item;
        status = roster_table_query(&store->table, suffix, start,
                                    left < RUNS_PAGE ? left : RUNS_PAGE, &page, failure);
        json_array_foreach(page.items, index, item)
        {
            if (status == STATUS_OK)
                status = take(store, item, context, failure);
        }
        size_t taken = json_array_size(page.items);
        left -= taken < left ? taken : left;
        json_decref(start);
        start = json_incref(page.next);
        json_decref(page.answer);
    } while (status == STATUS_OK && start != NULL && (count == 0 || left > 0));
    json_decref(start);
    return status;
}

struct member_visit {
    roster_visit *visit;
    void *context;
    /* The lines of a row of schema 1. */
    struct buffer columns;
    struct buffer values;
};

/* The two lines of an item's row. */
static enum status take_row(const struct store *store, const json_t *item,
                            struct member_visit *visit, struct roster_member *member,
                            struct failure *failure)
{
    const char *header = roster_item_text(item, "header");
    const char *row = roster_item_text(item, "row");
    if (row == NULL)
        return roster_table_damaged(&store->table, "a member has no row", failure);
    if (header != NULL) {
        const json_t *text = json_object_get(store->table.known, header);
        member->columns = json_string_value(text);
        member->columns_length = json_string_length(text);
        member->row = row;
        member->row_length = strlen(row);
        return text != NULL
                   ? STATUS_OK
                   : roster_table_damaged(
                         &store->table,
                         "a member's row has no header, or it was changed while it was read",
                         failure);
    }
    enum status status = row_write_text(row, &visit->columns, &visit->values);
    member->columns = visit->columns.bytes;
    member->columns_length = visit->columns.length;
    member->row = visit->values.bytes;
    member->row_length = visit->values.length;
    return status == STATUS_DATA
               ? roster_table_damaged(&store->table, "what should be JSON is not", failure)
           : status != STATUS_OK ? fail_memory(failure)
                                 : STATUS_OK;
}

static enum status take_member(const struct store *store, const json_t *item, void *context,
                               struct failure *failure)
{
    struct member_visit *visit = context;
    const char *id = roster_item_text(item, "id");
    const char *digest = roster_item_text(item, "map");
    struct roster_member member = {.email = roster_item_text(item, "email"),
                                   .id = id != NULL ? id : "",
                                   .digest = digest != NULL ? digest : ""};
    if (member.email == NULL)
        return roster_table_damaged(&store->table, "a member has no address", failure);
    enum status status = take_row(store, item, visit, &member, failure);
    return status == STATUS_OK ? visit->visit(&member, visit->context, failure) : status;
}

static enum status store_each(void *handle, roster_visit *visit, void *context,
                              struct failure *failure)
{
    struct member_visit member_visit = {.visit = visit, .context = context};
    enum status status = walk(handle, "", 0, take_member, &member_visit, failure);
    buffer_free(&member_visit.columns);
    buffer_free(&member_visit.values);
    return status;
}

static enum status take_run(const struct store *store, const json_t *item, void *runs,
                            struct failure *failure)
{
    json_t *run;
    enum status status = object_of(store, item, "run", &run, failure);
    if (status == STATUS_OK && json_array_append_new(runs, run) != 0)
        status = fail_memory(failure);
    return status;
}

static enum status store_each_run(void *handle, size_t count, roster_visit_run *visit,
                                  void *context, struct failure *failure)
{
    json_t *runs = json_array();
    enum status status = runs != NULL ? STATUS_OK : fail_memory(failure);
    if (status == STATUS_OK && count > 0)
        status = walk(handle, "#runs", count, take_run, runs, failure);
    for (size_t i = json_array_size(runs); status == STATUS_OK && i > 0; i--)
        status = visit(json_array_get(runs, i - 1), context, failure);
    json_decref(runs);
    return status;
}

static enum status store_lock(void *handle, const char *owner, unsigned seconds,
                              struct failure *failure)
{
    struct store *store = handle;
    return roster_table_lock(&store->table, owner, seconds, failure);
}

static enum status store_unlock(void *handle, const char *owner, struct failure *failure)
{
    struct store *store = handle;
    return roster_table_unlock(&store->table, owner, failure);
}

const struct roster_backend roster_dynamodb = {
    .scheme = "dynamodb",
    .form = "dynamodb:TABLE/NAME",
    .open = store_open,
    .close = store_close,
    .confine = store_confine,
    .put = store_put,
    .remove = store_remove,
    .add_run = store_add_run,
    .commit = store_commit,
    .headers = store_headers,
    .each = store_each,
    .each_run = store_each_run,
    .lock = store_lock,
    .unlock = store_unlock,
};
