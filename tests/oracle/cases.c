#include "cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"email",  "akid",       "name", "city",          "zip",
                                    "map",    "b\xc3\xa4r", "x",    "email_address", "ak_id",
                                    "letter", "",           ""};

/* What columns a file has: those from here on seldom, or never, those from there on without values.
 */
enum { KEY, ID, NAME, MAP = 5, OTHER_KEY = 8, OTHER_ID, LETTER, NAMELESS };

enum { COLUMNS = sizeof names / sizeof *names, MOST_ROWS = 40, VALUE = 400 };

/* What nearly all fields are made of: what is special to CSV, to UTF-8, to JSON. */
static const char *const pieces[] = {"a",
                                     "B",
                                     "1",
                                     " ",
                                     "",
                                     "\t",
                                     ",",
                                     "\"",
                                     "\n",
                                     "\r",
                                     "\r\n",
                                     "\\",
                                     "/",
                                     "\x01",
                                     "\x7f",
                                     "\xc3\xa9",
                                     "\xe6\xbc\xa2",
                                     "\xf0\x9f\x98\x80",
                                     "Rosa",
                                     "\"\"",
                                     "0123456789abcdef",
                                     "'",
                                     ";",
                                     "\xef\xbb\xbf",
                                     "\xc2\xa0",
                                     "M",
                                     "xy"};

/* What nobody sees at the ends of a key, a name of a column, a mark to follow. */
static const char *const unseen[] = {"\xc2\xa0", "\xe2\x80\x8b", "\xef\xbb\xbf",    " ",
                                     "\t",       "\xe3\x80\x80", "\xc2\xad",        "\xc2\x85",
                                     "\n\v",     "\xe2\x81\xa0", "\xe2\x81\xa9",    "\xef\xb8\x8f",
                                     "\xd8\x9c", "\xef\xbf\xbc", "\xf3\xa0\x80\x81"};

/* What stands where an address should, and is none. */
static const char *const broken[] = {
    "NULL",
    "p@x.org.",
    "p@x.org;",
    "<p@x.org>",
    "mailto:p@x.org",
    "P <p@x.org>",
    "p@q@x.org",
    "p@x",
    "p q@x.org",
    "@x.org",
    "p@x..org",
    "p@.org",
    "p\xe2\x80\x8bq@x.org",
    "p\xef\xbf\xbd@x.org",
    "'p@x.org'",
    "'p@x.org",
    "=\"p@x.org\"",
    "p@x.org?",
    "p@[1.2]",
    "o'p+q@x-y_z.org",
    "Total: 6",
    "email",
    ("a very long line that is no address at all, and goes on and on, "
     "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 and on")};

/* Bytes that make a text one to refuse, nearly always. */
static const struct {
    const char *bytes;
    size_t length;
} poison[] = {{"\0", 1},           {"\xff", 1},     {"\xc3", 1},
              {"\xed\xa0\x80", 3}, {"\xc0\x80", 2}, {"\xf4\x90\x80\x80", 4},
              {"\x80", 1},         {"\"", 1},       {",", 1},
              {"\n", 1},           {"\"x\"", 3},    {"\" \"", 3},
              {"a\"", 2},          {"\xe2\x82", 2}};

struct maker {
    uint64_t state;
    char keys[12][VALUE];
    size_t key_count;
    bool addresses; /* most keys are addresses, and all are to be */
};

static uint64_t next(struct maker *maker)
{
    uint64_t bits = maker->state += 0x9E3779B97F4A7C15U;
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9U;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBU;
    return bits ^ (bits >> 31);
}

static size_t below(struct maker *maker, size_t limit)
{
    return (size_t)(next(maker) % limit);
}

static bool chance(struct maker *maker, size_t of)
{
    return below(maker, of) == 0;
}

/* ---- bytes ---- */

