/*
 * What is in a mail, told to programs.
 */
#ifndef MAIL_LISTING_H
#define MAIL_LISTING_H

#include "base/status.h"
#include "mail/mail.h"

/* Writes NDJSON to `file`: an object for the message, with who sent it and what was found about
 * that, and one for each part (mime-extract(1)). STATUS_IO. */
enum status mail_list(const struct mail *mail, int file, struct failure *failure);

/* Writes the date and the id, a line each, empty where the mail has none, to `file`. STATUS_IO. */
enum status mail_write_date(const struct mail *mail, int file, struct failure *failure);

#endif
