/*
 * Secrets: where they come from, and that they go nowhere else.
 *
 * A secret VARIABLE is in the environment as $VARIABLE, or in a file that $VARIABLE_FILE names. It
 * is never taken from the command line, which every user of the machine can read.
 */
#ifndef SECRET_H
#define SECRET_H

#include "base/status.h"

/* Reads the secret without blanks at its ends into a new string, to be given to secret_free; NULL
 * and STATUS_OK when neither variable is set or it is empty. STATUS_CONFIG, and a sentence without
 * the secret, when the file cannot be read, is longer than 4096 bytes or holds a NUL, or the secret
 * holds anything but printable ASCII, which would let it break out of an HTTP header. */
enum status secret_load(const char *variable, char **secret, struct failure *failure);

/* Overwrites and frees; NULL is harmless. */
void secret_free(char *secret);

/* Replaces every occurrence of the secret in `text` (in place) by asterisks of the same length,
 * also in another case, percent-encoded (RFC 3986) or within what is base64 (RFC 4648). In time
 * that grows with the text and the secret, not with both at once. Without memory all of the text
 * becomes asterisks. A NULL secret changes nothing. */
void secret_redact(char *text, const char *secret);

/* Keeps this process's memory out of core files, also those a handler would collect. Call before
 * the first secret is loaded. */
void secret_no_core(void);

#endif
