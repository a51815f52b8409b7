/*
 * What a library makes of a hostile input: a stack that overflows, where it descends as deeply as
 * it is asked to, and a loop that does not end.
 */
#ifndef OVERFLOW_H
#define OVERFLOW_H

#include "base/status.h"

/* From now on a stack that overflows in the calling thread, which must be the one of main, ends the
 * program with `status`, and with `message` (static, with its newline) on stderr, instead of by a
 * signal. Whatever else is wrong with memory still ends it by SIGSEGV. To be called before
 * privileges are given up: it sets a signal handler and its stack. sigaltstack(2) */
void overflow_ends(const char *message, enum status status);

/* From now on more than `seconds` of the processor, or what less the caller allows (ulimit -t), end
 * the program likewise. Signal handler as above. setrlimit(2) */
void endless_ends(unsigned seconds, const char *message, enum status status);

#endif
