/*
 * 64 bytes of CSV as words of one bit a byte, by the vectors of the processor or in plain C; the
 * idea is told in csv/scan.c. Inlined, so that each loop is compiled for the processor it runs on.
 */
#ifndef CSV_BLOCK_H
#define CSV_BLOCK_H

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define INLINE static inline __attribute__((always_inline))

enum { BLOCK = 64 };

/* One bit for each byte of a block, the lowest for the first. */
struct block {
    uint64_t quotes;
    uint64_t commas;
    uint64_t ends; /* CR and LF */
    uint64_t high; /* beyond ASCII */
    uint64_t nuls; /* not 0 when there is one */
};

/* Looks at the 64 bytes there. */
typedef struct block classifier(const char *bytes);

/* One bit for each byte of `word` that equals `byte`. */
INLINE uint64_t equal_bytes(uint64_t word, char byte)
{
    const uint64_t low7 = 0x7F7F7F7F7F7F7F7FU;
    uint64_t differs = word ^ (uint64_t)(unsigned char)byte * 0x0101010101010101U;
    uint64_t zeros = ~(((differs & low7) + low7) | differs | low7);
    return (zeros >> 7) * 0x0102040810204080U >> 56;
}

INLINE struct block classify_plain(const char *bytes)
{
    struct block block = {0};
    for (unsigned i = 0; i < BLOCK; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        block.quotes |= equal_bytes(word, '"') << i;
        block.commas |= equal_bytes(word, ',') << i;
        block.ends |= (equal_bytes(word, '\n') | equal_bytes(word, '\r')) << i;
        block.high |= ((word >> 7 & 0x0101010101010101U) * 0x0102040810204080U >> 56) << i;
        block.nuls |= equal_bytes(word, '\0');
    }
    return block;
}

#if defined(__x86_64__)

#define AVX512 __attribute__((target("avx512f,avx512bw,bmi,bmi2,popcnt")))
#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))

INLINE struct block classify_narrow(const char *bytes)
{
    struct block block = {0};
    for (unsigned i = 0; i < BLOCK; i += 16) {
        __m128i part = _mm_loadu_si128((const __m128i *)(const void *)(bytes + i));
#define BITS(vector) ((uint64_t)(unsigned)_mm_movemask_epi8(vector) << i)
#define EQUAL(byte) _mm_cmpeq_epi8(part, _mm_set1_epi8(byte))
        block.quotes |= BITS(EQUAL('"'));
        block.commas |= BITS(EQUAL(','));
        block.ends |= BITS(_mm_or_si128(EQUAL('\n'), EQUAL('\r')));
        block.high |= BITS(part);
        block.nuls |= BITS(EQUAL('\0'));
#undef EQUAL
#undef BITS
    }
    return block;
}

AVX2 static inline struct block classify_avx2(const char *bytes)
{
    struct block block = {0};
    for (unsigned i = 0; i < BLOCK; i += 32) {
        __m256i part = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + i));
#define BITS(vector) ((uint64_t)(unsigned)_mm256_movemask_epi8(vector) << i)
#define EQUAL(byte) _mm256_cmpeq_epi8(part, _mm256_set1_epi8(byte))
        block.quotes |= BITS(EQUAL('"'));
        block.commas |= BITS(EQUAL(','));
        block.ends |= BITS(_mm256_or_si256(EQUAL('\n'), EQUAL('\r')));
        block.high |= BITS(part);
        block.nuls |= BITS(EQUAL('\0'));
#undef EQUAL
#undef BITS
    }
    return block;
}

AVX512 static inline struct block classify_avx512(const char *bytes)
{
    __m512i part = _mm512_loadu_si512((const void *)bytes);
#define EQUAL(byte) _mm512_cmpeq_epi8_mask(part, _mm512_set1_epi8(byte))
    return (struct block){.quotes = EQUAL('"'),
                          .commas = EQUAL(','),
                          .ends = EQUAL('\n') | EQUAL('\r'),
                          .high = _mm512_movepi8_mask(part),
                          .nuls = EQUAL('\0')};
#undef EQUAL
}

#elif defined(__aarch64__)

/* NEON has no movemask: each byte keeps its own bit, and neighbours are added up. */
INLINE uint64_t neon_bits(uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d)
{
    const uint8x16_t bit = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t low = vpaddq_u8(vandq_u8(a, bit), vandq_u8(b, bit));
    uint8x16_t high = vpaddq_u8(vandq_u8(c, bit), vandq_u8(d, bit));
    uint8x16_t all = vpaddq_u8(low, high);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(all, all)), 0);
}

INLINE struct block classify_narrow(const char *bytes)
{
    const uint8_t *at = (const uint8_t *)bytes;
    uint8x16_t a = vld1q_u8(at), b = vld1q_u8(at + 16), c = vld1q_u8(at + 32),
               d = vld1q_u8(at + 48);
#define EACH(test) neon_bits(test(a), test(b), test(c), test(d))
#define QUOTE(part) vceqq_u8(part, vdupq_n_u8('"'))
#define COMMA(part) vceqq_u8(part, vdupq_n_u8(','))
#define END(part) vorrq_u8(vceqq_u8(part, vdupq_n_u8('\n')), vceqq_u8(part, vdupq_n_u8('\r')))
#define HIGH(part) vcgeq_u8(part, vdupq_n_u8(0x80))
#define NUL(part) vceqq_u8(part, vdupq_n_u8(0))
    return (struct block){
        EACH(QUOTE), EACH(COMMA), EACH(END), EACH(HIGH), EACH(NUL),
    };
}

#else
#define classify_narrow classify_plain
#endif

/* Sets every bit from each odd bit of `bits` up to the next even one. */
INLINE uint64_t parity(uint64_t bits)
{
    for (unsigned i = 1; i < 64; i *= 2)
        bits ^= bits << i;
    return bits;
}

INLINE unsigned lowest(uint64_t bits)
{
    return (unsigned)__builtin_ctzll(bits);
}

INLINE unsigned highest(uint64_t bits)
{
    return 63 - (unsigned)__builtin_clzll(bits);
}

INLINE unsigned count(uint64_t bits)
{
    return (unsigned)__builtin_popcountll(bits);
}

#endif
