/*
 * A comparison's changes, put in order and rendered: by several threads, some hundred changes at a
 * time, and written as if by one.
 */
#ifndef DIFF_RENDER_H
#define DIFF_RENDER_H

#include "base/output.h"
#include "base/status.h"
#include "diff/diff.h"
#include "diff/match.h"

#include <stdbool.h>

/* Renders every change of a finished match; see diff_write (diff.h). With `addresses` the older key
 * of a member who was followed is told as "email", whatever its column is called; `newer_name` is
 * what skipped records name. STATUS_IO when a file changed, memory ran out, or `output` failed. */
enum status diff_render_all(struct diff_match *match, bool addresses, const char *newer_name,
                            struct output *output, diff_render *render, const void *context,
                            struct failure *failure);

#endif
