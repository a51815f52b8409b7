#include "csv/header.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

struct csv_header {
    size_t count;
    struct csv_value *names;  /* in the order of the columns; their bytes are owned */
    struct csv_value **order; /* the same, sorted by name */
    bool *left_out;
    size_t nameless; /* the first without a name that is not left out; `count`: none */
};

static int by_name(const void *one, const void *other)
{
    const struct csv_value *const *a = one;
    const struct csv_value *const *b = other;
    return strcmp((*a)->bytes, (*b)->bytes);
}

struct csv_quoted csv_header_quote(const char *name)
{
    struct csv_quoted quoted;
    size_t length = strnlen(name, CSV_QUOTED_MOST);
    for (size_t i = 0; i < length; i++)
        quoted.text[i + 1] = name[i] == '"' ? '\'' : name[i];
    quoted.text[0] = quoted.text[length + 1] = '"';
    quoted.text[length + 2] = '\0';
    return quoted;
}

static enum status find_twice(const struct csv_header *header, struct failure *failure)
{
    for (size_t i = 1; i < header->count; i++) {
        const char *name = header->order[i]->bytes;
        if (name[0] != '\0' && by_name(&header->order[i - 1], &header->order[i]) == 0)
            return fail(failure, STATUS_DATA, "there are two columns %s; rename one or take it out",
                        csv_header_quote(name).text);
    }
    return STATUS_OK;
}

/* From the column on, which may be it. */
static void find_nameless(struct csv_header *header, size_t column)
{
    while (column < header->count && (header->names[column].length > 0 || header->left_out[column]))
        column++;
    header->nameless = column;
}

enum status csv_header_new(const struct csv_record *record, struct csv_header **header,
                           struct failure *failure)
{
    *header = NULL;
    struct csv_header *made = calloc(1, sizeof *made);
    size_t count = csv_record_count(record);
    if (made == NULL)
        return fail_memory(failure);
    made->names = calloc(count, sizeof *made->names);
    made->order = calloc(count, sizeof *made->order);
    made->left_out = calloc(count, sizeof *made->left_out);
    if (made->names == NULL || made->order == NULL || made->left_out == NULL)
        goto no_memory;
    for (made->count = 0; made->count < count; made->count++) {
        struct csv_value written = csv_record_value(record, made->count);
        char *name = malloc(written.length + 1);
        if (name == NULL)
            goto no_memory;
        size_t length = text_normalize(name, written.bytes, written.length);
        name[length] = '\0';
        made->names[made->count] = (struct csv_value){name, length};
        made->order[made->count] = &made->names[made->count];
    }
    find_nameless(made, 0);
    qsort(made->order, count, sizeof *made->order, by_name);
    enum status status = find_twice(made, failure);
    if (status == STATUS_OK)
        *header = made;
    else
        csv_header_free(made);
    return status;
no_memory:
    csv_header_free(made);
    return fail_memory(failure);
}

void csv_header_free(struct csv_header *header)
{
    if (header == NULL)
        return;
    for (size_t i = 0; i < header->count; i++)
        free((char *)header->names[i].bytes);
    free(header->names);
    free(header->order);
    free(header->left_out);
    free(header);
}

size_t csv_header_count(const struct csv_header *header)
{
    return header->count;
}

struct csv_value csv_header_name(const struct csv_header *header, size_t column)
{
    return header->names[column];
}

size_t csv_header_find(const struct csv_header *header, const char *name)
{
    if (name[0] == '\0')
        return header->nameless < header->count ? header->nameless : CSV_NO_COLUMN;
    const struct csv_value wanted = {.bytes = name};
    const struct csv_value *key = &wanted;
    struct csv_value **found =
        bsearch(&key, header->order, header->count, sizeof *header->order, by_name);
    return found == NULL ? CSV_NO_COLUMN : (size_t)(*found - header->names);
}

bool csv_header_find_all(const struct csv_header *header, const struct csv_names *names,
                         size_t **columns, size_t *count)
{
    *columns = calloc(names->count + 1, sizeof **columns);
    *count = 0;
    for (size_t i = 0; *columns != NULL && header != NULL && i < names->count; i++) {
        size_t column = csv_header_find(header, names->names[i]);
        if (column != CSV_NO_COLUMN)
            (*columns)[(*count)++] = column;
    }
    return *columns != NULL;
}

void csv_header_leave_out(struct csv_header *header, size_t column)
{
    header->left_out[column] = true;
    find_nameless(header, header->nameless);
}

bool csv_header_is_left_out(const struct csv_header *header, size_t column)
{
    return header->left_out[column];
}
