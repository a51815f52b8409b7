#include "diff/row_compare.h"

#include "csv/fields.h"

#include <stdlib.h>
#include <string.h>

/* A row cut into its fields, and parsed. */
struct side {
    const struct csv_table *table;
    struct csv_span *fields;
    struct csv_record *record;
    struct buffer key; /* normalized */
};

struct row_compare {
    struct side older;
    struct side newer;
    const struct diff_columns *columns;
    const char *current_value;
    const char *doubtful_value;
};

static bool side_init(struct side *side, const struct csv_table *table)
{
    size_t columns = table->header == NULL ? 0 : csv_header_count(table->header);
    side->table = table;
    side->fields = calloc(columns + 1, sizeof *side->fields);
    side->record = csv_record_new();
    return side->fields != NULL && side->record != NULL;
}

static void side_free(struct side *side)
{
    free(side->fields);
    csv_record_free(side->record);
    buffer_free(&side->key);
}

struct row_compare *row_compare_new(const struct csv_table *older, const struct csv_table *newer,
                                    const struct diff_columns *columns, const char *current_value,
                                    const char *doubtful_value)
{
    struct row_compare *compare = calloc(1, sizeof *compare);
    if (compare == NULL)
        return NULL;
    compare->columns = columns;
    compare->current_value = current_value;
    compare->doubtful_value = doubtful_value;
    bool older_good = side_init(&compare->older, older);
    if (!side_init(&compare->newer, newer) || !older_good) {
        row_compare_free(compare);
        return NULL;
    }
    return compare;
}

void row_compare_free(struct row_compare *compare)
{
    if (compare == NULL)
        return;
    side_free(&compare->older);
    side_free(&compare->newer);
    free(compare);
}

struct csv_value row_compare_value(const struct csv_record *record, size_t column)
{
    return column == CSV_NO_COLUMN ? (struct csv_value){"", 0} : csv_record_value(record, column);
}

/* ---- by what is written ---- */

/* An answer, or that only the parser has one. */
enum answer { NO, YES, UNKNOWN };

static enum answer same_bytes(struct csv_span one, struct csv_span other)
{
    return one.length == other.length && memcmp(one.bytes, other.bytes, one.length) == 0 ? YES : NO;
}

static enum answer same_field(struct csv_span one, struct csv_span other)
{
    if (same_bytes(one, other) == YES)
        return YES;
    if (!csv_field_value(&one) || !csv_field_value(&other))
        return UNKNOWN;
    return same_bytes(one, other);
}

/* Whether two keys are the same. Where one is empty, it may stand in another column; where they are
 * not alike in ASCII, it takes all of Unicode to tell. */
static enum answer same_key(struct csv_span one, struct csv_span other)
{
    unsigned char all = 0;
    bool differ = false;
    if (!csv_field_value(&one) || !csv_field_value(&other))
        return UNKNOWN;
    text_trim(&one.bytes, &one.length);
    text_trim(&other.bytes, &other.length);
    if (one.length == 0 || other.length == 0)
        return UNKNOWN;
    for (size_t i = 0; i < one.length && i < other.length; i++) {
        all |= (unsigned char)(one.bytes[i] | other.bytes[i]);
        differ = differ || ascii_lower(one.bytes[i]) != ascii_lower(other.bytes[i]);
    }
    if (one.length == other.length && !differ)
        return YES;
    for (size_t i = one.length; i < other.length; i++)
        all |= (unsigned char)other.bytes[i];
    for (size_t i = other.length; i < one.length; i++)
        all |= (unsigned char)one.bytes[i];
    return (all & 0x80) != 0 ? UNKNOWN : NO;
}

static enum answer same_fields(const struct row_compare *compare)
{
    const struct diff_columns *columns = compare->columns;
    enum answer answer = YES;
    for (size_t i = 0; i < columns->compared_count; i++) {
        const struct column_pair *pair = &columns->compared[i];
        struct csv_span before = {"", 0};
        if (pair->older != CSV_NO_COLUMN)
            before = compare->older.fields[pair->older];
        enum answer same = same_field(before, compare->newer.fields[pair->newer]);
        if (same == NO)
            return NO;
        answer = same == YES ? answer : UNKNOWN;
    }
    return answer;
}

