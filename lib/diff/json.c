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

static void write_inside(struct output *output, struct csv_value value)
{
    char *room = output_room(output, 6 * value.length);
    if (room != NULL)
        output_advance(output, (size_t)(escape(room, value.bytes, value.length) - room));
}

static void write_skipped(struct output *output, const struct diff_change *change)
{
    char line[32];
    (void)snprintf(line, sizeof line, "%zu", change->line);
    output_text(output, "{\"change\":\"skipped\",\"reason\":\"");
    if (change->reason != NULL) {
        write_inside(output, (struct csv_value){change->reason, strlen(change->reason)});
    } else if (change->key.length == 0) {
        output_text(output, "no ");
        write_inside(output, (struct csv_value){change->key_name, strlen(change->key_name)});
    } else {
        output_text(output, "\\\"");
        write_inside(output, change->key);
        output_text(output, "\\\" is no address");
    }
    output_text(output, "\"");
    if (change->file != NULL) {
        output_text(output, ",\"file\":");
        write_path(output, change->file);
        output_text(output, ",\"line\":");
        output_text(output, line);
    }
    if (change->held.length == 0)
        return;
    output_text(output, ",\"held\":");
    write_string(output, change->held);
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

static void write_number(struct output *output, const char *name, uint64_t number)
{
    char text[64];
    (void)snprintf(text, sizeof text, "%s:%" PRIu64, name, number);
    output_text(output, text);
}

void diff_json_summary(struct output *output, const struct diff_summary *summary,
                       const char *before)
{
    output_text(output, "{\"summary\":{");
    output_text(output, before);
    write_number(output, "\"older\"", summary->older);
    write_number(output, ",\"newer\"", summary->newer);
    write_number(output, ",\"unchanged\"", summary->unchanged);
    write_number(output, ",\"new\"", summary->added);
    write_number(output, ",\"updated\"", summary->updated);
    write_number(output, ",\"lapsed\"", summary->lapsed);
    write_number(output, ",\"skipped\"", summary->skipped);
    if (summary->held > 0)
        write_number(output, ",\"held\"", summary->held);
    if (summary->rule != NULL) {
        write_number(output, ",\"others\"", summary->others);
        output_text(output, ",\"members\":");
        write_string(output, (struct csv_value){summary->rule, strlen(summary->rule)});
    }
    output_text(output, "}}\n");
}
