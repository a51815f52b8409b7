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

/* Renders every change of a finished match; see diff_write (diff.h). `newer_path` is what skipped
 * records name. STATUS_IO when a file changed, memory ran out, or `output` failed. */
enum status diff_render_all(struct diff_match *match, const char *key_name, const char *newer_path,
                            struct output *output, diff_render *render, const void *context,
                            struct failure *failure);

#endif
