#include "mail/auth_results.h"

#include "base/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Reads words out of the value, undoing quotes and passing over comments. */
struct reader {
    const char *at;
    char *out;   /* where the next word is written */
    bool broken; /* something was not closed */
};

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* Passes over blanks and comments, which nest. */
static void skip_blanks(struct reader *reader)
{
    size_t depth = 0;
    for (; *reader->at != '\0'; reader->at++) {
        if (depth > 0 && *reader->at == '\\' && reader->at[1] != '\0')
            reader->at++;
        else if (*reader->at == '(')
            depth++;
        else if (depth > 0 && *reader->at == ')')
            depth--;
        else if (depth == 0 && !is_blank(*reader->at))
            return;
    }
    if (depth > 0)
        reader->broken = true;
}

/* Reads a quoted string's content into the word. */
static void read_quoted(struct reader *reader)
{
    for (reader->at++; *reader->at != '"'; reader->at++) {
        if (*reader->at == '\\')
            reader->at++;
        if (*reader->at == '\0') {
            reader->broken = true;
            return;
        }
        *reader->out++ = *reader->at;
    }
    reader->at++;
}

/* Reads a word up to a blank, a comment, a semicolon or one of `stops`. It may be empty. */
static const char *read_word(struct reader *reader, const char *stops)
{
    skip_blanks(reader);
    const char *word = reader->out;
    while (!reader->broken && *reader->at != '\0' && !is_blank(*reader->at) && *reader->at != '(' &&
           *reader->at != ';' && strchr(stops, *reader->at) == NULL) {
        if (*reader->at == '"')
            read_quoted(reader);
        else
            *reader->out++ = *reader->at++;
    }
    *reader->out++ = '\0';
    skip_blanks(reader);
    return word;
}

static const char *domain_of(const char *identity)
{
    const char *at = strrchr(identity, '@');
    return at != NULL ? at + 1 : identity;
}

/* Whether a server repeats there what the sender called itself, as Amazon SES does between
 * semicolons of their own and without quotes; smtp.helo is RFC 8601's name for it. */
static bool is_said_by_sender(const char *name)
{
    return ascii_equal(name, "helo") || ascii_equal(name, "smtp.helo") ||
           ascii_equal(name, "envelope-from");
}

/* Reads "method[/version]=result property=value ..." up to the semicolon. What does not have that
 * form is passed over: some servers put other things between their semicolons. Returns whether the
 * sender had a say in it. */
static bool read_result(struct reader *reader, struct auth_result *result)
{
    bool first = true;
    bool said_by_sender = false;
    while (!reader->broken && *reader->at != '\0' && *reader->at != ';') {
        const char *name = read_word(reader, first ? "=/" : "=");
        if (first && *reader->at == '/') {
            reader->at++;
            (void)read_word(reader, "=");
        }
        if (*reader->at != '=') {
            first = false;
            continue;
        }
        reader->at++;
        const char *value = read_word(reader, "");
        said_by_sender = said_by_sender || is_said_by_sender(name);
        if (first) {
            result->method = name;
            result->result = value;
        } else if (ascii_equal(name, "header.d")) {
            result->signer = value;
        } else if (ascii_equal(name, "header.i") && result->signer == NULL) {
            result->signer = domain_of(value);
        } else if (ascii_equal(name, "header.from")) {
            result->header_from = domain_of(value);
        }
        first = false;
    }
    return said_by_sender;
}

/* Reads the server's id and, behind it, a version or nothing. */
static const char *read_server(struct reader *reader)
{
    const char *server = read_word(reader, "=");
    if (*reader->at != '\0' && *reader->at != ';') {
        const char *version = read_word(reader, "=");
        if (version[strspn(version, "0123456789")] != '\0' ||
            (*reader->at != '\0' && *reader->at != ';'))
            reader->broken = true;
    }
    return server;
}

enum status auth_results_parse(const char *value, struct auth_results **results_out,
                               struct failure *failure)
{
    *results_out = NULL;
    struct auth_results *results = calloc(1, sizeof *results);
    size_t length = strlen(value);
    /* At most two bytes are written for one of the value's: a lone "=" makes two empty words. */
    char *words = results != NULL ? malloc(2 * length + 8) : NULL;
    if (words == NULL) {
        free(results);
        return fail_memory(failure);
    }
    struct reader reader = {.at = value, .out = words};
    results->words = words;
    results->server = read_server(&reader);
    /* A name without blanks that the sender gave itself, "x;dkim=pass", is all the sender's. */
    bool said_by_sender = false;
    while (!reader.broken && *reader.at == ';' && results->count < AUTH_RESULTS_MOST) {
        reader.at++;
        struct auth_result *result = &results->results[results->count];
        *result = (struct auth_result){.method = NULL};
        bool counts = !said_by_sender || is_blank(*reader.at);
        said_by_sender = read_result(&reader, result) || !counts;
        if (counts && result->method != NULL)
            results->count++;
    }
    if (reader.broken || *reader.at != '\0') {
        auth_results_free(results);
        return fail(failure, STATUS_DATA, "Authentication-Results is malformed");
    }
    *results_out = results;
    return STATUS_OK;
}

void auth_results_free(struct auth_results *results)
{
    if (results == NULL)
        return;
    free(results->words);
    free(results);
}

const char *auth_results_of(const struct auth_results *results, const char *method)
{
    const char *found = NULL;
    for (size_t i = 0; i < results->count; i++) {
        const struct auth_result *result = &results->results[i];
        if (ascii_equal(result->method, method) &&
            (found == NULL || ascii_equal(result->result, "pass")))
            found = result->result;
    }
    return found;
}

size_t auth_results_count(const struct auth_results *results, const char *method)
{
    size_t count = 0;
    for (size_t i = 0; i < results->count; i++)
        count += ascii_equal(results->results[i].method, method);
    return count;
}
