/*
 * JSON from bytes and to bytes, as jansson reads and writes it, but sure about memory.
 *
 * Jansson's scanner drops a byte when it cannot store it for want of memory, and goes on: the value
 * that it then returns is not the text's. So its allocations are watched here (json_set_alloc_funcs
 * with plain malloc and free, and a mark when malloc fails), and no such value is ever handed out.
 * Its writer likewise goes on where a key could not be written.
 */
#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include "base/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* json_loadb: a new reference, or NULL with `error` (not NULL) filled in. When memory ran out,
 * NULL, and json_error_code(error) is json_error_out_of_memory. */
json_t *json_text_load(const char *bytes, size_t length, size_t flags, json_error_t *error);

/* Whether a load failed for want of memory. */
bool json_text_no_memory(const json_error_t *error);

/* Appends the value, written with jansson's `flags`. False without memory or over the buffer's
 * limit, and the buffer is as it was. */
bool json_text_dump(const json_t *value, size_t flags, struct buffer *buffer);

/* A value of a record's row as text, where a record of somebody's own making has another kind: the
 * digits of a number, "True", "False", and "" for null and whatever else there is. A new reference;
 * NULL without memory. */
json_t *json_text_plain(const json_t *value);

#endif
