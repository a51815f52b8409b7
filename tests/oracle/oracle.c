#include "oracle.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
    char *bytes;
    size_t length;
};

struct row {
    struct text *fields;
    size_t count;
    size_t line;
    struct text key; /* normalized */
    struct row *same_hash;
    bool is_first; /* of its key */
    struct row *followed;
    bool is_followed;
};

enum { BUCKETS = 4096 };

struct file {
    struct row *rows; /* the first one is the header */
    size_t count;
    size_t room;
    size_t line; /* of the row being read */
    size_t key;
    struct row *buckets[BUCKETS];
    struct text *pending;
    size_t pending_count;
};

static const size_t none = (size_t)-1;

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

static struct text copy(const void *bytes, size_t length)
{
    struct text text = {must(malloc(length + 1)), length};
    memcpy(text.bytes, bytes, length);
    text.bytes[length] = '\0';
    return text;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static struct text trim(struct text text)
{
    size_t from = 0;
    while (from < text.length && is_blank(text.bytes[from]))
        from++;
    while (text.length > from && is_blank(text.bytes[text.length - 1]))
        text.length--;
    return (struct text){text.bytes + from, text.length - from};
}

static struct text normalize(struct text text)
{
    struct text trimmed = trim(text);
    struct text result = copy(trimmed.bytes, trimmed.length);
    for (size_t i = 0; i < result.length; i++)
        if (result.bytes[i] >= 'A' && result.bytes[i] <= 'Z')
            result.bytes[i] = (char)(result.bytes[i] + 32);
    return result;
}

static bool equal(struct text one, struct text other)
{
    return one.length == other.length && memcmp(one.bytes, other.bytes, one.length) == 0;
}

/* ---- reading ---- */

static bool is_utf8(const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length;) {
        unsigned byte = bytes[i++];
        unsigned more = byte < 0x80                   ? 0
                        : byte >= 0xC2 && byte < 0xE0 ? 1
                        : byte >= 0xE0 && byte < 0xF0 ? 2
                        : byte >= 0xF0 && byte < 0xF5 ? 3
                                                      : 9;
        if (more == 9)
            return false;
        unsigned code = more == 0 ? byte : byte & (0x3FU >> more);
        for (unsigned k = 0; k < more; k++) {
            if (i == length || (bytes[i] & 0xC0) != 0x80)
                return false;
            code = code << 6 | (bytes[i++] & 0x3FU);
        }
        if ((more == 2 && code < 0x800) || (more == 3 && code < 0x10000) || code > 0x10FFFF ||
            (code >= 0xD800 && code < 0xE000))
            return false;
    }
    return true;
}

static void on_field(void *bytes, size_t length, void *context)
{
    struct file *file = context;
    file->pending = must(realloc(file->pending, (file->pending_count + 1) * sizeof(struct text)));
    file->pending[file->pending_count++] = copy(bytes, length);
}

static void on_row(int end, void *context)
{
    (void)end;
    struct file *file = context;
    if (file->count == file->room) {
        file->room = file->room * 2 + 16;
        file->rows = must(realloc(file->rows, file->room * sizeof *file->rows));
    }
    file->rows[file->count++] =
        (struct row){.fields = file->pending, .count = file->pending_count, .line = file->line};
    file->pending = NULL;
    file->pending_count = 0;
}

/* Parses byte by byte, so that it is known which line each row begins on. */
static bool parse(struct file *file, const char *bytes, size_t length)
{
    struct csv_parser parser;
    csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL);
    csv_set_blk_size(&parser, 4096);
    size_t line = 1;
    size_t rows = 0;
    bool begun = false;
    bool good = true;
    for (size_t i = 0; i < length && good; i++) {
        if (!begun && !is_blank(bytes[i])) {
            begun = true;
            file->line = line;
        }
        good = csv_parse(&parser, bytes + i, 1, on_field, on_row, file) == 1;
        if (file->count > rows) {
            rows = file->count;
            begun = false;
        }
        if (bytes[i] == '\n' || (bytes[i] == '\r' && (i + 1 == length || bytes[i + 1] != '\n')))
            line++;
    }
    good = good && csv_fini(&parser, on_field, on_row, file) == 0;
    csv_free(&parser);
    return good;
}

static size_t find(const struct file *file, const char *name)
{
    for (size_t i = 0; file->count > 0 && i < file->rows[0].count; i++)
        if (strcmp(file->rows[0].fields[i].bytes, name) == 0)
            return i;
    return none;
}

static bool read_header(struct file *file)
{
    struct row *header = &file->rows[0];
    for (size_t i = 0; i < header->count; i++) {
        struct text name = normalize(header->fields[i]);
        free(header->fields[i].bytes);
        header->fields[i] = name;
        for (size_t k = 0; k < i; k++)
            if (equal(header->fields[k], name))
                return false;
    }
    return true;
}

