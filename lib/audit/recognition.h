/*
 * Which of the strays a row is about that no address tells: by the roster's id, or by what people
 * are followed by.
 */
#ifndef AUDIT_RECOGNITION_H
#define AUDIT_RECOGNITION_H

#include "audit/outcome.h"

#include <stdbool.h>
#include <stddef.h>

struct recognition {
    struct audit *audit;
    size_t *by_value; /* strays that have a value to follow by, ordered by it */
    size_t count;
};

/* Orders the strays of the audit, which is borrowed, and to which none may be added meanwhile. The
 * recognition is to be given to recognition_close, also on error: STATUS_IO without memory. */
enum status recognition_open(struct audit *audit, struct recognition *recognition,
                             struct failure *failure);

/* One that starts as {0} may never have been opened. */
void recognition_close(struct recognition *recognition);

/* Who the person of a row may be. `*stray` is borrowed, and NULL when it is none or one that is
 * gone; `id` is set, and `*known` true, when there is a stray or the roster has an id. STATUS_IO.
 */
enum status recognition_find(const struct recognition *recognition, size_t row,
                             unsigned char id[UUID_BYTES], struct stray **stray, bool *known,
                             struct failure *failure);

#endif
