#include "send/requests.h"

#include "people/people.h"

#include <jansson.h>

enum sender_step sender_look_up(struct sender_job *job, const char *address, int stage)
{
    job->stage = stage;
    return sender_send(job, "GET", people_lookup_url(job->service, address), NULL);
}

enum sender_step sender_read(struct sender_job *job, int stage)
{
    job->stage = stage;
    return sender_send(job, "GET", people_url(job->service, job->id), NULL);
}

enum sender_step sender_post(struct sender_job *job, int stage)
{
    job->stage = stage;
    return sender_send(job, "POST", people_url(job->service, NULL), job->body);
}

enum sender_step sender_put(struct sender_job *job, int stage)
{
    const char *id = job->id == NULL && job->dry_run ? "{id}" : job->id;
    job->stage = stage;
    return sender_send(job, "PUT", people_url(job->service, id),
                       json_object_get(job->body, "person"));
}
