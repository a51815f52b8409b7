/*
 * A progress line on stderr, for somebody who sits before a terminal: done, total where known,
 * rate, time left, failures. Nothing at all where stderr is not a terminal.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct progress;

/* Whether there would be anything to see: is stderr a terminal? */
bool progress_wanted(void);

/* `program` is borrowed; `total` is 0 when it is not known. NULL, which all functions take as "show
 * nothing", when stderr is no terminal or memory ran out. */
struct progress *progress_open(const char *program, size_t total);

/* Shows the new state, at most ten times a second. */
void progress_show(struct progress *progress, size_t done, size_t failed);

/* Takes the line away, so that a message can stand in its place. */
void progress_clear(struct progress *progress);

/* Takes the line away for good. */
void progress_close(struct progress *progress);

#endif
