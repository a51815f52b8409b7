#include "roster/acknowledgement.h"

#include "base/json_text.h"
#include "base/ndjson.h"
#include "base/record.h"
#include "base/text.h"
#include "roster/row.h"

#include <stdlib.h>
#include <string.h>

void acknowledgement_free(struct acknowledgement *acknowledgement)
{
    free(acknowledgement->email);
    free(acknowledgement->former_email);
    free(acknowledgement->id);
    free(acknowledgement->digest);
    json_decref(acknowledgement->row);
    json_decref(acknowledgement->former_row);
    *acknowledgement = (struct acknowledgement){.kind = ACKNOWLEDGED_NOTHING};
}

static bool is_same(const char *one, const char *other)
{
    return one != NULL && strcmp(one, other) == 0;
}

/* What the roster has to do with a record. */
static enum acknowledgement_kind kind_of(const json_t *record,
                                         const struct acknowledgement_mode *mode)
{
    const char *change = ndjson_string(record, "change");
    const json_t *result = json_object_get(record, "result");
    bool without = result == NULL || json_is_null(result);
    bool is_ok = is_same(ndjson_result_status(record), "ok");
    bool is_member = is_same(change, "new") || is_same(change, "updated");
    bool is_lapse = is_same(change, "lapsed");
    if (mode->begin)
        return !is_ok && (is_member || is_lapse) ? ACKNOWLEDGED_BEGIN : ACKNOWLEDGED_NOTHING;
    if (json_object_get(record, "change") == NULL && json_is_object(json_object_get(record, "run")))
        return ACKNOWLEDGED_RUN;
    if (!is_ok && !(mode->adopt != NULL && without))
        return ACKNOWLEDGED_NOTHING;
    return is_member ? ACKNOWLEDGED_MEMBER : is_lapse ? ACKNOWLEDGED_LAPSE : ACKNOWLEDGED_NOTHING;
}

/* The text at object[name]: NULL when it is absent or null, and STATUS_DATA when it is anything but
 * a string, or has a NUL in it. Borrowed. `place` is "result." or the like. */
static enum status text_at(const json_t *object, const char *place, const char *name,
                           const char **text, struct failure *failure)
{
    const json_t *value = json_object_get(object, name);
    *text = json_string_value(value);
    if (value == NULL || json_is_null(value))
        return STATUS_OK;
    if (*text == NULL)
        return fail(failure, STATUS_DATA, "the record's %s%s is not a string", place, name);
    if (strlen(*text) != json_string_length(value))
        return fail(failure, STATUS_DATA, "the record's %s%s holds a NUL character", place, name);
    return STATUS_OK;
}

static enum status read_key(const json_t *record, char **email, struct failure *failure)
{
    const char *key;
    enum status status = text_at(record, "", "key", &key, failure);
    if (status != STATUS_OK)
        return status;
    *email = key != NULL ? text_normalized(key) : NULL;
    if (key != NULL && *email == NULL)
        return fail_memory(failure);
    if (*email == NULL || (*email)[0] == '\0')
        return fail(failure, STATUS_DATA, "the record has no key, so whom does it acknowledge?");
    return STATUS_OK;
}

/* Reads the address before a followed change of it. */
static enum status read_former(const json_t *record, struct acknowledgement *acknowledgement,
                               struct failure *failure)
{
    const char *was;
    enum status status = text_at(json_object_get(record, "was"), "was.", "email", &was, failure);
    if (status != STATUS_OK || was == NULL)
        return status;
    char *former = text_normalized(was);
    if (former == NULL)
        return fail_memory(failure);
    if (former[0] != '\0' && !is_same(acknowledgement->email, former))
        acknowledgement->former_email = former;
    else
        free(former);
    return STATUS_OK;
}

/* A row's value as the roster keeps it, a new reference in `*text`. */
static enum status plain_value(const char *name, json_t *value, json_t **text,
                               struct failure *failure)
{
    *text = NULL;
    if (json_is_object(value) || json_is_array(value))
        return fail(failure, STATUS_DATA, "the record's row.%.100s is not a string", name);
    if (json_is_string(value) && strlen(json_string_value(value)) != json_string_length(value))
        return fail(failure, STATUS_DATA, "the record's row.%.100s holds a NUL character", name);
    *text = json_text_plain(value);
    return *text != NULL ? STATUS_OK : fail_memory(failure);
}

/* Puts one column into the row to be kept, under its normalized name. */
static enum status keep_column(json_t *row, const char *name, json_t *value,
                               struct failure *failure)
{
    char *normalized = text_normalized(name);
    if (normalized == NULL)
        return fail_memory(failure);
    enum status status = STATUS_OK;
    if (!is_same(normalized, ROSTER_ID_COLUMN) && !is_same(normalized, ROSTER_MAP_COLUMN)) {
        json_t *text;
        status = plain_value(name, value, &text, failure);
        if (status == STATUS_OK && json_object_set_new(row, normalized, text) != 0)
            status = fail_memory(failure);
    }
    free(normalized);
    return status;
}

