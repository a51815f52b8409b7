#include "people/group.h"

#include "base/text.h"
#include "base/uuid.h"
#include "people/ask.h"
#include "people/field_map.h"
#include "people/people.h"
#include "people/person.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

/* The key's fingerprint with the salt that is in `setting`, a new string in `*print`; NULL on
 * error, and for a setting that is none. */
static enum status fingerprint(const char *key, const char *setting, char **print,
                               struct failure *failure)
{
    struct crypt_data *room = calloc(1, sizeof *room);
    *print = NULL;
    if (room == NULL)
        return fail_memory(failure);
    const char *made = crypt_rn(key, setting, room, (int)sizeof *room);
    if (made != NULL)
        *print = strdup(made);
    explicit_bzero(room, sizeof *room);
    free(room);
    return made == NULL || *print != NULL ? STATUS_OK : fail_memory(failure);
}

/* Whether the roster's group is this key's, as far as the fingerprint knows. */
static enum status is_known(const struct connection *connection, const json_t *group, bool *known,
                            struct failure *failure)
{
    const char *url = json_string_value(json_object_get(group, "url"));
    const char *kept = json_string_value(json_object_get(group, "key"));
    char *print = NULL;
    *known = false;
    if (url == NULL || kept == NULL || strcmp(url, connection->service) != 0)
        return STATUS_OK;
    enum status status = fingerprint(connection->key, kept, &print, failure);
    *known = print != NULL && strcmp(print, kept) == 0;
    free(print);
    return status;
}

/* The group as it is to be kept, with a salt of its own. A key is long and random: nobody tries
 * them all, however quickly one is tried, so the cheapest yescrypt will do. */
static enum status make(const struct connection *connection, json_t **group,
                        struct failure *failure)
{
    char *print = NULL;
    char *setting = crypt_gensalt_ra("$y$", 1, NULL, 0);
    enum status status = setting != NULL
                             ? fingerprint(connection->key, setting, &print, failure)
                             : fail(failure, STATUS_IO, "no random numbers for a fingerprint");
    if (status == STATUS_OK && print == NULL)
        status =
            fail(failure, STATUS_IO, "the key's fingerprint cannot be made: yescrypt is missing");
    if (status == STATUS_OK)
        *group = json_pack("{s:s, s:s}", "url", connection->service, "key", print);
    free(setting);
    free(print);
    return status != STATUS_OK || *group != NULL ? status : fail_memory(failure);
}

struct asking {
    const struct connection *connection;
    const json_t *members;
    struct people_group *found;
};

/* By the id, or by the address of a member who has none. */
static enum status next(void *context, char **url, uintptr_t *number, struct failure *failure)
{
    struct asking *asking = context;
    *url = NULL;
    if (asking->found->asked >= json_array_size(asking->members))
        return STATUS_OK;
    *number = asking->found->asked++;
    const json_t *member = json_array_get(asking->members, *number);
    const char *id = json_string_value(json_object_get(member, "id"));
    const char *email = json_string_value(json_object_get(member, "email"));
    if (uuid_is(id))
        *url = people_url(asking->connection->service, id);
    else if (email != NULL)
        *url = people_lookup_url(asking->connection->service, email);
    else
        return fail(failure, STATUS_DATA, "a member of the roster has neither id nor address");
    return *url != NULL ? STATUS_OK : fail_memory(failure);
}

static enum status answered(void *context, uintptr_t number, const struct http_answer *answer,
                            struct failure *failure)
{
    struct asking *asking = context;
    const json_t *member = json_array_get(asking->members, number);
    const char *id = json_string_value(json_object_get(member, "id"));
    const json_t *person = answer->code <= 299 ? answer->json : NULL;
    (void)failure;
    if (!uuid_is(id)) {
        const char *email = json_string_value(json_object_get(member, "email"));
        if (person == NULL || !people_found(answer->json, email, &person))
            person = NULL;
    } else if (person != NULL) {
        person = ascii_equal(person_id(person), id) ? person : NULL;
    }
    const char *value = json_string_value(
        json_object_get(json_object_get(person, "custom_fields"), FIELD_IS_MEMBER));
    if (value != NULL && ascii_equal(value, "True"))
        asking->found->met++;
    return STATUS_OK;
}

enum status people_group(struct connection *connection, const json_t *roster,
                         struct people_group *found, struct failure *failure)
{
    *found = (struct people_group){.group = NULL};
    json_t *group = json_object_get(roster, "group");
    struct asking asking = {connection, json_object_get(roster, "members"), found};
    const struct people_questions questions = {next, answered, &asking};
    enum status status = is_known(connection, group, &found->known, failure);
    found->had_one = group != NULL;
    if (status == STATUS_OK && found->known) {
        found->group = json_incref(group);
        return STATUS_OK;
    }
    if (status == STATUS_OK)
        status = people_ask(connection, 1, &questions, failure);
    if (status == STATUS_OK && found->asked > 0 && 2 * found->met <= found->asked)
        return fail(
            failure, STATUS_CONFIG,
            "the roster is of another group than the key: of %zu members of the roster, the "
            "key's group has %zu. Nothing was sent. Each group has a roster of its own: "
            "give each an AN_STATE and, where that is set, an AN_ROSTER, or a "
            "configuration (an-sync -c CONFIG) that sets them",
            found->asked, found->met);
    return status == STATUS_OK ? make(connection, &found->group, failure) : status;
}
