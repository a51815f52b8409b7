/* Writes what an audit has found, with diff/json.c and diff/people.c, as csv-diff does. */
#include "audit/outcome.h"
#include "base/record.h"
#include "diff/json.h"
#include "diff/people.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is needed to write one after another. */
struct writer {
    struct audit *audit;
    struct output *output;
    enum audit_form form;
    struct csv_lines lines;
    struct diff_pair *pairs; /* the row's, and room for what is added */
    size_t columns;
    size_t row_count; /* how many of them are not left out */
    size_t room;
    struct diff_pair *was;
    size_t was_room;
};

static struct csv_value text_value(const char *text)
{
    return (struct csv_value){text, strlen(text)};
}

/* Makes room for so many pairs. False without memory, here as below. */
static bool make_room(struct diff_pair **pairs, size_t *room, size_t wanted)
{
    if (*pairs != NULL && wanted <= *room)
        return true;
    struct diff_pair *grown = reallocarray(*pairs, wanted, sizeof **pairs);
    if (grown == NULL)
        return false;
    *pairs = grown;
    *room = wanted;
    return true;
}

/* Takes a row's values into the pairs. `*key` is the normalized key, in `key_bytes`. */
static enum status take_row(struct writer *writer, size_t row, struct buffer *key_bytes,
                            struct csv_value *key, struct failure *failure)
{
    const struct csv_table *table = audit_export_table(writer->audit->export);
    const struct csv_record *record;
    enum status status = audit_export_record(writer->audit->export, row, &record, failure);
    if (status != STATUS_OK)
        return status;
    writer->row_count = 0;
    for (size_t i = 0; i < writer->columns; i++)
        if (!csv_header_is_left_out(table->header, i))
            writer->pairs[writer->row_count++] =
                (struct diff_pair){csv_header_name(table->header, i), csv_record_value(record, i)};
    struct csv_value value = csv_table_key(table, record);
    if (!buffer_normalize(key_bytes, value.bytes, value.length))
        return fail_memory(failure);
    *key = (struct csv_value){key_bytes->bytes, key_bytes->length};
    return STATUS_OK;
}

/* Puts a value in the place of the column's, or behind the others; returns how many there are. */
static size_t set_pair(struct writer *writer, size_t count, const char *name, const char *value)
{
    size_t at = 0;
    while (at < count && strcmp(writer->pairs[at].name.bytes, name) != 0)
        at++;
    writer->pairs[at] = (struct diff_pair){text_value(name), text_value(value)};
    return at < count ? count : count + 1;
}

/* Writes a change, with `more` (members of its object, each with a comma before it) at its end. */
static void write_change(struct writer *writer, const struct diff_change *change, const char *more)
{
    struct diff_people people = {.colour = writer->form == AUDIT_COLOURED};
    if (writer->form != AUDIT_RECORDS) {
        diff_people_change(writer->output, change, &people);
        return;
    }
    diff_json_change(writer->output, change, NULL);
    if (more[0] == '\0')
        return;
    output_take_back(writer->output, 2);
    output_text(writer->output, more);
    output_bytes(writer->output, "}\n", 2);
}

/* A value for people: a string, or JSON. A new string; NULL without memory. */
static char *plain_text(const json_t *value)
{
    if (value == NULL || json_is_null(value))
        return strdup("");
    return json_is_string(value) ? strdup(json_string_value(value))
                                 : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
}

/* For people, a difference is a column more in the row, and what it was. */
static bool add_differences(struct writer *writer, const json_t *differences,
                            struct diff_change *change, char ***texts, size_t *text_count)
{
    size_t count = json_object_size(differences);
    const char *name;
    json_t *difference;
    *texts = calloc(2 * count + 1, sizeof **texts);
    if (*texts == NULL || !make_room(&writer->pairs, &writer->room, writer->columns + count + 1) ||
        !make_room(&writer->was, &writer->was_room, count))
        return false;
    json_object_foreach((json_t *)differences, name, difference)
    {
        char *is = plain_text(json_object_get(difference, "is"));
        char *should = plain_text(json_object_get(difference, "should"));
        (*texts)[(*text_count)++] = is;
        (*texts)[(*text_count)++] = should;
        if (is == NULL || should == NULL)
            return false;
        writer->was[change->was_count++] = (struct diff_pair){text_value(name), text_value(is)};
        change->row_count = set_pair(writer, change->row_count, name, should);
    }
    change->row = writer->pairs;
    change->was = writer->was;
    return true;
}

