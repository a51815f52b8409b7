#include "base/options.h"

#include "base/cli.h"
#include "base/text.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What getopt_long returns for a long option without a short twin: its place behind this. */
enum { LONG_ONLY = 256, HELP_COLUMN = 29, PREFIX_SIZE = 128 };

static const struct option_line COMMON[] = {
    {.name = "help", .letter = 'h', .help = "show this"},
    {.name = "version", .letter = 'V', .help = "show the version"},
    {.name = NULL},
};

enum { TABLES = 3 };

static const struct option_line *table(const struct options_command *command, size_t number)
{
    const struct option_line *const tables[TABLES] = {command->lines, command->more, COMMON};
    return tables[number];
}

/* The option of a place in all tables, one behind the other; NULL behind the last one. */
static const struct option_line *line_at(const struct options_command *command, size_t place)
{
    for (size_t i = 0; i < TABLES; i++)
        for (const struct option_line *line = table(command, i); line != NULL && line->name != NULL;
             line++)
            if (place-- == 0)
                return line;
    return NULL;
}

static size_t count_lines(const struct options_command *command)
{
    size_t count = 0;
    while (line_at(command, count) != NULL)
        count++;
    return count;
}

/* ---- help ---- */

static int prefix(const struct option_line *line, char *text, size_t size)
{
    char letter[] = "    ";
    if (line->letter != '\0')
        (void)snprintf(letter, sizeof letter, "-%c, ", line->letter);
    const char *between = line->argument == NULL ? "" : line->absent != NULL ? "[=" : " ";
    return snprintf(text, size, "  %s--%s%s%s%s", letter, line->name, between,
                    line->argument != NULL ? line->argument : "", line->absent != NULL ? "]" : "");
}

/* The column in which the help stands: behind the longest option, unless that is very long. */
static int help_column(const struct options_command *command)
{
    const struct option_line *line;
    char text[PREFIX_SIZE];
    int column = 0;
    for (size_t place = 0; (line = line_at(command, place)) != NULL; place++) {
        int length = prefix(line, text, sizeof text) + 2;
        if (length > column && length <= HELP_COLUMN)
            column = length;
    }
    return column;
}

static void print_line(const struct option_line *line, int column)
{
    char text[PREFIX_SIZE];
    int length = prefix(line, text, sizeof text);
    (void)printf("%s", text);
    if (length + 2 > column) {
        (void)putchar('\n');
        length = 0;
    }
    for (const char *help = line->help; *help != '\0'; length = 0) {
        int width = (int)strcspn(help, "\n");
        (void)printf("%*s%.*s\n", column - length, "", width, help);
        help += width + (help[width] == '\n');
    }
}

static enum status print_help(const struct options_command *command)
{
    const struct option_line *line;
    int column = help_column(command);
    (void)printf("%s%s\n", command->usage, command->about);
    for (size_t place = 0; (line = line_at(command, place)) != NULL; place++)
        print_line(line, column);
    if (command->notes != NULL)
        (void)printf("\n%s", command->notes);
    return cli_finish(command->name, STATUS_OK);
}

/* ---- reading ---- */

enum status options_wrong(const struct options_command *command, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    cli_warn(command->name, "%s", text);
    (void)fputs(command->usage, stderr);
    return STATUS_USAGE;
}

enum status options_take_size(void *into, const char *argument)
{
    static const char SUFFIXES[] = "KMG";
    char digits[32];
    size_t length = strlen(argument);
    if (length == 0 || length >= sizeof digits)
        return STATUS_USAGE;
    memcpy(digits, argument, length + 1);
    double factor = 1;
    const char *suffix = strchr(SUFFIXES, digits[length - 1]);
    if (suffix != NULL) {
        digits[length - 1] = '\0';
        for (const char *at = SUFFIXES; at <= suffix; at++)
            factor *= 1024;
    }
    double number;
    if (!cli_number(digits, 0, (double)UINT32_MAX, &number))
        return STATUS_USAGE;
    number *= factor;
    if (number < 1 || number > (double)UINT32_MAX)
        return STATUS_USAGE;
    *(size_t *)into = (size_t)number;
    return STATUS_OK;
}

