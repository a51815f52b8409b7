/* Asks Action Network, and judges whom it shows. */
#include "audit/judge.h"
#include "audit/outcome.h"
#include "audit/recognition.h"
#include "base/key_hash.h"
#include "base/ndjson.h"
#include "people/ask.h"
#include "people/everybody.h"
#include "people/people.h"

#include <string.h>

/* What the questions are about. */
struct finding {
    struct audit *audit;
    const struct connection *connection;
    struct progress *progress;
    size_t people; /* seen, some of them twice */
    size_t row;    /* to go on with */
    struct recognition recognition;
};

/* ---- one person ---- */

/* The person's id in bytes, of which is noted that it was seen. STATUS_DATA when there is none. */
static enum status take_id(struct audit *audit, const json_t *person, unsigned char id[UUID_BYTES],
                           struct failure *failure)
{
    if (!uuid_read(id, person_id(person)))
        return fail(failure, STATUS_DATA, "Action Network's answer names a person without an id");
    uint64_t hash = key_hash(0, id, UUID_BYTES);
    return buffer_append(&audit->seen, &hash, sizeof hash) ? STATUS_OK : fail_memory(failure);
}

/* The value of the person's custom field to follow by; NULL without one. Borrowed. */
static const char *value_of(const struct audit *audit, const json_t *person)
{
    const char *name;
    json_t *value;
    if (audit->follow_field == NULL)
        return NULL;
    json_object_foreach(json_object_get(person, "custom_fields"), name, value)
    {
        if (ascii_equal(name, audit->follow_field))
            return json_string_value(value);
    }
    return NULL;
}

/* Somebody whom the export does not name: a stray, if a member. */
static enum status take_unnamed(struct audit *audit, const json_t *person,
                                const unsigned char id[UUID_BYTES], struct failure *failure)
{
    bool is_member = false, left_alone = false;
    enum status status = judge_has(audit->member, person, false, &is_member, failure);
    if (status == STATUS_OK && is_member && audit->options->overrides)
        status = judge_has(audit->none, person, true, &left_alone, failure);
    if (status != STATUS_OK || !is_member || left_alone)
        return status;
    const char *address = person_address(person);
    return strays_add(&audit->strays, id, address != NULL ? address : "", value_of(audit, person))
               ? STATUS_OK
               : fail_memory(failure);
}

/* The row that names a person by one of the addresses: the first of them that is named. */
static enum status find_row(struct audit *audit, const json_t *person, size_t *row, bool *first,
                            struct failure *failure)
{
    enum status status = STATUS_OK;
    size_t index;
    const json_t *entry;
    *row = AUDIT_NO_ROW;
    json_array_foreach(json_object_get(person, "email_addresses"), index, entry)
    {
        const char *address = ndjson_string(entry, "address");
        *first = index == 0;
        if (address != NULL)
            status = audit_export_find(audit->export, address, row, failure);
        if (status != STATUS_OK || *row != AUDIT_NO_ROW)
            break;
    }
    return status;
}

/* Somebody on a page. Whoever has an address first is who it belongs to. */
static enum status take_person(void *context, const json_t *person, struct failure *failure)
{
    struct finding *finding = context;
    struct audit *audit = finding->audit;
    unsigned char id[UUID_BYTES];
    size_t row;
    bool first = true;
    enum status status = take_id(audit, person, id, failure);
    if (status == STATUS_OK)
        status = find_row(audit, person, &row, &first, failure);
    if (status != STATUS_OK)
        return status;
    progress_show(finding->progress, ++finding->people, 0);
    if (row == AUDIT_NO_ROW)
        return take_unnamed(audit, person, id, failure);
    bool is_others = audit->outcomes[row] != UNSEEN && memcmp(audit->ids[row], id, UUID_BYTES) != 0;
    return !first && is_others ? STATUS_OK : judge_person(audit, row, person, id, DIFFERS, failure);
}

/* ---- who seems to be missing ---- */

/* Whether a row is one of those to be asked about, which wait with this outcome. */
static bool waits(const struct audit *audit, size_t row, enum outcome outcome)
{
    return audit->outcomes[row] == outcome && audit_export_is_first(audit->export, row);
}

static enum status next_address(void *context, char **url, uintptr_t *number,
                                struct failure *failure)
{
    struct finding *finding = context;
    struct audit *audit = finding->audit;
    enum status status = STATUS_OK;
    *url = NULL;
    for (; finding->row < audit_export_count(audit->export); finding->row++) {
        if (!waits(audit, finding->row, UNSEEN))
            continue;
        json_t *body;
        status = audit_export_person(audit->export, finding->row, &body, failure);
        if (status == STATUS_DATA) {
            status = judge_unknown(audit, finding->row, failure->text, failure);
            if (status != STATUS_OK)
                return status;
            continue;
        }
        if (status == STATUS_OK) {
            *number = finding->row++;
            *url = people_lookup_url(finding->connection->service, person_address(body));
            json_decref(body);
            if (*url == NULL)
                status = fail_memory(failure);
        }
        return status;
    }
    return STATUS_OK;
}