static bool write_for_people(struct writer *writer, struct diff_change *change,
                             const json_t *differences)
{
    char **texts = NULL;
    size_t count = 0;
    bool added = add_differences(writer, differences, change, &texts, &count);
    if (added)
        write_change(writer, change, "");
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
    return added;
}

/* A person who is not as the row has it. */
static enum status write_differing(struct writer *writer, size_t row, struct diff_change *change,
                                   struct failure *failure)
{
    const struct audit *audit = writer->audit;
    const char *text = audit->texts.bytes + audit->kept[row];
    json_t *differences = json_loads(text, 0, NULL);
    const char *address =
        json_string_value(json_object_get(json_object_get(differences, "email_addresses"), "is"));
    struct buffer more = {.limit = 0};
    bool written = differences != NULL && make_room(&writer->was, &writer->was_room, 1);
    if (written && writer->form != AUDIT_RECORDS) {
        written = write_for_people(writer, change, differences);
    } else if (written) {
        if (audit->outcomes[row] == MOVED && address != NULL) {
            writer->was[0] = (struct diff_pair){{"email", 5}, text_value(address)};
            change->was = writer->was;
            change->was_count = 1;
        }
        written = buffer_printf(&more, ",\"drift\":%s", text);
        if (written)
            write_change(writer, change, more.bytes);
    }
    buffer_free(&more);
    json_decref(differences);
    return written ? STATUS_OK : fail_memory(failure);
}

/* A person who is as a row has it: for the roster, which takes note of it. */
static enum status write_agreeing(struct writer *writer, const struct diff_change *change,
                                  const char *id, struct failure *failure)
{
    struct buffer more = {.limit = 0};
    bool written =
        buffer_printf(&more, ",\"result\":{\"status\":\"ok\",\"id\":\"%s\",\"map\":\"%s\"}", id,
                      field_map_digest(writer->audit->map));
    if (written)
        write_change(writer, change, more.bytes);
    buffer_free(&more);
    return written ? STATUS_OK : fail_memory(failure);
}

/* A row of which nothing can be said, and why. */
static void write_skipped(struct writer *writer, size_t row, struct diff_change *change)
{
    struct audit *audit = writer->audit;
    const struct csv_table *table = audit_export_table(audit->export);
    change->kind = DIFF_SKIPPED;
    change->key_name = csv_header_name(table->header, table->key).bytes;
    change->file = audit_export_name(audit->export);
    csv_table_line(table, row, &writer->lines);
    change->line = writer->lines.passed + 1;
    if (audit->outcomes[row] == HELD)
        change->held = text_value(audit->strays.texts.bytes + audit->kept[row]);
    if (audit->outcomes[row] == UNKNOWN)
        change->reason = audit->texts.bytes + audit->kept[row];
    write_change(writer, change, "");
}

/* For the roster, a member who is held is at the address that the row lacks, with nothing but the
 * value that is followed: by that a later export without the address holds the member again. */
static enum status write_held(struct writer *writer, size_t row, struct failure *failure)
{
    const struct audit *audit = writer->audit;
    const struct csv_header *header = audit_export_table(audit->export)->header;
    size_t key = audit_export_table(audit->export)->key;
    const char *address = audit->strays.texts.bytes + audit->kept[row];
    char id[UUID_TEXT];
    uuid_write(id, audit->ids[row]);
    struct diff_pair pairs[3] = {{csv_header_name(header, key), text_value(address)},
                                 {text_value(ROSTER_ID_COLUMN), text_value(id)}};
    struct diff_change change = {
        .kind = DIFF_UPDATED, .key = pairs[0].value, .row = pairs, .row_count = 2};
    if (audit->follow_column != CSV_NO_COLUMN) {
        struct diff_pair *followed = &pairs[change.row_count++];
        followed->name = csv_header_name(header, audit->follow_column);
        enum status status =
            audit_export_value(audit->export, row, audit->follow_column, &followed->value, failure);
        if (status != STATUS_OK)
            return status;
    }
    return write_agreeing(writer, &change, id, failure);
}

/* Whether an outcome is to be shown. */
static bool shows(const struct writer *writer, size_t row)
{
    const struct audit *audit = writer->audit;
    bool for_roster = writer->form == AUDIT_RECORDS;
    if (audit_export_is_blank(audit->export, row))
        return true;
    switch ((enum outcome)audit->outcomes[row]) {
    case UNSEEN:
    case DOUBTFUL:
        return false;
    case AGREES:
        return for_roster && audit->options->all;
    case RENUMBERED:
        return for_roster;
    default:
        return true;
    }
}

