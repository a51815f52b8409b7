/*
 * What shows by lines, and is no MIME: where the mails of an mbox begin, and where a uuencoded file
 * lies in a text. What is in them is for others to parse.
 */
#ifndef MAIL_LINES_H
#define MAIL_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* How long the first line is, in bytes, with its end. */
size_t lines_length(const char *bytes, size_t length);

/* How many ends of lines there are. */
size_t lines_count(const char *bytes, size_t length);

/* How many mails there are in a file that begins with the line of an mbox (RFC 4155): each has such
 * a line, behind an empty one and before a header. In the text of a mail it would be quoted. */
size_t lines_count_mails(const char *bytes, size_t length);

struct lines_file {
    size_t from, to;  /* where it lies: from its "begin MODE NAME" to its "end" (POSIX, uuencode) */
    bool whole;       /* it has an end */
    const char *name; /* within the text, with blanks around it */
    size_t name_length;
};

/* Finds the first uuencoded file at or behind `from`. False when there is none. */
bool lines_find_file(const char *bytes, size_t length, size_t from, struct lines_file *file);

#endif
