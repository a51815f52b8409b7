/*
 * A member whose row is byte for byte last week's needs no parsing, and nearly every row is. So the
 * text is only looked at, 64 bytes at a time: vector instructions turn each block into words of one
 * bit a byte - here are quotes, here commas, here line ends - and arithmetic on those words does
 * the rest. The running parity of the quotes says what is inside of them, which leaves the commas
 * and line ends that count; counting the commas up to a line end proves that no row is ragged; the
 * ones before and behind the key say where it is. A quote must stand beside a comma, a line end or
 * another quote, and a byte beyond ASCII must belong to a sequence of UTF-8: only where such a bit
 * is set is a byte ever looked at by itself. Nothing is decided here that could be wrong: whatever
 * is not in order makes the scan decline, and the plain way (csv_split.c, libcsv) finds the words
 * for it. Likewise two fields are told apart here only where that needs no unquoting.
 */
#include "csv_scan.h"

#include "huge.h"
#include "key_index.h"
#include "text.h"

#include <stdlib.h>
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

typedef struct block classifier(const char *bytes);

/* ---- the blocks, in plain C and by vectors ---- */

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

/* ---- rows ---- */

struct scan {
    struct csv_table *table;
    const char *bytes;
    size_t length;
    size_t columns;
    size_t key;
    uint64_t seed;
    size_t room; /* of the table's rows */
    struct csv_record *record;
    struct buffer lower; /* a key */
};

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* What text_normalize trims. */
static bool is_white(char byte)
{
    return is_blank(byte) || byte == '\r' || byte == '\n';
}

static bool all_blank(const char *bytes, size_t length)
{
    while (length > 0 && is_blank(bytes[length - 1]))
        length--;
    return length == 0;
}

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

INLINE unsigned count(uint64_t bits)
{
    return (unsigned)__builtin_popcountll(bits);
}

/* Whether an opening quote, with something unusual before it, has nothing but blanks between itself
 * and the comma or line end there. */
static bool may_open(const struct scan *scan, size_t at)
{
    while (at > 0 && is_blank(scan->bytes[at - 1]))
        at--;
    return at == 0 || scan->bytes[at - 1] == ',' || scan->bytes[at - 1] == '\n' ||
           scan->bytes[at - 1] == '\r';
}

/* Likewise what stands at `at`, behind a closing quote. */
static bool may_follow(const struct scan *scan, size_t at)
{
    while (at < scan->length && is_blank(scan->bytes[at]))
        at++;
    return at == scan->length || scan->bytes[at] == ',' || scan->bytes[at] == '\n' ||
           scan->bytes[at] == '\r';
}

static __attribute__((noinline)) bool check_quotes(const struct scan *scan, size_t at,
                                                   uint64_t opening, uint64_t following)
{
    for (; opening != 0; opening &= opening - 1)
        if (!may_open(scan, at + lowest(opening)))
            return false;
    for (; following != 0; following &= following - 1)
        if (!may_follow(scan, at + lowest(following)))
            return false;
    return true;
}

/* Checks the sequences that begin in a block; `checked` is how far the last one before it reached.
 * Returns how far the last one reaches now, 0 when there is a bad one. */
static __attribute__((noinline)) size_t check_utf8(const struct scan *scan, size_t at,
                                                   uint64_t high, size_t checked)
{
    for (; high != 0; high &= high - 1) {
        size_t begin = at + lowest(high);
        if (begin < checked)
            continue;
        unsigned char lead = (unsigned char)scan->bytes[begin];
        size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        if (size > scan->length - begin || !utf8_valid(scan->bytes + begin, size, NULL))
            return 0;
        checked = begin + size;
    }
    return checked;
}

static uint64_t hash_parsed(struct scan *scan, size_t start, size_t end, bool *good)
{
    *good = csv_record_parse(scan->record, scan->bytes + start, end - start) == CSV_PARSED &&
            csv_record_count(scan->record) == scan->columns;
    if (!*good)
        return 0;
    struct csv_value key = csv_record_value(scan->record, scan->key);
    size_t length = text_normalize((char *)key.bytes, key.bytes, key.length);
    return length == 0 ? 0 : key_hash(scan->seed, key.bytes, length);
}

/* ASCII letters to lower case, eight bytes at once; reads and writes up to seven bytes more. */
INLINE void lower(char *out, const char *bytes, size_t length)
{
    const uint64_t ones = 0x0101010101010101U;
    for (size_t i = 0; i < length; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof word);
        uint64_t low7 = word & (0x7F * ones);
        uint64_t from_a = low7 + (0x80 - 'A') * ones;
        uint64_t beyond_z = low7 + (0x7F - 'Z') * ones;
        uint64_t upper = (from_a & ~beyond_z & ~word & (0x80 * ones)) >> 2;
        word |= upper;
        memcpy(out + i, &word, sizeof word);
    }
}

