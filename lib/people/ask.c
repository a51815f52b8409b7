#include "people/ask.h"

#include "base/signals.h"

#include <stdlib.h>

/* Why the engine starts nothing any more. */
static enum status stop_verdict(const struct http *http, struct failure *failure)
{
    const char *reason = http_stop_reason(http);
    switch (http_stopped(http)) {
    case HTTP_RUNNING:
        return STATUS_OK;
    case HTTP_STOP_DENIED:
        return fail(failure, STATUS_DENIED, "Action Network refused the key: %s", reason);
    case HTTP_STOP_AUTHORITIES:
        return fail(failure, STATUS_CONFIG,
                    "no authorities to trust (CURL_CA_BUNDLE, SSL_CERT_FILE): %s", reason);
    case HTTP_STOP_UNTRUSTED:
        return fail(failure, STATUS_UNAVAILABLE, "Action Network cannot be trusted (%s)", reason);
    case HTTP_STOP_BROKEN:
        return fail(failure, STATUS_UNAVAILABLE,
                    "Action Network does not work at present (%s); run again", reason);
    default:
        return fail(failure, STATUS_AGAIN, "not finished before the deadline; run again");
    }
}

/* Questions that wait for their turn: one, and one behind it, so that no turn is missed. What turns
 * out to be the last question has then few behind it. */
enum { WAITING = 2 };

static enum status start(struct connection *connection, unsigned jobs,
                         const struct people_questions *questions, unsigned *in_flight,
                         struct failure *failure)
{
    while (*in_flight < jobs && http_waiting(connection->http) < WAITING) {
        char *url = NULL;
        uintptr_t number = 0;
        enum status status = questions->next(questions->context, &url, &number, failure);
        if (status == STATUS_OK && url == NULL)
            return STATUS_OK;
        if (status == STATUS_OK)
            /* NOLINTNEXTLINE(performance-no-int-to-ptr): the engine hands it back as it is */
            status = http_start(connection->http, "GET", url, NULL, (void *)number, failure);
        free(url);
        if (status != STATUS_OK)
            return status;
        ++*in_flight;
    }
    return STATUS_OK;
}

static enum status take(struct connection *connection, const struct people_questions *questions,
                        unsigned *in_flight, struct failure *failure)
{
    struct http_answer answer;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && http_finished(connection->http, &answer)) {
        --*in_flight;
        status = stop_verdict(connection->http, failure);
        if (status == STATUS_OK && answer.outcome != HTTP_ANSWERED)
            status = fail(failure, STATUS_UNAVAILABLE, "Action Network does not answer: %s",
                          answer.error);
        if (status == STATUS_OK)
            status =
                questions->answered(questions->context, (uintptr_t)answer.owner, &answer, failure);
        json_decref(answer.json);
    }
    return status;
}

enum status people_ask(struct connection *connection, unsigned jobs,
                       const struct people_questions *questions, struct failure *failure)
{
    unsigned in_flight = 0;
    for (;;) {
        enum status status = start(connection, jobs, questions, &in_flight, failure);
        if (status != STATUS_OK || in_flight == 0)
            return status;
        struct pollfd signal = {.fd = signals_descriptor(), .events = POLLIN};
        status = http_run(connection->http, &signal, signal.fd >= 0 ? 1 : 0, failure);
        if (status == STATUS_OK && signals_caught() != 0)
            status = fail(failure, STATUS_AGAIN, "interrupted; run again");
        if (status == STATUS_OK)
            status = take(connection, questions, &in_flight, failure);
        if (status == STATUS_OK)
            status = stop_verdict(connection->http, failure);
        if (status != STATUS_OK)
            return status;
    }
}
