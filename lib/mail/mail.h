/*
 * A mail: what its header says, and its leaf parts, however deeply multiparts and forwarded
 * messages nest them. Parsed by GMime, which ends the process when memory runs out.
 */
#ifndef MAIL_H
#define MAIL_H

#include "base/status.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

struct mail;

/* What the mail says about itself: UTF-8, NULL where it says nothing. All but the authentication
 * and the verdicts, when the receiving server wrote them, can be forged. */
struct mail_facts {
    const char *from;           /* the address, when From names exactly one mailbox */
    const char *from_domain;    /* its domain, in the ASCII form of RFC 5890 */
    const char *subject;        /* decoded (RFC 2047) */
    const char *date;           /* RFC 3339, UTC: "2026-11-16T09:00:00Z" */
    const char *message_id;     /* without its angle brackets */
    const char *authentication; /* the topmost Authentication-Results (RFC 8601), unfolded */
    const char *spam;           /* the topmost X-SES-Spam-Verdict and X-SES-Virus-Verdict: "PASS" */
    const char *virus;
    const char *type; /* of the whole mail, "multipart/mixed", in lower case; never NULL */
    const char *auto_submitted; /* the topmost Auto-Submitted (RFC 3834) */
};

enum { MAIL_BEGINNING = 8 }; /* bytes of a part that are enough to know an archive by */

/* One leaf part. */
struct mail_part {
    const char *type;    /* "application/zip", in lower case; "text/csv" also for a mere "csv" */
    const char *name;    /* of the file (RFC 2183, 2231, 2047), UTF-8; NULL when it has none */
    const char *charset; /* as declared; NULL when it is not */
    size_t size;         /* decoded, in bytes */
    char beginning[MAIL_BEGINNING];
    const char *damage; /* why its content can't be whole, as a clause; NULL when nothing shows */
};

/* Loads what reading a mail, or an archive that came as one, needs of the system: to be called
 * before the program is confined (base/confine.h). Otherwise it is loaded when it is needed. */
void mail_load(void);

/* Reads the header of `raw`, whose memory it takes over, also on error. The mail is the caller's,
 * to be given to mail_free; NULL on error. A line of an mbox ("From ...") before the header is
 * passed over. The parts are not there before mail_read_parts, so that a mail can be refused for
 * what its header says before more of it is looked at. STATUS_DATA for what is no mail, for an mbox
 * of several, and for a header that is far larger than any honest one. */
enum status mail_parse(struct buffer *raw, struct mail **mail, struct failure *failure);

/* Reads the parts; to be called once. `inside`: also what lies in forwarded mails, whether attached
 * as such or as an .eml file, and in uuencoded text: both may be what the sender was sent by
 * somebody else. STATUS_DATA for a mail that nests its parts too deeply, has too many of them, or
 * holds mails that are larger than itself. */
enum status mail_read_parts(struct mail *mail, bool inside, struct failure *failure);

/* NULL is harmless. */
void mail_free(struct mail *mail);

/* Borrowed from the mail, as is what they point to. */
const struct mail_facts *mail_facts(const struct mail *mail);
const struct mail_part *mail_part(const struct mail *mail, size_t index);

size_t mail_part_count(const struct mail *mail);

/* Appends the part's decoded content to `content`, as it is, without looking at its charset.
 * STATUS_DATA when it would pass the buffer's limit, STATUS_IO when memory runs out. */
enum status mail_part_decode(const struct mail *mail, size_t index, struct buffer *content,
                             struct failure *failure);

#endif
