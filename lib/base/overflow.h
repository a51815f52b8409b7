/*
 * A stack that overflows: what a library that descends as deeply as its input asks for makes of a
 * hostile one.
 */
#ifndef OVERFLOW_H
#define OVERFLOW_H

#include "base/status.h"

/* From now on a stack that overflows in the calling thread, which must be the one of main, ends the
 * program with `status`, and with `message` (static, with its newline) on stderr, instead of by a
 * signal. Whatever else is wrong with memory still ends it by SIGSEGV. To be called before
 * privileges are given up: it sets a signal handler and its stack. sigaltstack(2) */
void overflow_ends(const char *message, enum status status);

#endif
