/*
 * Rows by the hash of their key: open addressing over eight bytes a slot.
 *
 * The index knows no keys. It offers the rows whose hash may be the one that is asked for, nearly
 * always one or none, and who asks compares the keys themselves: a collision costs time, never a
 * wrong answer. The hash is seeded, so that nobody can prepare a file of collisions. Several
 * threads may add to one index.
 */
#ifndef KEY_INDEX_H
#define KEY_INDEX_H

#include <stdbool.h>
#include <stdint.h>

struct key_index;

#define KEY_NONE UINT64_MAX

/* Where a search stands. */
struct key_probe {
    uint64_t slot;
    uint64_t tag;
};

/* An index with room for `rows` entries; the caller's, to be given to key_index_free; NULL when
 * memory runs out or there are more than 2^31 of them. */
struct key_index *key_index_new(uint64_t rows);

/* NULL is harmless. */
void key_index_free(struct key_index *index);

/* Asks the processor to fetch the place where a hash is looked up. */
void key_index_prefetch(const struct key_index *index, uint64_t hash);

/* Begins a search: a row that may have this hash, or KEY_NONE. */
uint64_t key_index_first(const struct key_index *index, uint64_t hash, struct key_probe *probe);

/* Goes on with it: another such row, or KEY_NONE. */
uint64_t key_index_next(const struct key_index *index, struct key_probe *probe);

/* Adds a row (less than 2^40) where a search ended in KEY_NONE. False when another thread was there
 * first: then key_index_again goes on. */
bool key_index_put(struct key_index *index, const struct key_probe *probe, uint64_t row);

/* Looks at the same place once more. */
uint64_t key_index_again(const struct key_index *index, struct key_probe *probe);

/* Puts `row` in the place of `other`, which a search has found. False when it was not there any
 * more. */
bool key_index_replace(struct key_index *index, const struct key_probe *probe, uint64_t other,
                       uint64_t row);

#endif
