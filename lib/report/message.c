#include "report/message.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum {
    TEXT_LIMIT = 2000,
    HEADER_LIMIT = 150,
    SECTION_LIMIT = 3000,
    BLOCK_LIMIT = 50,
};

#define WARNING_SIGN "\u26A0\uFE0F "
#define ELLIPSIS "…"

char *message_text(const struct message *message)
{
    struct buffer out = {.limit = 0};
    bool room = buffer_printf(&out, "%s:", message->title);
    size_t index;
    json_t *paragraph;
    json_array_foreach(message->paragraphs, index, paragraph) room =
        room && buffer_printf(&out, "%s%s\n", index == 0 ? " " : "", json_string_value(paragraph));
    if (message->footer != NULL)
        room = room && buffer_printf(&out, "%s\n", message->footer);
    if (!room)
        buffer_free(&out);
    return out.bytes;
}

/* The bytes of the UTF-8 sequence at `text`, which is not at the end. */
static size_t sequence_length(const char *text)
{
    size_t length = 1;
    while (((unsigned char)text[length] & 0xC0) == 0x80)
        length++;
    return length;
}

/* Appends `*text` with Slack's entities until it ends or `out` has reached `limit`; `*text` is then
 * what is left. False when memory runs out. */
static bool append_escaped(struct buffer *out, const char **text, size_t limit)
{
    const char *at = *text;
    bool room = true;
    while (room && *at != '\0') {
        size_t taken = sequence_length(at);
        const char *written = *at == '&'   ? "&amp;"
                              : *at == '<' ? "&lt;"
                              : *at == '>' ? "&gt;"
                                           : NULL;
        size_t length = written != NULL ? strlen(written) : taken;
        if (out->length + length > limit)
            break;
        room = buffer_append(out, written != NULL ? written : at, length);
        at += taken;
    }
    *text = at;
    return room;
}

/* Appends all of the text, or as much as leaves room for an ellipsis below `limit`. */
static bool append_cut(struct buffer *out, const char *text, size_t limit)
{
    bool room = append_escaped(out, &text, limit - strlen(ELLIPSIS));
    if (room && *text != '\0')
        room = buffer_append(out, ELLIPSIS, strlen(ELLIPSIS));
    return room;
}

/* {"type":"plain_text","text":TEXT}; NULL when memory runs out. */
static json_t *plain_text(const struct buffer *text)
{
    return json_pack("{s:s, s:s%, s:b}", "type", "plain_text", "text", text->bytes, text->length,
                     "emoji", 0);
}

static bool add_header(json_t *blocks, const struct message *message)
{
    struct buffer text = {.limit = 0};
    bool added = buffer_printf(&text, "%s", message->warning ? WARNING_SIGN : "") &&
                 append_cut(&text, message->title, HEADER_LIMIT) &&
                 json_array_append_new(blocks, json_pack("{s:s, s:o}", "type", "header", "text",
                                                         plain_text(&text))) == 0;
    buffer_free(&text);
    return added;
}

/* A paragraph as one section, or as several when it is too long for one. */
static bool add_sections(json_t *blocks, const char *paragraph)
{
    struct buffer text = {.limit = 0};
    bool added = true;
    /* One block is the footer's. */
    while (added && *paragraph != '\0' && json_array_size(blocks) < BLOCK_LIMIT - 1) {
        buffer_clear(&text);
        added = append_escaped(&text, &paragraph, SECTION_LIMIT) &&
                json_array_append_new(blocks, json_pack("{s:s, s:o}", "type", "section", "text",
                                                        plain_text(&text))) == 0;
    }
    buffer_free(&text);
    return added;
}

static bool add_footer(json_t *blocks, const char *footer)
{
    struct buffer text = {.limit = 0};
    bool added = append_cut(&text, footer, SECTION_LIMIT) &&
                 json_array_append_new(blocks, json_pack("{s:s, s:[o]}", "type", "context",
                                                         "elements", plain_text(&text))) == 0;
    buffer_free(&text);
    return added;
}

/* The blocks; NULL when memory runs out. */
static json_t *make_blocks(const struct message *message)
{
    json_t *blocks = json_array();
    bool made = blocks != NULL && add_header(blocks, message);
    size_t index;
    json_t *paragraph;
    json_array_foreach(message->paragraphs, index, paragraph) made =
        made && add_sections(blocks, json_string_value(paragraph));
    if (message->footer != NULL)
        made = made && add_footer(blocks, message->footer);
    if (!made) {
        json_decref(blocks);
        blocks = NULL;
    }
    return blocks;
}

json_t *message_slack(const struct message *message)
{
    json_t *body = NULL;
    struct buffer fallback = {.limit = 0};
    char *text = message_text(message);
    json_t *blocks = make_blocks(message);
    if (text != NULL && blocks != NULL) {
        size_t length = strlen(text);
        if (length > 0 && text[length - 1] == '\n')
            text[length - 1] = '\0';
        if (append_cut(&fallback, text, TEXT_LIMIT))
            body =
                json_pack("{s:s%, s:O}", "text", fallback.bytes, fallback.length, "blocks", blocks);
    }
    free(text);
    buffer_free(&fallback);
    json_decref(blocks);
    return body;
}
