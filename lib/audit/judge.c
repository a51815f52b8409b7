#include "audit/judge.h"

#include "base/json_text.h"
#include "people/compare.h"

#include <string.h>

enum status judge_has(const json_t *should, const json_t *person, bool overrides, bool *yes,
                      struct failure *failure)
{
    json_t *differences = person_differences(should, person, overrides);
    if (differences == NULL)
        return fail_memory(failure);
    *yes = json_object_size(differences) == 0;
    json_decref(differences);
    return STATUS_OK;
}

enum status judge_unknown(struct audit *audit, size_t row, const char *reason,
                          struct failure *failure)
{
    audit->outcomes[row] = UNKNOWN;
    audit->kept[row] = audit->texts.length;
    return buffer_append(&audit->texts, reason, strlen(reason) + 1) ? STATUS_OK
                                                                    : fail_memory(failure);
}

/* What differs between the person and the rows of an address, of which one may agree:
 * `*differences` is those of the first, a new reference, and empty when `*row` agrees. */
static enum status compare(struct audit *audit, const json_t *person, size_t *row,
                           json_t **differences, struct failure *failure)
{
    enum status status = STATUS_OK;
    *differences = NULL;
    for (size_t at = *row; at != AUDIT_NO_ROW && status == STATUS_OK;
         at = audit_export_next(audit->export, at)) {
        json_t *body;
        status = audit_export_person(audit->export, at, &body, failure);
        if (status != STATUS_OK)
            break;
        json_t *found = person_differences(body, person, audit->options->overrides);
        json_decref(body);
        if (found == NULL) {
            status = fail_memory(failure);
        } else if (*differences == NULL || json_object_size(found) == 0) {
            json_decref(*differences);
            *differences = found;
            *row = json_object_size(found) == 0 ? at : *row;
        } else {
            json_decref(found);
        }
        if (json_object_size(*differences) == 0)
            break;
    }
    return status;
}

/* Somebody who is as a row has it. */
static enum status agree(struct audit *audit, size_t first, size_t row, struct failure *failure)
{
    struct csv_value value = {"", 0};
    unsigned char known[UUID_BYTES];
    audit->outcomes[first] = AGREES;
    audit->kept[first] = row;
    if (audit->id_column == CSV_NO_COLUMN)
        return STATUS_OK;
    enum status status = audit_export_value(audit->export, row, audit->id_column, &value, failure);
    if (!uuid_read(known, value.bytes) || memcmp(known, audit->ids[first], UUID_BYTES) != 0)
        audit->outcomes[first] = RENUMBERED;
    return status;
}

enum status judge_person(struct audit *audit, size_t row, const json_t *person,
                         const unsigned char id[UUID_BYTES], enum outcome otherwise,
                         struct failure *failure)
{
    size_t agreeing = row;
    json_t *differences = NULL;
    bool is_member = false;
    if (audit->outcomes[row] == DOUBTFUL)
        return STATUS_OK;
    enum status status = judge_has(audit->member, person, false, &is_member, failure);
    if (status != STATUS_OK)
        return status;
    memcpy(audit->ids[row], id, UUID_BYTES);
    audit->are_members[row] = is_member;
    status = compare(audit, person, &agreeing, &differences, failure);
    if (status == STATUS_DATA) {
        status = judge_unknown(audit, row, failure->text, failure);
    } else if (status == STATUS_OK && json_object_size(differences) == 0) {
        status = agree(audit, row, agreeing, failure);
    } else if (status == STATUS_OK) {
        audit->outcomes[row] = (unsigned char)otherwise;
        audit->kept[row] = audit->texts.length;
        if (!json_text_dump(differences, JSON_COMPACT, &audit->texts) ||
            !buffer_append(&audit->texts, "", 1))
            status = fail_memory(failure);
    }
    json_decref(differences);
    return status;
}
