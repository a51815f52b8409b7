/*
 * A message for people: a title and paragraphs, as plain text and as Slack takes it.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <jansson.h>
#include <stdbool.h>

/* All borrowed; all text is UTF-8. */
struct message {
    const char *title;        /* one line, not empty */
    const json_t *paragraphs; /* an array of strings, none of them empty; the first goes on the
                                 title's line */
    const char *footer;       /* the small print; NULL for none */
    bool warning;             /* something is for people to look at */
};

/* "TITLE: FIRST PARAGRAPH", then each paragraph and the footer, each ending in a newline. A new
 * string, the caller's; NULL when memory runs out. */
char *message_text(const struct message *message);

/* The body of a Slack incoming webhook, {"text":…,"blocks":[…]}, a new reference; NULL when memory
 * runs out. Keeps Block Kit's limits (header 150, section 3000, 50 blocks) counting bytes, which
 * are never fewer than the characters; `text`, which services like Slack show instead of the
 * blocks, is cut to the 2000 that the least of them (Discord) takes. Nothing in it acts:
 * blocks are plain_text, and all text is written by chat_unit.
 * https://api.slack.com/reference/block-kit/blocks */
json_t *message_slack(const struct message *message);

#endif