/* Whoever is found after all is no stray. */
static enum status take_found(struct audit *audit, size_t row, const json_t *person,
                              enum outcome otherwise, struct failure *failure)
{
    unsigned char id[UUID_BYTES];
    enum status status = take_id(audit, person, id, failure);
    struct stray *stray = status == STATUS_OK ? strays_find(&audit->strays, id) : NULL;
    if (stray != NULL)
        stray->gone = true;
    return status == STATUS_OK ? judge_person(audit, row, person, id, otherwise, failure) : status;
}

static enum status take_address(void *context, uintptr_t row, const struct http_answer *answer,
                                struct failure *failure)
{
    const struct finding *finding = context;
    struct audit *audit = finding->audit;
    const json_t *person = NULL;
    json_t *body;
    if (answer->json == NULL || answer->code > 299) {
        (void)fail(failure, STATUS_DATA, "Action Network does not say who has the address: %s",
                   answer->error);
        return judge_unknown(audit, row, failure->text, failure);
    }
    enum status status = audit_export_person(audit->export, row, &body, failure);
    if (status != STATUS_OK)
        return status;
    bool known = people_found(answer->json, person_address(body), &person);
    json_decref(body);
    if (!known)
        return judge_unknown(audit, row, "Action Network's answer does not say who has the address",
                             failure);
    if (person != NULL)
        return take_found(audit, row, person, DIFFERS, failure);
    audit->outcomes[row] = MISSING;
    return STATUS_OK;
}

/* ---- who is at another address ---- */

static enum status next_moved(void *context, char **url, uintptr_t *number, struct failure *failure)
{
    struct finding *finding = context;
    struct audit *audit = finding->audit;
    bool partly = audit->options->since != NULL;
    *url = NULL;
    for (; finding->row < audit_export_count(audit->export); finding->row++) {
        struct stray *stray;
        bool known;
        if (!waits(audit, finding->row, partly ? UNSEEN : MISSING))
            continue;
        enum status status = recognition_find(&finding->recognition, finding->row,
                                              audit->ids[finding->row], &stray, &known, failure);
        if (status != STATUS_OK)
            return status;
        if (!known || (partly && stray == NULL))
            continue;
        if (stray != NULL)
            stray->gone = true; /* claimed */
        char id[UUID_TEXT];
        uuid_write(id, audit->ids[finding->row]);
        *number = finding->row++;
        *url = people_url(finding->connection->service, id);
        return *url != NULL ? STATUS_OK : fail_memory(failure);
    }
    return STATUS_OK;
}

/* The person of a roster's id, or who was recognised. Whoever is at an address that the export
 * names, too, belongs there. */
static enum status take_moved(void *context, uintptr_t row, const struct http_answer *answer,
                              struct failure *failure)
{
    const struct finding *finding = context;
    struct audit *audit = finding->audit;
    const json_t *person = answer->json;
    unsigned char id[UUID_BYTES];
    bool is_asked =
        uuid_read(id, person_id(person)) && memcmp(id, audit->ids[row], UUID_BYTES) == 0;
    size_t named;
    bool first;
    if (person == NULL || answer->code > 299 || !is_asked || person_address(person) == NULL)
        return STATUS_OK;
    enum status status = find_row(audit, person, &named, &first, failure);
    if (status != STATUS_OK)
        return status;
    if (named == row)
        return take_found(audit, row, person, DIFFERS, failure);
    return named == AUDIT_NO_ROW ? take_found(audit, row, person, MOVED, failure) : STATUS_OK;
}

/* Rows without an address may be about members who are there: these are held. */
static enum status hold(const struct finding *finding, struct failure *failure)
{
    struct audit *audit = finding->audit;
    for (size_t row = 0; row < audit_export_count(audit->export); row++) {
        struct stray *stray;
        bool known;
        if (!audit_export_is_blank(audit->export, row))
            continue;
        enum status status =
            recognition_find(&finding->recognition, row, audit->ids[row], &stray, &known, failure);
        if (status != STATUS_OK)
            return status;
        if (stray == NULL)
            continue;
        stray->gone = true;
        audit->outcomes[row] = HELD;
        audit->kept[row] = stray->address;
    }
    return STATUS_OK;
}

/* With `all` nobody is looked up: what is sent for somebody who is new finds whoever has the
 * address. */
static void miss_unseen(struct audit *audit)
{
    for (size_t row = 0; row < audit_export_count(audit->export); row++)
        if (waits(audit, row, UNSEEN))
            audit->outcomes[row] = MISSING;
}

/* ---- */

enum status audit_find(struct audit *audit, struct connection *connection,
                       struct progress *progress, struct failure *failure)
{
    const struct audit_options *options = audit->options;
    struct finding finding = {.audit = audit, .connection = connection, .progress = progress};
    const struct people_questions addresses = {next_address, take_address, &finding};
    const struct people_questions moved = {next_moved, take_moved, &finding};
    enum status status =
        people_everybody(connection, options->jobs, options->since, take_person, &finding, failure);
    strays_by_id(&audit->strays);
    if (options->since == NULL && options->all)
        miss_unseen(audit);
    else if (status == STATUS_OK && options->since == NULL)
        status = people_ask(connection, options->jobs, &addresses, failure);
    if (status == STATUS_OK)
        status = recognition_open(audit, &finding.recognition, failure);
    finding.row = 0;
    if (status == STATUS_OK)
        status = people_ask(connection, options->jobs, &moved, failure);
    if (status == STATUS_OK)
        status = hold(&finding, failure);
    recognition_close(&finding.recognition);
    return status;
}
