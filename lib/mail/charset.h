/*
 * Text into UTF-8, whatever charset it came in.
 */
#ifndef CHARSET_H
#define CHARSET_H

#include "base/status.h"
#include "base/text.h"

/* What was taken for granted: one sentence for people, without a newline; "" when nothing was. */
struct charset_warning {
    char text[256];
};

/* Loads what converts from the charsets that a mail may choose, which mime-extract(1) names, for
 * good, and by the names, too, that GMime asks for when it decodes a header: what iconv_open(3)
 * would load later, when a mail may not choose any more what is loaded into the process. What the
 * system lacks stays unknown. */
void charset_load(void);

/* Turns the text into UTF-8, in place. A byte order mark of UTF-8, UTF-16 or UTF-32 decides; else
 * text that is valid UTF-8 and not only ASCII is UTF-8, whatever 8-bit charset was declared; else
 * the charset that was declared (a MIME name, may be NULL) decides, where it is one of
 * those and not UTF-8 or US-ASCII, which mailers write for anything. Else, when at least as
 * many sequences beyond ASCII are UTF-8 as are not, it is damaged UTF-8, each bad sequence of which
 * becomes U+FFFD; else it is windows-1252; both with a warning. A declared 8-bit charset, too, is
 * not believed where most of the text is UTF-8 all the same. ISO 8859-1 is read as windows-1252, as
 * browsers do. Text that is UTF-8 keeps its bytes, but for what was encoded as UTF-8 twice, which
 * is undone, with a warning, where all that is not ASCII is such, and for a byte order mark at the
 * beginning that was. UTF-16 is known without a mark, too, by the NULs between letters of ASCII.
 * STATUS_DATA for bytes that the charset does not have, and when the text would pass its buffer's
 * limit; STATUS_IO when memory runs out. */
enum status charset_to_utf8(struct buffer *text, const char *declared,
                            struct charset_warning *warning, struct failure *failure);

#endif
