#include "send/sender.h"

#include "base/text.h"
#include "people/compare.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum sender_step sender_send(struct sender_job *job, const char *method, char *url,
                             const json_t *body)
{
    free(job->url);
    json_decref(job->send);
    job->method = method;
    job->url = url;
    job->send = json_incref((json_t *)body);
    return url != NULL ? SENDER_SEND : SENDER_NO_MEMORY;
}

bool sender_note(struct sender_job *job, const char *name, json_t *value)
{
    if (json_is_array(value) && json_array_size(value) == 0) {
        json_decref(value);
        return true;
    }
    return json_object_set_new(job->result, name, value) == 0;
}

enum sender_step sender_ok(struct sender_job *job, const char *note)
{
    json_decref(job->result);
    job->result = json_pack("{s:s}", "status", "ok");
    if (job->result == NULL || (note != NULL && !sender_note(job, "note", json_string(note))))
        return SENDER_NO_MEMORY;
    return SENDER_DONE;
}

enum sender_step sender_failed(struct sender_job *job, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    json_t *error = json_vsprintf(format, arguments);
    va_end(arguments);
    json_decref(job->result);
    job->result = json_pack("{s:s, s:o}", "status", "failed", "error", error);
    return job->result != NULL ? SENDER_DONE : SENDER_NO_MEMORY;
}

enum sender_step sender_wrong_person(struct sender_job *job)
{
    return sender_failed(job, "Action Network answered with another person than the one asked for");
}

bool sender_is_about(const struct sender_job *job, const json_t *person)
{
    return ascii_equal(person_id(person), job->id) &&
           json_array_size(json_object_get(person, "email_addresses")) > 0;
}

enum sender_step sender_refused(struct sender_job *job, const struct http_answer *answer)
{
    return sender_failed(job, "%s", answer->error);
}

bool sender_take_id(struct sender_job *job, const char *id)
{
    char *copy = id != NULL ? strdup(id) : NULL;
    if (copy == NULL)
        return id == NULL;
    free(job->id);
    job->id = copy;
    return true;
}

bool sender_has_failed(const struct sender_job *job)
{
    const char *status = json_string_value(json_object_get(job->result, "status"));
    return status != NULL && strcmp(status, "failed") == 0;
}

/* An object's keys as a new array; NULL when memory runs out. */
static json_t *names_of(const json_t *object)
{
    json_t *names = json_array();
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value)
    {
        if (names != NULL && json_array_append_new(names, json_string(name)) != 0) {
            json_decref(names);
            names = NULL;
        }
    }
    return names;
}

enum sender_step sender_compare(struct sender_job *job, const struct http_answer *answer)
{
    json_t *unapplied = person_differences(job->body, answer->json, false);
    if (unapplied == NULL)
        return SENDER_NO_MEMORY;
    enum sender_step step;
    if (json_object_get(unapplied, "email_addresses") != NULL)
        step = sender_wrong_person(job);
    else if (json_object_get(unapplied, "custom_fields.is_member") != NULL)
        step = sender_failed(job,
                             "Action Network did not take is_member; does the custom field exist?");
    else
        step = sender_ok(job, NULL);
    if (step == SENDER_DONE && !sender_has_failed(job)) {
        if (!sender_take_id(job, person_id(answer->json)) ||
            !sender_note(job, "unapplied", names_of(unapplied)) ||
            (job->overridden != NULL &&
             !sender_note(job, "overridden", json_incref(job->overridden))))
            step = SENDER_NO_MEMORY;
    }
    json_decref(unapplied);
    return step;
}

bool sender_respect_overrides(struct sender_job *job, const json_t *person)
{
    if (!job->overrides)
        return true;
    if (job->whole == NULL)
        job->whole = json_incref(job->body);
    json_decref(job->body);
    json_decref(job->overridden);
    job->body = json_deep_copy(job->whole);
    job->overridden = job->body == NULL || person == NULL
                          ? json_array()
                          : person_respect_overrides(job->body, person);
    return job->body != NULL && job->overridden != NULL;
}

enum sender_step sender_took_lapse(struct sender_job *job, const struct http_answer *answer)
{
    json_t *unapplied = person_differences(job->send, answer->json, false);
    bool member = json_object_get(unapplied, "custom_fields.is_member") != NULL;
    bool compared = unapplied != NULL;
    json_decref(unapplied);
    if (!compared)
        return SENDER_NO_MEMORY;
    if (member)
        return sender_failed(job, "Action Network did not take is_member for the older address");
    return SENDER_DONE;
}
