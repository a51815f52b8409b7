#include "roster/group.h"

#include "base/record.h"
#include "base/text.h"

#include <string.h>

/* A run says the group from the moment on where it is known, and those that never got there come
 * few in a row. */
enum { A_FEW = 5, LAST_RUNS = 1000, LOOKED_AT = 1000 };

static enum status take_run(const json_t *run, void *context, struct failure *failure)
{
    json_t *group = json_object_get(run, "group");
    if (json_is_object(group) && json_object_set(context, "group", group) != 0)
        return fail_memory(failure);
    return STATUS_OK;
}

struct sample {
    json_t *with_id;
    json_t *without;
    size_t looked_at;
};

/* Ends the walk, by a status that is nobody else's, when there are enough with an id, or none has
 * one: a roster that was adopted before it knew ids. */
static enum status take_member(const struct roster_member *member, void *context,
                               struct failure *failure)
{
    struct sample *sample = context;
    json_t *few = member->id[0] != '\0' ? sample->with_id : sample->without;
    if (strcmp(member->digest, ROSTER_BEGUN_NEW) == 0)
        return STATUS_OK;
    sample->looked_at++;
    if (json_array_size(few) < A_FEW &&
        json_array_append_new(
            few, json_pack("{s:s, s:s}", "id", member->id, "email", member->email)) != 0)
        return fail_memory(failure);
    return json_array_size(sample->with_id) < A_FEW && sample->looked_at < LOOKED_AT ? STATUS_OK
                                                                                     : STATUS_USAGE;
}

enum status roster_group(struct roster *roster, json_t **group, struct failure *failure)
{
    struct sample sample = {json_array(), json_array(), 0};
    *group = json_object();
    enum status status = sample.with_id != NULL && sample.without != NULL && *group != NULL
                             ? roster_each_run(roster, LAST_RUNS, take_run, *group, failure)
                             : fail_memory(failure);
    if (status == STATUS_OK)
        status = roster_each(roster, take_member, &sample, failure);
    if (status == STATUS_USAGE)
        status = STATUS_OK;
    json_t *members = json_array_size(sample.with_id) > 0 ? sample.with_id : sample.without;
    if (status == STATUS_OK && json_object_set(*group, "members", members) != 0)
        status = fail_memory(failure);
    json_decref(sample.with_id);
    json_decref(sample.without);
    if (status != STATUS_OK) {
        json_decref(*group);
        *group = NULL;
    }
    return status;
}
