/*
 * libFuzzer's way into csv-diff: two exports, which a 0xFF parts, are compared in every way there
 * is to look at them, and by the plain csv-diff of tests/oracle; all must agree. The input's first
 * byte chooses the options.
 */
#include "fuzz.h"

#include "../oracle/oracle.h"
#include "diff/diff.h"
#include "diff/json.h"

static void check(const char *older, const char *newer, const struct diff_options *options,
                  int expected_status, const struct oracle_bytes *expected)
{
    struct failure failure = {""};
    struct diff *diff;
    struct output *output = output_new(-1);
    require(output != NULL);
    enum status status = diff_open(older, newer, options, &diff, &failure);
    if (status == STATUS_OK)
        status = diff_write(diff, output, diff_json_change, NULL, &failure);
    if (status == STATUS_OK)
        diff_json_summary(output, diff_summary(diff), "");
    diff_close(diff);
    size_t length;
    const char *bytes = output_kept(output, &length);
    require((int)status == expected_status && length == expected->length);
    require(length == 0 || memcmp(bytes, expected->bytes, length) == 0);
    require((status == STATUS_OK) == (failure.text[0] == '\0'));
    output_free(output);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    uint8_t chosen = data[0];
    const char *text = (const char *)data + 1;
    const char *part = memchr(text, 0xFF, size - 1);
    size_t older_length = part != NULL ? (size_t)(part - text) : 0;
    const char *newer_text = part != NULL ? part + 1 : text;
    size_t newer_length = (size_t)(text + size - 1 - newer_text);
    struct oracle_options wanted = {.keys = {{"email", "akid"}, (chosen & 32) != 0 ? 2 : 1},
                                    .columns = {{"akid", "map"}, (chosen & 1) != 0 ? 2 : 0},
                                    .follow = {{"akid", "ak_id"}, (chosen & 2) != 0 ? 2 : 0},
                                    .where = {{"map", false, {"now", ""}, 2}},
                                    .where_count = (chosen & 64) != 0 ? 1 : 0,
                                    .where_possible = true,
                                    .addresses = (chosen & 128) != 0,
                                    .current_column = (chosen & 4) != 0 ? "map" : NULL,
                                    .current_value = "now",
                                    .doubtful_column = (chosen & 16) != 0 ? "map" : NULL,
                                    .doubtful_value = "old",
                                    .all = (chosen & 8) != 0};
    struct diff_options options = {.current_column = wanted.current_column,
                                   .current_value = wanted.current_value,
                                   .doubtful_column = wanted.doubtful_column,
                                   .doubtful_value = wanted.doubtful_value,
                                   .rules.addresses = wanted.addresses,
                                   .all = wanted.all,
                                   .threads = 1};
    require(csv_names_add(&options.rules.keys, (chosen & 32) != 0 ? "email,akid" : "email") ==
            STATUS_OK);
    require((chosen & 1) == 0 || csv_names_add(&options.columns, "akid,map") == STATUS_OK);
    require((chosen & 2) == 0 || csv_names_add(&options.follow, "akid,ak_id") == STATUS_OK);
    require((chosen & 64) == 0 ||
            csv_conditions_add(&options.rules.where_possible, "map=now,") == STATUS_OK);
    char paths[2][64];
    int files[2] = {make_file(text, older_length, paths[0]),
                    make_file(newer_text, newer_length, paths[1])};
    struct oracle_bytes expected;
    int status = oracle_diff((struct oracle_bytes){(char *)text, older_length},
                             (struct oracle_bytes){(char *)newer_text, newer_length}, paths[1],
                             &wanted, &expected);
    for (int way = CSV_BEST; way <= CSV_PLAIN; way++) {
        options.way = (enum csv_way)way;
        check(paths[0], paths[1], &options, status, &expected);
    }
    csv_rules_free(&options.rules);
    csv_names_free(&options.columns);
    csv_names_free(&options.follow);
    free(expected.bytes);
    (void)close(files[0]);
    (void)close(files[1]);
    return 0;
}
