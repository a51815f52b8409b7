/*
 * The hash of a key, seeded, so that nobody can prepare a file of collisions.
 */
#ifndef KEY_HASH_H
#define KEY_HASH_H

#include <stddef.h>
#include <stdint.h>

/* A seed from the system's source of randomness. */
uint64_t key_seed(void);

/* The hash of a key (XXH3): never 0, and its highest bit is clear. */
uint64_t key_hash(uint64_t seed, const void *bytes, size_t length);

#endif
