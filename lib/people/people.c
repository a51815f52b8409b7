#include "people/people.h"

#include "base/text.h"
#include "http/url.h"
#include "people/person.h"

#include <stdlib.h>
#include <string.h>

char *people_url(const char *service, const char *id)
{
    struct buffer url = {.limit = 0};
    if (!buffer_printf(&url, "%s/people%s%s", service, id != NULL ? "/" : "", id != NULL ? id : ""))
        buffer_free(&url);
    return url.bytes;
}

char *people_lookup_url(const char *service, const char *address)
{
    struct buffer filter = {.limit = 0};
    struct buffer url = {.limit = 0};
    char *encoded = NULL;
    bool made = buffer_printf(&filter, "email_address eq '");
    for (const char *at = address; made && *at != '\0'; at++)
        made = buffer_append(&filter, "''", *at == '\'' ? 1 : 0) && buffer_append(&filter, at, 1);
    if (made && buffer_append(&filter, "'", 1))
        encoded = http_encode(filter.bytes);
    if (encoded == NULL || !buffer_printf(&url, "%s/people?filter=%s", service, encoded))
        buffer_free(&url);
    free(encoded);
    buffer_free(&filter);
    return url.bytes;
}

bool people_found(const json_t *answer, const char *address, const json_t **person)
{
    const json_t *people = json_object_get(json_object_get(answer, "_embedded"), "osdi:people");
    size_t index;
    const json_t *one;
    *person = NULL;
    json_array_foreach(people, index, one)
    {
        if (person_has_address(one, address)) {
            *person = one;
            return true;
        }
    }
    return json_is_array(people) && json_array_size(people) == 0;
}
