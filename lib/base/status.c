#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

enum status fail(struct failure *failure, enum status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(failure->text, sizeof failure->text, format, arguments);
    va_end(arguments);
    return status;
}

enum status fail_memory(struct failure *failure)
{
    return fail(failure, STATUS_IO, "out of memory");
}
