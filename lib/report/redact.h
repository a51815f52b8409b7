/*
 * What is not to leave the machine out of texts that do: people's addresses, which a server that
 * speaks about a person often repeats, and what strangers wrote.
 */
#ifndef REDACT_H
#define REDACT_H

/* What stands in an address's place. */
#define REDACT_MARK "…@…"

/* A copy of `text` with REDACT_MARK for everything that looks like an email address, also one that
 * is percent-encoded or has a quoted local part (RFC 5321, section 4.1.2). Rather takes too much
 * than too little. A new string, the caller's; NULL when memory runs out. */
char *redact_addresses(const char *text);

/* Takes out what stands between double quotes, where messages have what others wrote (mail_quote):
 * an ellipsis is left between them; of an opened quote without an end all that follows is taken. A
 * new string, the caller's; NULL when memory runs out. */
char *redact_quoted(const char *text);

#endif
