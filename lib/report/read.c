#include "report/report.h"

#include <jansson.h>
#include <stdio.h>

/* Reads what is left of the input, so that the programs before this one can finish their work. */
static void drain(struct ndjson_reader *reader)
{
    struct ndjson_line line;
    struct failure ignored;
    bool more = true;
    while (more && ndjson_read(reader, &line, &more, &ignored) == STATUS_OK)
        ;
}

enum status report_read(struct report *report, struct ndjson_reader *reader,
                        struct failure *failure)
{
    struct ndjson_line line = {.number = 0};
    char why[128];
    enum status status;
    for (;;) {
        bool more;
        status = ndjson_read(reader, &line, &more, failure);
        (void)snprintf(why, sizeof why, "The results could not be read beyond line %zu",
                       line.number);
        if (status != STATUS_OK || !more)
            break;
        json_t *record = NULL;
        status = ndjson_parse(reader, &line, &record, failure);
        (void)snprintf(why, sizeof why, "Line %zu of the results could not be read", line.number);
        if (status == STATUS_OK)
            status = report_add(report, record, failure);
        json_decref(record);
        if (status != STATUS_OK)
            break;
    }
    if (status != STATUS_OK) {
        report_cut_short(report, why);
        drain(reader);
    }
    return status;
}
