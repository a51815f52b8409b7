#include "report/tally.h"

#include <stdlib.h>
#include <string.h>

bool tally_add(struct tally *tally, const char *text)
{
    for (size_t i = 0; i < tally->used; i++)
        if (strcmp(tally->entries[i].text, text) == 0) {
            tally->entries[i].count++;
            return true;
        }
    if (tally->used == TALLY_LIMIT) {
        tally->others++;
        return true;
    }
    char *copy = strdup(text);
    if (copy != NULL)
        tally->entries[tally->used++] = (struct tally_entry){copy, 1};
    return copy != NULL;
}

static int by_count(const void *one, const void *other)
{
    const struct tally_entry *a = one;
    const struct tally_entry *b = other;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return strcmp(a->text, b->text);
}

void tally_sort(struct tally *tally)
{
    qsort(tally->entries, tally->used, sizeof tally->entries[0], by_count);
}

void tally_free(struct tally *tally)
{
    for (size_t i = 0; i < tally->used; i++)
        free(tally->entries[i].text);
    tally->used = 0;
}
