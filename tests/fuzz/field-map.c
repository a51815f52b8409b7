/* A field map, and behind a 0xFF a row: the map is refused or makes a person of the row. */
#include "fuzz.h"

#include "people/compare.h"
#include "people/person.h"

static void use(const struct field_map *map, const char *text, size_t length)
{
    struct failure failure = {""};
    json_error_t error;
    json_t *row = json_loadb(text, length, 0, &error);
    json_t *body = NULL;
    json_t *columns = field_map_columns(map);
    require(strlen(field_map_digest(map)) == 32 && json_is_array(columns));
    if (json_is_object(row)) {
        json_decref(field_map_missing(map, row));
        if (person_from_row(map, row, NULL, &body, &failure) == STATUS_OK) {
            json_t *none = json_object();
            json_decref(person_differences(person_of(body), none, false));
            json_decref(person_differences(person_of(body), person_of(body), true));
            json_decref(none);
        }
        json_decref(body);
        body = NULL;
        (void)person_from_row(map, row, row, &body, &failure);
        json_decref(body);
    }
    json_decref(columns);
    json_decref(row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct field_map *map = NULL;
    struct failure failure = {""};
    char path[64];
    const uint8_t *part = memchr(data, 0xFF, size);
    size_t length = part != NULL ? (size_t)(part - data) : size;
    int file = make_file(data, length, path);
    enum status status = field_map_load(path, &map, &failure);
    require((status == STATUS_OK) == (map != NULL));
    if (map != NULL && part != NULL)
        use(map, (const char *)part + 1, size - length - 1);
    field_map_free(map);
    (void)close(file);
    return 0;
}
