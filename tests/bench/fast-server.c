/*
 * An Action Network for benchmarks: accepts every person at once and answers with what was sent. It
 * keeps nothing. On libmicrohttpd, because the sandbox (Python) is slower than the client.
 *
 * usage: fast-server   prints its URL on stdout, ends when stdin does
 */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BODY_LIMIT = 64 * 1024 };

static const char ID[] =
    "{\"identifiers\":[\"action_network:d32fcdd6-7366-466d-a3b8-7e0d87c3cd8b\"],";
static const char PERSON[] = "{\"person\":{";

struct upload {
    size_t length;
    char bytes[BODY_LIMIT];
};

/* {"person":{X}} becomes {"identifiers":[...],X}; a bare person likewise. */
static enum MHD_Result answer(struct MHD_Connection *connection, const struct upload *upload)
{
    const char *person = upload->bytes;
    size_t length = upload->length;
    if (length > sizeof PERSON && memcmp(person, PERSON, sizeof PERSON - 1) == 0) {
        person += sizeof PERSON - 2;
        length -= sizeof PERSON - 1;
    }
    size_t size = sizeof ID - 1 + length;
    char *body = malloc(size);
    if (body == NULL || length < 2)
        return MHD_NO;
    memcpy(body, ID, sizeof ID - 1);
    memcpy(body + sizeof ID - 1, person + 1, length - 1);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size - 1, body, MHD_RESPMEM_MUST_FREE);
    enum MHD_Result queued = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *bytes,
                                  size_t *size, void **state)
{
    (void)context, (void)url, (void)method, (void)version;
    struct upload *upload = *state;
    if (upload == NULL) {
        *state = calloc(1, sizeof *upload);
        return *state != NULL ? MHD_YES : MHD_NO;
    }
    if (*size == 0)
        return answer(connection, upload);
    if (*size > sizeof upload->bytes - upload->length)
        return MHD_NO;
    memcpy(upload->bytes + upload->length, bytes, *size);
    upload->length += *size;
    *size = 0;
    return MHD_YES;
}

static void on_end(void *context, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode code)
{
    (void)context, (void)connection, (void)code;
    free(*state);
    *state = NULL;
}

int main(void)
{
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, NULL,
                         MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_END);
    if (daemon == NULL)
        return 1;
    const union MHD_DaemonInfo *port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    (void)printf("http://127.0.0.1:%u\n", (unsigned)port->port);
    (void)fflush(stdout);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    MHD_stop_daemon(daemon);
    return 0;
}
