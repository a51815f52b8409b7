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

/* All return STATUS_OK when the mail passes, STATUS_DATA when it does not, and say why. */

/* `senders` is a list with commas between: addresses, and domains as "@example.org", which stand
 * for all of their addresses but not for subdomains. ASCII case does not count. */
enum status mail_check_from(const struct mail *mail, const char *senders, struct failure *failure);

/* Whether the decoded subject contains `text` (UTF-8), whatever the case of letters. */
enum status mail_check_subject(const struct mail *mail, const char *text, struct failure *failure);

/* Whether the topmost Authentication-Results is by `server` and says that the sender's domain sent
 * the mail: dmarc=pass; or, where that domain has no DMARC policy, dkim=pass with a signature by
 * the domain, by one above it or by one below it. Of the SES verdicts on spam and virus those that
 * are there must say PASS, and when the server is SES both must be there. Senders can write such
 * lines too, but only below the server's own. STATUS_IO when memory runs out. */
enum status mail_check_authentication(const struct mail *mail, const char *server,
                                      struct failure *failure);

#endif
