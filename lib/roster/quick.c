#include "roster/quick.h"

#include "base/record.h"
#include "roster/row.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void quick_free(struct quick *quick)
{
    free(quick->columns);
    buffer_free(&quick->names);
    buffer_free(&quick->header);
    buffer_free(&quick->row);
    buffer_free(&quick->text);
    *quick = (struct quick){.columns = NULL};
}

/* ---- reading ---- */

/* A piece of the line. */
struct piece {
    const char *bytes;
    size_t length;
};

struct scan {
    const char *at;
    const char *end;
};

/* Steps over `text` where it comes next. */
static bool skip(struct scan *scan, const char *text)
{
    size_t length = strlen(text);
    if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, text, length) != 0)
        return false;
    scan->at += length;
    return true;
}

/* A string behind its opening quote, up to its closing one; none that has an escape, a control
 * character or, since those are rare and need a second look, a byte that is not ASCII and no UTF-8.
 */
static bool read_string(struct scan *scan, struct piece *piece)
{
    const char *at = scan->at;
    bool is_ascii = true;
    while (at < scan->end && *at != '"' && *at != '\\' && (unsigned char)*at >= ' ')
        is_ascii &= (unsigned char)*at++ < 0x80;
    if (at == scan->end || *at != '"')
        return false;
    *piece = (struct piece){scan->at, (size_t)(at - scan->at)};
    scan->at = at + 1;
    return is_ascii || utf8_valid(piece->bytes, piece->length, NULL);
}

/* A number of digits, which nobody asks for. */
static bool skip_number(struct scan *scan)
{
    const char *begin = scan->at;
    while (scan->at < scan->end && ascii_is_digit(*scan->at))
        scan->at++;
    size_t length = (size_t)(scan->at - begin);
    return length > 0 && length < 10 && (length == 1 || *begin != '0');
}

/* The row, whose columns must be those that are known, into `row` as a line. */
static bool read_row(struct quick *quick, struct scan *scan)
{
    struct piece name;
    struct piece value;
    buffer_clear(&quick->row);
    for (size_t i = 0; i < quick->column_count; i++) {
        const struct quick_name *column = &quick->columns[i];
        if (!skip(scan, i > 0 ? ",\"" : "\"") || !read_string(scan, &name) ||
            name.length != column->length ||
            memcmp(name.bytes, quick->names.bytes + column->begin, name.length) != 0 ||
            !skip(scan, ":\"") || !read_string(scan, &value) ||
            (i > 0 && !buffer_append(&quick->row, ",", 1)) ||
            !row_append_field(&quick->row, value.bytes, value.length))
            return false;
    }
    return skip(scan, "}");
}

/* The result behind its brace; each of its members once at the most, as they are written. */
static bool read_result(struct scan *scan, struct piece *id, struct piece *map)
{
    if (!skip(scan, "\"status\":\"ok\""))
        return false;
    if (skip(scan, ",\"http\":") && !skip_number(scan))
        return false;
    if (skip(scan, ",\"id\":\"") && !read_string(scan, id))
        return false;
    if (skip(scan, ",\"attempts\":") && !skip_number(scan))
        return false;
    if (skip(scan, ",\"map\":\"") && !read_string(scan, map))
        return false;
    return skip(scan, "}");
}

/* Keeps a piece as a string behind what is in `text`; where it begins. SIZE_MAX without memory. */
static size_t keep(struct buffer *text, struct piece piece)
{
    size_t begin = text->length;
    return buffer_append(text, piece.bytes, piece.length) && buffer_append(text, "", 1) ? begin
                                                                                        : SIZE_MAX;
}

/* Whether a key is as it is kept: normalizing would change nothing. */
static bool is_normal(struct piece key, struct buffer *text)
{
    return key.length > 0 && buffer_normalize(text, key.bytes, key.length) &&
           text->length == key.length && memcmp(text->bytes, key.bytes, key.length) == 0;
}

bool quick_take(struct quick *quick, const struct ndjson_line *line,
                const struct acknowledgement_mode *mode, struct roster *roster, enum status *status,
                struct failure *failure)
{
    struct scan scan = {line->bytes, line->bytes + line->length};
    struct piece key;
    struct piece id = {"", 0};
    struct piece map = {"", 0};
    if (quick->header.bytes == NULL || !skip(&scan, "{\"change\":\"new\",\"key\":\"") ||
        !read_string(&scan, &key) || !skip(&scan, ",\"row\":{") || !read_row(quick, &scan))
        return false;
    bool has_result = skip(&scan, ",\"result\":{");
    if ((has_result && !read_result(&scan, &id, &map)) || !skip(&scan, "}") ||
        scan.at != scan.end || !is_normal(key, &quick->text))
        return false;
    if (mode->begin ? has_result : !has_result && mode->adopt == NULL)
        return false; /* nothing to record, which is not for here to say */
    buffer_clear(&quick->text);
    size_t email = keep(&quick->text, key);
    size_t person = keep(&quick->text, id);
    size_t digest = keep(&quick->text, map);
    if (email == SIZE_MAX || person == SIZE_MAX || digest == SIZE_MAX)
        return false;
    const struct roster_member member = {.email = quick->text.bytes + email,
                                         .id = quick->text.bytes + person,
                                         .digest = mode->begin   ? ROSTER_BEGUN_NEW
                                                   : !has_result ? mode->adopt
                                                                 : quick->text.bytes + digest,
                                         .columns = quick->header.bytes,
                                         .columns_length = quick->header.length,
                                         .row = quick->row.bytes,
                                         .row_length = quick->row.length};
    *status = roster_put(roster, &member, failure);
    return true;
}

/* ---- learning ---- */

/* Whether a name is one that a record's row is kept under. */
static bool is_kept(const char *name)
{
    struct buffer text = {.limit = 0};
    bool is = strcmp(name, ROSTER_ID_COLUMN) != 0 && strcmp(name, ROSTER_MAP_COLUMN) != 0 &&
              is_normal((struct piece){name, strlen(name)}, &text) &&
              name[strcspn(name, "\"\\")] == '\0';
    buffer_free(&text);
    return is;
}

void quick_learn(struct quick *quick, const json_t *record)
{
    const json_t *row = json_object_get(record, "row");
    size_t count = json_object_size(row);
    const char *name;
    json_t *value;
    if (count == 0 || !json_is_string(json_object_get(record, "key")))
        return;
    struct quick_name *columns = reallocarray(quick->columns, count, sizeof *columns);
    bool learnt = columns != NULL;
    if (columns != NULL)
        quick->columns = columns;
    quick->column_count = 0;
    buffer_clear(&quick->names);
    buffer_clear(&quick->header);
    json_object_foreach((json_t *)row, name, value)
    {
        size_t begin = quick->names.length;
        size_t length = strlen(name);
        learnt = learnt && is_kept(name) && buffer_append(&quick->names, name, length) &&
                 (begin == 0 || buffer_append(&quick->header, ",", 1)) &&
                 row_append_field(&quick->header, name, length);
        if (learnt)
            quick->columns[quick->column_count++] = (struct quick_name){begin, length};
    }
    if (!learnt)
        buffer_free(&quick->header);
}
