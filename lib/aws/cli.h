/*
 * The aws CLI, asked for what it alone knows: the credentials that it was configured with, whatever
 * they come from (a file, a role, a single sign-on).
 */
#ifndef AWS_CLI_H
#define AWS_CLI_H

#include "base/status.h"
#include "base/text.h"

/* Runs `aws` with the arguments (up to a NULL), without a shell and without standard input, and
 * puts what it wrote into `output`. STATUS_CONFIG, and the last line of what it said, when it is
 * not there or ends with anything but 0; STATUS_IO. */
enum status aws_cli(const char *const *arguments, struct buffer *output, struct failure *failure);

#endif