static enum status write_row(struct writer *writer, size_t row, struct buffer *key,
                             struct failure *failure)
{
    struct audit *audit = writer->audit;
    enum outcome outcome = audit->outcomes[row];
    bool agrees = outcome == AGREES || outcome == RENUMBERED;
    if (!shows(writer, row))
        return STATUS_OK;
    struct diff_change change = {.kind = DIFF_UPDATED, .row = writer->pairs, .held = {"", 0}};
    enum status status =
        take_row(writer, agrees ? audit->kept[row] : row, key, &change.key, failure);
    if (status != STATUS_OK)
        return status;
    change.row_count = writer->row_count;
    char id[UUID_TEXT];
    uuid_write(id, audit->ids[row]);
    if (outcome == UNSEEN || outcome == HELD || outcome == UNKNOWN) {
        write_skipped(writer, row, &change);
        bool adopts = outcome == HELD && audit->options->all && writer->form == AUDIT_RECORDS;
        return adopts ? write_held(writer, row, failure) : STATUS_OK;
    }
    if (outcome == MISSING) {
        change.kind = DIFF_NEW;
        write_change(writer, &change, "");
        return STATUS_OK;
    }
    change.row_count = set_pair(writer, change.row_count, ROSTER_ID_COLUMN, id);
    return agrees ? write_agreeing(writer, &change, id, failure)
                  : write_differing(writer, row, &change, failure);
}

/* A member whom the export does not name. */
static void write_stray(struct writer *writer, const struct stray *stray)
{
    const char *address = strays_address(&writer->audit->strays, stray);
    char id[UUID_TEXT];
    uuid_write(id, stray->id);
    struct diff_pair row[] = {{{"email", 5}, text_value(address)},
                              {text_value(ROSTER_ID_COLUMN), text_value(id)}};
    struct diff_change change = {
        .kind = DIFF_LAPSED, .key = row[0].value, .row = row, .row_count = 2};
    if (address[0] == '\0') { /* whom nothing can be sent for */
        change = (struct diff_change){.kind = DIFF_SKIPPED,
                                      .row = &row[1],
                                      .row_count = 1,
                                      .reason = "a member in Action Network without an address",
                                      .held = {"", 0}};
    }
    write_change(writer, &change, "");
}

static void write_summary(struct writer *writer)
{
    const struct audit_summary *summary = &writer->audit->summary;
    const struct diff_summary *changes = &summary->changes;
    bool colour = writer->form == AUDIT_COLOURED;
    char text[400];
    if (writer->form == AUDIT_RECORDS) {
        (void)snprintf(text, sizeof text, "\"people\":%" PRIu64 ",", summary->people);
        diff_json_summary(writer->output, changes, text);
        return;
    }
    (void)snprintf(text, sizeof text,
                   "%s%" PRIu64 " missing, %" PRIu64 " different, %" PRIu64
                   " members too many, %" PRIu64 " as they should be, %" PRIu64 " skipped: %" PRIu64
                   " people %s%s\n",
                   colour ? "\033[1m" : "", changes->added, changes->updated, changes->lapsed,
                   changes->unchanged, changes->skipped, summary->people,
                   writer->audit->options->since != NULL ? "changed since then" : "in the group",
                   colour ? "\033[m" : "");
    output_text(writer->output, text);
}

enum status audit_write(struct audit *audit, enum audit_form form, struct output *output,
                        struct failure *failure)
{
    struct writer writer = {.audit = audit, .output = output, .form = form};
    struct buffer key = {.limit = 0};
    enum status status = STATUS_OK;
    writer.columns = csv_header_count(audit_export_table(audit->export)->header);
    if (!make_room(&writer.pairs, &writer.room, writer.columns + 1))
        return fail_memory(failure);
    for (size_t row = 0; row < audit_export_count(audit->export) && status == STATUS_OK; row++)
        /* Rows that repeat an address are UNSEEN. */
        status = write_row(&writer, row, &key, failure);
    for (size_t i = 0; i < audit->strays.count && status == STATUS_OK; i++)
        write_stray(&writer, &audit->strays.strays[i]);
    if (status == STATUS_OK)
        write_summary(&writer);
    if (status == STATUS_OK && output_failed(output))
        status = STATUS_IO;
    buffer_free(&key);
    free(writer.pairs);
    free(writer.was);
    return status;
}
