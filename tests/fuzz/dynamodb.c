/*
 * What DynamoDB answers: the first byte is the status code's, the rest the body, which stands for
 * every answer of a run. aws_send and clock_pause are replaced when it is linked.
 */
#include "fuzz.h"
#include "read-roster.h"

#include "aws/request.h"

enum { MOST_CALLS = 8 }; /* a table may have any number of pages */

static const uint8_t *bytes;
static size_t length;
static unsigned calls;

enum status __wrap_aws_send(struct aws_transport *transport, const struct aws_request *request,
                            struct aws_answer *answer, struct failure *failure);
bool __wrap_clock_pause(int64_t wait, int64_t until);

enum status __wrap_aws_send(struct aws_transport *transport, const struct aws_request *request,
                            struct aws_answer *answer, struct failure *failure)
{
    static const long CODES[] = {200, 400, 403, 500, 503, 413};
    (void)transport, (void)request;
    buffer_clear(&answer->body);
    answer->curl = ++calls > MOST_CALLS ? CURLE_COULDNT_CONNECT : CURLE_OK;
    answer->code = calls > MOST_CALLS ? 0 : CODES[bytes[0] % 6];
    answer->said[0] = '\0';
    return buffer_append(&answer->body, bytes + 1, length - 1) ? STATUS_OK : fail_memory(failure);
}

/* Nobody waits: whoever would wait gives up. */
bool __wrap_clock_pause(int64_t wait, int64_t until)
{
    (void)wait, (void)until;
    return false;
}

static void try(enum roster_mode mode)
{
    struct roster *roster = NULL;
    struct failure failure = {""};
    calls = 0;
    if (roster_open("dynamodb:table/name", mode, &roster, &failure) != STATUS_OK)
        return;
    if (mode == ROSTER_READ) {
        read_roster(roster);
    } else {
        (void)roster_lock(roster, "me", 900, &failure);
        (void)roster_remove(roster, "a@example.org", &failure);
        (void)roster_commit(roster, &failure);
        (void)roster_unlock(roster, "me", &failure);
    }
    roster_close(roster);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    (void)setenv("AWS_REGION", "us-east-1", 1);
    (void)setenv("AWS_ACCESS_KEY_ID", "id", 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    bytes = data;
    length = size;
    try(ROSTER_READ);
    try(ROSTER_WRITE);
    return 0;
}