/* The hash of the key in bytes that hold no quote. */
static uint64_t hash_bytes(struct scan *scan, const char *key, size_t length)
{
    struct csv_span trimmed = csv_scan_trimmed((struct csv_span){key, length});
    key = trimmed.bytes;
    length = trimmed.length;
    char small[BLOCK * 2];
    if (length == 0)
        return 0;
    if (length <= sizeof small - 8 && (size_t)(scan->bytes + scan->length - key) >= length + 8) {
        lower(small, key, length);
        return key_hash(scan->seed, small, length);
    }
    buffer_clear(&scan->lower);
    if (!buffer_append(&scan->lower, key, length))
        return UINT64_MAX;
    length = text_normalize(scan->lower.bytes, scan->lower.bytes, length);
    return key_hash(scan->seed, scan->lower.bytes, length);
}

/* Adds a row. */
static __attribute__((noinline)) bool add_row(struct scan *scan, size_t start, size_t end,
                                              size_t key_start, size_t key_end)
{
    struct csv_table *table = scan->table;
    if (table->count == scan->room) {
        size_t room = scan->room == 0 ? 1024 : scan->room * 2;
        struct csv_row *rows = reallocarray(table->rows, room, sizeof *rows);
        if (rows == NULL)
            return false;
        huge_pages(rows, room * sizeof *rows);
        table->rows = rows;
        scan->room = room;
    }
    const char *key = scan->bytes + key_start;
    size_t length = key_end - key_start;
    bool good = true;
    uint64_t hash;
    if (length == 0) {
        hash = 0;
    } else if (*key == '"' && length >= 2 && key[length - 1] == '"' &&
               memchr(key + 1, '"', length - 2) == NULL) {
        hash = hash_bytes(scan, key + 1, length - 2);
    } else if (memchr(key, '"', length) == NULL) {
        hash = hash_bytes(scan, key, length);
    } else {
        hash = hash_parsed(scan, start, end, &good);
    }
    if (!good || hash == UINT64_MAX)
        return false;
    table->rows[table->count++] = (struct csv_row){start, hash};
    return true;
}

/* Where the walk stands. */
struct cursor {
    uint64_t quoted;        /* all ones inside of quotes */
    uint64_t was_closing;   /* whether the block before ended in a closing quote, */
    uint64_t was_separated; /* or in a comma, a line end, a quote */
    size_t checked;         /* how far UTF-8 sequences reached */
    size_t start;           /* of the row */
    size_t commas;          /* of the row so far */
    size_t wanted; /* which of them, from 1, is next to one side of the key; else SIZE_MAX */
    size_t key_start;
    size_t key_end;
};

INLINE void begin_row(struct cursor *cursor, size_t start, size_t key)
{
    cursor->start = start;
    cursor->commas = 0;
    cursor->key_start = start;
    cursor->key_end = 0;
    cursor->wanted = key == 0 ? 1 : key;
}

/* Counts commas of the row, and notes those around the key. */
INLINE void take_commas(struct cursor *cursor, size_t at, uint64_t commas, size_t key)
{
    size_t counted = cursor->commas + count(commas);
    while (counted >= cursor->wanted) {
        uint64_t bits = commas;
        for (size_t i = cursor->commas + 1; i < cursor->wanted; i++)
            bits &= bits - 1;
        size_t comma = at + lowest(bits);
        if (cursor->wanted == key) {
            cursor->key_start = comma + 1;
            cursor->wanted = key + 1;
        } else {
            cursor->key_end = comma;
            cursor->wanted = SIZE_MAX;
        }
    }
    cursor->commas = counted;
}

/* Ends the row at a line end, unless it is a blank line. */
INLINE bool end_row(struct scan *scan, struct cursor *cursor, size_t end)
{
    if (end > cursor->start &&
        (cursor->commas > 0 || !all_blank(scan->bytes + cursor->start, end - cursor->start))) {
        if (cursor->commas + 1 != scan->columns)
            return false;
        if (!add_row(scan, cursor->start, end, cursor->key_start,
                     cursor->wanted == SIZE_MAX ? cursor->key_end : end))
            return false;
    }
    begin_row(cursor, end + 1, scan->key);
    return true;
}

INLINE bool walk_block(struct scan *scan, struct cursor *cursor, size_t at, struct block block)
{
    uint64_t quoted = cursor->quoted;
    uint64_t separated = block.commas | block.ends | block.quotes;
    if (block.nuls != 0)
        return false;
    if (block.high != 0) {
        cursor->checked = check_utf8(scan, at, block.high, cursor->checked);
        if (cursor->checked == 0)
            return false;
    }
    if ((block.quotes | cursor->was_closing) != 0) {
        quoted ^= parity(block.quotes);
        uint64_t opening = block.quotes & quoted & ~(separated << 1 | cursor->was_separated);
        uint64_t closing = block.quotes & ~quoted;
        uint64_t following = (closing << 1 | cursor->was_closing) & ~separated;
        if ((opening | following) != 0 && !check_quotes(scan, at, opening, following))
            return false;
        cursor->was_closing = closing >> 63;
        cursor->quoted = (uint64_t)0 - (quoted >> 63);
    }
    cursor->was_separated = separated >> 63;
    uint64_t commas = block.commas & ~quoted;
    for (uint64_t ends = block.ends & ~quoted; ends != 0; ends &= ends - 1) {
        uint64_t below = (ends & (0 - ends)) - 1;
        take_commas(cursor, at, commas & below, scan->key);
        if (!end_row(scan, cursor, at + lowest(ends)))
            return false;
        commas &= ~below;
    }
    take_commas(cursor, at, commas, scan->key);
    return true;
}

