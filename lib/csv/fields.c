#include "csv/fields.h"

#include "csv/block.h"

#include <string.h>

static struct csv_span without_blanks(struct csv_span span)
{
    while (span.length > 0 && csv_is_blank(span.bytes[span.length - 1]))
        span.length--;
    while (span.length > 0 && csv_is_blank(*span.bytes)) {
        span.bytes++;
        span.length--;
    }
    return span;
}

size_t csv_fields_cut(const char *bytes, size_t length, struct csv_span *fields, size_t most)
{
    size_t found = 0;
    size_t start = 0;
    uint64_t quoted = 0;
    for (size_t at = 0; at < length; at += BLOCK) {
        char last[BLOCK];
        const char *block_bytes = bytes + at;
        if (length - at < BLOCK) {
            memset(last, 0, sizeof last);
            memcpy(last, bytes + at, length - at);
            block_bytes = last;
        }
        struct block block = classify_narrow(block_bytes);
        if (block.quotes != 0)
            quoted ^= parity(block.quotes);
        for (uint64_t commas = block.commas & ~quoted; commas != 0; commas &= commas - 1) {
            size_t comma = at + lowest(commas);
            if (found < most)
                fields[found] = (struct csv_span){bytes + start, comma - start};
            found++;
            start = comma + 1;
        }
        quoted = (uint64_t)0 - (quoted >> 63);
    }
    if (found < most)
        fields[found] = (struct csv_span){bytes + start, length - start};
    return found + 1;
}

bool csv_field_value(struct csv_span *field)
{
    *field = without_blanks(*field);
    if (field->length == 0 || *field->bytes != '"')
        return true;
    field->bytes++;
    field->length = field->length < 2 ? 0 : field->length - 2;
    *field = without_blanks(*field);
    return memchr(field->bytes, '"', field->length) == NULL;
}

bool csv_field_has_value(struct csv_span field)
{
    return !csv_field_value(&field) || field.length > 0;
}