static void put(struct oracle_bytes *text, const char *bytes, size_t length)
{
    char *more = realloc(text->bytes, text->length + length + 1);
    if (more == NULL)
        abort();
    text->bytes = more;
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

static void put_text(struct oracle_bytes *text, const char *bytes)
{
    put(text, bytes, strlen(bytes));
}

static void make_value(struct maker *maker, char *value)
{
    size_t length = 0;
    size_t kind = below(maker, 10);
    size_t count = kind < 3 ? 0 : kind < 8 ? 1 : chance(maker, 6) ? below(maker, 60) : 3;
    for (size_t i = 0; i < count; i++) {
        const char *piece = kind < 6 ? i % 2 == 0 ? "a" : "b"
                                     : pieces[below(maker, sizeof pieces / sizeof *pieces)];
        if (length + strlen(piece) + 1 < VALUE)
            length += (size_t)snprintf(value + length, VALUE - length, "%s", piece);
    }
    value[length] = '\0';
}

static bool needs_quotes(const char *value)
{
    size_t length = strlen(value);
    return strpbrk(value, ",\"\r\n") != NULL || (length > 0 && strchr(" \t", value[0]) != NULL) ||
           (length > 0 && strchr(" \t", value[length - 1]) != NULL);
}

static void put_blanks(struct maker *maker, struct oracle_bytes *text)
{
    while (chance(maker, 12))
        put_text(text, chance(maker, 2) ? " " : "\t");
}

static void put_field(struct maker *maker, struct oracle_bytes *text, const char *value, bool quote)
{
    put_blanks(maker, text);
    if (needs_quotes(value) || quote) {
        put_text(text, "\"");
        for (const char *at = value; *at != '\0'; at++)
            put_text(text, *at == '"' ? "\"\"" : (char[]){*at, '\0'});
        put_text(text, "\"");
    } else {
        put_text(text, value);
    }
    put_blanks(maker, text);
}

/* ---- files ---- */

/* A file's habits. */
struct style {
    size_t columns[COLUMNS];
    size_t count;
    size_t line_end; /* LF, CR LF, CR, any */
    size_t quoting;  /* never but where needed, always, now and then */
    bool blank_lines;
};

static void choose_style(struct maker *maker, struct style *style)
{
    static const size_t line_ends[] = {0, 0, 1, 1, 2, 3};
    *style = (struct style){.line_end = line_ends[below(maker, 6)],
                            .quoting = below(maker, 3),
                            .blank_lines = chance(maker, 3)};
    for (size_t i = 0; i < COLUMNS; i++)
        if (i == KEY ? !chance(maker, 60) : i >= OTHER_KEY ? chance(maker, 4) : !chance(maker, 3))
            style->columns[style->count++] = i;
    if (chance(maker, 10))
        style->count = 1;
    if (style->count == 0)
        style->columns[style->count++] = 0;
    for (size_t i = style->count; i > 1 && !chance(maker, 3); i--) {
        size_t other = below(maker, i);
        size_t column = style->columns[i - 1];
        style->columns[i - 1] = style->columns[other];
        style->columns[other] = column;
    }
    if (chance(maker, 80) && style->count > 1)
        style->columns[1] = style->columns[0];
}

static void put_line_end(struct maker *maker, struct oracle_bytes *text, const struct style *style)
{
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    do {
        put_text(text, ends[style->line_end < 3 ? style->line_end : below(maker, 3)]);
        if (style->blank_lines)
            put_blanks(maker, text);
    } while (style->blank_lines && chance(maker, 4));
}

static bool quotes(struct maker *maker, const struct style *style)
{
    return style->quoting == 1 || (style->quoting == 2 && chance(maker, 3));
}

/* Puts something that is not to be seen before or behind a text. */
static void put_unseen(struct maker *maker, char *text, size_t size)
{
    char before[VALUE];
    const char *piece = unseen[below(maker, sizeof unseen / sizeof *unseen)];
    bool first = chance(maker, 2);
    (void)snprintf(before, sizeof before, "%.300s", text);
    (void)snprintf(text, size, "%s%.60s%s", first ? piece : "", before, first ? "" : piece);
}

static void put_header(struct maker *maker, struct oracle_bytes *text, const struct style *style)
{
    for (size_t i = 0; i < style->count; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "%s", names[style->columns[i]]);
        if (chance(maker, 4) && name[0] >= 'a' && name[0] <= 'z')
            name[0] = (char)(name[0] - 32);
        if (style->columns[i] == 6 && chance(maker, 3))
            (void)snprintf(name, sizeof name, "B\xc3\x84r");
        if (chance(maker, 15))
            put_unseen(maker, name, sizeof name);
        put_text(text, i > 0 ? "," : "");
        put_field(maker, text, name, quotes(maker, style));
    }
    put_line_end(maker, text, style);
}

