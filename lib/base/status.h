/*
 * The vocabulary of outcomes, shared by every program and every room of the library.
 *
 * A library function never prints and never exits. It returns an enum status whose zero is
 * success, and on anything else has written one sentence for people into the struct failure it was
 * given. The numbers are the programs' exit statuses (sysexits.h where it has one), so that a
 * program can hand a status on as it came.
 */
#ifndef STATUS_H
#define STATUS_H

enum status {
    STATUS_OK = 0,
    STATUS_SOME_FAILED = 1,  /* finished, but some records failed; each carries its error */
    STATUS_USAGE = 64,       /* wrong usage */
    STATUS_DATA = 65,        /* the input is bad; nothing was written */
    STATUS_UNAVAILABLE = 69, /* the service could not be reached; run again */
    STATUS_IO = 74,          /* reading or writing a file failed, or memory ran out */
    STATUS_AGAIN = 75,       /* not finished (deadline or lock); run again */
    STATUS_DENIED = 77,      /* credentials refused */
    STATUS_CONFIG = 78       /* bad configuration */
};

/* One sentence without a newline and without a secret; "" when nothing failed. */
struct failure {
    char text[1024];
};

/* Writes the sentence (printf's format; cut, never overrun, when too long) and returns `status`, so
 * that a failing function ends in `return fail(...)`. `failure` must not be NULL. */
enum status fail(struct failure *failure, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* fail() for memory that ran out: STATUS_IO. */
enum status fail_memory(struct failure *failure);

#endif
