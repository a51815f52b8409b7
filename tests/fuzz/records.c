/* Lines of NDJSON, and what a roster takes from each: roster-commit without a store. */
#include "fuzz.h"

#include "base/ndjson.h"
#include "roster/acknowledgement.h"

static void read_record(const json_t *record, const struct acknowledgement_mode *mode)
{
    struct acknowledgement acknowledgement = {.kind = ACKNOWLEDGED_NOTHING};
    struct failure failure = {""};
    enum status status = acknowledgement_read(record, mode, &acknowledgement, &failure);
    if (status == STATUS_OK && acknowledgement.kind == ACKNOWLEDGED_MEMBER)
        require(acknowledgement.email != NULL && json_is_object(acknowledgement.row));
    if (status == STATUS_OK && acknowledgement.kind == ACKNOWLEDGED_RUN)
        require(acknowledgement.run != NULL);
    acknowledgement_free(&acknowledgement);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct acknowledgement_mode MODES[] = {
        {NULL, false}, {"0123456789abcdef0123456789abcdef", false}, {NULL, true}};
    struct ndjson_reader *reader = NULL;
    struct failure failure = {""};
    char path[64];
    int file = make_file(data, size, path);
    int sink = memfd_create("out", MFD_CLOEXEC);
    require(ndjson_open(path, &reader, &failure) == STATUS_OK);
    bool more = true;
    struct ndjson_line line = {.number = 0};
    while (ndjson_read(reader, &line, &more, &failure) == STATUS_OK && more) {
        json_t *record = NULL;
        if (ndjson_parse(reader, &line, &record, &failure) != STATUS_OK)
            continue;
        require(json_is_object(record));
        for (size_t i = 0; i < sizeof MODES / sizeof MODES[0]; i++)
            read_record(record, &MODES[i]);
        json_t *result = json_pack("{s:s}", "status", "ok");
        (void)ndjson_write_result(sink, line.bytes, line.length, record, result, &failure);
        json_decref(result);
        json_decref(record);
    }
    ndjson_close(reader);
    (void)close(sink);
    (void)close(file);
    return 0;
}
