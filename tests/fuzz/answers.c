/* What Action Network answers, compared with what was asked for. */
#include "fuzz.h"

#include "base/uuid.h"
#include "people/compare.h"
#include "people/people.h"
#include "people/person.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static json_t *asked;
    json_error_t error;
    const json_t *found = NULL;
    if (asked == NULL)
        asked = json_pack("{s:{s:[{s:s}], s:s, s:[{s:[s], s:s, s:s, s:s}], s:{s:s, s:s}}}",
                          "person", "email_addresses", "address", "rosa@example.org", "given_name",
                          "Rosa", "postal_addresses", "address_lines", "1 Main St", "region", "MA",
                          "postal_code", "02111", "country", "US", "custom_fields", "Phone", "617",
                          "is_member", "True");
    require(asked != NULL);
    json_t *answer = json_loadb((const char *)data, size, JSON_ALLOW_NUL, &error);
    if (json_is_object(answer)) {
        if (people_found(answer, "rosa@example.org", &found) && found != NULL)
            require(person_has_address(found, "rosa@example.org"));
        json_decref(person_differences(person_of(asked), answer, false));
        json_decref(person_differences(person_of(asked), answer, true));
        const char *id = person_id(answer);
        require(id == NULL || uuid_is(id));
        json_t *body = json_deep_copy(asked);
        json_decref(person_respect_overrides(body, answer));
        json_decref(body);
        (void)person_address(answer);
    }
    json_decref(answer);
    return 0;
}
