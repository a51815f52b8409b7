/*
 * Whether a mail is the one that is waited for: from whom, about what, and vouched for by the
 * server that received it.
 */
#ifndef MAIL_CHECK_H
#define MAIL_CHECK_H

#include "base/status.h"
#include "mail/mail.h"

/* The server id of Amazon SES, which adds verdicts of its own beside Authentication-Results.
 * https://docs.aws.amazon.com/ses/latest/dg/receiving-email-concepts.html */
#define MAIL_CHECK_SES "amazonses.com"

/* All return STATUS_OK when the mail passes, STATUS_DATA when it does not, and say why; what the
 * mail says of itself is in quotes there (mail_quote). Only the header is looked at. */

/* `senders` is a list with commas between: addresses, and domains as "@example.org", which stand
 * for all of their addresses but not for subdomains. ASCII case does not count. */
enum status mail_check_from(const struct mail *mail, const char *senders, struct failure *failure);

/* Whether the decoded subject contains `text` (UTF-8), whatever the case of letters. */
enum status mail_check_subject(const struct mail *mail, const char *text, struct failure *failure);

/* Whether the topmost Authentication-Results is by `server` and says that the sender's domain sent
 * the mail: dmarc=pass; or, where that domain has no DMARC policy, dkim=pass with a signature by
 * the domain or by another of the same organization (RFC 7489, 3.1.1; by the Public Suffix List).
 * Senders can write such lines too, but only below the server's own. When the server is SES, its
 * verdicts on spam and virus must be there too. One on a virus that says FAIL refuses; one on spam
 * that says anything but PASS, and where the sender is `expected` (mail_check_from has passed),
 * only FAIL. STATUS_IO when memory runs out. */
enum status mail_check_authentication(const struct mail *mail, const char *server, bool expected,
                                      struct failure *failure);

/* Whether SES says that it could not scan the mail for viruses. */
bool mail_check_is_unscanned(const struct mail *mail);

/* Whether the mail holds its sender's own words only, as far as its header shows: it is no
 * multipart/report (RFC 6522), whose domain vouches for a stranger's mail that it returns; nor,
 * unless `automatic`, an answer that a program gave by itself (Auto-Submitted, RFC 3834). */
enum status mail_check_own_words(const struct mail *mail, bool automatic, struct failure *failure);

#endif
