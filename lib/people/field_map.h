/*
 * The inside of a field map, for field_map.c, which loads it, field_compile.c, which understands
 * one field of it, field_value.c, which applies one field to one row, and person.c, which makes a
 * person of them. Everybody else includes person.h.
 */
#ifndef FIELD_MAP_H
#define FIELD_MAP_H

#include "base/status.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* The custom field that says who is a member. Every map sets it, and nothing removes it. */
#define FIELD_IS_MEMBER "is_member"
#define FIELD_IS_MEMBER_PATH "custom_fields." FIELD_IS_MEMBER

/* field_map_builtin.json as text; the Makefile makes a C string of it. */
extern const char field_map_builtin[];

enum field_group {
    FIELD_EMAIL,
    FIELD_PERSON,  /* given_name, family_name */
    FIELD_LINE,    /* one line of the address */
    FIELD_ADDRESS, /* the address's other parts */
    FIELD_CUSTOM
};

enum field_conversion { FIELD_AS_IT_IS, FIELD_AS_ZIP, FIELD_AS_PHONE, FIELD_AS_COUNTRY };

struct field {
    const struct field_map *map; /* whose it is */
    enum field_group group;
    enum field_conversion conversion;
    char *path;             /* its place in the map, such as "custom_fields.Phone" */
    const char *name;       /* the last part of the path: "Phone" */
    json_t *columns;        /* normalized names, the first choice first; NULL for a constant */
    const json_t *constant; /* a string of the map's JSON, where no column has a value, or NULL */
    const json_t *is;       /* a string or an array of strings of the map's JSON, or NULL */
};

struct field_map {
    json_t *json;
    char digest[33];
    struct field *fields; /* in the order of enum field_group; the first is the email address */
    size_t count;
    const struct field *country; /* one of the fields, or NULL */
    const json_t *empty;         /* an array of the map's JSON; NULL for the usual texts */
    const json_t *add_tags;      /* arrays of the map's JSON, or NULL */
    const json_t *remove_tags;
};

/* Refuses a map: writes "FILE: PATH.KEY: WHY "DETAIL"" into `failure`, made printable. Without
 * `key` or `detail` when they are NULL. STATUS_CONFIG. */
enum status field_refuse(const char *file, const char *path, const char *key, const char *why,
                         const char *detail, struct failure *failure);

/* Whether it is a string that is not blank, or an array of one or more of them. */
bool field_is_text(const json_t *value);

/* Makes the field at `parent` (NULL for the map itself), "." and `name` of what the map of `file`
 * says there. `field` is zeros but for its map and group, and to be given to field_free also on
 * error. It borrows from `spec`. STATUS_CONFIG, or STATUS_IO when memory runs out. */
enum status field_compile(struct field *field, const char *file, const char *parent,
                          const char *name, const json_t *spec, struct failure *failure);

/* Frees what the field owns, not the field. */
void field_free(struct field *field);

/* The row with normalized names and strings as values: a number becomes its text, true "True", null
 * "". A new reference in `*plain`, to the row itself where it is so already, NULL on error.
 * STATUS_DATA when it is no object or a value is an array or an object; STATUS_IO when memory runs
 * out. */
enum status field_row(const json_t *row, json_t **plain, struct failure *failure);

/* Whether a row that field_row made has one of the field's columns. */
bool field_is_in(const struct field *field, const json_t *row);

/* What the field's columns say in a row that field_row made, with the older values, made likewise
 * (NULL: none), laid over it: a new reference to a string that is not empty, or to null when they
 * say nothing, and the field's constant is its value; NULL when memory runs out. */
json_t *field_value(const struct field *field, const json_t *row, const json_t *older);

#endif
