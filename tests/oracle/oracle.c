#include "oracle.h"

#include <csv.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unistr.h>

struct text {
    char *bytes;
    size_t length;
};

struct row {
    struct text *fields;
    size_t count;
    size_t line;
    struct text key;    /* normalized; empty when the row has none that counts */
    struct text no_key; /* of a row that is skipped, what it has instead */
    struct row *same_hash;
    bool is_other; /* it meets not all conditions, or is blank */
    bool is_blank;
    bool is_first; /* of its key */
    struct row *followed;
    bool is_followed;
    struct row *held; /* of a row that is skipped, the member who is held */
    bool is_held;
    bool is_taken; /* a row of OLDER for which somebody is held */
};

enum { BUCKETS = 4096 };

struct file {
    struct row *rows; /* the first one is the header */
    size_t count;
    size_t room;
    size_t line; /* of the row being read */
    size_t key;  /* the first of its keys' columns */
    bool *left_out;
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

/* White space and what is not to be seen. */
static bool is_unseen(ucs4_t code)
{
    static const ucs4_t ranges[][2] = {{9, 13},           {' ', ' '},         {0x80, 0xA0},
                                       {0xAD, 0xAD},      {0x34F, 0x34F},     {0x61C, 0x61C},
                                       {0x115F, 0x1160},  {0x1680, 0x1680},   {0x17B4, 0x17B5},
                                       {0x180B, 0x180F},  {0x2000, 0x200F},   {0x2028, 0x202F},
                                       {0x205F, 0x206F},  {0x3000, 0x3000},   {0x3164, 0x3164},
                                       {0xFE00, 0xFE0F},  {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},
                                       {0xFFF0, 0xFFFC},  {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A},
                                       {0xE0000, 0xE0FFF}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (code >= ranges[i][0] && code <= ranges[i][1])
            return true;
    return false;
}

/* Without anything unseen at its ends. */
static struct text trim(struct text text)
{
    const uint8_t *from = (const uint8_t *)text.bytes;
    const uint8_t *to = from + text.length;
    ucs4_t code;
    while (from < to && is_unseen((u8_mbtouc(&code, from, (size_t)(to - from)), code)))
        from += u8_mblen(from, (size_t)(to - from));
    while (from < to) {
        const uint8_t *last = u8_prev(&code, to, from);
        if (last == NULL || !is_unseen(code))
            break;
        to = last;
    }
    return (struct text){(char *)from, (size_t)(to - from)};
}

/* Without spaces and tabs at its ends, as all values are. */
static struct text trim_value(struct text text)
{
    while (text.length > 0 && (*text.bytes == ' ' || *text.bytes == '\t')) {
        text.bytes++;
        text.length--;
    }
    while (text.length > 0 &&
           (text.bytes[text.length - 1] == ' ' || text.bytes[text.length - 1] == '\t'))
        text.length--;
    return text;
}

static struct text normalize(struct text text)
{
    struct text trimmed = trim(text);
    struct text result = copy(trimmed.bytes, trimmed.length);
    uint8_t *out = (uint8_t *)result.bytes;
    for (size_t i = 0; i < trimmed.length;) {
        ucs4_t code;
        uint8_t small_bytes[6], capital_bytes[6];
        i += (size_t)u8_mbtouc(&code, (const uint8_t *)trimmed.bytes + i, trimmed.length - i);
        ucs4_t small = uc_tolower(code);
        ucs4_t capital = uc_toupper(small);
        int length = u8_uctomb(small_bytes, small, 6);
        int other = u8_uctomb(capital_bytes, capital, 6);
        bool shorter = other < length && uc_tolower(capital) == small;
        memcpy(out, shorter ? capital_bytes : small_bytes, (size_t)(shorter ? other : length));
        out += shorter ? other : length;
    }
    *out = '\0';
    result.length = (size_t)(out - (uint8_t *)result.bytes);
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
    struct text value = trim_value((struct text){bytes, length});
    file->pending[file->pending_count++] = copy(value.bytes, value.length);
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
        if (strcmp(file->rows[0].fields[i].bytes, name) == 0 && !file->left_out[i])
            return i;
    return none;
}

static bool read_header(struct file *file)
{
    struct row *header = &file->rows[0];
    size_t nameless = 0;
    file->left_out = must(calloc(header->count, sizeof *file->left_out));
    for (size_t i = 0; i < header->count; i++) {
        struct text name = normalize(header->fields[i]);
        free(header->fields[i].bytes);
        header->fields[i] = name;
        for (size_t k = 0; k < i && name.length > 0; k++)
            if (equal(header->fields[k], name))
                return false;
    }
    for (size_t i = 0; i < header->count; i++) {
        file->left_out[i] = header->fields[i].length == 0;
        for (size_t k = 1; k < file->count; k++)
            if (i < file->rows[k].count && file->rows[k].fields[i].length > 0)
                file->left_out[i] = false;
        nameless += header->fields[i].length == 0 && !file->left_out[i];
    }
    return nameless < 2;
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

static bool has(const struct oracle_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->names[i], name) == 0)
            return true;
    return false;
}

/* Of a row, the first of these columns that has a value. */
static struct text first_value(const struct file *file, const struct row *row,
                               const struct oracle_names *names)
{
    struct text value = {(char *)"", 0};
    for (size_t i = 0; i < names->count && value.length == 0; i++) {
        size_t column = find(file, names->names[i]);
        if (column != none)
            value = trim(row->fields[column]);
    }
    return value;
}

/* ---- who is a member ---- */

static bool equal_in_ascii(struct text one, const char *other)
{
    if (one.length != strlen(other))
        return false;
    for (size_t i = 0; i < one.length; i++) {
        char a = one.bytes[i];
        char b = other[i];
        a = a >= 'A' && a <= 'Z' ? (char)(a + 32) : a;
        b = b >= 'A' && b <= 'Z' ? (char)(b + 32) : b;
        if (a != b)
            return false;
    }
    return true;
}

static bool meets(const struct file *file, const struct row *row,
                  const struct oracle_options *options)
{
    for (size_t i = 0; i < options->where_count; i++) {
        const struct oracle_condition *condition = &options->where[i];
        bool is_one = false;
        struct text value = trim(row->fields[find(file, condition->column)]);
        for (size_t k = 0; k < condition->count; k++)
            is_one = is_one || equal_in_ascii(value, condition->values[k]);
        if (is_one == condition->negated)
            return false;
    }
    return true;
}

/* Whether the conditions are to be used. */
static bool has_conditions(const struct file *file, const struct oracle_options *options)
{
    for (size_t i = 0; i < options->where_count; i++)
        if (find(file, options->where[i].column) == none)
            return false;
    return options->where_count > 0;
}

static bool is_address(struct text key)
{
    size_t ats = 0;
    size_t at = 0;
    for (size_t i = 0; i < key.length;) {
        ucs4_t code;
        size_t size = (size_t)u8_mbtouc(&code, (const uint8_t *)key.bytes + i, key.length - i);
        if (is_unseen(code) || code == 0xFFFD || code < 32 || code == 127 ||
            (code < 128 && strchr("<>,;:", (int)code) != NULL) || (i == 0 && code == '\'') ||
            (ats > 0 && code < 128 && !isalnum((int)code) && strchr("@.-_", (int)code) == NULL))
            return false;
        if (code == '@') {
            ats++;
            at = i;
        }
        i += size;
    }
    const char *domain = key.bytes + at + 1;
    return ats == 1 && at > 0 && strchr(domain, '.') != NULL && domain[0] != '.' &&
           key.bytes[key.length - 1] != '.' && strstr(domain, "..") == NULL;
}

static bool read_rows(struct file *file, const struct oracle_options *options, bool is_newer)
{
    bool conditions = is_newer && has_conditions(file, options);
    for (size_t i = 1; i < file->count; i++)
        if (file->key == none || file->rows[i].count != file->rows[0].count)
            return false;
    if (is_newer && file->count > 1 && options->where_count > 0 && !conditions &&
        !options->where_possible)
        return false;
    for (size_t i = 1; i < file->count; i++) {
        struct row *row = &file->rows[i];
        struct text written = first_value(file, row, &options->keys);
        row->is_blank = is_newer;
        for (size_t k = 0; k < row->count; k++)
            row->is_blank = row->is_blank && row->fields[k].length == 0;
        row->is_other = row->is_blank || (conditions && !meets(file, row, options));
        row->key = normalize(written);
        if (row->is_other || (is_newer && options->addresses && !is_address(row->key))) {
            row->no_key = written;
            row->key.length = 0;
            row->key.bytes[0] = '\0';
        }
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

/* What is before the header and behind the last row, and is none of the file. */
static void drop_marks(const char **bytes, size_t *length)
{
    while (*length >= 3 && memcmp(*bytes, "\xEF\xBB\xBF", 3) == 0) {
        *bytes += 3;
        *length -= 3;
    }
    while (*length > 0 && (*bytes)[*length - 1] == 0x1A)
        --*length;
}

/* Takes the line "sep=,", in quotes or not, away but for its end, and returns what it names. */
static char drop_separator(const char **bytes, size_t *length)
{
    char line[16] = "";
    size_t end = 0;
    while (end < *length && end < sizeof line - 1 && (*bytes)[end] != '\n' && (*bytes)[end] != '\r')
        end++;
    memcpy(line, *bytes, end);
    for (size_t i = 0; i < end; i++)
        line[i] = line[i] >= 'A' && line[i] <= 'Z' ? (char)(line[i] + 32) : line[i];
    bool quoted = end == 7 && strncmp(line, "\"sep=", 5) == 0 && line[6] == '"';
    if (!quoted && !(end == 5 && strncmp(line, "sep=", 4) == 0))
        return '\0';
    *bytes += end;
    *length -= end;
    return line[quoted ? 5 : 4];
}

static bool read_file(struct file *file, struct oracle_bytes text,
                      const struct oracle_options *options, bool is_newer)
{
    const char *bytes = text.bytes;
    size_t length = text.length;
    drop_marks(&bytes, &length);
    char separator = drop_separator(&bytes, &length);
    if ((separator != '\0' && separator != ',') || memchr(bytes, 0, length) != NULL ||
        !is_utf8((const unsigned char *)bytes, length) || !parse(file, bytes, length))
        return false;
    if (file->count > 0 && !read_header(file))
        return false;
    file->key = none;
    for (size_t i = 0; i < options->keys.count && file->key == none; i++)
        file->key = find(file, options->keys.names[i]);
    return read_rows(file, options, is_newer);
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
    free(file->left_out);
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
    size_t unchanged, added, updated, lapsed, skipped, held, others;
};

/* Whether a column of NEWER is compared; where OLDER has it in `*older`. */
static bool is_compared(const struct diff *diff, size_t column, size_t *older)
{
    const char *name = diff->newer.rows[0].fields[column].bytes;
    *older = diff->older.count > 1 ? find(&diff->older, name) : none;
    if (column == diff->newer.key || diff->newer.left_out[column])
        return false;
    return diff->options->columns.count > 0 ? has(&diff->options->columns, name) : *older != none;
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

static void put_row(struct diff *diff, const struct row *row, const struct file *file)
{
    bool any = false;
    for (size_t i = 0; i < row->count; i++)
        if (!file->left_out[i])
            put_pair(diff->out, &any, file->rows[0].fields[i], row->fields[i]);
}

static void put_record(struct diff *diff, const char *change, const struct row *row,
                       const struct file *file)
{
    put_text(diff->out, "{\"change\":\"");
    put_text(diff->out, change);
    put_text(diff->out, "\",\"key\":");
    put_string(diff->out, row->key);
    put_text(diff->out, ",\"row\":{");
    put_row(diff, row, file);
}

/* What only OLDER has, behind the columns of a row, but for other spellings of what NEWER has. */
static void put_carried(struct diff *diff, const struct row *older)
{
    bool any = true;
    bool follows = false;
    for (size_t i = 0; i < diff->options->follow.count; i++)
        follows = follows || find(&diff->newer, diff->options->follow.names[i]) != none;
    for (size_t i = 0; i < older->count; i++) {
        struct text name = diff->older.rows[0].fields[i];
        bool is_spelling = has(&diff->options->columns, name.bytes) ||
                           has(&diff->options->keys, name.bytes) ||
                           (follows && has(&diff->options->follow, name.bytes));
        if (find(&diff->newer, name.bytes) == none && !is_spelling && !diff->older.left_out[i])
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

/* Writes what of a row was otherwise, as members of an object that has some if `any`, but for a
 * column of the name `but`. */
static void put_differences(struct diff *diff, const struct row *older, const struct row *newer,
                            bool any, struct text but)
{
    for (size_t i = differing(diff, older, newer, 0); i < newer->count;
         i = differing(diff, older, newer, i + 1)) {
        size_t match;
        (void)is_compared(diff, i, &match);
        if (!any || !equal(diff->newer.rows[0].fields[i], but))
            put_pair(diff->out, &any, diff->newer.rows[0].fields[i], value_of(older, match));
    }
}

/* The key of a row of OLDER, as it is written but for blanks that are values' own. */
static struct text written_key(const struct diff *diff, const struct row *older)
{
    for (size_t i = 0; i < diff->options->keys.count; i++) {
        size_t column = find(&diff->older, diff->options->keys.names[i]);
        if (column != none && trim(older->fields[column]).length > 0)
            return older->fields[column];
    }
    return (struct text){(char *)"", 0};
}

static void put_updated(struct diff *diff, const struct row *older, const struct row *newer,
                        bool is_followed)
{
    put_record(diff, "updated", newer, &diff->newer);
    put_carried(diff, older);
    put_text(diff->out, "},\"was\":{");
    bool any = false;
    struct text name = diff->newer.rows[0].fields[diff->newer.key];
    if (diff->options->addresses)
        name = (struct text){(char *)"email", 5};
    if (is_followed)
        put_pair(diff->out, &any, name, written_key(diff, older));
    put_differences(diff, older, newer, any, name);
    put_text(diff->out, "}}\n");
}

static void put_new(struct diff *diff, const struct row *doubtful, const struct row *newer)
{
    put_record(diff, "new", newer, &diff->newer);
    if (doubtful != NULL)
        put_carried(diff, doubtful);
    if (doubtful != NULL && differing(diff, doubtful, newer, 0) < newer->count) {
        put_text(diff->out, "},\"was\":{");
        put_differences(diff, doubtful, newer, false, (struct text){(char *)"", 0});
    }
    put_text(diff->out, "}}\n");
}

static void put_skipped(struct diff *diff, const struct row *row)
{
    char line[64];
    struct oracle_bytes reason = {NULL, 0};
    struct text shown = row->no_key;
    while (shown.length > 80)
        do
            shown.length--;
        while ((shown.bytes[shown.length] & 0xC0) == 0x80);
    put_text(&reason, shown.length == 0 ? "no " : "\"");
    if (shown.length == 0)
        put_text(&reason, diff->newer.rows[0].fields[diff->newer.key].bytes);
    else
        put(&reason, shown.bytes, shown.length);
    put_text(&reason, shown.length == 0 ? "" : "\" is no address");
    put_text(diff->out, "{\"change\":\"skipped\",\"reason\":");
    put_string(diff->out, (struct text){reason.bytes, reason.length});
    free(reason.bytes);
    put_text(diff->out, ",\"file\":\"");
    put_text(diff->out, diff->newer_name);
    (void)snprintf(line, sizeof line, "\",\"line\":%zu", row->line);
    put_text(diff->out, line);
    if (row->held != NULL) {
        put_text(diff->out, ",\"held\":");
        put_string(diff->out, row->held->key);
    }
    put_text(diff->out, ",\"row\":{");
    put_row(diff, row, &diff->newer);
    put_text(diff->out, "}}\n");
}

/* Whether the text is digits, perhaps with a comma before each three of them; writes the digits. */
static bool read_digits(const char *bytes, size_t length, char *digits)
{
    bool commas = memchr(bytes, ',', length) != NULL;
    for (size_t i = 0; i < length; i++) {
        bool comma = commas && i > 0 && (length - i) % 4 == 0;
        if (comma ? bytes[i] != ',' : bytes[i] < '0' || bytes[i] > '9')
            return false;
        if (!comma)
            *digits++ = bytes[i];
    }
    *digits = '\0';
    return length > 0;
}

/* Writes the digits of a number, whatever a spreadsheet made of it, none when some are lost. False,
 * when it is no number. */
static bool read_number(const char *text, char *digits)
{
    char decimals[32];
    int exponent, end = 0;
    size_t whole = strspn(text, "0123456789,");
    const char *rest = text + whole;
    if (!read_digits(text, whole, digits))
        return false;
    if (rest[0] == '\0' ||
        (rest[0] == '.' && rest[1] != '\0' && rest[1 + strspn(rest + 1, "0")] == '\0'))
        return true;
    if (whole != 1)
        return false;
    decimals[0] = '\0';
    if (rest[0] == '.' && sscanf(rest, ".%31[0-9]%n", decimals, &end) != 1)
        return false;
    rest += end;
    end = 0;
    if ((rest[0] != 'E' && rest[0] != 'e') || rest[1] != '+' ||
        rest[2 + strspn(rest + 2, "0123456789")] != '\0' || sscanf(rest + 2, "%d", &exponent) != 1)
        return false;
    if ((size_t)exponent == strlen(decimals))
        strcat(digits, decimals);
    else
        digits[0] = '\0';
    return true;
}

/* What somebody is followed by, in `room`. */
static struct text mark_of(const struct diff *diff, const struct file *file, const struct row *row,
                           char room[64])
{
    static const char *const nothing[] = {"NULL", "nan", "#N/A"};
    struct text mark = {room, 0};
    for (size_t i = 0; i < diff->options->follow.count && mark.length == 0; i++) {
        char copy[24], digits[64];
        size_t column = find(file, diff->options->follow.names[i]);
        if (column == none)
            continue;
        mark = trim(row->fields[column]);
        if (mark.length > 2 && memcmp(mark.bytes, "=\"", 2) == 0 &&
            memchr(mark.bytes + 2, '"', mark.length - 2) == mark.bytes + mark.length - 1)
            mark = trim((struct text){mark.bytes + 2, mark.length - 3});
        if (mark.length > 1 && mark.bytes[0] == '\'')
            mark = trim((struct text){mark.bytes + 1, mark.length - 1});
        if (mark.length > 1 && mark.bytes[mark.length - 1] == '\'')
            mark.length--;
        if (mark.length >= sizeof copy)
            continue;
        memcpy(copy, mark.bytes, mark.length);
        copy[mark.length] = '\0';
        for (size_t k = 0; k < sizeof nothing / sizeof *nothing; k++)
            if (strcmp(copy, nothing[k]) == 0)
                mark.length = 0;
        if (mark.length > 0 && read_number(copy, digits)) {
            strcpy(room, digits + strspn(digits, "0"));
            mark = (struct text){room, strlen(room)};
        }
    }
    return mark;
}

static void follow(struct diff *diff)
{
    size_t bucket;
    for (size_t i = 1; i < diff->newer.count; i++) {
        struct row *newer = &diff->newer.rows[i];
        char room[64], other[64];
        struct text mark = mark_of(diff, &diff->newer, newer, room);
        if (!newer->is_first || mark.length == 0 ||
            (lookup(&diff->older, newer->key, &bucket) && !is_doubtful(diff, newer->key)))
            continue;
        for (size_t k = 1; k < diff->older.count && newer->followed == NULL; k++) {
            struct row *older = &diff->older.rows[k];
            if (older->is_first && !older->is_followed &&
                lookup(&diff->newer, older->key, &bucket) == NULL &&
                !is_doubtful(diff, older->key) &&
                equal(mark_of(diff, &diff->older, older, other), mark)) {
                older->is_followed = true;
                newer->followed = older;
            }
        }
    }
}

/* Whoever would lapse, and has the mark of a row that is skipped, is held. */
static void hold(struct diff *diff)
{
    size_t bucket;
    for (size_t i = 1; i < diff->newer.count; i++) {
        struct row *newer = &diff->newer.rows[i];
        char room[64], other[64];
        struct text mark = mark_of(diff, &diff->newer, newer, room);
        if (newer->key.length > 0 || newer->is_other || mark.length == 0)
            continue;
        for (size_t k = 1; k < diff->older.count && newer->held == NULL; k++) {
            struct row *older = &diff->older.rows[k];
            struct row *first = lookup(&diff->older, older->key, &bucket);
            if (older->key.length == 0 || older->is_taken || first->is_followed ||
                lookup(&diff->newer, older->key, &bucket) != NULL ||
                !equal(mark_of(diff, &diff->older, older, other), mark))
                continue;
            older->is_taken = true;
            first->is_held = true;
            newer->held = first;
        }
    }
}

/* Of what has a quote in it, only the parser could tell. */
static bool says_something(struct text text)
{
    static const char *const nothing[] = {"NULL", "null", "nan", "None", "#N/A"};
    bool something = false;
    for (size_t i = 0; i < text.length; i++)
        something = something || isalnum((unsigned char)text.bytes[i]) ||
                    (text.bytes[i] & 0x80) != 0 || text.bytes[i] == '"';
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        if (text.length == strlen(nothing[i]) && memcmp(text.bytes, nothing[i], text.length) == 0)
            return false;
    return something;
}

/* Whether a compared column lost its values, which were many. */
static bool any_emptied(const struct diff *diff)
{
    for (size_t i = 0; diff->older.count > 1 && i < diff->newer.rows[0].count; i++) {
        size_t match;
        size_t before = 0;
        size_t now = 0;
        if (!is_compared(diff, i, &match) || match == none ||
            has(&diff->options->may_be_empty, diff->newer.rows[0].fields[i].bytes))
            continue;
        for (size_t k = 1; k < diff->older.count; k++)
            before += says_something(diff->older.rows[k].fields[match]);
        for (size_t k = 1; k < diff->newer.count; k++)
            now += !diff->newer.rows[k].is_other && says_something(diff->newer.rows[k].fields[i]);
        if (now == 0 && before >= 20 && before * 10 >= diff->older.count - 1)
            return true;
    }
    return false;
}

static void compare_newer(struct diff *diff, struct row *row)
{
    size_t bucket;
    if (row->is_other) {
        diff->others += !row->is_blank;
        return;
    }
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

static void put_quoted(struct oracle_bytes *out, const char *item)
{
    bool quote = strpbrk(item, ",;=!\"\n") != NULL;
    put_text(out, quote ? "\"" : "");
    for (; *item != '\0'; item++)
        put_text(out, *item == '"' ? "\"\"" : (char[]){*item, '\0'});
    put_text(out, quote ? "\"" : "");
}

void oracle_conditions(const struct oracle_options *options, struct oracle_bytes *out)
{
    *out = (struct oracle_bytes){NULL, 0};
    for (size_t i = 0; i < options->where_count; i++) {
        const struct oracle_condition *condition = &options->where[i];
        put_text(out, i > 0 ? ";" : "");
        put_quoted(out, condition->column);
        put_text(out, condition->negated ? "!" : "");
        for (size_t k = 0; k < condition->count; k++) {
            put_text(out, k == 0 ? "=" : ",");
            put_quoted(out, condition->values[k]);
        }
    }
    put(out, "", 1);
    out->length--;
}

static void put_summary(struct diff *diff)
{
    char line[300];
    (void)snprintf(line, sizeof line,
                   "{\"summary\":{\"older\":%zu,\"newer\":%zu,\"unchanged\":%zu,\"new\":%zu,"
                   "\"updated\":%zu,\"lapsed\":%zu,\"skipped\":%zu",
                   diff->unchanged + diff->updated + diff->lapsed,
                   diff->unchanged + diff->updated + diff->added, diff->unchanged, diff->added,
                   diff->updated, diff->lapsed, diff->skipped);
    put_text(diff->out, line);
    (void)snprintf(line, sizeof line, ",\"held\":%zu", diff->held);
    put_text(diff->out, diff->held > 0 ? line : "");
    if (has_conditions(&diff->newer, diff->options)) {
        struct oracle_bytes rule;
        oracle_conditions(diff->options, &rule);
        (void)snprintf(line, sizeof line, ",\"others\":%zu,\"members\":", diff->others);
        put_text(diff->out, line);
        put_string(diff->out, (struct text){rule.bytes, rule.length});
        free(rule.bytes);
    }
    put_text(diff->out, "}}\n");
}

static bool compare(struct diff *diff)
{
    size_t bucket;
    follow(diff);
    hold(diff);
    for (size_t i = 1; i < diff->newer.count; i++)
        compare_newer(diff, &diff->newer.rows[i]);
    for (size_t i = 1; i < diff->older.count; i++) {
        struct row *row = &diff->older.rows[i];
        if (!row->is_first || row->is_followed || lookup(&diff->newer, row->key, &bucket) != NULL)
            continue;
        if (row->is_held) {
            diff->held++;
            diff->unchanged++;
            continue;
        }
        diff->lapsed++;
        put_record(diff, "lapsed", row, &diff->older);
        put_text(diff->out, "}}\n");
    }
    put_summary(diff);
    if (any_emptied(diff))
        return false;
    size_t older = diff->unchanged + diff->updated + diff->lapsed;
    if (!diff->options->limited)
        return true;
    if (diff->options->limit_is_share)
        return diff->lapsed <= 5 || diff->lapsed * 1000 <= diff->options->limit * older;
    return diff->lapsed <= diff->options->limit;
}

static bool is_usable(const struct diff *diff)
{
    if (diff->options->where_possible && diff->older.count > 1 &&
        has_conditions(&diff->older, diff->options) && !has_conditions(&diff->newer, diff->options))
        return false;
    bool any_key = false;
    for (size_t i = 1; i < diff->newer.count; i++)
        any_key = any_key || diff->newer.rows[i].key.length > 0;
    bool any_column = diff->options->columns.count == 0;
    for (size_t i = 0; i < diff->options->columns.count; i++)
        any_column = any_column || find(&diff->newer, diff->options->columns.names[i]) != none;
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
    bool good = read_file(&diff->older, older, options, false);
    good = good && read_file(&diff->newer, newer, options, true);
    good = good && is_usable(diff) && compare(diff);
    free_file(&diff->older);
    free_file(&diff->newer);
    free(diff);
    if (!good)
        out->length = 0;
    return good ? 0 : 65;
}