static struct row *lookup(const struct file *file, struct text key, size_t *bucket)
{
    size_t hash = 5381;
    for (size_t i = 0; i < key.length; i++)
        hash = hash * 33 + (unsigned char)key.bytes[i];
    *bucket = hash % BUCKETS;
    for (struct row *row = file->buckets[*bucket]; row != NULL; row = row->same_hash)
        if (equal(row->key, key))
            return row;
    return NULL;
}

static bool read_rows(struct file *file)
{
    for (size_t i = 1; i < file->count; i++) {
        struct row *row = &file->rows[i];
        if (file->key == none || row->count != file->rows[0].count)
            return false;
        row->key = normalize(row->fields[file->key]);
        if (row->key.length == 0)
            continue;
        size_t bucket;
        row->is_first = lookup(file, row->key, &bucket) == NULL;
        if (row->is_first) {
            row->same_hash = file->buckets[bucket];
            file->buckets[bucket] = row;
        }
    }
    return true;
}

static bool read_file(struct file *file, struct oracle_bytes text, const char *key)
{
    const char *bytes = text.bytes;
    size_t length = text.length;
    if (length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
        bytes += 3;
        length -= 3;
    }
    if (memchr(bytes, 0, length) != NULL || !is_utf8((const unsigned char *)bytes, length) ||
        !parse(file, bytes, length))
        return false;
    if (file->count > 0 && !read_header(file))
        return false;
    file->key = find(file, key);
    return read_rows(file);
}

static void free_file(struct file *file)
{
    for (size_t i = 0; i < file->count; i++) {
        for (size_t k = 0; k < file->rows[i].count; k++)
            free(file->rows[i].fields[k].bytes);
        free(file->rows[i].fields);
        free(file->rows[i].key.bytes);
    }
    for (size_t k = 0; k < file->pending_count; k++)
        free(file->pending[k].bytes);
    free(file->pending);
    free(file->rows);
}

/* ---- writing ---- */

static size_t room_for(size_t length)
{
    size_t room = 64;
    while (room <= length)
        room *= 2;
    return room;
}

static void put(struct oracle_bytes *out, const char *bytes, size_t length)
{
    size_t room = room_for(out->length + length);
    if (out->bytes == NULL || room != room_for(out->length))
        out->bytes = must(realloc(out->bytes, room));
    memcpy(out->bytes + out->length, bytes, length);
    out->length += length;
}

static void put_text(struct oracle_bytes *out, const char *text)
{
    put(out, text, strlen(text));
}

static void put_string(struct oracle_bytes *out, struct text text)
{
    put_text(out, "\"");
    for (size_t i = 0; i < text.length; i++) {
        char escaped[8];
        char byte = text.bytes[i];
        if (byte == '\n' || byte == '\r' || byte == '\t')
            (void)snprintf(escaped, sizeof escaped, "\\%c",
                           byte == '\n'   ? 'n'
                           : byte == '\r' ? 'r'
                                          : 't');
        else if (byte == '"' || byte == '\\')
            (void)snprintf(escaped, sizeof escaped, "\\%c", byte);
        else if ((unsigned char)byte < 32)
            (void)snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)byte);
        else
            (void)snprintf(escaped, sizeof escaped, "%c", byte);
        put_text(out, escaped);
    }
    put_text(out, "\"");
}

static void put_pair(struct oracle_bytes *out, bool *any, struct text name, struct text value)
{
    put_text(out, *any ? "," : "");
    *any = true;
    put_string(out, name);
    put_text(out, ":");
    put_string(out, value);
}

/* ---- comparing ---- */

struct diff {
    struct file older;
    struct file newer;
    const struct oracle_options *options;
    const char *newer_name;
    struct oracle_bytes *out;
    size_t unchanged, added, updated, lapsed, skipped;
};

static bool is_named(const struct diff *diff, const char *name)
{
    for (size_t i = 0; i < diff->options->column_count; i++)
        if (strcmp(diff->options->columns[i], name) == 0)
            return true;
    return false;
}

/* Whether a column of NEWER is compared; where OLDER has it in `*older`. */
static bool is_compared(const struct diff *diff, size_t column, size_t *older)
{
    const char *name = diff->newer.rows[0].fields[column].bytes;
    *older = diff->older.count > 1 ? find(&diff->older, name) : none;
    if (column == diff->newer.key)
        return false;
    return diff->options->column_count > 0 ? is_named(diff, name) : *older != none;
}

static struct text value_of(const struct row *row, size_t column)
{
    return column == none ? (struct text){(char *)"", 0} : row->fields[column];
}

