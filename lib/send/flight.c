#include "send/flight.h"

#include "base/record.h"
#include "base/text.h"
#include "base/unicode.h"
#include "base/uuid.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

void flight_free(struct flight *flight)
{
    if (flight == NULL)
        return;
    json_decref(flight->record);
    json_decref(flight->job.body);
    json_decref(flight->job.whole);
    json_decref(flight->job.send);
    json_decref(flight->job.result);
    json_decref(flight->job.refusal);
    free(flight->job.id);
    free(flight->job.older_id);
    json_decref(flight->job.overridden);
    free(flight->job.url);
    free(flight->older);
    free(flight->line);
    free(flight);
}

static uint64_t hash(const char *key)
{
    return XXH3_64bits(key, strlen(key));
}

/* Takes the address before the change, when it is another one but for its case. False without
 * memory. */
static bool read_older(struct flight *flight, const struct field_map *map)
{
    struct failure ignored;
    const json_t *was = json_object_get(flight->record, "was");
    char *older = NULL;
    if (json_object_size(was) == 0 || flight->job.row == NULL)
        return true;
    if (person_older_address(map, flight->job.row, was, &older, &ignored) == STATUS_IO)
        return false;
    if (older != NULL)
        older[text_normalize(older, older, strlen(older))] = '\0';
    if (older == NULL || unicode_equal(older, flight->job.key)) {
        free(older);
        return true;
    }
    flight->older = older;
    flight->job.older = older;
    flight->older_hash = hash(older);
    return true;
}

/* Fills in what the record says of the job. False without memory. */
static bool read_job(struct flight *flight, const char *service, const struct field_map *map,
                     const struct sender_options *options)
{
    struct sender_job *job = &flight->job;
    const json_t *row = json_object_get(flight->record, "row");
    const char *key = ndjson_string(flight->record, "key");
    const char *id = ndjson_string(row, ROSTER_ID_COLUMN);
    job->record = flight->record;
    job->row = json_is_object(row) ? row : NULL;
    job->key = key != NULL ? key : "";
    job->service = service;
    job->dry_run = options->dry_run;
    job->overrides = options->overrides;
    flight->key_hash = hash(job->key);
    flight->older_hash = flight->key_hash;
    if (!read_older(flight, map))
        return false;
    flight->id_hash = flight->key_hash;
    if (!uuid_is(id))
        return true;
    flight->id_hash = hash(id);
    const char *state = ndjson_string(row, ROSTER_MAP_COLUMN);
    bool may_be_elsewhere = text_begins(state, ROSTER_BEGUN_MOVE);
    bool is_lapse = ascii_equal(ndjson_string(flight->record, "change"), "lapsed");
    /* Whoever lapses after a move that is in doubt is whoever has the address. */
    if (is_lapse && (may_be_elsewhere || ascii_equal(state, ROSTER_BEGUN_NEW)))
        return true;
    if ((job->id = strdup(id)) == NULL)
        return false;
    if (job->older == NULL && may_be_elsewhere)
        job->older = job->key;
    return true;
}

enum status flight_new(const struct ndjson_reader *reader, const struct ndjson_line *line,
                       const char *service, const struct field_map *map,
                       const struct sender_options *options, struct flight **flight,
                       struct failure *failure)
{
    *flight = NULL;
    struct flight *made = calloc(1, sizeof *made);
    if (made == NULL)
        return fail_memory(failure);
    enum status status = ndjson_parse(reader, line, &made->record, failure);
    if (status == STATUS_OK) {
        made->line = malloc(line->length + 1);
        made->length = line->length;
        if (made->line == NULL || !read_job(made, service, map, options))
            status = fail_memory(failure);
        else
            memcpy(made->line, line->bytes, line->length);
    }
    if (status == STATUS_OK)
        *flight = made;
    else
        flight_free(made);
    return status;
}

bool flight_must_wait(const struct flight *flight, const struct flight *active)
{
    if (active != NULL && json_object_get(flight->record, "summary") != NULL)
        return true;
    if (flight->job.key[0] == '\0')
        return false;
    for (const struct flight *at = active; at != NULL; at = at->next)
        if (at->key_hash == flight->key_hash || at->key_hash == flight->older_hash ||
            at->older_hash == flight->key_hash || at->older_hash == flight->older_hash ||
            at->id_hash == flight->id_hash)
            return true;
    return false;
}

json_t *flight_result(const struct flight *flight, const char *digest)
{
    const json_t *given = flight->job.result;
    const char *status = ndjson_string(given, "status");
    bool ok = status != NULL && strcmp(status, "ok") == 0;
    json_t *result = json_pack("{s:s}", "status", status);
    bool made = result != NULL;
    if (made && flight->code > 0)
        made = json_object_set_new(result, "http", json_integer(flight->code)) == 0;
    if (made && ok && flight->job.id != NULL)
        made = json_object_set_new(result, "id", json_string(flight->job.id)) == 0;
    if (made && flight->attempts > 0)
        made = json_object_set_new(result, "attempts", json_integer(flight->attempts)) == 0;
    if (made && ok)
        made = json_object_set_new(result, "map", json_string(digest)) == 0;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)given, name, value)
    {
        made = made && json_object_set(result, name, value) == 0;
    }
    if (made)
        return result;
    json_decref(result);
    return NULL;
}

bool flight_defer(struct flight *flight)
{
    json_decref(flight->job.result);
    flight->job.result = json_pack("{s:s}", "status", "deferred");
    return flight->job.result != NULL;
}

bool flight_dry(struct flight *flight)
{
    struct sender_job *job = &flight->job;
    json_decref(job->result);
    job->result = json_pack("{s:s, s:{s:s, s:s, s:O*}}", "status", "dry-run", "request", "method",
                            job->method, "url", job->url, "body", job->send);
    return job->result != NULL;
}