static enum status take_number(const struct option_line *line, const char *argument)
{
    double number;
    if (!cli_number(argument, line->least, line->most, &number))
        return STATUS_USAGE;
    if (line->kind == OPTION_NUMBER)
        *(double *)line->into = number;
    else if (number == (double)(size_t)number)
        *(size_t *)line->into = (size_t)number;
    else
        return STATUS_USAGE;
    return STATUS_OK;
}

static enum status take(const struct option_line *line, const char *argument)
{
    switch (line->kind) {
    case OPTION_FLAG:
        *(bool *)line->into = true;
        return STATUS_OK;
    case OPTION_BITS:
        *(int *)line->into |= line->value;
        return STATUS_OK;
    case OPTION_TEXT:
        *(const char **)line->into = argument;
        return line->wants == NULL || argument[0] != '\0' ? STATUS_OK : STATUS_USAGE;
    case OPTION_NUMBER:
    case OPTION_COUNT:
        return take_number(line, argument);
    case OPTION_TAKEN:
        break;
    }
    return line->take(line->into, argument);
}

static enum status refuse(const struct options_command *command, const struct option_line *line,
                          const char *argument)
{
    if (line->wants != NULL)
        return options_wrong(command, "--%s takes %s, not \"%s\"", line->name, line->wants,
                             argument);
    return options_wrong(command, "--%s takes a %snumber from %.12g to %.12g, not \"%s\"",
                         line->name, line->kind == OPTION_COUNT ? "whole " : "", line->least,
                         line->most, argument);
}

/* One option, as getopt_long returned it. False when the program is done. */
static bool read_one(const struct options_command *command, const struct option_line *line,
                     enum status *status)
{
    if (line->letter == 'h' && line->into == NULL) {
        *status = print_help(command);
        return false;
    }
    if (line->letter == 'V' && line->into == NULL) {
        *status = cli_version(command->name);
        return false;
    }
    const char *argument = optarg != NULL ? optarg : line->absent;
    *status = take(line, argument);
    if (*status == STATUS_IO)
        cli_warn(command->name, "out of memory");
    else if (*status != STATUS_OK)
        *status = refuse(command, line, argument);
    return *status == STATUS_OK;
}

static bool count_operands(const struct options_command *command, int count, char **operands,
                           enum status *status)
{
    if (count > command->most)
        *status = options_wrong(command, "\"%s\" is one too many: it takes %s",
                                operands[command->most], command->operands);
    else if (count < command->least)
        *status = options_wrong(command, "it takes %s", command->operands);
    return *status == STATUS_OK;
}

/* getopt's own tables: `longs` has room for `count` and an end, `shorts` for three times as much.
 */
static void make_tables(const struct options_command *command, size_t count, struct option *longs,
                        char *shorts)
{
    for (size_t i = 0; i < count; i++) {
        const struct option_line *line = line_at(command, i);
        int has = line->argument == NULL ? no_argument
                  : line->absent != NULL ? optional_argument
                                         : required_argument;
        longs[i] = (struct option){line->name, has, NULL, LONG_ONLY + (int)i};
        if (line->letter == '\0')
            continue;
        *shorts++ = line->letter;
        for (int colon = 0; colon < has; colon++)
            *shorts++ = ':';
    }
    *shorts = '\0';
}

/* The option that getopt_long returned; NULL for one that it does not know. */
static const struct option_line *find(const struct options_command *command, size_t count, int code)
{
    if (code >= LONG_ONLY)
        return line_at(command, (size_t)(code - LONG_ONLY));
    for (size_t i = 0; i < count; i++)
        if (line_at(command, i)->letter == (char)code)
            return line_at(command, i);
    return NULL;
}

bool options_read(const struct options_command *command, int argc, char **argv, enum status *status)
{
    size_t count = count_lines(command);
    struct option *longs = calloc(count + 1, sizeof *longs);
    char *shorts = malloc(3 * count + 1);
    bool go = longs != NULL && shorts != NULL;
    *status = go ? STATUS_OK : STATUS_IO;
    if (go)
        make_tables(command, count, longs, shorts);
    else
        cli_warn(command->name, "out of memory");
    for (int code; go && (code = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        const struct option_line *line = find(command, count, code);
        if (line == NULL) { /* getopt_long has said what is wrong */
            (void)fputs(command->usage, stderr);
            *status = STATUS_USAGE;
        }
        go = line != NULL && read_one(command, line, status);
    }
    free(longs);
    free(shorts);
    return go && count_operands(command, argc - optind, argv + optind, status);
}