static bool same_rows(const struct diff *diff, const struct row *older, const struct row *newer)
{
    for (size_t i = 0; i < newer->count; i++) {
        size_t match;
        if (is_compared(diff, i, &match) && !equal(value_of(older, match), newer->fields[i]))
            return false;
    }
    return true;
}

static bool any_same(const struct diff *diff, struct text key)
{
    for (size_t i = 1; i < diff->newer.count; i++)
        for (size_t k = 1; equal(diff->newer.rows[i].key, key) && k < diff->older.count; k++)
            if (equal(diff->older.rows[k].key, key) &&
                same_rows(diff, &diff->older.rows[k], &diff->newer.rows[i]))
                return true;
    return false;
}

static bool any_stale(const struct diff *diff, struct text key)
{
    if (diff->options->current_column == NULL)
        return false;
    size_t column = find(&diff->older, diff->options->current_column);
    for (size_t k = 1; column != none && k < diff->older.count; k++) {
        struct text value = diff->older.rows[k].fields[column];
        if (equal(diff->older.rows[k].key, key) && value.length > 0 &&
            strcmp(value.bytes, diff->options->current_value) != 0)
            return true;
    }
    return false;
}

/* Whether OLDER has the key, and doubts it in each of its rows. */
static bool is_doubtful(const struct diff *diff, struct text key)
{
    size_t column = none;
    size_t rows = 0;
    if (diff->options->doubtful_column != NULL && diff->older.count > 1)
        column = find(&diff->older, diff->options->doubtful_column);
    for (size_t k = 1; column != none && k < diff->older.count; k++) {
        if (!equal(diff->older.rows[k].key, key))
            continue;
        if (strcmp(diff->older.rows[k].fields[column].bytes, diff->options->doubtful_value) != 0)
            return false;
        rows++;
    }
    return rows > 0;
}

static void put_record(struct diff *diff, const char *change, const struct row *row,
                       const struct file *file)
{
    put_text(diff->out, "{\"change\":\"");
    put_text(diff->out, change);
    put_text(diff->out, "\",\"key\":");
    put_string(diff->out, row->key);
    put_text(diff->out, ",\"row\":{");
    bool any = false;
    for (size_t i = 0; i < row->count; i++)
        put_pair(diff->out, &any, file->rows[0].fields[i], row->fields[i]);
}

/* What only OLDER has, behind the columns of a row. */
static void put_carried(struct diff *diff, const struct row *older)
{
    bool any = true;
    for (size_t i = 0; i < older->count; i++) {
        struct text name = diff->older.rows[0].fields[i];
        if (find(&diff->newer, name.bytes) == none && !is_named(diff, name.bytes))
            put_pair(diff->out, &any, name, older->fields[i]);
    }
}

/* The first compared column from `i` on in which the rows differ; their count when none does. */
static size_t differing(const struct diff *diff, const struct row *older, const struct row *newer,
                        size_t i)
{
    size_t match;
    while (i < newer->count &&
           !(is_compared(diff, i, &match) && !equal(value_of(older, match), newer->fields[i])))
        i++;
    return i;
}

/* Writes what of a row was otherwise, as members of an object that has some if `any`. */
static void put_differences(struct diff *diff, const struct row *older, const struct row *newer,
                            bool any)
{
    for (size_t i = differing(diff, older, newer, 0); i < newer->count;
         i = differing(diff, older, newer, i + 1)) {
        size_t match;
        (void)is_compared(diff, i, &match);
        put_pair(diff->out, &any, diff->newer.rows[0].fields[i], value_of(older, match));
    }
}

static void put_updated(struct diff *diff, const struct row *older, const struct row *newer,
                        bool is_followed)
{
    put_record(diff, "updated", newer, &diff->newer);
    put_carried(diff, older);
    put_text(diff->out, "},\"was\":{");
    bool any = false;
    if (is_followed)
        put_pair(diff->out, &any, diff->newer.rows[0].fields[diff->newer.key],
                 older->fields[diff->older.key]);
    put_differences(diff, older, newer, any);
    put_text(diff->out, "}}\n");
}

static void put_new(struct diff *diff, const struct row *doubtful, const struct row *newer)
{
    put_record(diff, "new", newer, &diff->newer);
    if (doubtful != NULL)
        put_carried(diff, doubtful);
    if (doubtful != NULL && differing(diff, doubtful, newer, 0) < newer->count) {
        put_text(diff->out, "},\"was\":{");
        put_differences(diff, doubtful, newer, false);
    }
    put_text(diff->out, "}}\n");
}

