/*
 * E-mail addresses, as Action Network compares them.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>

/* Whether two addresses are one: case does not count, for all of Unicode, and a domain may be
 * written in its own letters or in ASCII (RFC 5891: "bücher.example" is "xn--bcher-kva.example").
 * NULL equals nothing. False also when memory runs out. */
bool address_equal(const char *one, const char *other);

#endif
