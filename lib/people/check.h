/*
 * Whether Action Network can be used as it is configured: the question before the first run.
 */
#ifndef PEOPLE_CHECK_H
#define PEOPLE_CHECK_H

#include "people/connection.h"
#include "people/person.h"

/* Asks for a page of people, which proves the key, and for the custom fields that the group knows.
 * `*unknown` becomes the map's custom fields that it does not know, a new array of strings, the
 * caller's; NULL on error. STATUS_DATA for an answer that cannot be understood; else as people_ask.
 */
enum status people_check(struct connection *connection, const struct field_map *map,
                         json_t **unknown, struct failure *failure);

#endif
