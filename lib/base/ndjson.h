/*
 * Newline-delimited JSON: lines in, lines out, and a record with its result.
 *
 * A line that a program does not act on goes out byte for byte as it came in, so reading gives the
 * bytes, and parsing them is a step of its own. The records are described in an-sync-records(5).
 */
#ifndef NDJSON_H
#define NDJSON_H

#include "base/status.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { NDJSON_LINE_LIMIT = 64 * 1024 * 1024 }; /* bytes of one line; a longer one is bad input */

struct ndjson_reader;

/* One line: `bytes` is borrowed from the reader until its next call, without the newline. */
struct ndjson_line {
    const char *bytes;
    size_t length;
    size_t number; /* from 1 */
};

/* Reads from `path`, or from standard input when it is NULL or "-". The reader is the caller's, to
 * be given to ndjson_close. STATUS_OK or STATUS_IO. */
enum status ndjson_open(const char *path, struct ndjson_reader **reader, struct failure *failure);

/* NULL is harmless. */
void ndjson_close(struct ndjson_reader *reader);

/* The file's name for messages ("standard input" for "-"). Borrowed. */
const char *ndjson_name(const struct ndjson_reader *reader);

/* The descriptor, for poll(2). */
int ndjson_descriptor(const struct ndjson_reader *reader);

/* Calls read(2) once, which may block: poll first if it must not. STATUS_OK also at the end of the
 * input; STATUS_IO; STATUS_DATA for a line over the limit. */
enum status ndjson_fill(struct ndjson_reader *reader, struct failure *failure);

/* Whether the input's end was reached. Lines may still be buffered. */
bool ndjson_ended(const struct ndjson_reader *reader);

/* Takes the next whole line (at the end of the input: also one without its newline). Blank lines
 * are passed over. False when there is none without another ndjson_fill. */
bool ndjson_next(struct ndjson_reader *reader, struct ndjson_line *line);

/* ndjson_fill and ndjson_next until there is a line. `*more` is false at the end of the input. */
enum status ndjson_read(struct ndjson_reader *reader, struct ndjson_line *line, bool *more,
                        struct failure *failure);

/* Parses a line that must be one JSON object: a new reference in `*record`, NULL on error.
 * STATUS_DATA names the input and the line; STATUS_IO when memory ran out. */
enum status ndjson_parse(const struct ndjson_reader *reader, const struct ndjson_line *line,
                         json_t **record, struct failure *failure);

/* Writes the bytes and a newline to a descriptor, wholly. STATUS_OK or STATUS_IO with errno set
 * (EPIPE: the reader has gone). */
enum status ndjson_write(int file, const char *bytes, size_t length, struct failure *failure);

/* Writes a JSON value as one line, in its keys' order. As ndjson_write. */
enum status ndjson_write_json(int file, const json_t *value, struct failure *failure);

/* Writes the record of `length` bytes, whose parsed form is `record`, with `result` as its last
 * field, in place of an earlier one. Every other field keeps its bytes, unless there was an earlier
 * one. Borrows all. As ndjson_write. */
enum status ndjson_write_result(int file, const char *bytes, size_t length, const json_t *record,
                                json_t *result, struct failure *failure);

/* The string at record[name], or NULL when it is absent or not a string. Borrowed. */
const char *ndjson_string(const json_t *record, const char *name);

/* The status in the record's result ("ok", "failed", ...), NULL without one. Borrowed. */
const char *ndjson_result_status(const json_t *record);

#endif
