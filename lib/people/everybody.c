#include "people/everybody.h"

#include "base/text.h"
#include "http/url.h"
#include "people/ask.h"

#include <stdlib.h>

/* The pages on their way. The first is 1. */
struct pages {
    const struct connection *connection;
    char *filter; /* "&filter=...", or "" */
    people_take *take;
    void *context;
    size_t asked;    /* all up to this one */
    size_t answered; /* how many of them */
    size_t last;     /* the last one that held anybody */
    size_t hint; /* behind one that was not full: nothing is asked beyond it before it is answered;
                    0:  none */
    size_t end;  /* an empty one behind the last; 0: not seen yet */
    json_t *first; /* the people of the page that came first; NULL: none did */
};

static char *page_url(const struct connection *connection, size_t page, const char *filter)
{
    struct buffer url = {.limit = 0};
    if (!buffer_printf(&url, "%s/people?page=%zu%s", connection->service, page, filter))
        buffer_free(&url);
    return url.bytes;
}

/* The people of a page, borrowed from the answer. `*first`, those of the page that came first, is
 * kept: where all are the same, no page is turned, and there would be no end. */
static enum status read_page(const struct http_answer *answer, size_t page, json_t **first,
                             json_t **people, struct failure *failure)
{
    const json_t *number = json_object_get(answer->json, "page");
    *people = json_object_get(json_object_get(answer->json, "_embedded"), "osdi:people");
    if (answer->json == NULL || answer->code > 299)
        return fail(failure, STATUS_DATA, "Action Network refused page %zu of the people: %s", page,
                    answer->error);
    if (!json_is_array(*people) ||
        (json_is_integer(number) && json_integer_value(number) != (json_int_t)page))
        return fail(failure, STATUS_DATA, "Action Network's answer is not page %zu of the people",
                    page);
    if (json_array_size(*people) > 0 && *first != NULL && json_equal(*people, *first))
        return fail(failure, STATUS_DATA,
                    "Action Network's page %zu of the people is the same as another one", page);
    if (*first == NULL && json_array_size(*people) > 0)
        *first = json_incref(*people);
    return STATUS_OK;
}

static enum status next_page(void *context, char **url, uintptr_t *number, struct failure *failure)
{
    struct pages *pages = context;
    *url = NULL;
    /* Of a small group, not more is asked for than it has pages, and as many again. */
    bool too_many = pages->asked > 2 * pages->answered;
    if (pages->end != 0 || too_many || (pages->hint != 0 && pages->asked >= pages->hint))
        return STATUS_OK;
    *number = pages->asked + 1;
    *url = page_url(pages->connection, *number, pages->filter);
    if (*url == NULL)
        return fail_memory(failure);
    pages->asked = *number;
    return STATUS_OK;
}

/* Notes what a page with so many people says about where the end is. */
static void note_page(struct pages *pages, size_t page, size_t count)
{
    if (count == 0) {
        if (page > pages->last && (pages->end == 0 || page < pages->end))
            pages->end = page;
        return;
    }
    if (page > pages->last)
        pages->last = page;
    if (pages->last >= pages->end)
        pages->end = 0; /* people came: it goes on behind what was empty */
    if (pages->last >= pages->hint)
        pages->hint = 0;
    if (count < PEOPLE_PAGE && page == pages->last)
        pages->hint = page + 1;
}

static enum status take_page(void *context, uintptr_t number, const struct http_answer *answer,
                             struct failure *failure)
{
    struct pages *pages = context;
    json_t *people;
    enum status status = read_page(answer, number, &pages->first, &people, failure);
    if (status != STATUS_OK)
        return status;
    size_t count = json_array_size(people);
    pages->answered++;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = pages->take(pages->context, json_array_get(people, i), failure);
    note_page(pages, number, count);
    return status;
}

/* "&filter=modified_date gt 'SINCE'", encoded; NULL without memory. */
static char *make_filter(const char *since)
{
    struct buffer filter = {.limit = 0}, made = {.limit = 0};
    char *encoded = NULL;
    if (since == NULL)
        return calloc(1, 1);
    if (buffer_printf(&filter, "modified_date gt '%s'", since))
        encoded = http_encode(filter.bytes);
    if (encoded == NULL || !buffer_printf(&made, "&filter=%s", encoded))
        buffer_free(&made);
    free(encoded);
    buffer_free(&filter);
    return made.bytes;
}

enum status people_everybody(struct connection *connection, unsigned jobs, const char *since,
                             people_take *take, void *context, struct failure *failure)
{
    struct pages pages = {
        .connection = connection, .filter = make_filter(since), .take = take, .context = context};
    const struct people_questions questions = {next_page, take_page, &pages};
    enum status status = pages.filter != NULL ? people_ask(connection, jobs, &questions, failure)
                                              : fail_memory(failure);
    json_decref(pages.first);
    free(pages.filter);
    return status;
}

/* ---- counting ---- */

/* The search for the last page: it is one of those from `full` to before `empty`. */
struct search {
    const struct connection *connection;
    bool asked;
    size_t full; /* 0: none was seen */
    size_t full_count;
    size_t empty; /* 0: none was seen */
    json_t *first;
};

/* Ever further until there is nobody, then halfway between. */
static enum status next_probe(void *context, char **url, uintptr_t *number, struct failure *failure)
{
    struct search *search = context;
    *url = NULL;
    bool found = search->empty != 0 && search->full + 1 >= search->empty;
    if (search->asked || found || (search->full > 0 && search->full_count < PEOPLE_PAGE))
        return STATUS_OK;
    *number = search->full == 0    ? 1
              : search->empty == 0 ? 4 * search->full
                                   : search->full + (search->empty - search->full) / 2;
    search->asked = true;
    *url = page_url(search->connection, *number, "");
    return *url != NULL ? STATUS_OK : fail_memory(failure);
}

static enum status take_probe(void *context, uintptr_t number, const struct http_answer *answer,
                              struct failure *failure)
{
    struct search *search = context;
    json_t *people;
    enum status status = read_page(answer, number, &search->first, &people, failure);
    if (status != STATUS_OK)
        return status;
    search->asked = false;
    if (json_array_size(people) == 0) {
        search->empty = number;
    } else {
        search->full = number;
        search->full_count = json_array_size(people);
    }
    return STATUS_OK;
}

enum status people_count(struct connection *connection, size_t *count, struct failure *failure)
{
    struct search search = {.connection = connection};
    const struct people_questions questions = {next_probe, take_probe, &search};
    enum status status = people_ask(connection, 1, &questions, failure);
    json_decref(search.first);
    *count = search.full == 0 ? 0 : (search.full - 1) * PEOPLE_PAGE + search.full_count;
    return status;
}
