/*
 * The table behind the DynamoDB backend of the roster: what is in it, how it is opened, read by
 * pages, and locked. For dynamodb.c; everybody else includes roster.h.
 *
 * One table holds any number of rosters. Its partition key is the text "roster", its sort key the
 * text "email".
 *
 *   roster     email       other attributes
 *   NAME       address     id, map (where known), header, row: a member. The row is a line of CSV,
 *                          and `header` says which line of columns it goes by (row.h). Without a
 *                          header it is JSON, of schema 1, until it changes
 *   NAME#runs  time#nonce  run: one of the history, as JSON
 *   NAME#meta  roster      version: of this schema; headers: lines of columns, in the order of
 * coming; columns: of schema 1, their names NAME#meta  lock        owner, since, expires (seconds
 * since 1970)
 *
 * No NAME has a '#', so that the other partitions are nobody's members.
 */
#ifndef ROSTER_TABLE_H
#define ROSTER_TABLE_H

#include "aws/dynamodb.h"
#include "base/status.h"
#include "roster/roster.h"

#include <jansson.h>
#include <stddef.h>

enum { HEADER_NAME_SIZE = 17 };

struct roster_table {
    struct dynamodb *db;
    char *name;
    json_t *headers; /* those that are stored, an array of texts */
    json_t *known;   /* an object: the text of each of them by its name in a member's item */
};

/* Opens "TABLE/NAME" into `table`, which is to be given to roster_table_close also on error. Calls
 * the service once, so that what is wrong is known early; with ROSTER_WRITE that makes the roster
 * where it is missing. STATUS_CONFIG for a name that is none, no such table, or a roster of a newer
 * schema; STATUS_IO for a damaged one; otherwise as dynamodb.h. */
enum status roster_table_open(const char *name, enum roster_mode mode, struct roster_table *table,
                              struct failure *failure);

void roster_table_close(struct roster_table *table);

/* What a member's item calls a header: a hash of its text, so that all who write agree. */
void roster_table_name_header(const char *columns, size_t length, char name[HEADER_NAME_SIZE]);

/* Stores more headers: an array (borrowed) of {"S":TEXT}, which the caller has put into `known`. */
enum status roster_table_add_headers(struct roster_table *table, json_t *texts,
                                     struct failure *failure);

/* One page of a partition: its items, and where the next one starts (NULL: this is the last). Both
 * borrowed from the answer, which is the caller's. */
struct roster_page {
    json_t *answer;
    const json_t *items;
    json_t *next;
};

/* Reads the page behind `start` (NULL for the first), consistently, in the byte order of the sort
 * keys; or backwards and `limit` items at the most, where that is not 0. `suffix` is "" or
 * "#runs". */
enum status roster_table_query(const struct roster_table *table, const char *suffix, json_t *start,
                               size_t limit, struct roster_page *page, struct failure *failure);

/* As roster_lock and roster_unlock. */
enum status roster_table_lock(struct roster_table *table, const char *owner, unsigned seconds,
                              struct failure *failure);
enum status roster_table_unlock(struct roster_table *table, const char *owner,
                                struct failure *failure);

/* The text of an item's attribute, borrowed; NULL when there is none. */
const char *roster_item_text(const json_t *item, const char *attribute);

/* The sentence for what cannot be: STATUS_IO. */
enum status roster_table_damaged(const struct roster_table *table, const char *what,
                                 struct failure *failure);

#endif
