#include "people/connection.h"

#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"
#include "http/url.h"
#include "people/people.h"

#include <stdlib.h>
#include <string.h>

/* The pacer of those who share the key at this service. */
static enum status open_pacer(struct connection *connection, double rate, struct failure *failure)
{
    struct buffer identity = {.limit = 0};
    enum status status = STATUS_IO;
    if (buffer_printf(&identity, "%s %s", connection->key, connection->service))
        status = pacer_open(rate, identity.bytes, &connection->pacer, failure);
    else
        (void)fail_memory(failure);
    if (identity.bytes != NULL)
        explicit_bzero(identity.bytes, identity.length);
    buffer_free(&identity);
    return status;
}

enum status connection_open(const struct connection_settings *settings,
                            struct connection *connection, struct failure *failure)
{
    *connection = (struct connection){.service = NULL};
    const char *service = getenv("AN_API_URL");
    secret_no_core();
    enum status status =
        http_service_url(service != NULL && service[0] != '\0' ? service : PEOPLE_SERVICE,
                         &connection->service, failure);
    if (status != STATUS_OK || settings->offline)
        return status;
    status = secret_load("AN_API_KEY", &connection->key, failure);
    if (status == STATUS_OK && connection->key == NULL)
        status =
            fail(failure, STATUS_CONFIG,
                 "neither AN_API_KEY nor AN_API_KEY_FILE is set (-n shows what would be sent)");
    if (status == STATUS_OK)
        status = open_pacer(connection, settings->rate, failure);
    struct buffer probe = {.limit = 0};
    if (status == STATUS_OK && !buffer_printf(&probe, "%s" PEOPLE_PROBE, connection->service))
        status = fail_memory(failure);
    struct http_settings engine = {
        .key = connection->key,
        .pacer = connection->pacer,
        .connections = settings->connections,
        .deadline =
            settings->deadline > 0 ? clock_now() + (int64_t)(settings->deadline * NANOSECONDS) : 0,
        .probe = probe.bytes,
        .trace = settings->trace,
        .trace_context = settings->trace_context,
    };
    if (status == STATUS_OK)
        status = http_open(&engine, &connection->http, failure);
    buffer_free(&probe);
    return status;
}

void connection_close(struct connection *connection)
{
    http_close(connection->http);
    pacer_close(connection->pacer);
    secret_free(connection->key);
    free(connection->service);
    *connection = (struct connection){.service = NULL};
}
