/*
 * People's addresses out of texts that leave the machine: what a server says about a person often
 * repeats who it is.
 */
#ifndef REDACT_H
#define REDACT_H

/* What stands in an address's place. */
#define REDACT_MARK "…@…"

/* A copy of `text` with REDACT_MARK for everything that looks like an email address, also one that
 * is percent-encoded or has a quoted local part (RFC 5321, section 4.1.2). Rather takes too much
 * than too little. A new string, the caller's; NULL when memory runs out. */
char *redact_addresses(const char *text);

#endif
