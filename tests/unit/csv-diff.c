/*
 * csv-diff against a second, plain one (tests/oracle), byte for byte, in every way there is to look
 * at the bytes and on one, two and five threads.
 * usage: test-csv-diff FIRST-SEED COUNT [DIRECTORY]
 * Says the seed of each difference; with a DIRECTORY, leaves the case's files there.
 */
#include "../oracle/cases.h"
#include "../oracle/oracle.h"
#include "csv/scan.h"
#include "diff/diff.h"
#include "diff/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct {
    const char *name;
    enum csv_way way;
    unsigned threads;
} ways[] = {{"best", CSV_BEST, 1},
            {"best on 2 threads", CSV_BEST, 2},
            {"wide", CSV_WIDE, 1},
            {"narrow", CSV_NARROW, 5},
            {"words", CSV_WORDS, 1},
            {"plain", CSV_PLAIN, 1},
            {"plain on 2 threads", CSV_PLAIN, 2}};

/* Where the texts are read from: files in memory, that can be opened by name. */
struct place {
    int file;
    char path[64];
};

static void place_open(struct place *place, const char *name)
{
    place->file = memfd_create(name, MFD_CLOEXEC);
    if (place->file < 0)
        abort();
    (void)snprintf(place->path, sizeof place->path, "/proc/self/fd/%d", place->file);
}

static void place_fill(const struct place *place, struct oracle_bytes text)
{
    if (ftruncate(place->file, 0) != 0 ||
        pwrite(place->file, text.bytes, text.length, 0) != (ssize_t)text.length)
        abort();
}

static int run(const char *older, const char *newer, const struct diff_options *options,
               struct output *output, struct failure *failure)
{
    struct diff *diff;
    enum status status = diff_open(older, newer, options, &diff, failure);
    if (status == STATUS_OK)
        status = diff_write(diff, output, diff_json_change, NULL, failure);
    if (status == STATUS_OK)
        diff_json_summary(output, diff_summary(diff), "");
    diff_close(diff);
    return (int)status;
}

/* The names as the options take them, one by one. */
static void add_names(struct csv_names *names, const struct oracle_names *given)
{
    for (size_t i = 0; i < given->count; i++)
        if (csv_names_add(names, given->names[i]) != STATUS_OK)
            abort();
}

/* To be given to options_free. */
static struct diff_options translate(const struct oracle_options *options)
{
    struct diff_options made = {
        .current_column = options->current_column,
        .current_value = options->current_value,
        .doubtful_column = options->doubtful_column,
        .doubtful_value = options->doubtful_value,
        .max_lapse = {options->limited, options->limit_is_share,
                      options->limit * (options->limit_is_share ? DIFF_PERCENT / 10 : 1)},
        .all = options->all};
    struct oracle_bytes conditions;
    oracle_conditions(options, &conditions);
    add_names(&made.rules.keys, &options->keys);
    add_names(&made.columns, &options->columns);
    add_names(&made.follow, &options->follow);
    add_names(&made.may_be_empty, &options->may_be_empty);
    made.rules.addresses = options->addresses;
    if (options->where_count > 0 &&
        csv_conditions_add(options->where_possible ? &made.rules.where_possible : &made.rules.where,
                           conditions.bytes) != STATUS_OK)
        abort();
    free(conditions.bytes);
    return made;
}

static void options_free(struct diff_options *options)
{
    csv_rules_free(&options->rules);
    csv_names_free(&options->columns);
    csv_names_free(&options->follow);
    csv_names_free(&options->may_be_empty);
}

static void leave(const char *directory, const char *name, struct oracle_bytes text)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(text.bytes, 1, text.length, file) != text.length ||
        fclose(file) != 0)
        perror(path);
}

static void report(uint64_t seed, const struct oracle_case *made, const char *way, int status,
                   int expected, const char *directory)
{
    char options[512];
    oracle_case_describe(made, options, sizeof options);
    (void)printf("seed %llu differs (%s): status %d, expected %d; csv-diff %s older newer\n",
                 (unsigned long long)seed, way, status, expected, options);
    if (directory == NULL)
        return;
    leave(directory, "older", made->older);
    leave(directory, "newer", made->newer);
}

/* Whether the fast ways find the rows of a good text by themselves, without falling back. */
static bool scans(const char *path, const struct csv_rules *rules, enum csv_scope scope)
{
    enum { SEED = 7 };
    struct failure failure;
    struct csv_text *text;
    struct csv_table *plain = NULL;
    bool good = true;
    if (csv_text_open(path, NULL, &text, &failure) != STATUS_OK)
        return false;
    if (csv_split(text, rules, scope, SEED, CSV_PLAIN, &plain, &failure) == STATUS_OK &&
        plain->count > 0) {
        for (int way = CSV_BEST; way < CSV_PLAIN && good; way++) {
            struct csv_table fast = *plain;
            fast.rows = NULL;
            csv_table_clear(&fast);
            good = csv_scan_rows(&fast, plain->rows[0].start, SEED, (enum csv_way)way) &&
                   fast.count == plain->count && fast.others == plain->others &&
                   memcmp(fast.rows, plain->rows, fast.count * sizeof *fast.rows) == 0;
            csv_table_clear(&fast);
        }
    }
    csv_table_free(plain);
    csv_text_close(text);
    return good;
}

/* Whether every way agrees with the oracle. */
static bool check(uint64_t seed, const struct place places[2], const char *directory,
                  size_t *refused)
{
    struct oracle_case made = oracle_case_make(seed);
    struct oracle_bytes expected;
    struct diff_options options = translate(&made.options);
    int status = oracle_diff(made.older, made.newer, places[1].path, &made.options, &expected);
    bool good = true;
    char first[sizeof((struct failure *)NULL)->text] = "";
    *refused += status != 0;
    place_fill(&places[0], made.older);
    place_fill(&places[1], made.newer);
    for (size_t i = 0; i < sizeof ways / sizeof *ways && good; i++) {
        options.way = ways[i].way;
        options.threads = ways[i].threads;
        struct failure failure = {""};
        struct output *output = output_new(-1);
        int got = run(places[0].path, places[1].path, &options, output, &failure);
        size_t length;
        const char *bytes = output_kept(output, &length);
        good = got == status && length == expected.length &&
               (length == 0 || memcmp(bytes, expected.bytes, length) == 0) &&
               (i == 0 || strcmp(first, failure.text) == 0);
        (void)snprintf(first, sizeof first, "%s", failure.text);
        if (!good)
            report(seed, &made, ways[i].name, got, status, directory);
        output_free(output);
    }
    if (good && !(scans(places[0].path, &options.rules, CSV_KEYS) &&
                  scans(places[1].path, &options.rules, CSV_RULES))) {
        report(seed, &made, "the scan declined", status, status, directory);
        good = false;
    }
    options_free(&options);
    free(expected.bytes);
    oracle_case_free(&made);
    return good;
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4) {
        (void)fputs("usage: test-csv-diff FIRST-SEED COUNT [DIRECTORY]\n", stderr);
        return 64;
    }
    uint64_t first = strtoull(argv[1], NULL, 10);
    uint64_t count = strtoull(argv[2], NULL, 10);
    struct place places[2];
    size_t refused = 0;
    size_t wrong = 0;
    place_open(&places[0], "older");
    place_open(&places[1], "newer");
    for (uint64_t seed = first; seed < first + count && wrong < 10; seed++)
        wrong += !check(seed, places, argc > 3 ? argv[3] : NULL, &refused);
    (void)printf("%llu cases, %zu of them refused, %zu different\n", (unsigned long long)count,
                 refused, wrong);
    return wrong == 0 ? 0 : 1;
}
