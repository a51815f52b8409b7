/*
 * What every program does at its edges: messages, numbers on the command line, the version, proof
 * that standard output was written.
 */
#ifndef CLI_H
#define CLI_H

#include "base/status.h"

#include <stdbool.h>
#include <stdio.h>

/* Call first in main: a standard descriptor that the caller closed is opened so that its use fails,
 * instead of letting the first file that is opened take its place. */
void cli_start(void);

/* "program: message" and a newline on stderr (printf's format), escaped as text_escape does it;
 * nothing for an empty message. Not for secrets. */
void cli_warn(const char *program, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "NAME (an-sync) VERSION" on stdout; STATUS_OK, or STATUS_IO when that could not be written. */
enum status cli_version(const char *program);

/* Whether standard output may be coloured: it is a terminal, and NO_COLOR (no-color.org) is unset
 * or empty. */
bool cli_colours(void);

/* A whole decimal number within [least, most] as the only content of `text`. False otherwise. */
bool cli_number(const char *text, double least, double most, double *number);

/* Call before returning from main: flushes stdio's stdout and proves it was written. Returns
 * `status`, or STATUS_IO with a message on stderr when bytes were lost and `status` was STATUS_OK.
 */
enum status cli_finish(const char *program, enum status status);

#endif
