/*
 * The bytes of an export: a file mapped into memory, or a pipe read into it.
 *
 * A mapped file costs no private memory, but must not be cut short by somebody else meanwhile, as
 * with every mapped file: to read what is gone is a SIGBUS, which is the program's. What is written
 * into it meanwhile is caught where it is parsed.
 */
#ifndef CSV_TEXT_H
#define CSV_TEXT_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

struct csv_text;

/* Where a line number was counted up to; starts as {0}. Asking in ascending order reads the text
 * once. */
struct csv_lines {
    size_t offset; /* bytes */
    size_t passed; /* line ends before it */
    size_t rows;   /* those that are not in quotes */
    bool quoted;
};

/* Opens `path`, or standard input for "-". With a `label` that is not NULL, and is borrowed,
 * messages call it that. The text is the caller's, to be given to csv_text_close; NULL on error.
 * STATUS_IO for what cannot be read, a directory among it. */
enum status csv_text_open(const char *path, const char *label, struct csv_text **text,
                          struct failure *failure);

/* NULL is harmless. */
void csv_text_close(struct csv_text *text);

/* The name for messages: the label, else the path as given, "standard input" for "-". Borrowed. */
const char *csv_text_name(const struct csv_text *text);

/* Whether it has a label. */
bool csv_text_has_label(const struct csv_text *text);

/* The bytes without the UTF-8 byte order marks before and the end-of-file marks (0x1A) behind them;
 * never NULL. Borrowed. */
const char *csv_text_bytes(const struct csv_text *text);
size_t csv_text_length(const struct csv_text *text);

/* Counts up to the byte at `offset`. The number of the line that holds it is then lines->passed +
 * 1, where CR, LF and CR LF each end a line, in quotes too; that of the row, as a spreadsheet
 * counts them, lines->rows + 1. */
void csv_text_count(const struct csv_text *text, size_t offset, struct csv_lines *lines);

/* Where the byte at `offset` is, for messages: "path:LINE", or "label: row N", as whoever has the
 * label's file opens it in a spreadsheet. */
struct csv_place {
    char text[400];
};
struct csv_place csv_text_place(const struct csv_text *text, size_t offset);

#endif
