/*
 * Bytes on their way to a descriptor, in pieces of any size, written in large ones.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

struct output;

/* Writes to `file`, which stays the caller's; when it is -1, keeps all in memory for output_move.
 * NULL when memory runs out; to be given to output_free, which does not write what is left. */
struct output *output_new(int file);

/* NULL is harmless. */
void output_free(struct output *output);

/* Makes room for `length` more bytes and returns where they go; NULL on error, which shows at
 * output_end. What was put there is told to output_advance. */
char *output_room(struct output *output, size_t length);
void output_advance(struct output *output, size_t length);

/* Adds bytes; an error shows at output_end. */
void output_bytes(struct output *output, const void *bytes, size_t length);

/* Adds a string; likewise. */
void output_text(struct output *output, const char *text);

/* Takes back the last bytes, no more than were added by the last call. */
void output_take_back(struct output *output, size_t length);

/* What is kept in memory. Borrowed until the next call. */
const char *output_kept(const struct output *output, size_t *length);

/* Moves what is kept in memory in `from`, and its error, to the end of `output`. */
void output_move(struct output *output, struct output *from);

/* Whether a write has failed: nothing more is written then. */
bool output_failed(const struct output *output);

/* Writes what is left to standard output, and frees the output; NULL is harmless. Returns `status`,
 * what whoever filled it came to, or STATUS_IO when not all could be written: then the failure says
 * why, or nothing when the reader has gone, which needs no message. */
enum status output_end(struct output *output, enum status status, struct failure *failure);

#endif
