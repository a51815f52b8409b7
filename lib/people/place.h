/*
 * Countries and states, and the names that people and Action Network have for them. Names count
 * without regard to the case of ASCII letters, blanks, and what stands between words: "U.S.A." is
 * "USA".
 */
#ifndef PLACE_H
#define PLACE_H

#include <stdbool.h>

enum { PLACE_CODE = 2 }; /* letters of a country's code */

/* Whether two texts name the same country: two or three letters of ISO 3166-1, or a name in
 * English. False for a text that names none. */
bool place_same_country(const char *one, const char *other);

/* The same of a state or territory of the United States, or a province of Canada, by its two
 * letters or its name. */
bool place_same_region(const char *one, const char *other);

/* The country's two letters (ISO 3166-1), of which PLACE_CODE count: more follows them. NULL when
 * the text names no country. Not to be freed. */
const char *place_country(const char *name);

/* Whether the country of these two letters uses the ZIP codes of the United States' Postal Service
 * (Publication 28). */
bool place_has_zip(const char *code);

#endif
