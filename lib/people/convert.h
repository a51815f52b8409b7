/*
 * Values as Action Network should have them: what spreadsheets and people made of ZIP codes, phone
 * numbers and countries is undone where that is certain; anything else stays as it stands.
 */
#ifndef CONVERT_H
#define CONVERT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Part of a string: not terminated by a NUL. */
struct slice {
    const char *bytes;
    size_t length;
};

/* Without blanks (space, tab, CR, LF) at both ends. */
struct slice slice_trimmed(struct slice text);

/* These return a new string, to null where they say so; NULL when memory runs out. */

/* A postal code without a spreadsheet's apostrophe and ".0". With `padded`, a ZIP code gets back
 * the zeros that were taken off its beginning: 2139 and 2139-1234 (Publication 28 of the United
 * States' Postal Service), and loses the comma of 2,139 and a dash that nothing follows. */
json_t *convert_zip(struct slice text, bool padded);

/* The first number of a list: 7 to 15 digits (E.164), after a "+" where it has one. Commas,
 * semicolons, line breaks, and a slash behind a whole number separate the list; an extension,
 * "tel:" (RFC 3966), ".0" and an apostrophe are taken off; 6.175550123E+09 has all its digits,
 * and 6.17E+09 has not. Null when there is nothing but punctuation; the text as it stands when its
 * first entry is no such number. */
json_t *convert_phone(struct slice text);

/* The country's two letters. */
json_t *convert_country(struct slice text);

#endif
