#include "aws/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGUMENTS = 8, MESSAGES_LIMIT = 64 * 1024, SAID_LIMIT = 400 };

/* What the CLI ends with when it does not know a command: versions 1 and 2. */
enum { WRONG_USAGE_1 = 2, WRONG_USAGE_2 = 252 };

extern char **environ;

/* Starts the CLI with its output and its messages in two files. */
static int start(const char *const *arguments, int output, int messages, pid_t *process)
{
    char *words[ARGUMENTS + 2] = {(char *)"aws"};
    for (size_t i = 0; i < ARGUMENTS && arguments[i] != NULL; i++)
        words[i + 1] = (char *)arguments[i]; /* which posix_spawn does not change */
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return error;
    error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, messages, STDERR_FILENO);
    if (error == 0)
        error = posix_spawnp(process, words[0], &actions, NULL, words, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return error;
}

static bool read_back(int file, struct buffer *content)
{
    char piece[4096];
    ssize_t count;
    off_t at = 0;
    bool kept = true;
    while (kept && (count = pread(file, piece, sizeof piece, at)) != 0) {
        if (count < 0 && errno == EINTR)
            continue;
        kept = count > 0 && buffer_append(content, piece, (size_t)count);
        at += count;
    }
    explicit_bzero(piece, sizeof piece);
    return kept;
}

/* The last line that is not blank: where the CLI says what was wrong. In place. */
static const char *last_line(struct buffer *messages)
{
    size_t end = messages->length;
    while (end > 0 && strchr(" \t\r\n", messages->bytes[end - 1]) != NULL)
        end--;
    if (end == 0)
        return "it did not say why";
    buffer_cut(messages, end);
    char *newline = strrchr(messages->bytes, '\n');
    char *line = newline != NULL ? newline + 1 : messages->bytes;
    text_printable(line, SAID_LIMIT);
    return line;
}

static enum status explain(int ended, int messages, struct failure *failure)
{
    if (WIFEXITED(ended) &&
        (WEXITSTATUS(ended) == WRONG_USAGE_1 || WEXITSTATUS(ended) == WRONG_USAGE_2))
        return fail(failure, STATUS_CONFIG,
                    "the aws CLI is too old: its version 2 is needed, of 2023 or later");
    struct buffer said = {.limit = MESSAGES_LIMIT};
    (void)read_back(messages, &said); /* what was read of it will do */
    enum status status = fail(failure, STATUS_CONFIG, "the aws CLI: %s", last_line(&said));
    buffer_free(&said);
    return status;
}

enum status aws_cli(const char *const *arguments, struct buffer *output, struct failure *failure)
{
    enum status status = STATUS_OK;
    pid_t process = -1;
    int ended = 0;
    int error = 0;
    /* In memory: what comes may be a secret, and no pipe of the two can fill up. */
    int written = memfd_create("aws-output", MFD_CLOEXEC);
    int messages = memfd_create("aws-messages", MFD_CLOEXEC);
    if (written < 0 || messages < 0)
        status = fail(failure, STATUS_IO, "the aws CLI: %s", strerror(errno));
    else if ((error = start(arguments, written, messages, &process)) != 0)
        status = fail(failure, STATUS_CONFIG, "the aws CLI cannot be run: %s", strerror(error));
    while (status == STATUS_OK && waitpid(process, &ended, 0) < 0)
        if (errno != EINTR)
            status = fail(failure, STATUS_IO, "the aws CLI: %s", strerror(errno));
    if (status == STATUS_OK && (!WIFEXITED(ended) || WEXITSTATUS(ended) != 0))
        status = explain(ended, messages, failure);
    if (status == STATUS_OK && !read_back(written, output))
        status = fail(failure, STATUS_IO, "the aws CLI: its answer could not be read");
    if (written >= 0)
        (void)close(written);
    if (messages >= 0)
        (void)close(messages);
    return status;
}
