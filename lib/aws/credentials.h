/*
 * AWS credentials, from the first of these places that the environment names:
 *
 *   AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
 *   AWS_PROFILE                                 through the aws CLI
 *   AWS_CONTAINER_CREDENTIALS_RELATIVE_URI      CodeBuild and ECS
 *   AWS_CONTAINER_CREDENTIALS_FULL_URI          EKS, with AWS_CONTAINER_AUTHORIZATION_TOKEN or
 * _FILE
 *
 * Where it names none, they are those that `aws configure` was given, through the aws CLI.
 *
 * Those that expire are fetched anew five minutes before. The instance metadata service is not
 * asked.
 * https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
#ifndef AWS_CREDENTIALS_H
#define AWS_CREDENTIALS_H

#include "aws/request.h"
#include "base/status.h"

#include <stdbool.h>

struct aws_credentials;

/* Finds out where they come from, and fetches none yet. The credentials are the caller's, to be
 * given to aws_credentials_close; NULL on error: STATUS_CONFIG when what the environment names
 * cannot be, STATUS_IO. */
enum status aws_credentials_open(struct aws_credentials **credentials, struct failure *failure);

/* NULL is harmless. */
void aws_credentials_close(struct aws_credentials *credentials);

/* The keys to sign with, borrowed until the next call. STATUS_CONFIG (the aws CLI has none),
 * STATUS_DENIED (the endpoint refuses), STATUS_UNAVAILABLE (it does not answer, for ten seconds),
 * STATUS_IO. When they cannot be renewed although there is still time, the older ones are given. */
enum status aws_credentials_get(struct aws_credentials *credentials, struct aws_keys *keys,
                                struct failure *failure);

/* Tells that a service took the keys for expired: the next get fetches anew. False where that
 * would give the same again. */
bool aws_credentials_expire(struct aws_credentials *credentials);

/* Replaces every occurrence of the keys in `text` (in place) by asterisks. */
void aws_credentials_redact(const struct aws_credentials *credentials, char *text);

#endif
