/*
 * An Action Network for benchmarks: accepts every person at once and answers with what was sent. It
 * keeps nothing. Asked for people, it has PEOPLE members, 25 a page. On libmicrohttpd, because the
 * sandbox (Python) is slower than the client.
 *
 * usage: fast-server [PEOPLE]   prints its URL on stdout, ends when stdin does
 */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BODY_LIMIT = 64 * 1024, PAGE = 25, PERSON_LIMIT = 2048 };

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

/* As the service writes one: with an id, dates, a status, links, and a dozen custom fields. */
static int write_person(char *at, unsigned long number)
{
    return snprintf(
        at, PERSON_LIMIT,
        "{\"identifiers\":[\"action_network:d32fcdd6-7366-466d-a3b8-%012lx\"],"
        "\"created_date\":\"2026-01-01T00:00:00Z\",\"modified_date\":\"2026-11-01T00:00:00Z\","
        "\"given_name\":\"Rosa\",\"family_name\":\"Luxemburg\",\"languages_spoken\":[\"en\"],"
        "\"email_addresses\":[{\"primary\":true,\"address\":\"member%lu@example.org\","
        "\"status\":\"subscribed\"}],\"phone_numbers\":[],\"postal_addresses\":[{\"primary\":true,"
        "\"address_lines\":[\"1 Main St\"],\"locality\":\"Boston\",\"region\":\"MA\","
        "\"postal_code\":\"02111\",\"country\":\"US\",\"language\":\"en\",\"location\":{"
        "\"latitude\":"
        "42.35,\"longitude\":-71.06,\"accuracy\":\"Approximate\"}}],\"custom_fields\":{\"AK_ID\":"
        "\"%lu\",\"Phone\":\"617555%04lu\",\"Chapter\":\"Boston\",\"is_member\":\"True\","
        "\"Join Date\":\"2019-05-01\",\"Union\":\"\",\"Union Name\":\"\",\"Do Not Call\":\"\","
        "\"Mailing Preference\":\"Yes: Membership card "
        "only\",\"Student\":\"No\"},\"_links\":{\"self\":"
        "{\"href\":\"https://actionnetwork.org/api/v2/people/d32fcdd6-7366-466d-a3b8-%012lx\"},"
        "\"osdi:attendances\":{\"href\":\"https://actionnetwork.org/api/v2/people/"
        "d32fcdd6-7366-466d-a3b8-%012lx/attendances\"},\"osdi:taggings\":{\"href\":"
        "\"https://actionnetwork.org/api/v2/people/d32fcdd6-7366-466d-a3b8-%012lx/taggings\"}}}",
        number, number, number, number % 10000, number, number, number);
}

/* A page of people; nobody is found by a filter. */
static enum MHD_Result answer_page(struct MHD_Connection *connection, unsigned long people)
{
    const char *page = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "page");
    unsigned long number = page != NULL ? strtoul(page, NULL, 10) : 0;
    unsigned long first = number > 0 ? (number - 1) * PAGE : people;
    char *body = malloc((size_t)(PAGE + 1) * PERSON_LIMIT);
    if (body == NULL)
        return MHD_NO;
    char *at =
        body + sprintf(body, "{\"page\":%lu,\"per_page\":%d,\"_embedded\":{\"osdi:people\":[",
                       number > 0 ? number : 1, PAGE);
    for (unsigned long i = first; i < first + PAGE && i < people; i++) {
        if (i > first)
            *at++ = ',';
        at += write_person(at, i);
    }
    at += sprintf(at, "]}}");
    struct MHD_Response *response =
        MHD_create_response_from_buffer((size_t)(at - body), body, MHD_RESPMEM_MUST_FREE);
    enum MHD_Result queued = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *bytes,
                                  size_t *size, void **state)
{
    (void)url, (void)version;
    struct upload *upload = *state;
    if (upload == NULL) {
        *state = calloc(1, sizeof *upload);
        return *state != NULL ? MHD_YES : MHD_NO;
    }
    if (*size == 0)
        return strcmp(method, "GET") == 0 ? answer_page(connection, *(unsigned long *)context)
                                          : answer(connection, upload);
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

int main(int argc, char **argv)
{
    unsigned long people = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, &people,
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
