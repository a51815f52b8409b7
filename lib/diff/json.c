#include "diff/json.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Writes a string's inside, at most six bytes for each of it; returns where it ends. */
static char *escape(char *at, const char *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\') {
            *at++ = (char)byte;
            continue;
        }
        *at++ = '\\';
        switch (byte) {
        case '"':
        case '\\':
            *at++ = (char)byte;
            break;
        case '\n':
            *at++ = 'n';
            break;
        case '\r':
            *at++ = 'r';
            break;
        case '\t':
            *at++ = 't';
            break;
        default:
            *at++ = 'u';
            *at++ = '0';
            *at++ = '0';
            *at++ = digits[byte >> 4];
            *at++ = digits[byte & 0xF];
        }
    }
    return at;
}

static void write_string(struct output *output, struct csv_value value)
{
    char *room = output_room(output, 6 * value.length + 2);
    if (room == NULL)
        return;
    char *at = room;
    *at++ = '"';
    at = escape(at, value.bytes, value.length);
    *at++ = '"';
    output_advance(output, (size_t)(at - room));
}

static void write_object(struct output *output, const struct diff_pair *pairs, size_t count)
{
    output_bytes(output, "{", 1);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            output_bytes(output, ",", 1);
        write_string(output, pairs[i].name);
        output_bytes(output, ":", 1);
        write_string(output, pairs[i].value);
    }
    output_bytes(output, "}", 1);
}

/* A file may have any name, and JSON is UTF-8. */
static void write_path(struct output *output, const char *path)
{
    struct csv_value value = {path, strlen(path)};
    if (utf8_valid(path, value.length, NULL)) {
        write_string(output, value);
        return;
    }
    output_bytes(output, "\"", 1);
    for (; *path != '\0'; path++) {
        bool plain = (unsigned char)*path < 0x80 && (unsigned char)*path >= 0x20 && *path != '"' &&
                     *path != '\\';
        output_bytes(output, plain ? path : "?", 1);
    }
    output_bytes(output, "\"", 1);
}

static void write_skipped(struct output *output, const struct diff_change *change)
{
    char line[32];
    (void)snprintf(line, sizeof line, "%zu", change->line);
    struct csv_value key_name = {change->key_name, strlen(change->key_name)};
    output_text(output, "{\"change\":\"skipped\",\"reason\":\"no ");
    char *room = output_room(output, 6 * key_name.length);
    if (room != NULL)
        output_advance(output, (size_t)(escape(room, key_name.bytes, key_name.length) - room));
    output_text(output, "\",\"file\":");
    write_path(output, change->file);
    output_text(output, ",\"line\":");
    output_text(output, line);
}

void diff_json_change(struct output *output, const struct diff_change *change, const void *context)
{
    (void)context;
    static const char *const beginnings[] = {[DIFF_NEW] = "{\"change\":\"new\",\"key\":",
                                             [DIFF_UPDATED] = "{\"change\":\"updated\",\"key\":",
                                             [DIFF_LAPSED] = "{\"change\":\"lapsed\",\"key\":"};
    if (change->kind == DIFF_SKIPPED) {
        write_skipped(output, change);
    } else {
        output_text(output, beginnings[change->kind]);
        write_string(output, change->key);
    }
    output_text(output, ",\"row\":");
    write_object(output, change->row, change->row_count);
    if (change->kind == DIFF_UPDATED || change->was_count > 0) {
        output_text(output, ",\"was\":");
        write_object(output, change->was, change->was_count);
    }
    output_bytes(output, "}\n", 2);
}

void diff_json_summary(struct output *output, const struct diff_summary *summary)
{
    char line[320];
    (void)snprintf(line, sizeof line,
                   "{\"summary\":{\"older\":%" PRIu64 ",\"newer\":%" PRIu64
                   ",\"unchanged\":%" PRIu64 ",\"new\":%" PRIu64 ",\"updated\":%" PRIu64
                   ",\"lapsed\":%" PRIu64 ",\"skipped\":%" PRIu64 "}}\n",
                   summary->older, summary->newer, summary->unchanged, summary->added,
                   summary->updated, summary->lapsed, summary->skipped);
    output_text(output, line);
}
