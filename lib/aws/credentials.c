#include "aws/credentials.h"

#include "aws/cli.h"
#include "base/clock.h"
#include "base/json_text.h"
#include "base/secret.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    RENEWED_BEFORE = 5 * 60, /* seconds before they expire */
    TRIED_AGAIN_AFTER = 30,  /* seconds, when that failed and there is still time */
    ANSWER_LIMIT = 64 * 1024
};
static const int64_t PATIENCE = (int64_t)10 * NANOSECONDS;
static const char ECS_ENDPOINT[] = "http://169.254.170.2";

struct aws_credentials {
    enum { FROM_ENVIRONMENT, FROM_CLI, FROM_CONTAINER } place;
    char *id; /* NULL until they were fetched */
    char *secret;
    char *token;    /* NULL: none */
    time_t expires; /* 0: never */
    time_t renew;   /* when to fetch them anew */
    char *endpoint; /* the container's, else NULL */
    struct aws_transport *transport;
};

static const char *setting(const char *variable)
{
    const char *value = getenv(variable);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* ---- where they come from ---- */

static enum status from_environment(struct aws_credentials *credentials, struct failure *failure)
{
    credentials->place = FROM_ENVIRONMENT;
    enum status status = secret_load("AWS_ACCESS_KEY_ID", &credentials->id, failure);
    if (status == STATUS_OK)
        status = secret_load("AWS_SECRET_ACCESS_KEY", &credentials->secret, failure);
    if (status == STATUS_OK)
        status = secret_load("AWS_SESSION_TOKEN", &credentials->token, failure);
    if (status == STATUS_OK && (credentials->id == NULL || credentials->secret == NULL))
        status = fail(failure, STATUS_CONFIG,
                      "of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set");
    return status;
}

static enum status from_container(struct aws_credentials *credentials, struct failure *failure)
{
    const char *relative = setting("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = setting("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    struct buffer url = {.limit = 0};
    credentials->place = FROM_CONTAINER;
    if (relative != NULL && relative[0] != '/')
        return fail(failure, STATUS_CONFIG,
                    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with /");
    if (!buffer_printf(&url, "%s%s", relative != NULL ? ECS_ENDPOINT : "",
                       relative != NULL ? relative : full))
        return fail_memory(failure);
    credentials->endpoint = url.bytes;
    if (!text_begins(url.bytes, "https://") &&
        !(text_begins(url.bytes, "http://") && aws_is_near(url.bytes)))
        return fail(failure, STATUS_CONFIG,
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI must begin with https:// (http:// is for "
                    "loopback and for the containers' own endpoints only)");
    return aws_transport_open(&credentials->transport, failure);
}

static enum status choose_place(struct aws_credentials *credentials, struct failure *failure)
{
    if (setting("AWS_ACCESS_KEY_ID") != NULL || setting("AWS_SECRET_ACCESS_KEY") != NULL ||
        setting("AWS_ACCESS_KEY_ID_FILE") != NULL || setting("AWS_SECRET_ACCESS_KEY_FILE") != NULL)
        return from_environment(credentials, failure);
    if (setting("AWS_PROFILE") == NULL &&
        (setting("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != NULL ||
         setting("AWS_CONTAINER_CREDENTIALS_FULL_URI") != NULL))
        return from_container(credentials, failure);
    credentials->place = FROM_CLI;
    return STATUS_OK;
}

static void forget(struct aws_credentials *credentials)
{
    secret_free(credentials->id);
    secret_free(credentials->secret);
    secret_free(credentials->token);
    credentials->id = credentials->secret = credentials->token = NULL;
}

enum status aws_credentials_open(struct aws_credentials **credentials, struct failure *failure)
{
    *credentials = NULL;
    struct aws_credentials *made = calloc(1, sizeof *made);
    if (made == NULL)
        return fail_memory(failure);
    enum status status = choose_place(made, failure);
    if (status == STATUS_OK)
        *credentials = made;
    else
        aws_credentials_close(made);
    return status;
}

void aws_credentials_close(struct aws_credentials *credentials)
{
    if (credentials == NULL)
        return;
    forget(credentials);
    aws_transport_close(credentials->transport);
    free(credentials->endpoint);
    free(credentials);
}

/* ---- what was fetched ---- */

/* RFC 3339, with or without a fraction of a second. False for anything else. */
static bool read_time(const char *text, time_t *when)
{
    struct tm parts = {.tm_isdst = 0};
    int hours;
    int minutes;
    char sign;
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == NULL)
        return false;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    *when = timegm(&parts);
    if (strcmp(rest, "Z") == 0)
        return true;
    if (sscanf(rest, "%c%2d:%2d", &sign, &hours, &minutes) != 3 || (sign != '+' && sign != '-'))
        return false;
    time_t offset = (time_t)hours * 3600 + (time_t)minutes * 60;
    *when -= sign == '+' ? offset : -offset;
    return true;
}

/* A copy of the text at `name`; NULL when it is none that may stand in a header, or without
 * memory. */
static char *copy_of(const json_t *answer, const char *name)
{
    const char *text = json_string_value(json_object_get(answer, name));
    if (text == NULL || text[0] == '\0')
        return NULL;
    for (const char *at = text; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~')
            return NULL;
    return strdup(text);
}

/* Takes the keys out of an answer of the CLI or of an endpoint, whose token has another name. */
static bool take_keys(struct aws_credentials *credentials, const json_t *answer)
{
    const char *expires = json_string_value(json_object_get(answer, "Expiration"));
    const char *token = json_object_get(answer, "Token") != NULL ? "Token" : "SessionToken";
    struct aws_credentials fresh = {.expires = 0};
    fresh.id = copy_of(answer, "AccessKeyId");
    fresh.secret = copy_of(answer, "SecretAccessKey");
    fresh.token = copy_of(answer, token);
    const json_t *has_token = json_object_get(answer, token);
    if (fresh.id == NULL || fresh.secret == NULL ||
        (fresh.token == NULL && has_token != NULL && !json_is_null(has_token)) ||
        (expires != NULL && !read_time(expires, &fresh.expires))) {
        forget(&fresh);
        return false;
    }
    forget(credentials);
    credentials->id = fresh.id;
    credentials->secret = fresh.secret;
    credentials->token = fresh.token;
    credentials->expires = fresh.expires;
    credentials->renew = fresh.expires - RENEWED_BEFORE;
    return true;
}

static bool take_text(struct aws_credentials *credentials, const struct buffer *text)
{
    json_error_t ignored;
    json_t *answer =
        text->bytes != NULL ? json_text_load(text->bytes, text->length, 0, &ignored) : NULL;
    bool taken = answer != NULL && take_keys(credentials, answer);
    json_decref(answer);
    return taken;
}

static enum status ask_cli(struct aws_credentials *credentials, struct failure *failure)
{
    static const char *const ARGUMENTS[] = {"configure", "export-credentials", "--format",
                                            "process", NULL};
    struct buffer output = {.limit = ANSWER_LIMIT};
    struct failure why = {""};
    enum status status = aws_cli(ARGUMENTS, &output, &why);
    if (status != STATUS_OK && setting("AWS_PROFILE") == NULL)
        (void)fail(
            failure, status,
            "no AWS credentials: neither AWS_ACCESS_KEY_ID nor AWS_PROFILE is set, and %.800s",
            why.text);
    else if (status != STATUS_OK)
        *failure = why;
    if (status == STATUS_OK && !take_text(credentials, &output))
        status = fail(failure, STATUS_CONFIG, "the aws CLI: its answer holds no credentials");
    if (output.bytes != NULL)
        explicit_bzero(output.bytes, output.capacity);
    buffer_free(&output);
    return status;
}

/* Asks the endpoint until it answers, or patience ends. What it says stays unsaid, but for the
 * status: it is where the secrets are. */
static enum status ask_endpoint(struct aws_credentials *credentials,
                                const struct aws_request *request, struct failure *failure)
{
    struct aws_answer answer = {.body = {.limit = ANSWER_LIMIT}};
    int64_t until = clock_now() + PATIENCE;
    enum status status = STATUS_OK;
    for (unsigned number = 1;; number++) {
        bool taken = false;
        status = aws_send(credentials->transport, request, &answer, failure);
        if (status == STATUS_OK && answer.code == 200)
            taken = take_text(credentials, &answer.body);
        if (status != STATUS_OK || taken)
            break;
        struct http_verdict verdict = aws_judge(answer.curl, answer.code, taken, number);
        if (verdict.kind == HTTP_PASSING && clock_pause(verdict.wait, until))
            continue;
        if (answer.curl != CURLE_OK)
            status = fail(failure, STATUS_UNAVAILABLE, "the container's AWS credentials: %.300s",
                          answer.said);
        else if (answer.code == 200)
            status = fail(failure, STATUS_UNAVAILABLE,
                          "the container's AWS credentials: the answer holds none");
        else
            status = fail(failure, answer.code < 500 ? STATUS_DENIED : STATUS_UNAVAILABLE,
                          "the container's AWS credentials: HTTP %ld", answer.code);
        break;
    }
    aws_answer_free(&answer);
    return status;
}

/* The token is read each time: who gives it in a file changes it there. */
static enum status ask_container(struct aws_credentials *credentials, struct failure *failure)
{
    char *token = NULL;
    struct buffer header = {.limit = 0};
    const char *headers[] = {NULL, NULL};
    const struct aws_request request = {.url = credentials->endpoint, .headers = headers};
    enum status status = secret_load("AWS_CONTAINER_AUTHORIZATION_TOKEN", &token, failure);
    if (status == STATUS_OK && token != NULL) {
        if (!buffer_printf(&header, "Authorization: %s", token))
            status = fail_memory(failure);
        headers[0] = header.bytes;
    }
    if (status == STATUS_OK)
        status = ask_endpoint(credentials, &request, failure);
    if (header.bytes != NULL)
        explicit_bzero(header.bytes, header.length);
    buffer_free(&header);
    secret_free(token);
    return status;
}

enum status aws_credentials_get(struct aws_credentials *credentials, struct aws_keys *keys,
                                struct failure *failure)
{
    enum status status = STATUS_OK;
    time_t now = time(NULL);
    *keys = (struct aws_keys){.id = NULL};
    if (credentials->id == NULL || (credentials->expires != 0 && now >= credentials->renew)) {
        struct failure why = {.text = ""};
        status = credentials->place == FROM_CLI ? ask_cli(credentials, &why)
                                                : ask_container(credentials, &why);
        if (status != STATUS_OK && credentials->id != NULL && now < credentials->expires) {
            credentials->renew = now + TRIED_AGAIN_AFTER;
            status = STATUS_OK;
        }
        if (status != STATUS_OK)
            *failure = why;
    }
    if (status == STATUS_OK)
        *keys = (struct aws_keys){credentials->id, credentials->secret, credentials->token};
    return status;
}

bool aws_credentials_expire(struct aws_credentials *credentials)
{
    if (credentials->place == FROM_ENVIRONMENT)
        return false;
    forget(credentials);
    return true;
}

void aws_credentials_redact(const struct aws_credentials *credentials, char *text)
{
    secret_redact(text, credentials->token);
    secret_redact(text, credentials->secret);
    secret_redact(text, credentials->id);
}
