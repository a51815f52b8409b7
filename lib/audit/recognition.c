#include "audit/recognition.h"

#include "base/cell.h"

#include <stdlib.h>
#include <string.h>

static struct csv_value value_of_stray(const struct audit *audit, size_t stray)
{
    const char *value = strays_value(&audit->strays, &audit->strays.strays[stray]);
    return (struct csv_value){value, strlen(value)};
}

static int order_of(struct csv_value one, struct csv_value other)
{
    size_t common = one.length < other.length ? one.length : other.length;
    int order = memcmp(one.bytes, other.bytes, common);
    return order != 0 ? order : (one.length > other.length) - (one.length < other.length);
}

static int by_value(const void *one, const void *other, void *context)
{
    const size_t *left = one, *right = other;
    int order = order_of(value_of_stray(context, *left), value_of_stray(context, *right));
    return order != 0 ? order : *left < *right ? -1 : 1;
}

enum status recognition_open(struct audit *audit, struct recognition *recognition,
                             struct failure *failure)
{
    *recognition = (struct recognition){.audit = audit};
    if (audit->follow_field == NULL || audit->follow_column == CSV_NO_COLUMN)
        return STATUS_OK;
    recognition->by_value = calloc(audit->strays.count + 1, sizeof *recognition->by_value);
    if (recognition->by_value == NULL)
        return fail_memory(failure);
    for (size_t i = 0; i < audit->strays.count; i++)
        if (value_of_stray(audit, i).length > 0)
            recognition->by_value[recognition->count++] = i;
    qsort_r(recognition->by_value, recognition->count, sizeof *recognition->by_value, by_value,
            audit);
    return STATUS_OK;
}

void recognition_close(struct recognition *recognition)
{
    free(recognition->by_value);
    *recognition = (struct recognition){.audit = NULL};
}

/* The first stray with this value whom nobody has claimed; NULL without one. */
static struct stray *find_value(const struct recognition *recognition, struct csv_value value)
{
    struct audit *audit = recognition->audit;
    size_t from = 0, to = recognition->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (order_of(value_of_stray(audit, recognition->by_value[middle]), value) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    for (; from < recognition->count; from++) {
        size_t stray = recognition->by_value[from];
        if (order_of(value_of_stray(audit, stray), value) != 0)
            return NULL;
        if (!audit->strays.strays[stray].gone)
            return &audit->strays.strays[stray];
    }
    return NULL;
}

enum status recognition_find(const struct recognition *recognition, size_t row,
                             unsigned char id[UUID_BYTES], struct stray **stray, bool *known,
                             struct failure *failure)
{
    struct audit *audit = recognition->audit;
    struct csv_value value = {"", 0};
    enum status status = STATUS_OK;
    *stray = NULL;
    *known = false;
    if (audit->id_column != CSV_NO_COLUMN)
        status = audit_export_value(audit->export, row, audit->id_column, &value, failure);
    if (status == STATUS_OK && uuid_read(id, value.bytes)) {
        *stray = strays_find(&audit->strays, id);
        if (*stray != NULL && (*stray)->gone)
            *stray = NULL;
        *known = true;
    }
    if (status != STATUS_OK || *stray != NULL || recognition->count == 0)
        return status;
    status = audit_export_value(audit->export, row, audit->follow_column, &value, failure);
    char number[CELL_NUMBER];
    cell_identity(&value.bytes, &value.length, number);
    if (status == STATUS_OK && value.length > 0)
        *stray = find_value(recognition, value);
    if (*stray != NULL)
        memcpy(id, (*stray)->id, UUID_BYTES);
    *known = *known || *stray != NULL;
    return status;
}
