#include "csv/split.h"

#include "base/text.h"
#include "csv/fields.h"
#include "csv/nameless.h"
#include "csv/scan.h"
#include "csv/separator.h"

#include <stdlib.h>
#include <string.h>

/* What the walk through a text holds. */
struct splitter {
    const struct csv_text *text;
    const char *bytes;
    size_t length;
    size_t begin; /* of the header */
    size_t at;    /* where the next record begins */
    const struct csv_rules *rules;
    enum csv_scope scope;
    uint64_t seed;
    struct csv_record *record;
    struct csv_table *table;
};

/* Where the record that begins at `at` ends: behind the first line end that is not in quotes. */
static size_t find_end(const char *bytes, size_t at, size_t length)
{
    bool quoted = false;
    for (; at < length; at++) {
        if (bytes[at] == '"')
            quoted = !quoted;
        else if (!quoted && csv_is_line_end(bytes[at]))
            return at + 1;
    }
    return length;
}

/* STATUS_DATA with the place of the byte at `offset`. */
static enum status refuse(const struct csv_text *text, size_t offset, struct failure *failure,
                          const char *what)
{
    return fail(failure, STATUS_DATA, "%s: %s", csv_text_place(text, offset).text, what);
}

/* What concerns bytes, and not records. */
static enum status check_bytes(const struct csv_text *text, struct failure *failure)
{
    const char *bytes = csv_text_bytes(text);
    size_t length = csv_text_length(text);
    if (length >= 2 && (memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0))
        return refuse(text, 0, failure,
                      "this is UTF-16; export it as CSV in UTF-8, with commas between the columns");
    const char *nul = memchr(bytes, '\0', length);
    if (nul != NULL)
        return refuse(text, (size_t)(nul - bytes), failure,
                      "there is a NUL byte: is it UTF-16, or no CSV at all? Export it as UTF-8");
    size_t where;
    if (!utf8_valid(bytes, length, &where))
        return refuse(text, where, failure,
                      "this is not UTF-8; convert it (iconv -f WINDOWS-1252 -t UTF-8, perhaps)");
    return STATUS_OK;
}

static enum status refuse_separator(const struct splitter *splitter, char separator,
                                    struct failure *failure)
{
    return fail(
        failure, STATUS_DATA, "%s: its columns are separated by %s; export it as CSV with commas",
        csv_text_place(splitter->text, splitter->begin).text, csv_separator_name(separator));
}

/* What separates the columns of the header more often than commas do; '\0' when nothing does. */
static char other_separator(const struct splitter *splitter)
{
    return csv_separator_guess(splitter->bytes + splitter->begin,
                               splitter->length - splitter->begin);
}

/* What is wrong at `offset`, unless it is that commas do not separate the columns. */
static enum status refuse_row(const struct splitter *splitter, size_t offset,
                              struct failure *failure, const char *what)
{
    char separator = other_separator(splitter);
    if (splitter->table->key == CSV_NO_COLUMN && separator != '\0')
        return refuse_separator(splitter, separator, failure);
    return refuse(splitter->text, offset, failure, what);
}

/* ---- records ---- */

/* Parses the next record into splitter->record. `*start` is where it begins; `*more` is false when
 * there is none. */
static enum status next_record(struct splitter *splitter, size_t *start, bool *more,
                               struct failure *failure)
{
    *more = false;
    while (splitter->at < splitter->length) {
        if (csv_is_line_end(splitter->bytes[splitter->at])) {
            splitter->at++;
            continue;
        }
        size_t begin = splitter->at;
        splitter->at = find_end(splitter->bytes, begin, splitter->length);
        switch (csv_record_parse(splitter->record, splitter->bytes + begin, splitter->at - begin)) {
        case CSV_PARSED:
            *start = begin;
            *more = true;
            return STATUS_OK;
        case CSV_BLANK:
            break;
        case CSV_BAD_QUOTE:
            return refuse_row(splitter, begin + csv_record_wrong_at(splitter->record), failure,
                              "a quotation mark stands where none may be; a field that holds one "
                              "is quoted, and the mark in it doubled");
        case CSV_UNTERMINATED:
            return refuse_row(splitter, begin, failure,
                              "the quotation mark that opens a field of this row is never closed; "
                              "is the file cut off?");
        case CSV_SEVERAL:
            return csv_table_changed(splitter->table, failure);
        case CSV_OUT_OF_MEMORY:
            return fail_memory(failure);
        }
    }
    return STATUS_OK;
}

