#include "diff/key_index.h"

#include "base/huge.h"

#include <stdatomic.h>
#include <stdlib.h>

/* A slot holds the hash's lower 24 bits above the row's number plus one in 40; 0 is a free one. A
 * hash's place is given by its upper bits. */
enum { ROW_BITS = 40 };

static const uint64_t row_mask = ((uint64_t)1 << ROW_BITS) - 1;

struct key_index {
    uint64_t capacity; /* slots, at most 2^32 */
    _Atomic uint64_t slots[];
};

static size_t size_of(uint64_t capacity)
{
    return sizeof(struct key_index) + capacity * sizeof(uint64_t);
}

struct key_index *key_index_new(uint64_t rows)
{
    if (rows > (uint64_t)1 << 31)
        return NULL;
    uint64_t capacity = 2 * rows - rows / 4 + 8;
    struct key_index *index = huge_new(size_of(capacity));
    if (index != NULL)
        index->capacity = capacity;
    return index;
}

void key_index_free(struct key_index *index)
{
    if (index != NULL)
        huge_free(index, size_of(index->capacity));
}

/* Scales the hash's upper 32 bits (of 63) to the capacity, so that it need not be a power of two.
 */
static uint64_t place(const struct key_index *index, uint64_t hash)
{
    return (hash >> 31) * index->capacity >> 32;
}

void key_index_prefetch(const struct key_index *index, uint64_t hash)
{
    __builtin_prefetch((const void *)&index->slots[place(index, hash)], 1);
}

static uint64_t search(const struct key_index *index, struct key_probe *probe)
{
    for (;;) {
        uint64_t slot = atomic_load_explicit(&index->slots[probe->slot], memory_order_relaxed);
        if (slot == 0)
            return KEY_NONE;
        if ((slot & ~row_mask) == probe->tag)
            return (slot & row_mask) - 1;
        probe->slot = probe->slot + 1 == index->capacity ? 0 : probe->slot + 1;
    }
}

uint64_t key_index_first(const struct key_index *index, uint64_t hash, struct key_probe *probe)
{
    probe->slot = place(index, hash);
    probe->tag = hash << ROW_BITS;
    return search(index, probe);
}

uint64_t key_index_next(const struct key_index *index, struct key_probe *probe)
{
    probe->slot = probe->slot + 1 == index->capacity ? 0 : probe->slot + 1;
    return search(index, probe);
}

uint64_t key_index_again(const struct key_index *index, struct key_probe *probe)
{
    return search(index, probe);
}

/* Nothing is told by a slot but the row's number, so that no order with other memory is needed. */
static bool exchange(struct key_index *index, const struct key_probe *probe, uint64_t before,
                     uint64_t row)
{
    return atomic_compare_exchange_strong_explicit(&index->slots[probe->slot], &before,
                                                   probe->tag | (row + 1), memory_order_relaxed,
                                                   memory_order_relaxed);
}

bool key_index_put(struct key_index *index, const struct key_probe *probe, uint64_t row)
{
    return exchange(index, probe, 0, row);
}

bool key_index_replace(struct key_index *index, const struct key_probe *probe, uint64_t other,
                       uint64_t row)
{
    return exchange(index, probe, probe->tag | (other + 1), row);
}
