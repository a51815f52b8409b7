/* What comes back from Action Network, or was read from it. Any value may be of any type. */
#include "people/person.h"

#include "base/text.h"
#include "base/uuid.h"
#include "people/address.h"

#include <stdlib.h>
#include <string.h>

json_t *person_of(const json_t *body)
{
    json_t *person = json_object_get(body, "person");
    return json_is_object(person) ? person : (json_t *)body;
}

const char *person_address(const json_t *body)
{
    const json_t *addresses = json_object_get(person_of(body), "email_addresses");
    const char *address =
        json_string_value(json_object_get(json_array_get(addresses, 0), "address"));
    return address != NULL && address[0] != '\0' ? address : NULL;
}

/* Appends "parent.name", or "name" without a parent. False when memory runs out. */
static bool append_path(json_t *paths, const char *parent, const char *name)
{
    struct buffer path = {.limit = 0};
    bool done = parent == NULL ? buffer_printf(&path, "%s", name)
                               : buffer_printf(&path, "%s.%s", parent, name);
    done = done && json_array_append_new(paths, json_stringn(path.bytes, path.length)) == 0;
    buffer_free(&path);
    return done;
}

bool person_has_address(const json_t *person, const char *address)
{
    size_t index;
    const json_t *entry;
    json_array_foreach(json_object_get(person, "email_addresses"), index, entry)
    {
        if (address_equal(json_string_value(json_object_get(entry, "address")), address))
            return true;
    }
    return false;
}

bool person_is_nothing(const json_t *value)
{
    return value == NULL || json_is_null(value) ||
           (json_is_string(value) && json_string_length(value) == 0);
}

/* ---- overrides ---- */

static const char override_prefix[] = "override_";

/* The normalized names of the fields that `existing` overrides, as the keys of a new object; NULL
 * when memory runs out. */
static json_t *overridden_names(const json_t *existing)
{
    json_t *names = json_object();
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(existing, "custom_fields"), name, value)
    {
        if (names == NULL || person_is_nothing(value))
            continue;
        char *normalized = text_normalized(name);
        bool failed = normalized == NULL;
        if (!failed && text_begins(normalized, override_prefix))
            failed = json_object_set_new(names, normalized + sizeof override_prefix - 1,
                                         json_true()) != 0;
        free(normalized);
        if (failed) {
            json_decref(names);
            names = NULL;
        }
    }
    return names;
}

/* Takes the overridden fields out of `object`, which are called parent.field, and appends them to
 * `taken`. False when memory runs out. */
static bool take_out(json_t *object, const char *parent, const json_t *names, json_t *taken)
{
    const char *name;
    json_t *value;
    void *next;
    json_object_foreach_safe(object, next, name, value)
    {
        if (parent == NULL &&
            (strcmp(name, "email_addresses") == 0 || strcmp(name, "custom_fields") == 0))
            continue;
        char *normalized = text_normalized(name);
        if (normalized == NULL)
            return false;
        bool overridden = json_object_get(names, normalized) != NULL;
        free(normalized);
        if (!overridden)
            continue;
        if (!append_path(taken, parent, name))
            return false;
        (void)json_object_del(object, name);
    }
    return true;
}

/* Takes the fields out of every address, and an address of which at most its country is left out
 * of the person. */
static bool take_out_postal(json_t *person, const json_t *names, json_t *taken)
{
    json_t *addresses = json_object_get(person, "postal_addresses");
    for (size_t i = json_array_size(addresses); i-- > 0;) {
        json_t *address = json_array_get(addresses, i);
        size_t before = json_object_size(address);
        if (!take_out(address, "postal_addresses", names, taken))
            return false;
        size_t left = json_object_size(address);
        bool country = json_object_get(address, "country") != NULL;
        if (left == before || left > (country ? 1 : 0))
            continue;
        if (country && !append_path(taken, "postal_addresses", "country"))
            return false;
        (void)json_array_remove(addresses, i);
    }
    if (json_is_array(addresses) && json_array_size(addresses) == 0)
        (void)json_object_del(person, "postal_addresses");
    return true;
}

json_t *person_respect_overrides(json_t *body, const json_t *existing)
{
    json_t *person = person_of(body);
    json_t *names = overridden_names(existing);
    json_t *taken = json_array();
    bool done = names != NULL && taken != NULL;
    if (done && json_object_size(names) > 0) {
        json_t *custom = json_object_get(person, "custom_fields");
        done = take_out_postal(person, names, taken) &&
               take_out(custom, "custom_fields", names, taken) &&
               take_out(person, NULL, names, taken);
        if (json_is_object(custom) && json_object_size(custom) == 0)
            (void)json_object_del(person, "custom_fields");
    }
    json_decref(names);
    if (done)
        return taken;
    json_decref(taken);
    return NULL;
}

/* ---- the id ---- */

const char *person_id(const json_t *resource)
{
    static const char prefix[] = "action_network:";
    const json_t *identifiers = json_object_get(resource, "identifiers");
    for (size_t i = 0; i < json_array_size(identifiers); i++) {
        const char *identifier = json_string_value(json_array_get(identifiers, i));
        if (text_begins(identifier, prefix) && uuid_is(identifier + sizeof prefix - 1))
            return identifier + sizeof prefix - 1;
    }
    const json_t *self = json_object_get(json_object_get(resource, "_links"), "self");
    const char *link = json_string_value(json_object_get(self, "href"));
    const char *slash = link == NULL ? NULL : strrchr(link, '/');
    return slash != NULL && uuid_is(slash + 1) ? slash + 1 : NULL;
}
