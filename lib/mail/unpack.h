/*
 * What an archive in memory holds: the one CSV of a ZIP (by libarchive), the content of a gzip file
 * (by GLib's zlib decompressor: libarchive does not check gzip's checksum).
 */
#ifndef UNPACK_H
#define UNPACK_H

#include "base/status.h"
#include "base/text.h"

#include <stddef.h>

/* Loads what would be loaded when it is needed, so that it can be done without opening a file then.
 */
void unpack_load(void);

/* Appends to `csv` the only file in the ZIP whose name, in any charset, ends in ".csv"
 * (mail_name_ends_in); directories, links, hidden files and what macOS adds under __MACOSX do not
 * count, other files are passed over, and archives in the archive stay closed. The checksum is
 * checked. STATUS_DATA, as a clause about the ZIP: no CSV (with what it holds or, if it is an
 * office document, is), two (named), an encrypted or a damaged one, one that would pass the
 * buffer's limit. Names are in quotes (mail_quote). STATUS_IO when memory runs out. `csv` holds
 * anything on error. */
enum status unpack_zip(const char *bytes, size_t length, struct buffer *csv,
                       struct failure *failure);

/* Appends the content of a gzip file (RFC 1952) of one or several members, decompressed once.
 * STATUS_DATA, as a clause: truncated, damaged, over the buffer's limit. */
enum status unpack_gzip(const char *bytes, size_t length, struct buffer *content,
                        struct failure *failure);

#endif
