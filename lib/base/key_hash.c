#include "base/key_hash.h"

#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

uint64_t key_seed(void)
{
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed)
        seed = (uint64_t)time(NULL) * 0x9E3779B97F4A7C15U ^ (uint64_t)getpid();
    return seed;
}

uint64_t key_hash(uint64_t seed, const void *bytes, size_t length)
{
    uint64_t hash = XXH3_64bits_withSeed(bytes, length, seed) & (UINT64_MAX >> 1);
    return hash != 0 ? hash : 1;
}
