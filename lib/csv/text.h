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

#include <stddef.h>

struct csv_text;

/* Where a line number was counted up to; starts as {0}. Asking in ascending order reads the text
 * once. */
struct csv_lines {
    size_t offset; /* bytes */
    size_t passed; /* line ends before it */
};

/* Opens `path`, or standard input for "-". The text is the caller's, to be given to csv_text_close;
 * NULL on error. STATUS_IO for what cannot be read, a directory among it. */
enum status csv_text_open(const char *path, struct csv_text **text, struct failure *failure);

/* NULL is harmless. */
void csv_text_close(struct csv_text *text);

/* The name for messages: the path as given, "standard input" for "-". Borrowed. */
const char *csv_text_name(const struct csv_text *text);

/* The bytes without a leading UTF-8 byte order mark; never NULL. Borrowed. */
const char *csv_text_bytes(const struct csv_text *text);
size_t csv_text_length(const struct csv_text *text);

/* The number, from 1, of the line that holds the byte at `offset`: CR, LF and CR LF each end a
 * line, in quotes too. */
size_t csv_text_line(const struct csv_text *text, size_t offset, struct csv_lines *lines);

#endif
