/*
 * Text into UTF-8, whatever charset it came in.
 */
#ifndef CHARSET_H
#define CHARSET_H

#include "base/status.h"
#include "base/text.h"

/* Turns the text into UTF-8, in place. A byte order mark of UTF-8 or UTF-16 decides; else the
 * charset that was declared (a MIME name, may be NULL); else, when that is US-ASCII, which mailers
 * write for anything, or unknown: UTF-8 if the bytes are, windows-1252 if not, and then `*assumed`
 * becomes that name (static), otherwise NULL. Text that is UTF-8 keeps its bytes. STATUS_DATA for
 * bytes that the charset does not have, and when the text would pass its buffer's limit; STATUS_IO
 * when memory runs out. */
enum status charset_to_utf8(struct buffer *text, const char *declared, const char **assumed,
                            struct failure *failure);

#endif