static bool is_other(const struct row_compare *compare, const char *bytes, size_t length)
{
    return length > 0 && (length != strlen(compare->current_value) ||
                          memcmp(bytes, compare->current_value, length) != 0);
}

static enum answer stale_field(const struct row_compare *compare)
{
    if (compare->columns->current == CSV_NO_COLUMN)
        return NO;
    struct csv_span field = compare->older.fields[compare->columns->current];
    if (!csv_field_value(&field))
        return UNKNOWN;
    return is_other(compare, field.bytes, field.length) ? YES : NO;
}

/* Whether OLDER's row is NEWER's and more behind it, as a roster's is of whom nothing changed. */
static bool compare_beginning(struct row_compare *compare, uint64_t older, uint64_t newer,
                              struct row_verdict *verdict)
{
    size_t whole;
    size_t length;
    const char *row = csv_table_row(compare->older.table, (size_t)older, &whole);
    const char *beginning = csv_table_row(compare->newer.table, (size_t)newer, &length);
    if (whole <= length || row[length] != ',' || memcmp(row, beginning, length) != 0)
        return false;
    size_t count = csv_header_count(compare->newer.table->header);
    size_t more = csv_header_count(compare->older.table->header) - count;
    struct csv_span *fields = compare->older.fields + count;
    if (compare->columns->current != CSV_NO_COLUMN &&
        csv_fields_cut(row + length + 1, whole - length - 1, fields, more) != more)
        return false;
    enum answer stale = stale_field(compare);
    *verdict = (struct row_verdict){true, true, stale == YES};
    return stale != UNKNOWN;
}

/* Whether all is known without the parser. */
static bool compare_written(struct row_compare *compare, uint64_t older, uint64_t newer,
                            struct row_verdict *verdict)
{
    if (!csv_table_cut(compare->older.table, (size_t)older, compare->older.fields) ||
        !csv_table_cut(compare->newer.table, (size_t)newer, compare->newer.fields))
        return false;
    enum answer key = same_key(compare->older.fields[compare->older.table->key],
                               compare->newer.fields[compare->newer.table->key]);
    if (key == NO)
        return true;
    enum answer same = same_fields(compare);
    enum answer stale = stale_field(compare);
    *verdict = (struct row_verdict){true, same == YES, stale == YES};
    return key != UNKNOWN && same != UNKNOWN && stale != UNKNOWN;
}

/* ---- by what it means ---- */

static enum status parse(struct side *side, uint64_t row, struct failure *failure)
{
    enum status status = csv_table_parse(side->table, (size_t)row, side->record, failure);
    if (status != STATUS_OK)
        return status;
    struct csv_value key = csv_table_key(side->table, side->record);
    return buffer_normalize(&side->key, key.bytes, key.length) ? STATUS_OK : fail_memory(failure);
}

static bool same_text(const struct buffer *one, const struct buffer *other)
{
    return one->length == other->length && memcmp(one->bytes, other->bytes, one->length) == 0;
}

static bool same_values(const struct row_compare *compare)
{
    const struct diff_columns *columns = compare->columns;
    for (size_t i = 0; i < columns->compared_count; i++) {
        const struct column_pair *pair = &columns->compared[i];
        struct csv_value one = row_compare_value(compare->older.record, pair->older);
        struct csv_value other = csv_record_value(compare->newer.record, pair->newer);
        if (one.length != other.length || memcmp(one.bytes, other.bytes, one.length) != 0)
            return false;
    }
    return true;
}

static bool stale_value(const struct row_compare *compare)
{
    struct csv_value value = row_compare_value(compare->older.record, compare->columns->current);
    return is_other(compare, value.bytes, value.length);
}

/* ---- both ---- */

