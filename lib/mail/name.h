/*
 * Names and other words that strangers chose: how a name is compared, and how a message repeats it.
 */
#ifndef MAIL_NAME_H
#define MAIL_NAME_H

#include <stdbool.h>

enum { MAIL_QUOTE_LIMIT = 200 }; /* bytes between the quotes */

/* `text` between double quotes. Whoever passes a message on to where strangers may not write leaves
 * out what is in quotes, so there is no other double quote in it; it is UTF-8 on one line, and cut
 * where it is too long. By value, so that it can stand among the arguments of fail(). NULL is "".
 */
struct mail_quote {
    char text[MAIL_QUOTE_LIMIT + 12]; /* with quotes, an ellipsis and half a sequence */
};
struct mail_quote mail_quote(const char *text);

/* Whether a file's name, which may be NULL, has the ending (".csv") in any case of letters. Blanks
 * and dots behind it, which some systems drop and others keep, do not count. */
bool mail_name_ends_in(const char *name, const char *ending);

#endif
