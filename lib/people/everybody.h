/*
 * Everybody whom the group has, page by page (actionnetwork.org/docs/v2/people): 25 at a time, in
 * no order that means anything, without a total. People who come or go meanwhile shift the pages:
 * one may be seen twice, another not at all.
 */
#ifndef PEOPLE_EVERYBODY_H
#define PEOPLE_EVERYBODY_H

#include "people/connection.h"

#include <stddef.h>

enum { PEOPLE_PAGE = 25 }; /* people on a page, unless it is the last one */

/* Takes one person (a person resource, but it may be anything); borrowed. */
typedef enum status people_take(void *context, const json_t *person, struct failure *failure);

/* Reads the pages, at most `jobs` at a time, and hands on each person in them. The end is an empty
 * page. With `since` (RFC 3339, UTC; NULL: everybody) only whom somebody changed after that. The
 * first status of `take` that is not STATUS_OK ends it; STATUS_DATA for a page that is none; else
 * as people_ask. */
enum status people_everybody(struct connection *connection, unsigned jobs, const char *since,
                             people_take *take, void *context, struct failure *failure);

/* How many people the group has, by looking for the last page: about twenty requests for ten
 * thousand. As people_everybody. */
enum status people_count(struct connection *connection, size_t *count, struct failure *failure);

#endif
