#include "base/cli.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void cli_start(void)
{
    /* open() takes the lowest free number, so one after the other. */
    for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++)
        if (fcntl(file, F_GETFD) < 0 && errno == EBADF)
            (void)!open("/dev/null", file == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

void cli_warn(const char *program, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (text[0] == '\0')
        return;
    char shown[TEXT_ESCAPE * sizeof text + 1];
    shown[text_escape(shown, text, strlen(text))] = '\0';
    (void)fprintf(stderr, "%s: %s\n", program, shown);
}

enum status cli_version(const char *program)
{
    (void)printf("%s (an-sync) %s\n", program, AN_SYNC_VERSION);
    return cli_finish(program, STATUS_OK);
}

bool cli_colours(void)
{
    const char *no_colour = getenv("NO_COLOR");
    return (no_colour == NULL || no_colour[0] == '\0') && isatty(STDOUT_FILENO) == 1;
}

bool cli_number(const char *text, double least, double most, double *number)
{
    if (text[0] == '\0' || text[strspn(text, "0123456789.")] != '\0')
        return false;
    char *end;
    errno = 0;
    *number = strtod(text, &end);
    return errno == 0 && *end == '\0' && isfinite(*number) && *number >= least && *number <= most;
}

enum status cli_finish(const char *program, enum status status)
{
    bool lost = ferror(stdout) != 0;
    errno = 0;
    if (fclose(stdout) == 0 && !lost)
        return status;
    if (status != STATUS_OK)
        return status;
    cli_warn(program, "standard output: %s", errno != 0 ? strerror(errno) : "write error");
    return STATUS_IO;
}
