/* Results as people read them, and what is taken out of them: the first byte's lowest bit asks for
 * names. */
#include "fuzz.h"

#include "base/ndjson.h"
#include "base/secret.h"
#include "base/text.h"
#include "report/message.h"
#include "report/redact.h"
#include "report/report.h"

static void redact(const char *text)
{
    char *without = redact_addresses(text);
    char *quoted = redact_quoted(text);
    char *copy = make_text(text, strlen(text));
    secret_redact(copy, "a-Key_with%40signs");
    require(strlen(copy) == strlen(text) && strcasestr(copy, "a-Key_with%40signs") == NULL);
    char *shown = malloc(TEXT_ESCAPE * strlen(text) + 1);
    require(shown != NULL && without != NULL && quoted != NULL);
    size_t length = text_escape(shown, text, strlen(text));
    require(length <= TEXT_ESCAPE * strlen(text) && utf8_valid(shown, length, NULL));
    text_printable(copy, 100);
    require(strlen(copy) <= 100 && utf8_valid(copy, strlen(copy), NULL));
    free(shown);
    free(copy);
    free(quoted);
    free(without);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ndjson_reader *reader = NULL;
    struct failure failure = {""};
    char path[64];
    if (size < 1)
        return 0;
    char *text = make_text(data + 1, size - 1);
    redact(text);
    free(text);
    struct report *report = report_new((data[0] & 1) != 0);
    int file = make_file(data + 1, size - 1, path);
    require(report != NULL && ndjson_open(path, &reader, &failure) == STATUS_OK);
    (void)report_read(report, reader, &failure);
    json_t *paragraphs = report_paragraphs(report);
    require(json_array_size(paragraphs) > 0);
    const struct message message = {"Member sync", paragraphs, "Time taken: 1 s.",
                                    report_is_warning(report)};
    char *told = message_text(&message);
    json_t *slack = message_slack(&message);
    require(told != NULL && json_is_object(slack));
    free(told);
    json_decref(slack);
    json_decref(paragraphs);
    report_free(report);
    ndjson_close(reader);
    (void)close(file);
    return 0;
}
