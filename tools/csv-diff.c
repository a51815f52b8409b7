/*
 * csv-diff: what changed between two exports. Reads two CSV files, writes one JSON record a change
 * (an-sync-records(5)) or, with -p, lines for people. Touches nothing else.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/output.h"
#include "base/status.h"
#include "base/text.h"
#include "diff/diff.h"
#include "diff/json.h"
#include "diff/people.h"

static const char program[] = "csv-diff";

struct options {
    struct diff_options diff;
    char *key;
    char *follow;
    char *current;  /* COLUMN=VALUE, cut in two */
    char *doubtful; /* likewise */
    char **columns; /* owned: diff.columns */
    bool exit_code;
    bool for_people;
    const char *older;
    const char *newer;
};

static void options_free(struct options *options)
{
    for (size_t i = 0; i < options->diff.column_count; i++)
        free(options->columns[i]);
    free((void *)options->columns);
    free(options->key);
    free(options->follow);
    free(options->current);
    free(options->doubtful);
}

/* Takes a normalized copy in place of the one before. STATUS_USAGE when it is empty, STATUS_IO when
 * memory runs out, here as below. */
static enum status take(char **into, const char *text)
{
    free(*into);
    *into = text_normalized(text);
    return *into == NULL ? STATUS_IO : (*into)[0] == '\0' ? STATUS_USAGE : STATUS_OK;
}

/* Adds one name of a list, unless there is nothing but blanks. */
static enum status add_column(struct options *options, const char *name, size_t length)
{
    char *copy = malloc(length + 1);
    if (copy == NULL)
        return STATUS_IO;
    length = text_normalize(copy, name, length);
    copy[length] = '\0';
    if (length == 0) {
        free(copy);
        return STATUS_OK;
    }
    size_t count = options->diff.column_count;
    char **columns = reallocarray((void *)options->columns, count + 1, sizeof *columns);
    if (columns == NULL) {
        free(copy);
        return STATUS_IO;
    }
    columns[count] = copy;
    options->columns = columns;
    options->diff.columns = (const char *const *)columns;
    options->diff.column_count = count + 1;
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

/* Adds the names of a list, which commas or newlines separate; a name in quotes may hold these.
 * Makes use of the list's own bytes. */
static enum status add_columns(struct options *options, char *list)
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
        enum status status = add_column(options, name, length);
        if (status != STATUS_OK)
            return status;
        list += *list != '\0';
    }
    return options->diff.column_count > 0 ? STATUS_OK : STATUS_USAGE;
}

