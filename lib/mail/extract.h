/*
 * Which part of a mail is the export, and the CSV that is in it.
 */
#ifndef EXTRACT_H
#define EXTRACT_H

#include "base/status.h"
#include "base/text.h"
#include "mail/charset.h"
#include "mail/mail.h"

enum extract_kind { EXTRACT_NOTHING = 0, EXTRACT_CSV, EXTRACT_ZIP, EXTRACT_GZIP };

/* What the part is, by its content and its name, then by its type; EXTRACT_NOTHING for what can't
 * be an export: texts, pictures, office documents (which are ZIP files, too). */
enum extract_kind extract_kind_of(const struct mail_part *part);

/* In both: appends the CSV to the empty buffer `csv`, whose limit is the most that anything may
 * unpack to, as UTF-8 and otherwise byte for byte. `*warning` is what was taken for granted
 * (charset_to_utf8). STATUS_DATA says what is wrong: no export, two,
 * a damaged or truncated one, no CSV or two in a ZIP, an empty one, one that is no text, one over
 * the limit. STATUS_IO when memory runs out. `csv` holds anything on error; it is the caller's. */

/* From the one part of the mail that is an export. */
enum status extract_from_mail(const struct mail *mail, struct buffer *csv,
                              struct charset_warning *warning, struct failure *failure);

/* From a file's content: a ZIP or gzip file, else the CSV itself. May take over `file`'s memory. */
enum status extract_from_file(struct buffer *file, struct buffer *csv,
                              struct charset_warning *warning, struct failure *failure);

#endif
