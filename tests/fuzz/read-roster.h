/* All that is read from a roster, which may be damaged. */
#ifndef READ_ROSTER_H
#define READ_ROSTER_H

#include "fuzz.h"

#include "roster/roster.h"
#include "roster/row.h"

static enum status visit(const struct roster_member *member, void *context, struct failure *failure)
{
    (void)context, (void)failure;
    require(member->email != NULL && member->id != NULL && member->digest != NULL);
    json_decref(row_fields(member->columns, member->columns_length));
    json_decref(row_fields(member->row, member->row_length));
    return STATUS_OK;
}

static enum status visit_run(const json_t *run, void *context, struct failure *failure)
{
    (void)context, (void)failure;
    require(json_is_object(run));
    return STATUS_OK;
}

static inline void read_roster(struct roster *roster)
{
    struct failure failure = {""};
    json_t *columns = NULL;
    (void)roster_columns(roster, &columns, &failure);
    (void)roster_each(roster, visit, NULL, &failure);
    (void)roster_each_run(roster, 20, visit_run, NULL, &failure);
    json_decref(columns);
}

#endif
