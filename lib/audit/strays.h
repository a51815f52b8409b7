/*
 * Strays: people who are members in Action Network and whom the export does not name. Of each only
 * the id, the address, and the value by which somebody is followed is kept.
 */
#ifndef AUDIT_STRAYS_H
#define AUDIT_STRAYS_H

#include "base/text.h"
#include "base/uuid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stray {
    unsigned char id[UUID_BYTES];
    bool gone;        /* is none after all */
    uint64_t address; /* where it begins in the texts; "" for somebody without one */
    uint64_t value;
};

/* Starts zeroed. */
struct strays {
    struct stray *strays;
    size_t count;
    size_t room;
    struct buffer texts;
};

/* Harmless of what is zeroed. */
void strays_free(struct strays *strays);

/* Adds one; copies the address, and what of the value recognises somebody (cell_identity), which
 * may be NULL. False without memory. */
bool strays_add(struct strays *strays, const unsigned char id[UUID_BYTES], const char *address,
                const char *value);

/* Orders them by id, for strays_find, and lets each be there once: the one that was added last. */
void strays_by_id(struct strays *strays);

/* Orders them by address, and lets go of those that are gone. */
void strays_by_address(struct strays *strays);

/* The one with this id, NULL when there is none. After strays_by_id. */
struct stray *strays_find(struct strays *strays, const unsigned char id[UUID_BYTES]);

/* Its texts. Borrowed until the next is added. */
const char *strays_address(const struct strays *strays, const struct stray *stray);
const char *strays_value(const struct strays *strays, const struct stray *stray);

#endif