/* Whether one of the record's fields is the name of a key's column. */
static bool names_a_key(const struct splitter *splitter)
{
    struct buffer name = {.limit = 0};
    bool found = false;
    for (size_t i = 0; i < csv_record_count(splitter->record) && !found; i++) {
        struct csv_value value = csv_record_value(splitter->record, i);
        if (!buffer_normalize(&name, value.bytes, value.length))
            break;
        found = csv_names_have(&splitter->rules->keys, name.bytes);
    }
    buffer_free(&name);
    return found;
}

/* Looks for the header among the next records, of which the first is parsed and begins at `start`.
 */
static bool find_header(struct splitter *splitter, size_t start, size_t *header)
{
    enum { TITLES = 10 };
    struct failure ignored;
    bool more = true;
    for (int i = 0; i < TITLES && more; i++) {
        *header = start;
        if (names_a_key(splitter))
            return true;
        if (next_record(splitter, &start, &more, &ignored) != STATUS_OK)
            return false;
    }
    return false;
}

/* Appends names, as many as there is room for in a message. */
static void list_names(struct buffer *list, size_t count, const char *between,
                       struct csv_quoted (*name)(const void *of, size_t index), const void *of)
{
    enum { ENOUGH = 200 }; /* bytes */
    size_t shown = 0;
    while (shown < count && list->length < ENOUGH &&
           buffer_printf(list, "%s%s", shown > 0 ? between : "", name(of, shown).text))
        shown++;
    if (shown < count)
        (void)buffer_printf(list, ", ...");
}

static struct csv_quoted header_name(const void *header, size_t column)
{
    return csv_header_quote(csv_header_name(header, column).bytes);
}

static struct csv_quoted key_name(const void *keys, size_t index)
{
    return csv_header_quote(((const struct csv_names *)keys)->names[index]);
}

/* Says what is wrong with a text whose first row, parsed and beginning at `start`, has no key. */
static enum status fail_without_key(struct splitter *splitter, size_t start,
                                    struct failure *failure)
{
    struct csv_place place = csv_text_place(splitter->text, splitter->begin);
    char separator = other_separator(splitter);
    size_t below;
    if (separator != '\0')
        return refuse_separator(splitter, separator, failure);
    if (find_header(splitter, start, &below))
        return fail(failure, STATUS_DATA,
                    "%s: this is a title (%s), and no header; the header stands below it "
                    "(%s); take out what is above that",
                    place.text, header_name(splitter->table->header, 0).text,
                    csv_text_place(splitter->text, below).text);
    struct buffer keys = {.limit = 0};
    struct buffer names = {.limit = 0};
    const struct csv_header *header = splitter->table->header;
    list_names(&keys, splitter->rules->keys.count, " or ", key_name, &splitter->rules->keys);
    list_names(&names, csv_header_count(header), ", ", header_name, header);
    enum status status = fail(
        failure, STATUS_DATA, "%s: there is no column %s, only: %s; is the header line missing?",
        place.text, keys.bytes != NULL ? keys.bytes : "", names.bytes != NULL ? names.bytes : "");
    buffer_free(&keys);
    buffer_free(&names);
    return status;
}

/* Finds the keys' columns. */
static enum status find_keys(struct splitter *splitter, struct failure *failure)
{
    struct csv_table *table = splitter->table;
    free(table->keys);
    if (!csv_header_find_all(table->header, &splitter->rules->keys, &table->keys,
                             &table->key_count))
        return fail_memory(failure);
    table->key = table->key_count > 0 ? table->keys[0] : CSV_NO_COLUMN;
    return STATUS_OK;
}

/* The conditions are bound once it is known that this is an export at all. */
static enum status bind_screen(struct splitter *splitter, struct failure *failure)
{
    struct csv_table *table = splitter->table;
    struct failure what = {""};
    if (splitter->scope == CSV_KEYS)
        return STATUS_OK;
    table->judged = true;
    table->addresses = splitter->rules->addresses;
    enum status status = csv_screen_new(splitter->rules, table->header, &table->screen, &what);
    if (status == STATUS_DATA)
        return fail(failure, status, "%.300s: %s", csv_text_name(splitter->text), what.text);
    return status == STATUS_OK ? status : fail_memory(failure);
}