/* The same of an option's argument, which is to stay as it is. */
static enum status take_columns(struct options *options, const char *argument)
{
    char *list = strdup(argument);
    enum status status = list == NULL ? STATUS_IO : add_columns(options, list);
    free(list);
    return status;
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* "N" or "P%"; of a share, what is less than a millionth of a percent is cut off. */
static enum status read_limit(struct diff_limit *limit, const char *text)
{
    const uint64_t most = 1000000000000000;
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

/* "COLUMN=VALUE": takes a copy in place of the one before, and cuts it in two. */
static enum status read_pair(char **into, const char *text, const char **column, const char **value)
{
    free(*into);
    *into = strdup(text);
    if (*into == NULL)
        return STATUS_IO;
    char *equals = strchr(*into, '=');
    if (equals == NULL)
        return STATUS_USAGE;
    size_t length = text_normalize(*into, text, (size_t)(equals - *into));
    (*into)[length] = '\0';
    *column = *into;
    *value = equals + 1;
    return length > 0 ? STATUS_OK : STATUS_USAGE;
}

/* Writes every change and the summary. A reader that has gone needs no message. */
static enum status write_changes(struct diff *diff, const struct options *options)
{
    const char *no_colour = getenv("NO_COLOR");
    struct diff_people people = {.colour = (no_colour == NULL || no_colour[0] == '\0') &&
                                           isatty(STDOUT_FILENO)};
    struct failure failure = {""};
    struct output *output = output_new(STDOUT_FILENO);
    if (output == NULL) {
        cli_warn(program, "out of memory");
        return STATUS_IO;
    }
    enum status status =
        diff_write(diff, output, options->for_people ? diff_people_change : diff_json_change,
                   &people, &failure);
    if (status == STATUS_OK && options->for_people)
        diff_people_summary(output, diff_summary(diff), people.colour);
    else if (status == STATUS_OK)
        diff_json_summary(output, diff_summary(diff));
    int error;
    if (output_flush(output, &error) != STATUS_OK) {
        status = STATUS_IO;
        if (error != EPIPE)
            cli_warn(program, "standard output: %s", strerror(error));
    } else if (status != STATUS_OK) {
        cli_warn(program, "%s", failure.text);
    }
    output_free(output);
    return status;
}

static enum status run(const struct options *options)
{
    struct diff *diff = NULL;
    struct failure failure = {""};
    enum status status = diff_open(options->older, options->newer, &options->diff, &diff, &failure);
    if (status != STATUS_OK) {
        cli_warn(program, "%s", failure.text);
        return status;
    }
    if (diff_warning(diff) != NULL)
        cli_warn(program, "%s", diff_warning(diff));
    status = write_changes(diff, options);
    const struct diff_summary *summary = diff_summary(diff);
    bool differ = summary->added + summary->updated + summary->lapsed > 0;
    if (status == STATUS_OK && options->exit_code && differ)
        status = STATUS_SOME_FAILED;
    diff_close(diff);
    return status;
}

static enum status usage(FILE *stream, enum status status)
{
    (void)fprintf(
        stream,
        "usage: csv-diff [-k COLUMN] [-c COLUMN,...] [-f COLUMN] [-m N|P%%] [-u COLUMN=VALUE]\n"
        "                [-d COLUMN=VALUE] [-aep] OLDER NEWER\n"
        "Writes what changed between two CSV exports, one JSON record a change.\n"
        "\n"
        "  -k, --key COLUMN            match rows by this column (email)\n"
        "  -c, --columns COLUMN,...    compare only these (those that both files have)\n"
        "  -f, --follow COLUMN         recognise by this column whose key changed\n"
        "  -m, --max-lapse N|P%%        refuse when more than so many would lapse\n"
        "  -u, --current COLUMN=VALUE  rows of OLDER with another value are out of date\n"
        "  -d, --doubtful COLUMN=VALUE\n"
        "                              rows of OLDER that have it may not be there\n"
        "  -a, --all                   write unchanged members as updated, too\n"
        "  -e, --exit-code             exit with 1 when there are differences, 0 without\n"
        "  -p, --people                write for people, not for programs\n"
        "  -h, --help                  show this\n"
        "  -V, --version               show the version\n"
        "\n"
        "\"-\" is standard input. See csv-diff(1).\n");
    return status;
}

/* Takes one option, and says what is wrong with it. */
static enum status take_option(struct options *options, int option, const char *argument)
{
    enum status status = STATUS_OK;
    switch (option) {
    case 'k':
        status = take(&options->key, argument);
        break;
    case 'c':
        status = take_columns(options, argument);
        break;
    case 'f':
        status = take(&options->follow, argument);
        break;
    case 'm':
        status = read_limit(&options->diff.max_lapse, argument);
        break;
    case 'u':
        status = read_pair(&options->current, argument, &options->diff.current_column,
                           &options->diff.current_value);
        break;
    case 'd':
        status = read_pair(&options->doubtful, argument, &options->diff.doubtful_column,
                           &options->diff.doubtful_value);
        break;
    case 'a':
        options->diff.all = true;
        break;
    case 'e':
        options->exit_code = true;
        break;
    case 'p':
        options->for_people = true;
        break;
    default:
        return usage(stderr, STATUS_USAGE);
    }
    if (status == STATUS_IO) {
        cli_warn(program, "out of memory");
    } else if (status != STATUS_OK) {
        cli_warn(program, "-%c: \"%s\" is not what this option takes", option, argument);
        (void)usage(stderr, status);
    }
    return status;
}

/* What a mapped file no longer holds cannot be read; nothing can be gone on with. */
static void on_bus_error(int number)
{
    static const char message[] =
        "csv-diff: a file was cut short while it was read, or its disk failed\n";
    (void)number;
    (void)!write(STDERR_FILENO, message, sizeof message - 1);
    _exit(STATUS_IO);
}

static void handle_signals(void)
{
    struct sigaction bus_error = {.sa_handler = on_bus_error};
    (void)sigaction(SIGBUS, &bus_error, NULL);
    (void)signal(SIGPIPE, SIG_IGN); /* a reader's leaving is an EPIPE */
}

static enum status operands(struct options *options, int count, char **arguments)
{
    if (count != 2) {
        cli_warn(program, "needs two files, the older and the newer one");
        return usage(stderr, STATUS_USAGE);
    }
    if (options->key == NULL) {
        cli_warn(program, "out of memory");
        return STATUS_IO;
    }
    options->older = arguments[0];
    options->newer = arguments[1];
    if (strcmp(options->older, "-") == 0 && strcmp(options->newer, "-") == 0) {
        cli_warn(program, "only one of the files can be standard input");
        return usage(stderr, STATUS_USAGE);
    }
    options->diff.key = options->key;
    options->diff.follow = options->follow;
    return STATUS_OK;
}

int main(int argc, char **argv)
{
    cli_start();
    static const struct option names[] = {
        {"key", required_argument, NULL, 'k'},     {"columns", required_argument, NULL, 'c'},
        {"follow", required_argument, NULL, 'f'},  {"max-lapse", required_argument, NULL, 'm'},
        {"current", required_argument, NULL, 'u'}, {"doubtful", required_argument, NULL, 'd'},
        {"all", no_argument, NULL, 'a'},           {"exit-code", no_argument, NULL, 'e'},
        {"people", no_argument, NULL, 'p'},        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},       {NULL, 0, NULL, 0}};
    struct options options = {.key = strdup("email")};
    enum status status = STATUS_OK;
    int option;
    while (status == STATUS_OK &&
           (option = getopt_long(argc, argv, "k:c:f:m:u:d:aephV", names, NULL)) != -1) {
        if (option == 'h' || option == 'V') {
            options_free(&options);
            status = option == 'V' ? cli_version(program)
                                   : cli_finish(program, usage(stdout, STATUS_OK));
            return (int)status;
        }
        status = take_option(&options, option, optarg);
    }
    if (status == STATUS_OK)
        status = operands(&options, argc - optind, argv + optind);
    handle_signals();
    if (status == STATUS_OK)
        status = run(&options);
    options_free(&options);
    return (int)status;
}
