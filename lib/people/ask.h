/*
 * Questions to Action Network, many side by side: each a GET, asked until it is answered. Nothing
 * is changed by them, so that a run of them can be given up at any moment.
 */
#ifndef PEOPLE_ASK_H
#define PEOPLE_ASK_H

#include "people/connection.h"

#include <stdint.h>

struct people_questions {
    /* The next question: `*url` becomes a new string, and `*number` whatever the asker knows it by;
     * or `*url` becomes NULL, when nothing is to be asked unless an answer brings it up. */
    enum status (*next)(void *context, char **url, uintptr_t *number, struct failure *failure);
    /* What came back for it: a 2xx with a JSON object, or a final refusal. All borrowed. */
    enum status (*answered)(void *context, uintptr_t number, const struct http_answer *answer,
                            struct failure *failure);
    void *context;
};

/* Asks until nothing is left, at most `jobs` at a time. The first status of the functions that is
 * not STATUS_OK ends it. STATUS_DENIED when the key is refused, STATUS_UNAVAILABLE when there is no
 * answer, STATUS_CONFIG without authorities to trust, STATUS_AGAIN at the deadline or at a signal,
 * STATUS_IO. */
enum status people_ask(struct connection *connection, unsigned jobs,
                       const struct people_questions *questions, struct failure *failure);

#endif
