#include "diff/arguments.h"

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum status diff_take_name(void *into, const char *argument)
{
    char **name = into;
    free(*name);
    *name = text_normalized(argument);
    return *name == NULL ? STATUS_IO : (*name)[0] == '\0' ? STATUS_USAGE : STATUS_OK;
}

void diff_names_free(struct diff_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->names[i]);
    free((void *)names->names);
    *names = (struct diff_names){.names = NULL};
}

/* Adds one name, unless there is nothing but blanks. */
static enum status add_name(struct diff_names *names, const char *name, size_t length)
{
    char *copy = malloc(length + 1);
    if (copy == NULL)
        return STATUS_IO;
    length = text_normalize(copy, name, length);
    copy[length] = '\0';
    char **grown =
        length == 0 ? NULL : reallocarray((void *)names->names, names->count + 1, sizeof *grown);
    if (grown == NULL) {
        free(copy);
        return length == 0 ? STATUS_OK : STATUS_IO;
    }
    names->names = grown;
    names->names[names->count++] = copy;
    return STATUS_OK;
}

/* Takes the quotes off a name that begins with one, in place; `*list` is then what stands behind
 * the closing one. SIZE_MAX when there is none, else the name's length. */
static size_t unquote(char *name, char **list)
{
    size_t length = 0;
    for (char *at = name + 1; *at != '\0'; at++) {
        if (*at == '"' && *++at != '"') {
            *list = at;
            return length;
        }
        name[length++] = *at;
    }
    return SIZE_MAX;
}

/* Adds the names of a list. Makes use of the list's own bytes. */
static enum status add_names(struct diff_names *names, char *list)
{
    const char *blanks = " \t\r";
    while (*list != '\0') {
        char *name = list + strspn(list, blanks);
        size_t length;
        if (*name == '"') {
            length = unquote(name, &list);
            list += length != SIZE_MAX ? strspn(list, blanks) : 0;
            if (length == SIZE_MAX || (*list != '\0' && *list != ',' && *list != '\n'))
                return STATUS_USAGE;
        } else {
            length = strcspn(name, ",\n");
            list = name + length;
        }
        enum status status = add_name(names, name, length);
        if (status != STATUS_OK)
            return status;
        list += *list != '\0';
    }
    return names->count > 0 ? STATUS_OK : STATUS_USAGE;
}

enum status diff_take_names(void *into, const char *argument)
{
    char *list = strdup(argument);
    enum status status = list == NULL ? STATUS_IO : add_names(into, list);
    free(list);
    return status;
}

enum status diff_take_column_value(void *into, const char *argument)
{
    struct diff_column_value *pair = into;
    free(pair->column);
    *pair = (struct diff_column_value){.column = strdup(argument)};
    if (pair->column == NULL)
        return STATUS_IO;
    char *equals = strchr(pair->column, '=');
    if (equals == NULL)
        return STATUS_USAGE;
    size_t length = text_normalize(pair->column, argument, (size_t)(equals - pair->column));
    pair->column[length] = '\0';
    pair->value = equals + 1;
    return length > 0 ? STATUS_OK : STATUS_USAGE;
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

enum status diff_take_limit(void *into, const char *argument)
{
    const uint64_t most = 1000000000000000;
    struct diff_limit *limit = into;
    const char *text = argument;
    bool any = false;
    *limit = (struct diff_limit){.set = true, .is_share = strchr(text, '%') != NULL};
    for (; is_digit(*text) && limit->value <= most; text++, any = true)
        limit->value = 10 * limit->value + (uint64_t)(*text - '0');
    if (!limit->is_share)
        return any && *text == '\0' && limit->value <= most ? STATUS_OK : STATUS_USAGE;
    limit->value = limit->value > 100 ? DIFF_WHOLE + 1 : limit->value * DIFF_PERCENT;
    text += *text == '.';
    for (uint64_t part = DIFF_PERCENT / 10; is_digit(*text); text++, part /= 10, any = true)
        limit->value += part * (uint64_t)(*text - '0');
    return any && strcmp(text, "%") == 0 && limit->value <= DIFF_WHOLE ? STATUS_OK : STATUS_USAGE;
}
