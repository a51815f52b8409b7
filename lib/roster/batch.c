#include "roster/batch.h"

#include "base/clock.h"
#include "base/signals.h"
#include "base/text.h"
#include "roster/quick.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* What one transaction takes at the most, the last line apart. */
enum { BATCH_RECORDS = 1000, BEGIN_RECORDS = 100, BATCH_BYTES = 4 * 1024 * 1024 };
static const int64_t BATCH_TIME = NANOSECONDS / 2;

/* After a deadline or a signal, what is about to be sent is noted for so much longer, since whoever
 * sends may be a little behind. */
static const int64_t GRACE = NANOSECONDS;

struct batch {
    struct roster *roster;
    const struct batch_settings *settings;
    struct ndjson_reader *reader;
    int file;
    struct quick quick;
    struct buffer lines; /* to be written on, once they are durable */
    size_t records;
    int64_t begun;    /* when the batch was (clock_now) */
    int64_t until;    /* when nothing is to be noted any more (clock_now); 0: never */
    bool pending;     /* the batch changes the roster */
    int output_error; /* errno of the first write that failed, 0 for none */
};

/* Whether nothing is sent any more of what comes now, so that there is nothing to note. */
static bool is_over(struct batch *batch)
{
    int64_t now = clock_now();
    if (signals_caught() != 0 && (batch->until == 0 || batch->until > now + GRACE))
        batch->until = now + GRACE;
    return batch->until > 0 && now > batch->until;
}

/* Takes one line into the batch. */
static enum status take(struct batch *batch, const struct ndjson_line *line,
                        struct failure *failure)
{
    struct acknowledgement acknowledgement = {.kind = ACKNOWLEDGED_NOTHING};
    struct failure why = {""};
    json_t *record = NULL;
    enum status status;
    bool over = batch->settings->mode.begin && is_over(batch);
    if (!over &&
        quick_take(&batch->quick, line, &batch->settings->mode, batch->roster, &status, &why)) {
        batch->pending = true;
    } else {
        status = ndjson_parse(batch->reader, line, &record, failure);
        if (status != STATUS_OK)
            return status;
        if (!over)
            status = acknowledgement_read(record, &batch->settings->mode, &acknowledgement, &why);
        if (status == STATUS_OK)
            status = acknowledgement_apply(&acknowledgement, batch->roster, &batch->pending, &why);
        quick_learn(&batch->quick, record);
    }
    if (status == STATUS_DATA)
        (void)fail(failure, status, "%.300s:%zu: %.600s", ndjson_name(batch->reader), line->number,
                   why.text);
    else if (status != STATUS_OK)
        *failure = why;
    if (status == STATUS_OK && (!buffer_append(&batch->lines, line->bytes, line->length) ||
                                !buffer_append(&batch->lines, "\n", 1)))
        status = fail_memory(failure);
    batch->records++;
    acknowledgement_free(&acknowledgement);
    json_decref(record);
    return status;
}

static bool is_full(const struct batch *batch)
{
    size_t most = batch->settings->mode.begin ? BEGIN_RECORDS : BATCH_RECORDS;
    if (batch->records >= most || batch->lines.length >= BATCH_BYTES)
        return true;
    return clock_now() - batch->begun >= BATCH_TIME;
}

/* Whether reading would not have to wait; with `wait` it waits until that is so. */
static bool has_more(const struct batch *batch, bool wait)
{
    struct pollfd input = {.fd = ndjson_descriptor(batch->reader), .events = POLLIN};
    return poll(&input, 1, wait ? -1 : 0) > 0 || wait;
}

/* Takes what has arrived; waits only for the first record. STATUS_DATA and STATUS_IO of the input
 * leave the batch whole; `*durable` is false when it is not to be committed. */
static enum status gather(struct batch *batch, bool *durable, struct failure *failure)
{
    enum status status = STATUS_OK;
    struct ndjson_line line;
    *durable = true;
    while (status == STATUS_OK && (batch->records == 0 || !is_full(batch))) {
        if (ndjson_next(batch->reader, &line)) {
            if (batch->records == 0)
                batch->begun = clock_now();
            status = take(batch, &line, failure);
            *durable = status == STATUS_OK || status == STATUS_DATA;
        } else if (ndjson_ended(batch->reader) || !has_more(batch, batch->records == 0)) {
            break;
        } else {
            status = ndjson_fill(batch->reader, failure);
        }
    }
    return status;
}

/* Makes the batch durable and writes it on. A reader that has gone is no reason to stop recording
 * what was acknowledged; but nothing is about to be sent then. */
static enum status settle(struct batch *batch, struct failure *failure)
{
    enum status status = batch->pending ? roster_commit(batch->roster, failure) : STATUS_OK;
    if (status == STATUS_OK && batch->output_error == 0 &&
        !write_all(batch->file, batch->lines.bytes, batch->lines.length))
        batch->output_error = errno;
    if (status == STATUS_OK && batch->output_error != 0 && batch->settings->mode.begin)
        status = fail(failure, STATUS_IO, "standard output: %s", strerror(batch->output_error));
    if (batch->lines.capacity > 2 * (size_t)BATCH_BYTES)
        buffer_free(&batch->lines);
    buffer_clear(&batch->lines);
    batch->records = 0;
    batch->pending = false;
    return status;
}

static enum status loop(struct batch *batch, struct failure *failure)
{
    enum status status = STATUS_OK;
    bool more = true;
    while (status == STATUS_OK && more) {
        struct failure settling;
        bool durable;
        status = gather(batch, &durable, failure);
        more = batch->records > 0;
        enum status settled = durable ? settle(batch, &settling) : STATUS_OK;
        if (settled != STATUS_OK) { /* worse than a bad line */
            status = settled;
            *failure = settling;
        }
    }
    return status;
}

enum status batch_run(struct ndjson_reader *reader, struct roster *roster, int file,
                      const struct batch_settings *settings, int *output_error,
                      struct failure *failure)
{
    struct batch batch = {.roster = roster, .settings = settings, .reader = reader, .file = file};
    if (settings->deadline > 0)
        batch.until = clock_now() + (int64_t)(settings->deadline * NANOSECONDS) + GRACE;
    enum status status = loop(&batch, failure);
    buffer_free(&batch.lines);
    quick_free(&batch.quick);
    *output_error = batch.output_error;
    return status;
}
