/*
 * SIGINT and SIGTERM as an orderly wish to stop. A signal's handler is the one place where a
 * program needs a file-scope variable; it lives here so that no other file has one.
 */
#ifndef SIGNALS_H
#define SIGNALS_H

#include "base/status.h"

/* Catches SIGINT, SIGTERM and SIGHUP, and ignores SIGPIPE so that a reader's leaving is an EPIPE.
 * A signal that is ignored already (nohup) stays ignored. STATUS_OK or STATUS_IO. */
enum status signals_catch(struct failure *failure);

/* Ignores them all: for a program that must see its input's end (roster-commit). */
void signals_ignore(void);

/* A descriptor that becomes readable when a signal arrives, for poll(2); -1 before signals_catch.
 * Do not read from it. */
int signals_descriptor(void);

/* The first signal that arrived, 0 when none did. */
int signals_caught(void);

/* For a program that maps files: when one of them is cut short meanwhile, says so in the name of
 * `program` (borrowed for good), and exits with STATUS_IO. Nothing could be gone on with. */
void signals_explain_bus_error(const char *program);

/* Dies of the caught signal, so that a shell sees it; returns when none was caught. */
void signals_die(void);

#endif
