/*
 * The content of one leaf part, for mail.c: decoding it piece by piece, and telling whether its
 * base64 is whole, which GMime, as lenient as a mail reader must be, does not.
 */
#ifndef MAIL_CONTENT_H
#define MAIL_CONTENT_H

#include <gmime/gmime.h>
#include <stdbool.h>
#include <stddef.h>

/* Takes a piece of decoded content; false to stop. */
typedef bool mail_content_sink(const char *bytes, size_t length, void *context);

/* Undoes the part's Content-Transfer-Encoding. False when the sink stopped it. */
bool mail_content_decode(GMimePart *part, mail_content_sink *sink, void *context);

/* Why a part in base64 can't be whole (RFC 2045, 6.8), as a clause; NULL when it can, and for parts
 * in another encoding. Static. */
const char *mail_content_damage(GMimePart *part);

#endif
