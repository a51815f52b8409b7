#include "csv/separator.h"

#include "csv/fields.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

size_t csv_separator_line(const char *bytes, size_t length, char *separator)
{
    static const char SAYING[] = "sep=";
    const size_t saying = sizeof SAYING - 1;
    size_t end = 0;
    *separator = '\0';
    while (end < length && !csv_is_line_end(bytes[end]))
        end++;
    size_t quoted = end == saying + 3 && bytes[0] == '"' && bytes[end - 1] == '"' ? 1 : 0;
    if (end - 2 * quoted != saying + 1 || strncasecmp(bytes + quoted, SAYING, saying) != 0)
        return 0;
    *separator = bytes[quoted + saying];
    return end;
}

char csv_separator_guess(const char *bytes, size_t length)
{
    static const char CANDIDATES[] = ";\t|";
    size_t counts[sizeof CANDIDATES] = {0};
    size_t commas = 0;
    bool quoted = false;
    char most = '\0';
    for (size_t at = 0; at < length && (quoted || !csv_is_line_end(bytes[at])); at++) {
        const char *candidate = strchr(CANDIDATES, bytes[at]);
        quoted = quoted != (bytes[at] == '"');
        commas += !quoted && bytes[at] == ',';
        if (!quoted && bytes[at] != '\0' && candidate != NULL)
            counts[candidate - CANDIDATES]++;
    }
    for (size_t i = 0, best = commas; CANDIDATES[i] != '\0'; i++) {
        if (counts[i] > best) {
            best = counts[i];
            most = CANDIDATES[i];
        }
    }
    return most;
}

const char *csv_separator_name(char separator)
{
    return separator == ';'    ? "semicolons"
           : separator == '\t' ? "tabs"
           : separator == '|'  ? "vertical bars"
                               : "other characters";
}