/* Walks from `at` to the end. What is missing of the last block is line ends. */
INLINE bool walk(struct scan *scan, size_t at, classifier *classify)
{
    struct cursor cursor = {.was_separated = 1};
    begin_row(&cursor, at, scan->key);
    for (; scan->length - at >= BLOCK; at += BLOCK)
        if (!walk_block(scan, &cursor, at, classify(scan->bytes + at)))
            return false;
    char last[BLOCK];
    memset(last, '\n', sizeof last);
    memcpy(last, scan->bytes + at, scan->length - at);
    return walk_block(scan, &cursor, at, classify(last)) && cursor.quoted == 0;
}

static bool walk_plain(struct scan *scan, size_t at)
{
    return walk(scan, at, classify_plain);
}

static bool walk_narrow(struct scan *scan, size_t at)
{
    return walk(scan, at, classify_narrow);
}

#if defined(__x86_64__)
AVX2 static bool walk_avx2(struct scan *scan, size_t at)
{
    return walk(scan, at, classify_avx2);
}

AVX512 static bool walk_avx512(struct scan *scan, size_t at)
{
    return walk(scan, at, classify_avx512);
}
#endif

static bool walk_best(struct scan *scan, size_t at)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("bmi2"))
        return walk_avx512(scan, at);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"))
        return walk_avx2(scan, at);
#endif
    return walk_narrow(scan, at);
}

bool csv_scan_rows(struct csv_table *table, size_t at, uint64_t seed, enum csv_way way)
{
    struct scan scan = {.table = table,
                        .bytes = csv_text_bytes(table->text),
                        .length = csv_text_length(table->text),
                        .columns = csv_header_count(table->header),
                        .key = table->key,
                        .seed = seed,
                        .record = csv_record_new()};
    bool good = scan.record != NULL && memchr(scan.bytes, '\0', at) == NULL &&
                utf8_valid(scan.bytes, at, NULL);
    if (good)
        good = way == CSV_BEST     ? walk_best(&scan, at)
               : way == CSV_NARROW ? walk_narrow(&scan, at)
                                   : walk_plain(&scan, at);
    csv_record_free(scan.record);
    buffer_free(&scan.lower);
    if (!good) {
        free(table->rows);
        table->rows = NULL;
        table->count = 0;
    }
    return good;
}

/* ---- fields ---- */

static struct csv_span without_blanks(struct csv_span span)
{
    while (span.length > 0 && is_blank(span.bytes[span.length - 1]))
        span.length--;
    while (span.length > 0 && is_blank(*span.bytes)) {
        span.bytes++;
        span.length--;
    }
    return span;
}

size_t csv_scan_fields(const char *bytes, size_t length, struct csv_span *fields, size_t most)
{
    size_t found = 0;
    size_t start = 0;
    uint64_t quoted = 0;
    for (size_t at = 0; at < length; at += BLOCK) {
        char last[BLOCK];
        const char *block_bytes = bytes + at;
        if (length - at < BLOCK) {
            memset(last, 0, sizeof last);
            memcpy(last, bytes + at, length - at);
            block_bytes = last;
        }
        struct block block = classify_narrow(block_bytes);
        if (block.quotes != 0)
            quoted ^= parity(block.quotes);
        for (uint64_t commas = block.commas & ~quoted; commas != 0; commas &= commas - 1) {
            size_t comma = at + lowest(commas);
            if (found < most)
                fields[found] = (struct csv_span){bytes + start, comma - start};
            found++;
            start = comma + 1;
        }
        quoted = (uint64_t)0 - (quoted >> 63);
    }
    if (found < most)
        fields[found] = (struct csv_span){bytes + start, length - start};
    return found + 1;
}

bool csv_scan_value(struct csv_span *field)
{
    *field = without_blanks(*field);
    if (field->length == 0 || *field->bytes != '"')
        return true;
    field->bytes++;
    field->length = field->length < 2 ? 0 : field->length - 2;
    return memchr(field->bytes, '"', field->length) == NULL;
}

struct csv_span csv_scan_trimmed(struct csv_span value)
{
    while (value.length > 0 && is_white(value.bytes[value.length - 1]))
        value.length--;
    while (value.length > 0 && is_white(*value.bytes)) {
        value.bytes++;
        value.length--;
    }
    return value;
}
