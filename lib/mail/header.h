/*
 * What the header of a mail says, for mail.c, of an object that GMime made of it. It is never a
 * GMimeMessage, which would parse all fields of addresses, however deeply they nest.
 */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include "base/status.h"
#include "mail/mail.h"

#include <gmime/gmime.h>
#include <stddef.h>

/* Keeps a copy of a string, in which what is not UTF-8 is mended, as long as `strings`, which frees
 * it with g_free, and returns it; NULL stays NULL. */
const char *header_keep_utf8(GPtrArray *strings, const char *text);

/* The raw value of the topmost field of that name, borrowed; NULL when there is none. `*lines`,
 * which may be NULL, is how many there are. */
const char *header_topmost(GMimeObject *object, const char *name, size_t *lines);

/* The object's type in lower case, "text/plain" where it declares none; kept in `strings`. */
const char *header_type(GPtrArray *strings, GMimeObject *object);

/* Fills in what the header says; strings are kept in `strings`. STATUS_DATA when a field of
 * addresses is far longer than any honest one. */
enum status header_read(GMimeObject *object, GPtrArray *strings, struct mail_facts *facts,
                        struct failure *failure);

#endif
