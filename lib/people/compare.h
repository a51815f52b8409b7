/*
 * A person as Action Network has it beside a person as it should be: the one comparison, for
 * answers to what was sent and for people who are read.
 */
#ifndef COMPARE_H
#define COMPARE_H

#include <jansson.h>
#include <stdbool.h>

/* What differs, as a new object, the caller's, in the order in which a person is written:
 *
 *   {"given_name":{"is":"Karl","should":"Rosa"}, "custom_fields.Phone":{"is":null,"should":"617"}}
 *
 * Names are "email_addresses" (as its first address), "given_name", "family_name",
 * "postal_addresses.PART", and "custom_fields.NAME" with the name as it is in `should`. Empty when
 * all is as it should be; NULL when memory runs out.
 *
 * `should` is a request body or a bare person; only its fields are compared, and null in it asks
 * for an absent, null or empty value. `is` is a person resource as Action Network returns it
 * (OSDI 1.1.1), but may be anything, NULL too; of its addresses the primary one counts, else the
 * first, of its e-mail addresses any. With `overrides`, fields for which `is` has an override are
 * left out, as person_respect_overrides says.
 *
 * No difference is what Action Network writes in its own way:
 *   - an e-mail address as address_equal compares it
 *   - the parts of a postal address without regard to Unicode case, empty lines left out; a ZIP
 * code with or without its four further digits; a state or a country by its letters or its name
 *   - the case of a custom field's name, where no field has the very name
 *   - what is no string, by its JSON: "True" is true */
json_t *person_differences(const json_t *should, const json_t *is, bool overrides);

#endif