static enum status read_header(struct splitter *splitter, struct failure *failure)
{
    size_t start;
    bool more = false;
    char separator;
    splitter->at = csv_separator_line(splitter->bytes, splitter->length, &separator);
    if (splitter->at > 0 && separator != ',')
        return refuse_separator(splitter, separator, failure);
    splitter->begin = splitter->at;
    enum status status = next_record(splitter, &start, &more, failure);
    if (status != STATUS_OK || !more)
        return status;
    splitter->begin = start;
    struct failure twice = {""};
    status = csv_header_new(splitter->record, &splitter->table->header, &twice);
    if (status == STATUS_DATA)
        return refuse(splitter->text, start, failure, twice.text);
    return status == STATUS_OK ? find_keys(splitter, failure) : fail_memory(failure);
}

static enum status fail_ragged(const struct splitter *splitter, size_t start,
                               struct failure *failure)
{
    return fail(failure, STATUS_DATA,
                "%s: this row has %zu fields, the header has %zu; is a comma in it not "
                "quoted, or the file cut off?",
                csv_text_place(splitter->text, start).text, csv_record_count(splitter->record),
                csv_header_count(splitter->table->header));
}

static enum status split(struct splitter *splitter, struct failure *failure)
{
    struct csv_table *table = splitter->table;
    enum status status = check_bytes(splitter->text, failure);
    if (status == STATUS_OK)
        status = read_header(splitter, failure);
    if (status != STATUS_OK || table->header == NULL)
        return status;
    for (;;) {
        size_t start;
        bool more;
        status = next_record(splitter, &start, &more, failure);
        if (status != STATUS_OK || !more)
            return status;
        if (table->key == CSV_NO_COLUMN)
            return fail_without_key(splitter, start, failure);
        if (csv_record_count(splitter->record) != csv_header_count(table->header))
            return fail_ragged(splitter, start, failure);
        if (table->count == 0 && (status = bind_screen(splitter, failure)) != STATUS_OK)
            return status;
        if (!csv_table_add(table, start, csv_table_hash(table, splitter->record, splitter->seed)))
            return fail_memory(failure);
    }
}

/* Forgets all that was found. */
static void begin_again(struct splitter *splitter)
{
    struct csv_table *table = splitter->table;
    csv_header_free(table->header);
    csv_screen_free(table->screen);
    table->header = NULL;
    table->screen = NULL;
    table->key = CSV_NO_COLUMN;
    splitter->begin = 0;
    splitter->at = 0;
}

/* The fast way: false, and all as it was, when it declines, which it does without saying why. */
static bool split_fast(struct splitter *splitter, enum csv_way way)
{
    struct failure ignored;
    bool split_up = way != CSV_PLAIN && read_header(splitter, &ignored) == STATUS_OK &&
                    splitter->table->header != NULL && splitter->table->key != CSV_NO_COLUMN &&
                    bind_screen(splitter, &ignored) == STATUS_OK &&
                    csv_scan_rows(splitter->table, splitter->at, splitter->seed, way);
    if (!split_up)
        begin_again(splitter);
    return split_up;
}

/* Of the columns without a name that have values there may be one. */
static enum status leave_out_nameless(struct splitter *splitter, struct failure *failure)
{
    size_t filled;
    enum status status = csv_nameless_leave_out(splitter->table, &filled, failure);
    if (status == STATUS_OK && filled > 1)
        status = refuse(splitter->text, splitter->begin, failure,
                        "two columns have no name; name them or take them out");
    return status;
}

enum status csv_split(const struct csv_text *text, const struct csv_rules *rules,
                      enum csv_scope scope, uint64_t seed, enum csv_way way,
                      struct csv_table **table, struct failure *failure)
{
    *table = NULL;
    struct splitter splitter = {.text = text,
                                .bytes = csv_text_bytes(text),
                                .length = csv_text_length(text),
                                .rules = rules,
                                .scope = scope,
                                .seed = seed,
                                .record = csv_record_new(),
                                .table = csv_table_new(text)};
    enum status status;
    if (splitter.record == NULL || splitter.table == NULL) {
        status = fail_memory(failure);
    } else {
        status = split_fast(&splitter, way) ? STATUS_OK : split(&splitter, failure);
        if (status == STATUS_OK)
            status = leave_out_nameless(&splitter, failure);
    }
    csv_record_free(splitter.record);
    if (status == STATUS_OK)
        *table = splitter.table;
    else
        csv_table_free(splitter.table);
    return status;
}