static void put_skipped(struct diff *diff, const struct row *row)
{
    char line[64];
    put_text(diff->out, "{\"change\":\"skipped\",\"reason\":\"no ");
    put_text(diff->out, diff->options->key);
    put_text(diff->out, "\",\"file\":\"");
    put_text(diff->out, diff->newer_name);
    (void)snprintf(line, sizeof line, "\",\"line\":%zu,\"row\":{", row->line);
    put_text(diff->out, line);
    bool any = false;
    for (size_t i = 0; i < row->count; i++)
        put_pair(diff->out, &any, diff->newer.rows[0].fields[i], row->fields[i]);
    put_text(diff->out, "}}\n");
}

static void follow(struct diff *diff)
{
    if (diff->options->follow == NULL || diff->older.count < 2)
        return;
    size_t in_older = find(&diff->older, diff->options->follow);
    size_t in_newer = find(&diff->newer, diff->options->follow);
    size_t bucket;
    for (size_t i = 1; in_older != none && in_newer != none && i < diff->newer.count; i++) {
        struct row *newer = &diff->newer.rows[i];
        struct text value = trim(newer->fields[in_newer]);
        if (!newer->is_first || value.length == 0 ||
            (lookup(&diff->older, newer->key, &bucket) && !is_doubtful(diff, newer->key)))
            continue;
        for (size_t k = 1; k < diff->older.count && newer->followed == NULL; k++) {
            struct row *older = &diff->older.rows[k];
            if (older->is_first && !older->is_followed &&
                lookup(&diff->newer, older->key, &bucket) == NULL &&
                !is_doubtful(diff, older->key) && equal(trim(older->fields[in_older]), value)) {
                older->is_followed = true;
                newer->followed = older;
            }
        }
    }
}

static void compare_newer(struct diff *diff, struct row *row)
{
    size_t bucket;
    if (row->key.length == 0) {
        diff->skipped++;
        put_skipped(diff, row);
        return;
    }
    if (!row->is_first)
        return;
    const struct row *older = lookup(&diff->older, row->key, &bucket);
    if (row->followed == NULL && (older == NULL || is_doubtful(diff, row->key))) {
        diff->added++;
        put_new(diff, older, row);
        return;
    }
    bool same = row->followed == NULL && any_same(diff, row->key);
    if (same && !diff->options->all && !any_stale(diff, row->key)) {
        diff->unchanged++;
        return;
    }
    diff->updated++;
    put_updated(diff, row->followed != NULL ? row->followed : older, row, row->followed != NULL);
}

static bool compare(struct diff *diff)
{
    size_t bucket;
    follow(diff);
    for (size_t i = 1; i < diff->newer.count; i++)
        compare_newer(diff, &diff->newer.rows[i]);
    for (size_t i = 1; i < diff->older.count; i++) {
        struct row *row = &diff->older.rows[i];
        if (!row->is_first || row->is_followed || lookup(&diff->newer, row->key, &bucket) != NULL)
            continue;
        diff->lapsed++;
        put_record(diff, "lapsed", row, &diff->older);
        put_text(diff->out, "}}\n");
    }
    size_t older = diff->unchanged + diff->updated + diff->lapsed;
    char line[300];
    (void)snprintf(line, sizeof line,
                   "{\"summary\":{\"older\":%zu,\"newer\":%zu,\"unchanged\":%zu,\"new\":%zu,"
                   "\"updated\":%zu,\"lapsed\":%zu,\"skipped\":%zu}}\n",
                   older, diff->unchanged + diff->updated + diff->added, diff->unchanged,
                   diff->added, diff->updated, diff->lapsed, diff->skipped);
    put_text(diff->out, line);
    if (!diff->options->limited)
        return true;
    if (diff->options->limit_is_share)
        return diff->lapsed <= 5 || diff->lapsed * 1000 <= diff->options->limit * older;
    return diff->lapsed <= diff->options->limit;
}

static bool is_usable(const struct diff *diff)
{
    bool any_key = false;
    for (size_t i = 1; i < diff->newer.count; i++)
        any_key = any_key || diff->newer.rows[i].key.length > 0;
    bool any_column = diff->options->column_count == 0;
    for (size_t i = 0; i < diff->options->column_count; i++)
        any_column = any_column || find(&diff->newer, diff->options->columns[i]) != none;
    return any_key && any_column;
}

int oracle_diff(struct oracle_bytes older, struct oracle_bytes newer, const char *newer_name,
                const struct oracle_options *options, struct oracle_bytes *out)
{
    *out = (struct oracle_bytes){NULL, 0};
    struct diff *diff = must(calloc(1, sizeof *diff));
    diff->options = options;
    diff->newer_name = newer_name;
    diff->out = out;
    bool good = read_file(&diff->older, older, options->key);
    good = good && read_file(&diff->newer, newer, options->key);
    good = good && is_usable(diff) && compare(diff);
    free_file(&diff->older);
    free_file(&diff->newer);
    free(diff);
    if (!good)
        out->length = 0;
    return good ? 0 : 65;
}
