#include "people/field_map.h"

#include "base/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum status field_refuse(const char *file, const char *path, const char *key, const char *why,
                         const char *detail, struct failure *failure)
{
    bool detailed = detail != NULL;
    enum status status = fail(failure, STATUS_CONFIG, "%.300s: %.200s%s%s: %s%s%.300s%s", file,
                              path, key == NULL ? "" : ".", key == NULL ? "" : key, why,
                              detailed ? " \"" : "", detailed ? detail : "", detailed ? "\"" : "");
    text_printable(failure->text, sizeof failure->text - 1); /* a map may hold anything */
    return status;
}

/* What field_compile was given. */
struct source {
    const char *file;
    struct failure *failure;
};

/* Refuses what the field says under `key`, or the field itself when that is NULL. */
static enum status refuse(struct source *source, const struct field *field, const char *key,
                          const char *why)
{
    return field_refuse(source->file, field->path, key, why, NULL, source->failure);
}

static bool is_text(const json_t *value)
{
    const char *text = json_string_value(value);
    return text != NULL && text[strspn(text, " \t\r\n")] != '\0';
}

bool field_is_text(const json_t *value)
{
    if (!json_is_array(value))
        return is_text(value);
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!is_text(json_array_get(value, i)))
            return false;
    return json_array_size(value) > 0;
}

static bool append_normalized(json_t *columns, const json_t *column)
{
    char *name = text_normalized(json_string_value(column));
    bool appended = name != NULL && json_array_append_new(columns, json_string(name)) == 0;
    free(name);
    return appended;
}

/* Takes "column" or ["column", ...]. */
static enum status take_columns(struct source *source, struct field *field, const json_t *from)
{
    if (!field_is_text(from))
        return refuse(source, field, "from", "must be a column's name or a list of them");
    field->columns = json_array();
    if (field->columns == NULL)
        return fail_memory(source->failure);
    if (json_is_string(from))
        return append_normalized(field->columns, from) ? STATUS_OK : fail_memory(source->failure);
    for (size_t i = 0; i < json_array_size(from); i++)
        if (!append_normalized(field->columns, json_array_get(from, i)))
            return fail_memory(source->failure);
    return STATUS_OK;
}

static enum status take_conversion(struct source *source, struct field *field, const json_t *as)
{
    static const struct {
        const char *name;
        enum field_conversion conversion;
    } known[] = {{"zip", FIELD_AS_ZIP}, {"phone", FIELD_AS_PHONE}, {"country", FIELD_AS_COUNTRY}};
    static const char known_names[] =
        "must be \"zip\", \"phone\" or \"country\"; unknown conversion";
    const char *name = json_string_value(as);
    if (as != NULL && name == NULL)
        return refuse(source, field, "as", "must be \"zip\", \"phone\" or \"country\"");
    if (as == NULL)
        return STATUS_OK;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(name, known[i].name) != 0)
            continue;
        field->conversion = known[i].conversion;
        return STATUS_OK;
    }
    return field_refuse(source->file, field->path, "as", known_names, name, source->failure);
}

/* Refuses any key but those that a field may have. */
static enum status check_keys(struct source *source, const struct field *field, const json_t *spec)
{
    static const char *const known[] = {"from", "as", "is", "value"};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)spec, key, value)
    {
        size_t i = 0;
        while (i < sizeof known / sizeof known[0] && strcmp(key, known[i]) != 0)
            i++;
        if (i == sizeof known / sizeof known[0])
            return field_refuse(
                source->file, field->path, NULL,
                "must have \"from\", with \"as\" or \"is\", or \"value\", or both; unknown key",
                key, source->failure);
    }
    return STATUS_OK;
}

/* Takes {"value":...}, {"from":..., "as":..., "value":...} or {"from":..., "is":...}. */
static enum status take_object(struct source *source, struct field *field, const json_t *spec)
{
    const json_t *from = json_object_get(spec, "from");
    const json_t *as = json_object_get(spec, "as");
    const json_t *is = json_object_get(spec, "is");
    const json_t *value = json_object_get(spec, "value");
    enum status status = check_keys(source, field, spec);
    if (status != STATUS_OK)
        return status;
    if (value != NULL && !is_text(value))
        return refuse(source, field, "value", "must be a string that is not empty");
    field->constant = value;
    if (value != NULL && from == NULL) {
        if (json_object_size(spec) > 1)
            return refuse(source, field, "value",
                          "only \"from\", and \"as\" with it, may stand beside a constant");
        return STATUS_OK;
    }
    if (value != NULL && is != NULL)
        return refuse(source, field, NULL, "\"is\" and \"value\" exclude each other");
    if (as != NULL && is != NULL)
        return refuse(source, field, NULL, "\"as\" and \"is\" exclude each other");
    if (is != NULL && !field_is_text(is))
        return refuse(source, field, "is",
                      "must be a string or a list of strings, none of them empty");
    field->is = is;
    status = take_conversion(source, field, as);
    return status == STATUS_OK ? take_columns(source, field, from) : status;
}

/* Which kinds of field may stand where. */
static enum status check_group(struct source *source, const struct field *field)
{
    bool plain = field->conversion == FIELD_AS_IT_IS && field->is == NULL;
    if (field->group == FIELD_EMAIL && (field->constant != NULL || !plain))
        return refuse(source, field, NULL, "the address is taken from a column as it is");
    if (field->group == FIELD_LINE && field->constant != NULL)
        return refuse(source, field, NULL, "a line of an address cannot be a constant");
    return STATUS_OK;
}

enum status field_compile(struct field *field, const char *file, const char *parent,
                          const char *name, const json_t *spec, struct failure *failure)
{
    struct source source = {file, failure};
    struct buffer path = {.limit = 0};
    bool made = parent == NULL ? buffer_printf(&path, "%s", name)
                               : buffer_printf(&path, "%s.%s", parent, name);
    if (!made)
        return fail_memory(failure);
    field->path = path.bytes;
    field->name = path.bytes + (parent == NULL ? 0 : strlen(parent) + 1);
    enum status status;
    if (json_is_string(spec))
        status = take_columns(&source, field, spec);
    else if (json_is_object(spec))
        status = take_object(&source, field, spec);
    else
        status = refuse(&source, field, NULL, "must be a column's name or an object");
    return status == STATUS_OK ? check_group(&source, field) : status;
}

void field_free(struct field *field)
{
    free(field->path);
    json_decref(field->columns);
}
