/*
 * Large tables on large pages: what is looked up at random in them costs a miss less each time.
 */
#ifndef HUGE_H
#define HUGE_H

#include <stddef.h>

/* Tells the system that these bytes, from malloc and its like, are such a table. A wish only: small
 * ones, and systems that have no large pages, are left as they are. */
void huge_pages(void *bytes, size_t size);

#endif
