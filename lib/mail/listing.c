#include "mail/listing.h"

#include "base/ndjson.h"
#include "base/text.h"
#include "mail/auth_results.h"
#include "mail/extract.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* A string, or null for NULL. */
static json_t *text_or_null(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

static enum status message_json(const struct mail *mail, json_t **json, struct failure *failure)
{
    const struct mail_facts *facts = mail_facts(mail);
    struct auth_results *results = NULL;
    /* One that can't be read says nothing. */
    if (facts->authentication != NULL)
        (void)auth_results_parse(facts->authentication, &results, failure);
    const char *spf = results != NULL ? auth_results_of(results, "spf") : NULL;
    const char *dkim = results != NULL ? auth_results_of(results, "dkim") : NULL;
    const char *dmarc = results != NULL ? auth_results_of(results, "dmarc") : NULL;
    *json = json_pack("{s:{s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o, s:o, s:o}}}", "message",     //
                      "from", text_or_null(facts->from), "subject",                           //
                      text_or_null(facts->subject), "date", text_or_null(facts->date),        //
                      "message_id", text_or_null(facts->message_id), "verdicts",              //
                      "spam", text_or_null(facts->spam), "virus", text_or_null(facts->virus), //
                      "spf", text_or_null(spf), "dkim", text_or_null(dkim), "dmarc",          //
                      text_or_null(dmarc));
    auth_results_free(results);
    return *json != NULL ? STATUS_OK : fail_memory(failure);
}

static enum status part_json(const struct mail_part *part, json_t **json, struct failure *failure)
{
    *json = json_pack("{s:{s:s, s:o, s:I, s:b}}", "part", "type", part->type, "name",
                      text_or_null(part->name), "size", (json_int_t)part->size, "export",
                      extract_kind_of(part) != EXTRACT_NOTHING);
    return *json != NULL ? STATUS_OK : fail_memory(failure);
}

static enum status write_line(int file, json_t *json, struct failure *failure)
{
    enum status status = ndjson_write_json(file, json, failure);
    json_decref(json);
    return status;
}

enum status mail_list(const struct mail *mail, int file, struct failure *failure)
{
    json_t *json;
    enum status status = message_json(mail, &json, failure);
    if (status == STATUS_OK)
        status = write_line(file, json, failure);
    for (size_t i = 0; status == STATUS_OK && i < mail_part_count(mail); i++) {
        status = part_json(mail_part(mail, i), &json, failure);
        if (status == STATUS_OK)
            status = write_line(file, json, failure);
    }
    return status;
}

enum status mail_write_date(const struct mail *mail, int file, struct failure *failure)
{
    const struct mail_facts *facts = mail_facts(mail);
    struct buffer lines = {.limit = 0};
    char *id = strdup(facts->message_id != NULL ? facts->message_id : "");
    if (id != NULL)
        text_printable(id, strlen(id));
    bool made =
        id != NULL && buffer_printf(&lines, "%s\n%s\n", facts->date != NULL ? facts->date : "", id);
    enum status status = STATUS_OK;
    if (!made)
        status = fail_memory(failure);
    else if (!write_all(file, lines.bytes, lines.length))
        status = fail(failure, STATUS_IO, "standard output: %s", strerror(errno));
    free(id);
    buffer_free(&lines);
    return status;
}
