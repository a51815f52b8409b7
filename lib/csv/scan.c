/*
 * A member whose row is byte for byte last week's needs no parsing, and nearly every row is. So the
 * text is only looked at, 64 bytes at a time: vector instructions turn each block into words of one
 * bit a byte - here are quotes, here commas, here line ends - and arithmetic on those words does
 * the rest. The running parity of the quotes says what is inside of them, which leaves the commas
 * and line ends that count; counting the commas up to a line end proves that no row is ragged; the
 * ones before and behind the key say where it is. A quote must stand beside a comma, a line end or
 * another quote, and a byte beyond ASCII must belong to a sequence of UTF-8: only where such a bit
 * is set is a byte ever looked at by itself. Nothing is decided here that could be wrong: whatever
 * is not in order makes the scan decline, and the plain way (csv/split.c, libcsv) finds the words
 * for it. Likewise two fields (csv/fields.c) are told apart only where that needs no unquoting.
 */
#include "csv/scan.h"

#include "base/key_hash.h"
#include "base/text.h"
#include "csv/block.h"
#include "csv/fields.h"

#include <stdlib.h>
#include <string.h>

struct scan {
    struct csv_table *table;
    const char *bytes;
    size_t length;
    size_t columns;
    size_t key;
    uint64_t seed;
    struct csv_record *record;
    struct buffer lower; /* a key */
};

static bool all_blank(const char *bytes, size_t length)
{
    while (length > 0 && csv_is_blank(bytes[length - 1]))
        length--;
    return length == 0;
}

/* Whether an opening quote, with something unusual before it, has nothing but blanks between itself
 * and the comma or line end there. */
static bool may_open(const struct scan *scan, size_t at)
{
    while (at > 0 && csv_is_blank(scan->bytes[at - 1]))
        at--;
    return at == 0 || scan->bytes[at - 1] == ',' || csv_is_line_end(scan->bytes[at - 1]);
}

/* Likewise what stands at `at`, behind a closing quote. */
static bool may_follow(const struct scan *scan, size_t at)
{
    while (at < scan->length && csv_is_blank(scan->bytes[at]))
        at++;
    return at == scan->length || scan->bytes[at] == ',' || csv_is_line_end(scan->bytes[at]);
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
    return *good ? csv_table_hash(scan->table, scan->record, scan->seed) : 0;
}

/* ASCII letters to lower case, eight bytes at once; reads and writes up to seven bytes more.
 * Whether all that was read is ASCII. */
INLINE bool lower(char *out, const char *bytes, size_t length)
{
    const uint64_t ones = 0x0101010101010101U;
    uint64_t all = 0;
    for (size_t i = 0; i < length; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof word);
        uint64_t low7 = word & (0x7F * ones);
        uint64_t from_a = low7 + (0x80 - 'A') * ones;
        uint64_t beyond_z = low7 + (0x7F - 'Z') * ones;
        uint64_t upper = (from_a & ~beyond_z & ~word & (0x80 * ones)) >> 2;
        word |= upper;
        memcpy(out + i, &word, sizeof word);
        all |= word;
    }
    return (all & (0x80 * ones)) == 0;
}

static uint64_t hash_normalized(const struct scan *scan, const char *key, size_t length)
{
    if (length == 0 || (scan->table->addresses && !csv_is_address(key, length)))
        return CSV_ROW_SKIPPED;
    return key_hash(scan->seed, key, length);
}

/* The hash of the key in bytes that hold no quote. */
static uint64_t hash_bytes(struct scan *scan, const char *key, size_t length, bool *good)
{
    text_trim(&key, &length);
    char small[BLOCK * 2];
    if (length <= sizeof small - 8 && (size_t)(scan->bytes + scan->length - key) >= length + 8 &&
        lower(small, key, length))
        return hash_normalized(scan, small, length);
    buffer_clear(&scan->lower);
    *good = buffer_append(&scan->lower, key, length);
    if (!*good)
        return 0;
    length = text_normalize(scan->lower.bytes, scan->lower.bytes, length);
    return hash_normalized(scan, scan->lower.bytes, length);
}

/* Whether a row is to be passed over; of what only the parser can tell, hash_parsed finds out. */
static bool is_other(const struct scan *scan, size_t start, size_t end, bool *unknown)
{
    bool passes = true;
    *unknown = scan->table->screen != NULL &&
               !csv_screen_written(scan->table->screen, scan->bytes + start, end - start, &passes);
    return !*unknown && !passes;
}

/* Adds a row. */
static __attribute__((noinline)) bool add_row(struct scan *scan, size_t start, size_t end,
                                              size_t key_start, size_t key_end, bool has_quotes)
{
    const char *key = scan->bytes + key_start;
    size_t length = key_end - key_start;
    bool good = true;
    bool unknown;
    uint64_t hash = 0;
    if (is_other(scan, start, end, &unknown)) {
        hash = CSV_ROW_OTHER;
    } else if (unknown) {
        hash = hash_parsed(scan, start, end, &good);
    } else if (length > 0 && (!has_quotes || memchr(key, '"', length) == NULL)) {
        hash = hash_bytes(scan, key, length, &good);
    } else if (length >= 2 && *key == '"' && key[length - 1] == '"' &&
               memchr(key + 1, '"', length - 2) == NULL) {
        hash = hash_bytes(scan, key + 1, length - 2, &good);
    } else if (length > 0) {
        hash = hash_parsed(scan, start, end, &good);
    }
    if (hash == CSV_ROW_SKIPPED && good && scan->table->key_count > 1)
        hash = hash_parsed(scan, start, end, &good);
    return good && csv_table_add(scan->table, start, hash);
}

/* Where the walk stands. */
struct cursor {
    uint64_t quoted;        /* all ones inside of quotes */
    uint64_t was_closing;   /* whether the block before ended in a closing quote, */
    uint64_t was_separated; /* or in a comma, a line end, a quote */
    size_t last_quote;      /* where the last one was */
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
                     cursor->wanted == SIZE_MAX ? cursor->key_end : end,
                     cursor->last_quote >= cursor->key_start))
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
        if (block.quotes != 0)
            cursor->last_quote = at + highest(block.quotes);
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

static bool walk_wide(struct scan *scan, size_t at)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"))
        return walk_avx2(scan, at);
#endif
    return walk_narrow(scan, at);
}

static bool walk_best(struct scan *scan, size_t at)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("bmi2"))
        return walk_avx512(scan, at);
#endif
    return walk_wide(scan, at);
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
               : way == CSV_WIDE   ? walk_wide(&scan, at)
               : way == CSV_NARROW ? walk_narrow(&scan, at)
                                   : walk_plain(&scan, at);
    csv_record_free(scan.record);
    buffer_free(&scan.lower);
    if (!good)
        csv_table_clear(table);
    return good;
}
