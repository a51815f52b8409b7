#include "audit/strays.h"

#include "base/cell.h"

#include <stdlib.h>
#include <string.h>

void strays_free(struct strays *strays)
{
    free(strays->strays);
    buffer_free(&strays->texts);
}

/* Keeps a text, with a NUL behind it. */
static bool keep(struct strays *strays, const char *text, size_t length, uint64_t *at)
{
    *at = strays->texts.length;
    return buffer_append(&strays->texts, text, length) && buffer_append(&strays->texts, "", 1);
}

bool strays_add(struct strays *strays, const unsigned char id[UUID_BYTES], const char *address,
                const char *value)
{
    if (strays->count == strays->room) {
        size_t room = strays->room == 0 ? 64 : strays->room * 2;
        struct stray *grown = reallocarray(strays->strays, room, sizeof *grown);
        if (grown == NULL)
            return false;
        strays->strays = grown;
        strays->room = room;
    }
    struct stray *stray = &strays->strays[strays->count];
    char number[CELL_NUMBER];
    size_t length = value != NULL ? strlen(value) : 0;
    memcpy(stray->id, id, UUID_BYTES);
    stray->gone = false;
    if (value != NULL)
        cell_identity(&value, &length, number);
    if (!keep(strays, address, strlen(address), &stray->address) ||
        !keep(strays, value, length, &stray->value))
        return false;
    strays->count++;
    return true;
}

const char *strays_address(const struct strays *strays, const struct stray *stray)
{
    return strays->texts.bytes + stray->address;
}

const char *strays_value(const struct strays *strays, const struct stray *stray)
{
    return strays->texts.bytes + stray->value;
}

/* Later ones have their texts further on. */
static int by_id(const void *one, const void *other)
{
    const struct stray *left = one, *right = other;
    int order = memcmp(left->id, right->id, UUID_BYTES);
    return order != 0 ? order : left->address < right->address ? 1 : -1;
}

static int by_address(const void *one, const void *other, void *context)
{
    const struct stray *left = one, *right = other;
    int order = strcmp(strays_address(context, left), strays_address(context, right));
    return order != 0 ? order : memcmp(left->id, right->id, UUID_BYTES);
}

void strays_by_id(struct strays *strays)
{
    size_t kept = 0;
    if (strays->count > 0)
        qsort(strays->strays, strays->count, sizeof *strays->strays, by_id);
    for (size_t i = 0; i < strays->count; i++)
        if (kept == 0 || memcmp(strays->strays[kept - 1].id, strays->strays[i].id, UUID_BYTES) != 0)
            strays->strays[kept++] = strays->strays[i];
    strays->count = kept;
}

void strays_by_address(struct strays *strays)
{
    size_t kept = 0;
    for (size_t i = 0; i < strays->count; i++)
        if (!strays->strays[i].gone)
            strays->strays[kept++] = strays->strays[i];
    strays->count = kept;
    if (kept > 0)
        qsort_r(strays->strays, kept, sizeof *strays->strays, by_address, strays);
}

struct stray *strays_find(struct strays *strays, const unsigned char id[UUID_BYTES])
{
    size_t from = 0, to = strays->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = memcmp(id, strays->strays[middle].id, UUID_BYTES);
        if (order == 0)
            return &strays->strays[middle];
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}
