#include "mail/name.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct mail_quote mail_quote(const char *text)
{
    struct mail_quote quote;
    char inner[MAIL_QUOTE_LIMIT + 4]; /* with room for a sequence that the limit splits */
    (void)snprintf(inner, sizeof inner, "%s", text != NULL ? text : "");
    text_printable(inner, MAIL_QUOTE_LIMIT);
    for (char *at = inner; (at = strchr(at, '"')) != NULL;)
        *at = '\'';
    bool cut = text != NULL && strlen(text) > strlen(inner);
    (void)snprintf(quote.text, sizeof quote.text, "\"%s%s\"", inner, cut ? "…" : "");
    return quote;
}

bool mail_name_ends_in(const char *name, const char *ending)
{
    if (name == NULL)
        return false;
    size_t length = strlen(name);
    size_t wanted = strlen(ending);
    while (length > 0 && strchr(" \t.", name[length - 1]) != NULL)
        length--;
    return length >= wanted && strncasecmp(name + length - wanted, ending, wanted) == 0;
}