typedef char row[COLUMNS][VALUE];

static void make_key(struct maker *maker, char *key)
{
    (void)snprintf(key, VALUE, "%s",
                   chance(maker, 12) ? "" : maker->keys[below(maker, maker->key_count)]);
    if (chance(maker, 5) && key[0] >= 'a' && key[0] <= 'z')
        key[0] = (char)(key[0] - 32);
    char *umlaut = strstr(key, "\xc3\xa4");
    if (umlaut != NULL && chance(maker, 2))
        umlaut[1] = '\x84';
    while (chance(maker, 15) && strlen(key) < 40)
        put_unseen(maker, key, VALUE);
    if (chance(maker, maker->addresses ? 10 : 60))
        (void)snprintf(key, VALUE, "%s", broken[below(maker, sizeof broken / sizeof *broken)]);
}

static void make_row(struct maker *maker, row values)
{
    for (size_t i = 0; i < COLUMNS; i++)
        make_value(maker, values[i]);
    make_key(maker, values[KEY]);
    if (chance(maker, 2))
        make_key(maker, values[OTHER_KEY]);
    if (!chance(maker, 3))
        (void)snprintf(values[ID], VALUE, "%s",
                       (const char *[]){"1",
                                        "2",
                                        "3",
                                        " 3 ",
                                        "",
                                        "2.0",
                                        "3.00",
                                        ".0",
                                        "\xc2\xa0"
                                        "1",
                                        "NULL",
                                        "0",
                                        "'2",
                                        "=\"1\"",
                                        "01",
                                        "1001",
                                        "1,001",
                                        "1.001E+03",
                                        "1.00E+03",
                                        "1,01",
                                        "1E+00",
                                        "12,001"}[below(maker, 21)]);
    if (chance(maker, 2))
        memcpy(values[OTHER_ID], values[ID], VALUE);
    if (!chance(maker, 3))
        (void)snprintf(values[MAP], VALUE, "%s",
                       (const char *[]){"now", "old", ""}[below(maker, 3)]);
    if (!chance(maker, 4))
        (void)snprintf(values[LETTER], VALUE, "%s",
                       (const char *[]){"M", "m", " M", "L", "E",
                                        "\xc2\xa0"
                                        "M",
                                        "M\"", "a;b"}[below(maker, 8)]);
    for (size_t i = NAMELESS; i < COLUMNS; i++)
        if (!chance(maker, 200))
            (void)snprintf(values[i], VALUE, "%s", chance(maker, 4) ? " " : "");
}

static void put_long(struct oracle_bytes *text, size_t length)
{
    char *bytes = malloc(length);
    if (bytes == NULL)
        abort();
    memset(bytes, 'L', length);
    put(text, bytes, length);
    free(bytes);
}

static void put_row(struct maker *maker, struct oracle_bytes *text, const struct style *style,
                    row values, bool is_last)
{
    for (size_t i = 0; i < style->count; i++) {
        put_text(text, i > 0 ? "," : "");
        if (style->columns[i] == 2 && chance(maker, 3000))
            put_long(text, 1000000);
        else
            put_field(maker, text, values[style->columns[i]], quotes(maker, style));
    }
    if (chance(maker, 150))
        put_text(text, ",");
    if (!is_last || chance(maker, 2))
        put_line_end(maker, text, style);
}

/* Puts something where it most likely does not belong. */
static void spoil(struct maker *maker, struct oracle_bytes *text)
{
    size_t which = below(maker, sizeof poison / sizeof *poison);
    size_t at = below(maker, text->length + 1);
    struct oracle_bytes spoilt = {NULL, 0};
    put(&spoilt, text->bytes, at);
    put(&spoilt, poison[which].bytes, poison[which].length);
    put(&spoilt, text->bytes + at, text->length - at);
    free(text->bytes);
    *text = spoilt;
}

