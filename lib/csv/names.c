#include "csv/names.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char BLANKS[] = " \t\r";

/* Copies what stands in quotes from `text`, an opening one, on; the copy's end is `*end`. Returns
 * what stands behind the closing one, NULL without one. */
static const char *unquote(const char *text, char *copy, char **end)
{
    for (text++; *text != '\0'; text++) {
        if (*text == '"' && *++text != '"') {
            *end = copy;
            return text;
        }
        *copy++ = *text;
    }
    return NULL;
}

char *csv_names_item(const char **text, const char *ends)
{
    const char *from = *text + strspn(*text, BLANKS);
    char *item = malloc(strlen(from) + 1);
    char *end = item;
    if (item == NULL)
        return NULL;
    if (*from == '"') {
        from = unquote(from, item, &end);
        from = from != NULL ? from + strspn(from, BLANKS) : NULL;
        if (from == NULL || (*from != '\0' && strchr(ends, *from) == NULL)) {
            *text = NULL;
            free(item);
            return NULL;
        }
    } else {
        size_t length = strcspn(from, ends);
        memcpy(item, from, length);
        end = item + length;
        from += length;
    }
    *end = '\0';
    *text = from;
    return item;
}

/* Takes over a name, unless there is nothing in it. */
static enum status add(struct csv_names *names, char *name)
{
    size_t length = text_normalize(name, name, strlen(name));
    name[length] = '\0';
    if (length == 0) {
        free(name);
        return STATUS_OK;
    }
    char **more = reallocarray((void *)names->names, names->count + 1, sizeof *more);
    if (more == NULL) {
        free(name);
        return STATUS_IO;
    }
    more[names->count++] = name;
    names->names = more;
    return STATUS_OK;
}

enum status csv_names_add(struct csv_names *names, const char *list)
{
    while (*list != '\0') {
        char *name = csv_names_item(&list, ",\n");
        if (name == NULL)
            return list == NULL ? STATUS_USAGE : STATUS_IO;
        enum status status = add(names, name);
        if (status != STATUS_OK)
            return status;
        list += *list != '\0';
    }
    return names->count > 0 ? STATUS_OK : STATUS_USAGE;
}

void csv_names_free(struct csv_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->names[i]);
    free((void *)names->names);
    *names = (struct csv_names){NULL, 0};
}

bool csv_names_have(const struct csv_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->names[i], name) == 0)
            return true;
    return false;
}
