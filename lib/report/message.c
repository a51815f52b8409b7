#include "report/message.h"

#include "base/text.h"
#include "report/chat.h"

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
    json_array_foreach(message->paragraphs, index, paragraph)
    {
        room = room &&
               buffer_printf(&out, "%s%s\n", index == 0 ? " " : "", json_string_value(paragraph));
    }
    if (message->footer != NULL)
        room = room && buffer_printf(&out, "%s\n", message->footer);
    if (!room)
        buffer_free(&out);
    return out.bytes;
}

/* Appends what is left of the text, with nothing in it that acts, until it ends or `out` has
 * reached `limit`. False when memory runs out. */
static bool append_harmless(struct buffer *out, struct chat_reader *text, size_t limit)
{
    bool room = true;
    while (room && *text->at != '\0') {
        const struct chat_reader before = *text;
        char unit[CHAT_UNIT];
        size_t length = chat_unit(text, unit);
        if (out->length + length > limit) {
            *text = before;
            break;
        }
        room = buffer_append(out, unit, length);
    }
    return room;
}

/* Appends all of the text, or as much as leaves room for an ellipsis below `limit`. */
static bool append_cut(struct buffer *out, const char *text, size_t limit)
{
    struct chat_reader reader = {.at = text};
    bool room = append_harmless(out, &reader, limit - strlen(ELLIPSIS));
    if (room && *reader.at != '\0')
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
    struct chat_reader reader = {.at = paragraph};
    bool added = true;
    /* One block is the footer's. */
    while (added && *reader.at != '\0' && json_array_size(blocks) < BLOCK_LIMIT - 1) {
        buffer_clear(&text);
        added = append_harmless(&text, &reader, SECTION_LIMIT) &&
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
    json_array_foreach(message->paragraphs, index, paragraph)
    {
        made = made && add_sections(blocks, json_string_value(paragraph));
    }
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
