/*
 * The field map: from a row of the export to a person of Action Network (OSDI 1.1.1).
 *
 * The map is JSON, data not code, described in an-sync-fields(5); the built-in one serves a
 * DSA-style ActionKit export and names every spelling its columns have had.
 */
#ifndef PERSON_H
#define PERSON_H

#include "base/status.h"

#include <jansson.h>
#include <stdbool.h>

struct field_map;

/* Loads the map from `path`; NULL stands for $AN_FIELD_MAP, else for the built-in one. The map is
 * the caller's, to be given to field_map_free; NULL on error. STATUS_CONFIG names the file and the
 * place in it, such as "map.json: custom_fields.Phone.as: ..." or "map.json:3:14: ..."; STATUS_IO
 * when memory runs out. */
enum status field_map_load(const char *path, struct field_map **map, struct failure *failure);

/* NULL is harmless. */
void field_map_free(struct field_map *map);

/* The map as JSON. Borrowed. */
const json_t *field_map_json(const struct field_map *map);

/* 32 hexadecimal digits that are the same for maps of the same meaning (order of keys and white
 * space do not count): XXH3's 128 bits over the sorted, compact JSON. Borrowed. */
const char *field_map_digest(const struct field_map *map);

/* Every column name that the map uses, normalized, each once, in the order in which a person's
 * fields are sent: a new array of strings, the caller's; NULL when memory runs out. */
json_t *field_map_columns(const struct field_map *map);

/* Those that the address is taken from, the first choice first; as above. */
json_t *field_map_keys(const struct field_map *map);

/* The fields of the map for which `row` has none of their columns, as a new array of strings such
 * as "given_name (first_name)" or "custom_fields.AK_ID (akid, ak_id)"; NULL when memory runs out.
 * For the one report on stderr. */
json_t *field_map_missing(const struct field_map *map, const json_t *row);

/* The request body for a row: {"person":{...},"add_tags":[...]}, a new reference in `*body`, NULL
 * on error. Empty values are left out. With `was` (the older values of the columns that changed;
 * may be NULL) each field that had a value then and has none now is sent as null; is_member never
 * is. An address has its constant country only beside another part. Columns' names may be spelled
 * in any case; a number stands for its text. STATUS_DATA when `row` is not an object, a value is an
 * array or an object, or there is no email address; STATUS_IO when memory runs out. */
enum status person_from_row(const struct field_map *map, const json_t *row, const json_t *was,
                            json_t **body, struct failure *failure);

/* The email address of a row, as person_from_row would send it, before the change of the older
 * values `was`: a new string in `*address`, NULL when they are not of the address, when it was
 * empty, or on error. STATUS_DATA and STATUS_IO as above. */
enum status person_older_address(const struct field_map *map, const json_t *row, const json_t *was,
                                 char **address, struct failure *failure);

/* The body that lapses: {"person":{"email_addresses":[{"address":EMAIL}],
 * "custom_fields":{"is_member":"False"}}}; NULL when memory runs out. */
json_t *person_lapsed(const char *email);

/* In what follows `body` may also be a bare person, without the object that holds it. */

/* The person in the body, or the body itself when that is a bare person. Borrowed. */
json_t *person_of(const json_t *body);

/* The address that the body asks for; NULL when it has none. Borrowed from `body`. */
const char *person_address(const json_t *body);

/* Whether a person resource has this address, as address_equal compares them. */
bool person_has_address(const json_t *person, const char *address);

/* Whether a value is absent (NULL), null, or "". */
bool person_is_nothing(const json_t *value);

/* Takes out of `body` each field for which `existing` (a person resource) has a non-empty custom
 * field "override_<field>", <field> being the name of a custom field or of a person's or address's
 * field such as given_name or postal_code, without regard to ASCII case. The email address always
 * stays, and an address of which only the country would be left goes. "override_postal_addresses"
 * stands for the whole address. Returns the names taken out, written as person_differences
 * writes them, as a new array; NULL when memory runs out, and then `body` may have lost some of
 * them. */
json_t *person_respect_overrides(json_t *body, const json_t *existing);

/* The UUID in the resource's "identifiers" ("action_network:UUID"), else in its self link; NULL
 * when there is none that has the form of a UUID. Borrowed from the resource. */
const char *person_id(const json_t *resource);

#endif
