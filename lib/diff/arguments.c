#include "diff/arguments.h"

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static enum status take_names(void *into, const char *argument)
{
    return csv_names_add(into, argument);
}

struct option_line diff_option_names(const char *name, char letter, struct csv_names *into,
                                     const char *help)
{
    return (struct option_line){name,
                                letter,
                                OPTION_TAKEN,
                                into,
                                .argument = "COLUMN,...",
                                .help = help,
                                .wants = "columns, with commas between them",
                                .take = take_names};
}

static enum status take_conditions(void *into, const char *argument)
{
    return csv_conditions_add(into, argument);
}

struct option_line diff_option_conditions(const char *name, char letter,
                                          struct csv_conditions *into, const char *help)
{
    return (struct option_line){name,
                                letter,
                                OPTION_TAKEN,
                                into,
                                .argument = "COLUMN=VALUE,...",
                                .help = help,
                                .wants = "COLUMN=VALUE or COLUMN!=VALUE",
                                .take = take_conditions};
}

static enum status take_column_value(void *into, const char *argument)
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

struct option_line diff_option_column_value(const char *name, char letter,
                                            struct diff_column_value *into, const char *help)
{
    return (struct option_line){name,
                                letter,
                                OPTION_TAKEN,
                                into,
                                .argument = "COLUMN=VALUE",
                                .help = help,
                                .wants = "COLUMN=VALUE",
                                .take = take_column_value};
}

static enum status take_limit(void *into, const char *argument)
{
    const uint64_t most = 1000000000000000;
    struct diff_limit *limit = into;
    const char *text = argument;
    bool any = false;
    *limit = (struct diff_limit){.set = true, .is_share = strchr(text, '%') != NULL};
    for (; ascii_is_digit(*text) && limit->value <= most; text++, any = true)
        limit->value = 10 * limit->value + (uint64_t)(*text - '0');
    if (!limit->is_share)
        return any && *text == '\0' && limit->value <= most ? STATUS_OK : STATUS_USAGE;
    limit->value = limit->value > 100 ? DIFF_WHOLE + 1 : limit->value * DIFF_PERCENT;
    text += *text == '.';
    for (uint64_t part = DIFF_PERCENT / 10; ascii_is_digit(*text); text++, part /= 10, any = true)
        limit->value += part * (uint64_t)(*text - '0');
    return any && strcmp(text, "%") == 0 && limit->value <= DIFF_WHOLE ? STATUS_OK : STATUS_USAGE;
}

struct option_line diff_option_limit(const char *name, char letter, struct diff_limit *into,
                                     const char *help)
{
    return (struct option_line){name,
                                letter,
                                OPTION_TAKEN,
                                into,
                                .argument = "N|P%",
                                .help = help,
                                .wants = "a number of people or a share such as 10%",
                                .take = take_limit};
}
