/*
 * OLDER's members by their key, entered by several threads at once.
 */
#ifndef DIFF_KEYS_H
#define DIFF_KEYS_H

#include "base/status.h"
#include "diff/key_index.h"
#include "diff/match.h"
#include "diff/row_compare.h"

#include <stdbool.h>
#include <stdint.h>

struct diff_keys;

/* Enters OLDER's rows; notes in match->older_state which of them are passed over, which keys stand
 * in several rows, of those which have one that is out of date, and which keys are doubtful. The
 * caller's, to be given to diff_keys_free; NULL on error. STATUS_IO. */
enum status diff_keys_new(struct diff_match *match, struct diff_keys **keys,
                          struct failure *failure);

/* NULL is harmless. */
void diff_keys_free(struct diff_keys *keys);

/* The first row of each key. Borrowed. */
const struct key_index *diff_keys_index(const struct diff_keys *keys);

/* Whether a row of NEWER is the same as any of OLDER whose key stands in several. STATUS_IO. */
enum status diff_keys_same(const struct diff_keys *keys, struct row_compare *compare,
                           uint64_t newer, bool *same, struct failure *failure);

/* Looks for a row of `table` with the same key; KEY_NONE when there is none, and `probe` is where
 * the row is to be entered. STATUS_IO. */
enum status diff_keys_find(struct row_compare *compare, const struct csv_table *table,
                           const struct key_index *index, uint64_t row, struct key_probe *probe,
                           uint64_t *found, struct failure *failure);

#endif