static void make_text(struct maker *maker, struct oracle_bytes *text, row *rows, size_t count)
{
    struct style style;
    choose_style(maker, &style);
    put(text, "", 0);
    if (chance(maker, 60))
        return;
    while (chance(maker, 5))
        put_text(text, "\xef\xbb\xbf");
    if (chance(maker, 20)) {
        put_text(text, (const char *[]){"sep=,", "\"Sep=,\"", "SEP=;"}[below(maker, 20) % 3]);
        put_line_end(maker, text, &style);
    }
    if (chance(maker, 10))
        put_line_end(maker, text, &style);
    put_header(maker, text, &style);
    for (size_t i = 0; i < count; i++)
        put_row(maker, text, &style, rows[i], i + 1 == count);
    if (chance(maker, 10))
        put_text(text, "\x1a");
    if (chance(maker, 12))
        spoil(maker, text);
}

/* ---- cases ---- */

static void add_name(struct oracle_names *list, const char *name)
{
    list->names[list->count++] = name;
}

static void choose_conditions(struct maker *maker, struct oracle_options *options)
{
    static const char *const columns[] = {"letter", "letter", "letter", "city", "map", "email"};
    static const char *const values[] = {"M", "M", "l", "", "M\"", "a;b", "now", "a"};
    options->where_count = chance(maker, 3) ? 1 + below(maker, 2) : 0;
    options->where_possible = !chance(maker, 6);
    for (size_t i = 0; i < options->where_count; i++) {
        struct oracle_condition *condition = &options->where[i];
        condition->column = columns[below(maker, sizeof columns / sizeof *columns)];
        condition->negated = chance(maker, 3);
        condition->count = 1 + below(maker, 3);
        for (size_t k = 0; k < condition->count; k++)
            condition->values[k] = values[below(maker, sizeof values / sizeof *values)];
    }
}

static void choose_options(struct maker *maker, struct oracle_options *options)
{
    static const char *const named[] = {"name", "city", "email", "map", "zip", "x", "absent"};
    *options = (struct oracle_options){.addresses = maker->addresses, .all = chance(maker, 6)};
    add_name(&options->keys, chance(maker, 8) ? "akid" : "email");
    if (chance(maker, 2))
        add_name(&options->keys, "email_address");
    if (chance(maker, 2))
        add_name(&options->follow, chance(maker, 10) ? "city" : "akid");
    if (options->follow.count > 0 && chance(maker, 2))
        add_name(&options->follow, "ak_id");
    if (chance(maker, 3))
        for (size_t i = 1 + below(maker, 4); i > 0; i--)
            add_name(&options->columns, named[below(maker, 7)]);
    if (chance(maker, 3))
        add_name(&options->may_be_empty, named[below(maker, 7)]);
    choose_conditions(maker, options);
    if (chance(maker, 4)) {
        options->current_column = "map";
        options->current_value = "now";
    }
    if (chance(maker, 3)) {
        options->doubtful_column = chance(maker, 8) ? "x" : "map";
        options->doubtful_value = (const char *[]){"old", "now", "", "\"",
                                                   "a,\n"}[below(maker, chance(maker, 3) ? 5 : 2)];
    }
    options->limited = chance(maker, 6);
    options->limit_is_share = chance(maker, 2);
    options->limit = below(maker, options->limit_is_share ? 600 : 6);
    if (options->limit_is_share && chance(maker, 2))
        options->limit -= options->limit % 25;
}

/* NEWER is OLDER with rows changed, moved, left out, repeated and added. */
static size_t make_newer(struct maker *maker, row *older, size_t count, row *newer)
{
    size_t made = 0;
    size_t stay = chance(maker, 4) ? 2 : 8;
    size_t emptied = chance(maker, 6) ? NAME + below(maker, 4) : COLUMNS; /* a column */
    for (size_t i = 0; i < count && made < MOST_ROWS; i++) {
        if (chance(maker, stay))
            continue;
        memcpy(newer[made], older[i], sizeof(row));
        if (chance(maker, 4))
            make_value(maker, newer[made][1 + below(maker, COLUMNS - 1)]);
        if (chance(maker, 8))
            make_key(maker, newer[made][KEY]);
        if (chance(maker, 12))
            newer[made][KEY][0] = '\0';
        made++;
    }
    while (made < MOST_ROWS && chance(maker, 2))
        make_row(maker, newer[made++]);
    for (size_t i = 0; i < made && emptied < COLUMNS; i++)
        newer[i][emptied][0] = '\0';
    for (size_t i = made; i > 1; i--) {
        size_t other = below(maker, i);
        row moved;
        memcpy(moved, newer[i - 1], sizeof(row));
        memcpy(newer[i - 1], newer[other], sizeof(row));
        memcpy(newer[other], moved, sizeof(row));
    }
    return made;
}