enum status row_compare_rows(struct row_compare *compare, uint64_t older, uint64_t newer,
                             struct row_verdict *verdict, struct failure *failure)
{
    *verdict = (struct row_verdict){false, false, false};
    if (compare->columns->same_layout && compare->columns->current == CSV_NO_COLUMN) {
        if (csv_table_same(compare->older.table, (size_t)older, compare->newer.table,
                           (size_t)newer)) {
            *verdict = (struct row_verdict){true, true, false};
            return STATUS_OK;
        }
    }
    if (compare->columns->longer_layout && compare_beginning(compare, older, newer, verdict))
        return STATUS_OK;
    if (compare_written(compare, older, newer, verdict))
        return STATUS_OK;
    enum status status = parse(&compare->older, older, failure);
    if (status == STATUS_OK)
        status = parse(&compare->newer, newer, failure);
    if (status != STATUS_OK)
        return status;
    *verdict = (struct row_verdict){false, false, false};
    if (same_text(&compare->older.key, &compare->newer.key))
        *verdict = (struct row_verdict){true, same_values(compare), stale_value(compare)};
    return STATUS_OK;
}

/* The side that a table's rows are looked at on. */
static struct side *side_of(struct row_compare *compare, const struct csv_table *table)
{
    return table == compare->older.table ? &compare->older : &compare->newer;
}

enum status row_compare_keys(struct row_compare *compare, const struct csv_table *table,
                             uint64_t one, uint64_t other, bool *same, struct failure *failure)
{
    struct side *side = side_of(compare, table);
    *same = false;
    if (csv_table_cut(table, (size_t)one, side->fields)) {
        struct csv_span key = side->fields[table->key];
        if (csv_table_cut(table, (size_t)other, side->fields)) {
            enum answer answer = same_key(key, side->fields[table->key]);
            *same = answer == YES;
            if (answer != UNKNOWN)
                return STATUS_OK;
        }
    }
    struct buffer key = {.limit = 0};
    enum status status = parse(side, one, failure);
    if (status == STATUS_OK && !buffer_append(&key, side->key.bytes, side->key.length))
        status = fail_memory(failure);
    if (status == STATUS_OK)
        status = parse(side, other, failure);
    if (status == STATUS_OK)
        *same = same_text(&key, &side->key);
    buffer_free(&key);
    return status;
}

enum status row_compare_values(struct row_compare *compare, const struct csv_table *table,
                               uint64_t row, struct buffer *text, struct failure *failure)
{
    struct side *side = side_of(compare, table);
    enum status status = parse(side, row, failure);
    if (status != STATUS_OK)
        return status;
    const struct diff_columns *columns = compare->columns;
    buffer_clear(text);
    bool fits =
        buffer_append(text, side->key.bytes, side->key.length) && buffer_append(text, "", 1);
    for (size_t i = 0; fits && i < columns->compared_count; i++) {
        const struct column_pair *pair = &columns->compared[i];
        struct csv_value value =
            row_compare_value(side->record, side == &compare->newer ? pair->newer : pair->older);
        fits = buffer_append(text, value.bytes, value.length) && buffer_append(text, "", 1);
    }
    return fits ? STATUS_OK : fail_memory(failure);
}

enum status row_compare_stale(struct row_compare *compare, uint64_t older, bool *stale,
                              struct failure *failure)
{
    *stale = false;
    if (compare->columns->current == CSV_NO_COLUMN)
        return STATUS_OK;
    enum status status = parse(&compare->older, older, failure);
    if (status == STATUS_OK)
        *stale = stale_value(compare);
    return status;
}

enum status row_compare_doubtful(struct row_compare *compare, uint64_t older, bool *doubtful,
                                 struct failure *failure)
{
    const struct side *side = &compare->older;
    const char *wanted = compare->doubtful_value;
    size_t column = compare->columns->doubtful;
    size_t length = strlen(wanted);
    *doubtful = false;
    if (column == CSV_NO_COLUMN)
        return STATUS_OK;
    if (csv_table_cut(side->table, (size_t)older, side->fields)) {
        struct csv_span field = side->fields[column];
        if (csv_field_value(&field)) {
            *doubtful = same_bytes(field, (struct csv_span){wanted, length}) == YES;
            return STATUS_OK;
        }
    }
    enum status status = parse(&compare->older, older, failure);
    if (status != STATUS_OK)
        return status;
    struct csv_value value = csv_record_value(side->record, column);
    *doubtful = value.length == length && memcmp(value.bytes, wanted, length) == 0;
    return STATUS_OK;
}
