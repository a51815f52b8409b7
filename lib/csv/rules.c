#include "csv/rules.h"

#include "base/text.h"
#include "csv/fields.h"

#include <stdlib.h>
#include <string.h>

struct csv_screen {
    const struct csv_conditions *conditions; /* borrowed */
    size_t *columns;                         /* of each condition */
    struct csv_span *fields;                 /* of a row */
    size_t field_count;
    struct buffer rule;
};

/* ---- conditions ---- */

static void condition_free(struct csv_condition *condition)
{
    free(condition->column);
    for (size_t i = 0; i < condition->count; i++)
        free(condition->values[i]);
    free((void *)condition->values);
}

static void conditions_free(struct csv_conditions *conditions)
{
    for (size_t i = 0; i < conditions->count; i++)
        condition_free(&conditions->conditions[i]);
    free(conditions->conditions);
    *conditions = (struct csv_conditions){NULL, 0};
}

void csv_rules_free(struct csv_rules *rules)
{
    csv_names_free(&rules->keys);
    conditions_free(&rules->where);
    conditions_free(&rules->where_possible);
}

/* Takes what text_trim does off a string, in place. */
static void trim(char *string)
{
    const char *text = string;
    size_t length = strlen(string);
    text_trim(&text, &length);
    memmove(string, text, length);
    string[length] = '\0';
}

/* Reads "COLUMN=" or "COLUMN!=". `*text` is NULL when it is neither, here as below. */
static void read_column(const char **text, struct csv_condition *condition)
{
    condition->column = csv_names_item(text, "=!;\n");
    if (condition->column == NULL)
        return;
    size_t length = text_normalize(condition->column, condition->column, strlen(condition->column));
    condition->column[length] = '\0';
    condition->negated = **text == '!';
    *text += condition->negated ? 1 : 0;
    *text = **text == '=' && length > 0 ? *text + 1 : NULL;
}

/* Reads "VALUE[,VALUE...]". False, and `*text` not NULL, when memory runs out. */
static bool read_values(const char **text, struct csv_condition *condition)
{
    for (;;) {
        char *value = csv_names_item(text, ",;\n");
        if (value == NULL)
            return false;
        char **values =
            reallocarray((void *)condition->values, condition->count + 1, sizeof *values);
        if (values == NULL) {
            free(value);
            return false;
        }
        condition->values = values;
        trim(value);
        values[condition->count++] = value;
        if (**text != ',')
            return true;
        ++*text;
    }
}

static enum status read_condition(struct csv_conditions *conditions, const char **text)
{
    struct csv_condition condition = {.column = NULL};
    struct csv_condition *more =
        reallocarray(conditions->conditions, conditions->count + 1, sizeof *more);
    if (more == NULL)
        return STATUS_IO;
    conditions->conditions = more;
    read_column(text, &condition);
    if (condition.column == NULL || *text == NULL || !read_values(text, &condition)) {
        condition_free(&condition);
        return *text == NULL ? STATUS_USAGE : STATUS_IO;
    }
    more[conditions->count++] = condition;
    return STATUS_OK;
}

enum status csv_conditions_add(struct csv_conditions *conditions, const char *text)
{
    size_t before = conditions->count;
    while (*text != '\0') {
        if (*text == ';' || text_is_blank(*text)) {
            text++;
            continue;
        }
        enum status status = read_condition(conditions, &text);
        if (status != STATUS_OK)
            return status;
    }
    return conditions->count > before ? STATUS_OK : STATUS_USAGE;
}

static bool write_item(const char *item, struct buffer *text)
{
    if (item[strcspn(item, ",;=!\"\n")] == '\0')
        return buffer_append(text, item, strlen(item));
    bool fits = buffer_append(text, "\"", 1);
    for (; *item != '\0' && fits; item++)
        fits = (*item != '"' || buffer_append(text, "\"", 1)) && buffer_append(text, item, 1);
    return fits && buffer_append(text, "\"", 1);
}

/* Writes conditions out, as csv_conditions_add reads them. False when memory runs out. */
static bool write_conditions(const struct csv_conditions *conditions, struct buffer *text)
{
    bool fits = true;
    for (size_t i = 0; i < conditions->count && fits; i++) {
        const struct csv_condition *condition = &conditions->conditions[i];
        fits = (i == 0 || buffer_append(text, ";", 1)) && write_item(condition->column, text) &&
               (!condition->negated || buffer_append(text, "!", 1));
        for (size_t j = 0; j < condition->count && fits; j++)
            fits = buffer_append(text, j == 0 ? "=" : ",", 1) &&
                   write_item(condition->values[j], text);
    }
    return fits;
}

/* ---- rows ---- */

static bool has_all(const struct csv_conditions *conditions, const struct csv_header *header)
{
    for (size_t i = 0; i < conditions->count; i++)
        if (csv_header_find(header, conditions->conditions[i].column) == CSV_NO_COLUMN)
            return false;
    return conditions->count > 0;
}

