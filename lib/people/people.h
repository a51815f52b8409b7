/*
 * People in Action Network's API v2 (actionnetwork.org/docs/v2/people): their URLs, and finding one
 * by address.
 */
#ifndef PEOPLE_H
#define PEOPLE_H

#include <jansson.h>
#include <stdbool.h>

#define PEOPLE_SERVICE "https://actionnetwork.org/api/v2"

/* Behind the service's URL: what whoever has a key may GET, as a question whether all is well. */
#define PEOPLE_PROBE "/people?page=1"

/* SERVICE/people, or SERVICE/people/ID when `id` is not NULL, as a new string; NULL without memory.
 */
char *people_url(const char *service, const char *id);

/* SERVICE/people?filter=email_address eq 'ADDRESS', encoded, apostrophes doubled, as a new string;
 * NULL without memory. */
char *people_lookup_url(const char *service, const char *address);

/* Looks for the person of this very address (address_equal) in a lookup's answer:
 * borrowed from it, NULL when there is none. False when the answer says neither that there is
 * nobody nor who it is: then nothing is known. */
bool people_found(const json_t *answer, const char *address, const json_t **person);

#endif