static enum status keep_columns(json_t *row, const json_t *given, struct failure *failure)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)given, name, value)
    {
        enum status status = keep_column(row, name, value, failure);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* Reads the row to be kept. A person who was sent without a row (by somebody's own record) is kept
 * with the address alone: known as a member, and sent again when an export brings the row. So is
 * one without a row who is about to lapse. */
static enum status read_row(const json_t *record, struct acknowledgement *acknowledgement,
                            struct failure *failure)
{
    const json_t *given = json_object_get(record, "row");
    bool may_lack = json_is_object(json_object_get(record, "person")) ||
                    is_same(ndjson_string(record, "change"), "lapsed");
    acknowledgement->row = json_object();
    if (acknowledgement->row == NULL)
        return fail_memory(failure);
    if (given == NULL && may_lack)
        return json_object_set_new(acknowledgement->row, "email",
                                   json_string(acknowledgement->email)) == 0
                   ? STATUS_OK
                   : fail_memory(failure);
    if (!json_is_object(given))
        return fail(failure, STATUS_DATA, "the record's row is %s",
                    given == NULL ? "missing" : "not an object");
    return keep_columns(acknowledgement->row, given, failure);
}

/* Reads what members have in common, their id from `result` or else from the row. */
static enum status read_person(const json_t *record, const json_t *result,
                               struct acknowledgement *acknowledgement, struct failure *failure)
{
    const char *id = NULL;
    enum status status = read_former(record, acknowledgement, failure);
    if (status == STATUS_OK)
        status = read_row(record, acknowledgement, failure);
    if (status == STATUS_OK)
        status = text_at(result, "result.", "id", &id, failure);
    if (status == STATUS_OK && (id == NULL || id[0] == '\0'))
        status = text_at(json_object_get(record, "row"), "row.", ROSTER_ID_COLUMN, &id, failure);
    if (status != STATUS_OK)
        return status;
    acknowledgement->id = strdup(id != NULL ? id : "");
    return acknowledgement->id != NULL ? STATUS_OK : fail_memory(failure);
}

static enum status read_member(const json_t *record, const char *adopt,
                               struct acknowledgement *acknowledgement, struct failure *failure)
{
    const json_t *result = json_object_get(record, "result");
    const char *digest = NULL;
    enum status status = read_person(record, result, acknowledgement, failure);
    if (status == STATUS_OK)
        status = text_at(result, "result.", "map", &digest, failure);
    if (adopt != NULL && !json_is_object(result))
        digest = adopt;
    if (status == STATUS_OK)
        acknowledgement->digest = strdup(digest != NULL ? digest : "");
    return status != STATUS_OK || acknowledgement->digest != NULL ? status : fail_memory(failure);
}

/* Puts older values in the place of those that are empty now. Whether Action Network has them still
 * or has the change is not known: with what is kept here, all that it may have and an export does
 * not is a difference, and emptied there. */
static enum status keep_older(const json_t *record, struct acknowledgement *acknowledgement,
                              struct failure *failure)
{
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(record, "was"), name, value)
    {
        const char *now = ndjson_string(acknowledgement->row, name);
        bool moved = acknowledgement->former_email != NULL && strcmp(name, "email") == 0;
        if (moved || (now != NULL && now[0] != '\0'))
            continue;
        enum status status = keep_column(acknowledgement->row, name, value, failure);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* The row with another address, which may stand in a column of any name: a new reference, NULL
 * without memory. Where there is none, it gets one. `written` is the address as an export has it.
 */
static json_t *row_at(const struct acknowledgement *acknowledgement, const char *written)
{
    json_t *row = json_copy(acknowledgement->row);
    const char *name;
    json_t *value;
    bool found = false, room = row != NULL;
    json_object_foreach(acknowledgement->row, name, value)
    {
        char *address = room ? text_normalized(json_string_value(value)) : NULL;
        room = address != NULL;
        if (room && strcmp(address, acknowledgement->email) == 0) {
            found = true;
            room = json_object_set_new(row, name, json_string(written)) == 0;
        }
        free(address);
    }
    if (room && (found || json_object_set_new(row, "email", json_string(written)) == 0))
        return row;
    json_decref(row);
    return NULL;
}

/* What is to stand in place of the digest `before`: a new string, NULL without memory. */
static char *begun_digest(const struct acknowledgement *acknowledgement, const char *before)
{
    bool moved = acknowledgement->former_email != NULL || text_begins(before, ROSTER_BEGUN_MOVE);
    if (text_begins(before, ROSTER_BEGUN_MOVE))
        before += strlen(ROSTER_BEGUN_MOVE);
    else if (text_begins(before, ROSTER_BEGUN))
        before += strlen(ROSTER_BEGUN);
    struct buffer text = {.limit = 0};
    if (!buffer_printf(&text, "%s%s", moved ? ROSTER_BEGUN_MOVE : ROSTER_BEGUN,
                       before != NULL ? before : ""))
        buffer_free(&text);
    return text.bytes;
}

/* Reads what is to be known of a change that is about to be sent. */
static enum status read_begin(const json_t *record, struct acknowledgement *acknowledgement,
                              struct failure *failure)
{
    const json_t *row = json_object_get(record, "row");
    const char *before = NULL;
    enum status status = read_person(record, NULL, acknowledgement, failure);
    if (status == STATUS_OK)
        status = keep_older(record, acknowledgement, failure);
    if (status == STATUS_OK && acknowledgement->former_email != NULL) {
        acknowledgement->former_row =
            row_at(acknowledgement, ndjson_string(json_object_get(record, "was"), "email"));
        if (acknowledgement->former_row == NULL)
            status = fail_memory(failure);
    }
    if (status == STATUS_OK)
        status = text_at(row, "row.", ROSTER_MAP_COLUMN, &before, failure);
    if (status != STATUS_OK)
        return status;
    acknowledgement->digest = is_same(ndjson_string(record, "change"), "new")
                                  ? strdup(ROSTER_BEGUN_NEW)
                                  : begun_digest(acknowledgement, before);
    return acknowledgement->digest != NULL ? STATUS_OK : fail_memory(failure);
}

enum status acknowledgement_read(const json_t *record, const struct acknowledgement_mode *mode,
                                 struct acknowledgement *acknowledgement, struct failure *failure)
{
    enum status status = STATUS_OK;
    *acknowledgement = (struct acknowledgement){.kind = kind_of(record, mode)};
    if (acknowledgement->kind == ACKNOWLEDGED_RUN)
        acknowledgement->run = json_object_get(record, "run");
    else if (acknowledgement->kind != ACKNOWLEDGED_NOTHING)
        status = read_key(record, &acknowledgement->email, failure);
    if (status == STATUS_OK && acknowledgement->kind == ACKNOWLEDGED_MEMBER)
        status = read_member(record, mode->adopt, acknowledgement, failure);
    else if (status == STATUS_OK && acknowledgement->kind == ACKNOWLEDGED_BEGIN)
        status = read_begin(record, acknowledgement, failure);
    if (status != STATUS_OK)
        acknowledgement_free(acknowledgement);
    return status;
}

/* Puts somebody into the roster, with what the acknowledgement says of them. */
static enum status put(struct roster *roster, const struct acknowledgement *acknowledgement,
                       const char *email, const char *digest, const json_t *row,
                       struct failure *failure)
{
    struct buffer columns = {.limit = 0};
    struct buffer values = {.limit = 0};
    enum status status = STATUS_IO;
    if (row != NULL && row_write(row, &columns, &values)) {
        struct roster_member member = {.email = email,
                                       .id = acknowledgement->id,
                                       .digest = digest,
                                       .columns = columns.bytes,
                                       .columns_length = columns.length,
                                       .row = values.bytes,
                                       .row_length = values.length};
        status = roster_put(roster, &member, failure);
    } else {
        status = fail_memory(failure);
    }
    buffer_free(&columns);
    buffer_free(&values);
    return status;
}

/* Notes a change that is about to be sent. Of a change of address, at both: whoever is at the newer
 * one may be made a member by it (when it is another person's), and is none if it comes to nothing.
 */
static enum status begin(const struct acknowledgement *acknowledgement, struct roster *roster,
                         struct failure *failure)
{
    const char *former = acknowledgement->former_email;
    enum status status =
        put(roster, acknowledgement, former != NULL ? former : acknowledgement->email,
            acknowledgement->digest,
            former != NULL ? acknowledgement->former_row : acknowledgement->row, failure);
    if (status != STATUS_OK || former == NULL)
        return status;
    json_t *row = row_at(acknowledgement, acknowledgement->email);
    status = put(roster, acknowledgement, acknowledgement->email, ROSTER_BEGUN_NEW, row, failure);
    json_decref(row);
    return status;
}

enum status acknowledgement_apply(const struct acknowledgement *acknowledgement,
                                  struct roster *roster, bool *changes, struct failure *failure)
{
    enum status status;
    switch (acknowledgement->kind) {
    case ACKNOWLEDGED_MEMBER:
        *changes = true;
        status = put(roster, acknowledgement, acknowledgement->email, acknowledgement->digest,
                     acknowledgement->row, failure);
        if (status == STATUS_OK && acknowledgement->former_email != NULL)
            status = roster_remove(roster, acknowledgement->former_email, failure);
        return status;
    case ACKNOWLEDGED_BEGIN:
        *changes = true;
        return begin(acknowledgement, roster, failure);
    case ACKNOWLEDGED_LAPSE:
        *changes = true;
        return roster_remove(roster, acknowledgement->email, failure);
    case ACKNOWLEDGED_RUN:
        *changes = true;
        return roster_add_run(roster, acknowledgement->run, failure);
    case ACKNOWLEDGED_NOTHING:
        break;
    }
    return STATUS_OK;
}
