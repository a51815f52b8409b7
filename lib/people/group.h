/*
 * Which group a key opens, as a roster keeps it: {"url":URL,"key":FINGERPRINT}. The fingerprint is
 * salted (yescrypt, crypt(5)) and tells nothing of the key, not even whether two rosters have the
 * same.
 *
 * A key may be changed, and then it is another key of the same group or one of another group, where
 * the roster has no business. Action Network does not say which; the roster's own members do.
 */
#ifndef PEOPLE_GROUP_H
#define PEOPLE_GROUP_H

#include "people/connection.h"

#include <stddef.h>

struct people_group {
    json_t *group;     /* what the roster is to keep from now on; the caller's, NULL on error */
    bool known;        /* the roster had it so already */
    bool had_one;      /* or it had another */
    size_t asked, met; /* members who were asked for, and who of them are members there */
};

/* Compares the connection's key with the group that `roster` has, {"group":{...},"members":
 * [{"id":ID,"email":ADDRESS},...]} as roster-dump --group writes it (both may be missing;
 * borrowed). Where it is not known to be the same, the members are asked for, and most of them must
 * be there, with is_member "True". STATUS_CONFIG when they are not, and what to do; what people_ask
 * returns; STATUS_DATA when `roster` is none of that; STATUS_IO. */
enum status people_group(struct connection *connection, const json_t *roster,
                         struct people_group *found, struct failure *failure);

#endif