enum status csv_screen_new(const struct csv_rules *rules, const struct csv_header *header,
                           struct csv_screen **screen, struct failure *failure)
{
    *screen = NULL;
    const struct csv_conditions *conditions = &rules->where;
    if (conditions->count == 0)
        conditions = &rules->where_possible;
    if (conditions->count == 0 ||
        (conditions == &rules->where_possible && !has_all(conditions, header)))
        return STATUS_OK;
    struct csv_screen *made = calloc(1, sizeof *made);
    if (made == NULL)
        return fail_memory(failure);
    made->conditions = conditions;
    made->field_count = csv_header_count(header);
    made->columns = calloc(conditions->count, sizeof *made->columns);
    made->fields = calloc(made->field_count, sizeof *made->fields);
    if (made->columns == NULL || made->fields == NULL ||
        !write_conditions(conditions, &made->rule)) {
        csv_screen_free(made);
        return fail_memory(failure);
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; i < conditions->count && status == STATUS_OK; i++) {
        const char *column = conditions->conditions[i].column;
        made->columns[i] = csv_header_find(header, column);
        if (made->columns[i] == CSV_NO_COLUMN)
            status = fail(failure, STATUS_DATA,
                          "there is no column \"%.100s\", by which to tell who is a member (-w)",
                          column);
    }
    if (status == STATUS_OK)
        *screen = made;
    else
        csv_screen_free(made);
    return status;
}

char *csv_rules_lost(const struct csv_rules *rules, const struct csv_header *before,
                     const struct csv_header *header, bool *made)
{
    struct buffer text = {.limit = 0};
    *made = true;
    if (rules->where.count == 0 && has_all(&rules->where_possible, before) &&
        !has_all(&rules->where_possible, header))
        *made = write_conditions(&rules->where_possible, &text);
    return text.bytes;
}

void csv_screen_free(struct csv_screen *screen)
{
    if (screen == NULL)
        return;
    free(screen->columns);
    free(screen->fields);
    buffer_free(&screen->rule);
    free(screen);
}

const char *csv_screen_rule(const struct csv_screen *screen)
{
    return screen != NULL ? screen->rule.bytes : NULL;
}

static bool is_value(const char *bytes, size_t length, const char *value)
{
    for (size_t i = 0; i < length; i++)
        if (ascii_lower(bytes[i]) != ascii_lower(value[i])) /* which may be its NUL */
            return false;
    return value[length] == '\0';
}

static bool holds(const struct csv_condition *condition, const char *bytes, size_t length)
{
    text_trim(&bytes, &length);
    for (size_t i = 0; i < condition->count; i++)
        if (is_value(bytes, length, condition->values[i]))
            return !condition->negated;
    return condition->negated;
}

bool csv_screen_passes(const struct csv_screen *screen, const struct csv_record *record)
{
    for (size_t i = 0; i < screen->conditions->count; i++) {
        struct csv_value value = csv_record_value(record, screen->columns[i]);
        if (!holds(&screen->conditions->conditions[i], value.bytes, value.length))
            return false;
    }
    return true;
}

bool csv_screen_written(struct csv_screen *screen, const char *bytes, size_t length, bool *passes)
{
    *passes = true;
    if (csv_fields_cut(bytes, length, screen->fields, screen->field_count) != screen->field_count)
        return false;
    for (size_t i = 0; i < screen->conditions->count; i++) {
        struct csv_span field = screen->fields[screen->columns[i]];
        if (!csv_field_value(&field))
            return false;
        if (!holds(&screen->conditions->conditions[i], field.bytes, field.length))
            *passes = false;
    }
    return true;
}

/* ---- addresses ---- */

/* What a byte says of the address that it stands in. */
enum { PLAIN, LOCAL /* before the "@" alone */, AT, HIGH, NEVER };

static int kind_of(char byte)
{
    static const signed char KINDS[128] = {
        ['@'] = AT,    ['<'] = NEVER,  ['>'] = NEVER,  [','] = NEVER, [';'] = NEVER, [':'] = NEVER,
        [' '] = NEVER, [0x7F] = NEVER, ['!'] = LOCAL,  ['"'] = LOCAL, ['#'] = LOCAL, ['$'] = LOCAL,
        ['%'] = LOCAL, ['&'] = LOCAL,  ['\''] = LOCAL, ['('] = LOCAL, [')'] = LOCAL, ['*'] = LOCAL,
        ['+'] = LOCAL, ['/'] = LOCAL,  ['='] = LOCAL,  ['?'] = LOCAL, ['['] = LOCAL, ['\\'] = LOCAL,
        [']'] = LOCAL, ['^'] = LOCAL,  ['`'] = LOCAL,  ['{'] = LOCAL, ['|'] = LOCAL, ['}'] = LOCAL,
        ['~'] = LOCAL};
    if ((byte & 0x80) != 0)
        return HIGH;
    return byte < ' ' ? NEVER : KINDS[(unsigned char)byte];
}

/* Whether what begins here is no letter: invisible, or U+FFFD, which stands for a damaged one. */
static bool is_no_letter(const char *text, size_t length)
{
    return text_is_unseen(text, length) > 0 ||
           (length >= 3 && memcmp(text, "\xEF\xBF\xBD", 3) == 0);
}

static bool is_domain(const char *name, size_t length)
{
    const char *dot = memchr(name, '.', length);
    return dot != NULL && dot != name && name[length - 1] != '.' &&
           memmem(name, length, "..", 2) == NULL;
}

bool csv_is_address(const char *key, size_t length)
{
    size_t at = SIZE_MAX;
    if (length > 0 && key[0] == '\'') /* a spreadsheet's mark of a text */
        return false;
    for (size_t i = 0; i < length; i++) {
        int kind = kind_of(key[i]);
        if (kind == PLAIN)
            continue;
        if (kind == NEVER || (kind != HIGH && at != SIZE_MAX) ||
            (kind == HIGH && is_no_letter(key + i, length - i)))
            return false;
        if (kind == AT)
            at = i;
    }
    return at != SIZE_MAX && at > 0 && is_domain(key + at + 1, length - at - 1);
}
