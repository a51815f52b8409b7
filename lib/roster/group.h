/*
 * The group that a roster belongs to: that of the last run in the history that says one.
 */
#ifndef ROSTER_GROUP_H
#define ROSTER_GROUP_H

#include "base/status.h"
#include "roster/roster.h"

#include <jansson.h>

/* Reads {"group":{...},"members":[{"id":ID,"email":ADDRESS},...]} into a new object: the group as
 * the run's record has it (none: the roster has not learned it yet), and a few members by whom
 * Action Network can be asked whether it is the same, those with an id if one of the first thousand
 * has one. `*group` is the caller's, NULL on error. What roster_each and roster_each_run return. */
enum status roster_group(struct roster *roster, json_t **group, struct failure *failure);

#endif
