/*
 * One record, parsed by libcsv in strict mode: quotes are undone, and blanks (space, tab) at the
 * ends of a field dropped, whether they stood in quotes or not.
 */
#ifndef CSV_RECORD_H
#define CSV_RECORD_H

#include <stdbool.h>
#include <stddef.h>

struct csv_record;

/* A field's bytes, with a NUL behind them; what else they hold is what was parsed. */
struct csv_value {
    const char *bytes;
    size_t length;
};

enum csv_result {
    CSV_PARSED = 0,
    CSV_BLANK,        /* nothing but blanks and line ends: no record at all */
    CSV_BAD_QUOTE,    /* a quote in an unquoted field, or text behind a closing one */
    CSV_UNTERMINATED, /* the last field's quote is never closed */
    CSV_SEVERAL,      /* there is more than one record in the bytes */
    CSV_OUT_OF_MEMORY
};

/* A parser to be used again and again; the caller's, NULL when memory runs out. */
struct csv_record *csv_record_new(void);

/* NULL is harmless. */
void csv_record_free(struct csv_record *record);

/* Parses the bytes of one record, with or without its line end and with blank lines around it. The
 * fields stay until the next call; there are none on any other result than CSV_PARSED. */
enum csv_result csv_record_parse(struct csv_record *record, const char *bytes, size_t length);

/* Behind CSV_BAD_QUOTE: the offset of the byte that is wrong. */
size_t csv_record_wrong_at(const struct csv_record *record);

/* Whether all fields are UTF-8 and hold no NUL. */
bool csv_record_is_text(const struct csv_record *record);

/* How many fields were parsed, and one of them. Borrowed until the next parse. */
size_t csv_record_count(const struct csv_record *record);
struct csv_value csv_record_value(const struct csv_record *record, size_t field);

#endif
