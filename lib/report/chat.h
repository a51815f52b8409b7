/*
 * Text as chat services take it (Slack, Mattermost, Rocket.Chat, Discord), so that nothing in it
 * acts: whatever an export, a server or a stranger's mail says, nobody is paged by it, and there is
 * nothing to click on.
 */
#ifndef CHAT_H
#define CHAT_H

#include <stdbool.h>
#include <stddef.h>

enum { CHAT_UNIT = 32 }; /* bytes that one unit is written as, at the most */

/* Where the reading of a text is. Starts as {.at = TEXT}, which is borrowed and UTF-8. */
struct chat_reader {
    const char *at; /* at a NUL: the end */
    char before;    /* the byte before it; NUL at the beginning */
    bool link;      /* within something that would become a link */
};

/* Writes the next unit, which must not be cut in two, into `out`, and returns its length in bytes.
 * &, < and > become entities; the @ of a mention becomes a wide one, which no service knows, and
 * that of an address stays; "://", but for that of s3, and the dots of what follows, or of what
 * begins with "www.", come in brackets; Markdown's "](" gets a blank; controls and what turns the
 * direction of writing are escaped (text_escape), but for the ends of lines. Not to be called at
 * the end. https://api.slack.com/reference/surfaces/formatting#escaping
 * https://docs.mattermost.com/collaborate/mention-people.html */
size_t chat_unit(struct chat_reader *reader, char out[CHAT_UNIT]);

#endif