struct oracle_case oracle_case_make(uint64_t seed)
{
    struct maker maker = {.state = seed * 0xD1342543DE82EF95U + 1};
    struct oracle_case made = {.older = {NULL, 0}, .newer = {NULL, 0}};
    row *older = calloc(MOST_ROWS, sizeof *older);
    row *newer = calloc(MOST_ROWS, sizeof *newer);
    if (older == NULL || newer == NULL)
        abort();
    maker.key_count = 1 + below(&maker, 12);
    maker.addresses = chance(&maker, 2);
    for (size_t i = 0; i < maker.key_count; i++) {
        if (chance(&maker, 10))
            make_value(&maker, maker.keys[i]);
        else
            (void)snprintf(
                maker.keys[i], VALUE, "%c%s@x%s%.*s", (char)('a' + i),
                chance(&maker, 9)   ? "\"+'"
                : chance(&maker, 6) ? "\xc3\xa4"
                                    : "",
                maker.addresses ? ".org" : "", (int)below(&maker, 70),
                "abcdefghijklmnopqrstuvwxyz.abcdefghijklmnopqrstuvwxyz.abcdefghijklmnop");
    }
    size_t count = below(&maker, chance(&maker, 4) ? MOST_ROWS : 8);
    for (size_t i = 0; i < count; i++)
        make_row(&maker, older[i]);
    size_t newer_count = make_newer(&maker, older, count, newer);
    choose_options(&maker, &made.options);
    make_text(&maker, &made.older, older, count);
    make_text(&maker, &made.newer, newer, newer_count);
    free(older);
    free(newer);
    return made;
}

void oracle_case_free(struct oracle_case *made)
{
    free(made->older.bytes);
    free(made->newer.bytes);
}

static void describe_names(char **at, char *end, const char *option,
                           const struct oracle_names *list)
{
    for (size_t i = 0; i < list->count && *at < end; i++)
        *at += snprintf(*at, (size_t)(end - *at), " %s %s", option, list->names[i]);
}

void oracle_case_describe(const struct oracle_case *made, char *text, size_t size)
{
    const struct oracle_options *options = &made->options;
    char *at = text;
    char *end = text + size;
    struct oracle_bytes conditions;
    oracle_conditions(options, &conditions);
    describe_names(&at, end, "-k", &options->keys);
    describe_names(&at, end, "-c", &options->columns);
    describe_names(&at, end, "-f", &options->follow);
    describe_names(&at, end, "-E", &options->may_be_empty);
    if (options->where_count > 0 && at < end)
        at += snprintf(at, (size_t)(end - at), " -%c '%s'", options->where_possible ? 'W' : 'w',
                       conditions.bytes);
    free(conditions.bytes);
    if (at < end)
        at += snprintf(at, (size_t)(end - at), "%s%s", options->addresses ? " -A" : "",
                       options->all ? " -a" : "");
    if (options->current_column != NULL && at < end)
        at += snprintf(at, (size_t)(end - at), " -u %s=%s", options->current_column,
                       options->current_value);
    if (options->doubtful_column != NULL && at < end)
        at += snprintf(at, (size_t)(end - at), " -d '%s=%s'", options->doubtful_column,
                       options->doubtful_value);
    if (options->limited && options->limit_is_share && at < end)
        (void)snprintf(at, (size_t)(end - at), " -m %zu.%zu%%", options->limit / 10,
                       options->limit % 10);
    else if (options->limited && at < end)
        (void)snprintf(at, (size_t)(end - at), " -m %zu", options->limit);
}
