#include "mail/charset.h"

#include "mail/lines.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <string.h>

#define NO_CONVERSION ((iconv_t)-1)
#define FALLBACK "WINDOWS-1252"
#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

enum { PIECE = 64 * 1024 };

/* The charsets that a mail may choose, by the names that iconv_open(3) knows. */
static const char *const CHARSETS[] = {
    "UTF-8",        "UTF-16",       "UTF-16LE",     "UTF-16BE",
    "UTF-32",       "UTF-32LE",     "UTF-32BE",     "ISO-8859-2",
    "ISO-8859-3",   "ISO-8859-4",   "ISO-8859-5",   "ISO-8859-6",
    "ISO-8859-7",   "ISO-8859-8",   "ISO-8859-9",   "ISO-8859-10",
    "ISO-8859-13",  "ISO-8859-14",  "ISO-8859-15",  "ISO-8859-16",
    "WINDOWS-1250", "WINDOWS-1251", "WINDOWS-1252", "WINDOWS-1253",
    "WINDOWS-1254", "WINDOWS-1255", "WINDOWS-1256", "WINDOWS-1257",
    "WINDOWS-1258", "WINDOWS-874",  "KOI8-R",       "KOI8-U",
    "MACINTOSH",    "IBM437",       "IBM850",       "IBM852",
    "IBM866",       "CP932",        "EUC-JP",       "ISO-2022-JP",
    "GB18030",      "BIG5",         "UHC",          NULL};

/* What mails call them otherwise, with what each name is read as
 * (https://encoding.spec.whatwg.org). */
static const struct {
    const char *declared;
    const char *name;
} OTHER_NAMES[] = {
    {"utf8", "UTF-8"},
    {"iso-8859-1", "WINDOWS-1252"},
    {"iso8859-1", "WINDOWS-1252"},
    {"iso_8859-1", "WINDOWS-1252"},
    {"latin1", "WINDOWS-1252"},
    {"latin-1", "WINDOWS-1252"},
    {"cp1252", "WINDOWS-1252"},
    {"x-ansi", "WINDOWS-1252"},
    {"cp1250", "WINDOWS-1250"},
    {"cp1251", "WINDOWS-1251"},
    {"latin2", "ISO-8859-2"},
    {"latin9", "ISO-8859-15"},
    {"iso-8859-8-i", "ISO-8859-8"},
    {"iso-8859-11", "WINDOWS-874"},
    {"tis-620", "WINDOWS-874"},
    {"mac", "MACINTOSH"},
    {"macroman", "MACINTOSH"},
    {"x-mac-roman", "MACINTOSH"},
    {"cp437", "IBM437"},
    {"cp850", "IBM850"},
    {"cp852", "IBM852"},
    {"cp866", "IBM866"},
    {"shift_jis", "CP932"},
    {"shift-jis", "CP932"},
    {"sjis", "CP932"},
    {"windows-31j", "CP932"},
    {"gb2312", "GB18030"},
    {"gbk", "GB18030"},
    {"big5-hkscs", "BIG5"},
    {"euc-kr", "UHC"},
    {"ks_c_5601-1987", "UHC"},
};

/* How a charset writes what is not ASCII: only one with a byte for each character can be taken for
 * another without its showing. */
enum width { EIGHT_BIT, SEVERAL_BYTES, WIDE };

static enum width width_of(const char *name)
{
    static const char *const SEVERAL[] = {"CP932",   "EUC-JP", "ISO-2022-JP",
                                          "GB18030", "BIG5",   "UHC"};
    if (text_begins(name, "UTF-"))
        return WIDE;
    for (size_t i = 0; i < sizeof SEVERAL / sizeof SEVERAL[0]; i++)
        if (strcmp(name, SEVERAL[i]) == 0)
            return SEVERAL_BYTES;
    return EIGHT_BIT;
}

/* The name of ours; NULL when nothing was declared, or nothing that says anything. */
static const char *name_of(const char *declared)
{
    for (size_t i = 0; i < sizeof OTHER_NAMES / sizeof OTHER_NAMES[0]; i++)
        if (ascii_equal(declared, OTHER_NAMES[i].declared))
            return OTHER_NAMES[i].name;
    for (const char *const *name = CHARSETS; *name != NULL; name++)
        if (ascii_equal(declared, *name))
            return *name;
    return NULL;
}

void charset_load(void)
{
    static const char *const IN_HEADERS[] = {"ISO-8859-1", "ISO-8859-11", "SHIFT_JIS", "GB2312",
                                             "GBK",        "BIG5-HKSCS",  "EUC-KR",    NULL};
    const char *const *const LISTS[] = {CHARSETS, IN_HEADERS};
    /* They stay open: what nobody has open is unloaded. Volatile, so that they are known to be
     * kept. */
    static iconv_t volatile kept[sizeof CHARSETS / sizeof CHARSETS[0] +
                                 sizeof IN_HEADERS / sizeof IN_HEADERS[0]];
    size_t count = 0;
    for (size_t i = 0; i < sizeof LISTS / sizeof LISTS[0]; i++)
        for (const char *const *name = LISTS[i]; *name != NULL; name++)
            if (kept[count++] == NULL)
                kept[count - 1] = iconv_open("UTF-8", *name);
}

/* ---- conversion ---- */

static enum status cannot(const char *charset, int why, size_t at, size_t limit,
                          struct failure *failure)
{
    if (why == EINVAL)
        return fail(failure, STATUS_DATA, "it is truncated: its last character (%s) is not whole",
                    charset);
    if (why == EILSEQ)
        return fail(failure, STATUS_DATA, "its text is not %s: byte %zu is wrong", charset, at);
    if (why == EFBIG)
        return fail(failure, STATUS_DATA, "larger than the limit of %zu bytes", limit);
    return fail_memory(failure);
}

/* Replaces the text by what the conversion makes of it. */
static enum status convert(iconv_t conversion, const char *charset, struct buffer *text,
                           struct failure *failure)
{
    struct buffer converted = {.limit = text->limit};
    char piece[PIECE];
    char *in = text->bytes;
    size_t left = text->length;
    int why = 0;
    for (bool more = true; more && why == 0;) {
        char *out = piece;
        size_t room = sizeof piece;
        /* A last call without input takes out what the conversion still holds. */
        more = left > 0;
        if (iconv(conversion, more ? &in : NULL, &left, &out, &room) == (size_t)-1 &&
            errno != E2BIG)
            why = errno;
        size_t made = sizeof piece - room;
        if (converted.limit > 0 && made > converted.limit - converted.length)
            why = EFBIG;
        else if (!buffer_append(&converted, piece, made))
            why = ENOMEM;
    }
    if (why != 0) {
        buffer_free(&converted);
        return cannot(charset, why, (size_t)(in - text->bytes) + 1, text->limit, failure);
    }
    buffer_free(text);
    *text = converted;
    return STATUS_OK;
}

/* `charset` is the name that was declared, for messages. */
static enum status convert_from(const char *name, const char *charset, struct buffer *text,
                                struct failure *failure)
{
    iconv_t conversion = iconv_open("UTF-8", name);
    enum status status = conversion == NO_CONVERSION
                             ? fail(failure, STATUS_IO, "this system cannot read %s", charset)
                             : convert(conversion, charset, text, failure);
    (void)iconv_close(conversion); /* of none, EBADF */
    return status;
}

/* ---- UTF-8, whole and damaged ---- */

struct survey {
    size_t valid; /* sequences beyond ASCII */
    size_t bad;   /* sequences that are none */
    size_t line;  /* of the first of these */
};

/* The length of the bad sequence at `bytes`: what its first byte promises, as far as it is there.
 */
static size_t bad_sequence(const char *bytes, size_t length)
{
    unsigned char lead = (unsigned char)bytes[0];
    size_t promised = lead >= 0xF0 && lead <= 0xF4 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1;
    size_t there = 1;
    while (there < promised && there < length && ((unsigned char)bytes[there] & 0xC0) == 0x80)
        there++;
    return there;
}

/* How many sequences beyond ASCII begin in what is UTF-8. */
static size_t count_sequences(const char *bytes, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; (i += ascii_length(bytes + i, length - i)) < length; i++)
        count += (unsigned char)bytes[i] >= 0xC2;
    return count;
}

/* Looks at the text, and copies it with the bad sequences replaced into `mended`, unless that is
 * NULL. False when it would pass the buffer's limit or memory runs out. */
static bool look_at(const struct buffer *text, struct survey *survey, struct buffer *mended)
{
    const char *at = text->bytes;
    size_t left = text->length;
    *survey = (struct survey){.line = 0};
    while (left > 0) {
        size_t good = left;
        bool whole = utf8_valid(at, left, &good);
        survey->valid += count_sequences(at, good);
        if (mended != NULL && !buffer_append(mended, at, good))
            return false;
        if (whole)
            break;
        if (survey->bad++ == 0)
            survey->line = 1 + lines_count(text->bytes, (size_t)(at - text->bytes) + good);
        if (mended != NULL && !buffer_append(mended, REPLACEMENT, strlen(REPLACEMENT)))
            return false;
        size_t bad = bad_sequence(at + good, left - good);
        at += good + bad;
        left -= good + bad;
    }
    return true;
}

static enum status mend(struct buffer *text, struct charset_warning *warning,
                        struct failure *failure)
{
    struct survey survey;
    struct buffer mended = {.limit = text->limit};
    if (!look_at(text, &survey, &mended)) {
        buffer_free(&mended);
        return text->limit > 0 && text->length + 2 * survey.bad > text->limit
                   ? cannot("UTF-8", EFBIG, 0, text->limit, failure)
                   : fail_memory(failure);
    }
    (void)snprintf(
        warning->text, sizeof warning->text,
        survey.bad == 1
            ? "the CSV is damaged UTF-8: %zu character cannot be read, in line %zu, and "
              "became " REPLACEMENT
            : "the CSV is damaged UTF-8: %zu characters cannot be read, the first in line "
              "%zu, and became " REPLACEMENT,
        survey.bad, survey.line);
    buffer_free(text);
    *text = mended;
    return STATUS_OK;
}

/* Takes the first bytes off. */
static void take_off(struct buffer *text, size_t length)
{
    memmove(text->bytes, text->bytes + length, text->length - length);
    buffer_cut(text, text->length - length);
}

/* ---- which it is ---- */

static bool begins(const struct buffer *text, const char *mark, size_t length)
{
    return text->length >= length && memcmp(text->bytes, mark, length) == 0;
}

/* Whether every second byte of the beginning is a NUL and no other one: UTF-16 of which the letters
 * are ASCII, as some databases write it without a mark. `first` is where the first NUL is. */
static bool has_nuls_between(const struct buffer *text, size_t first)
{
    enum { ENOUGH = 16, MOST = 64 };
    if (text->length < ENOUGH || text->length % 2 != 0)
        return false;
    for (size_t i = 0; i < text->length && i < MOST; i++)
        if ((text->bytes[i] == '\0') != (i % 2 == first))
            return false;
    return true;
}

/* The charset that a byte order mark names, or that NULs show; NULL without any. */
static const char *marked(const struct buffer *text)
{
    if (begins(text, "\xEF\xBB\xBF", 3))
        return "UTF-8";
    if (begins(text, "\xFF\xFE\0\0", 4) || begins(text, "\0\0\xFE\xFF", 4))
        return "UTF-32";
    if (begins(text, "\xFF\xFE", 2) || begins(text, "\xFE\xFF", 2))
        return "UTF-16";
    return has_nuls_between(text, 1) ? "UTF-16LE" : has_nuls_between(text, 0) ? "UTF-16BE" : NULL;
}

/* Whether the text is not what is declared, but UTF-8, perhaps with a little damage. */
static bool is_utf8_all_the_same(const struct buffer *text, const char *name,
                                 const struct survey *survey)
{
    switch (width_of(name)) {
    case EIGHT_BIT:
        return survey->bad == 0 || survey->valid >= 4 * survey->bad;
    case WIDE: /* would have NULs beside each comma */
        return survey->bad == 0 && memchr(text->bytes, '\0', text->length) == NULL;
    default:
        return false;
    }
}

/* From a charset that somebody declared. */
static enum status convert_declared(const char *name, const char *declared, struct buffer *text,
                                    const struct survey *survey, struct charset_warning *warning,
                                    struct failure *failure)
{
    if (is_utf8_all_the_same(text, name, survey))
        return survey->bad > 0 ? mend(text, warning, failure) : STATUS_OK;
    enum status status = convert_from(name, declared, text, failure);
    bool is_utf8 = survey->bad == 0 && width_of(name) == SEVERAL_BYTES;
    return status == STATUS_DATA && is_utf8 ? STATUS_OK : status;
}

/* ---- twice encoded ---- */

/* The byte that windows-1252 has for a character of two or three bytes of UTF-8, and that
 * character's length; 0 when it has none. */
static size_t byte_of(const char *text, size_t length, char *byte)
{
    /* 0x80 to 0x9F (https://encoding.spec.whatwg.org/index-windows-1252.txt). */
    static const char HIGH[32][4] = {"€", "",  "‚", "ƒ", "„", "…", "†", "‡", "ˆ", "‰", "Š",
                                     "‹", "Œ", "",  "Ž", "",  "",  "‘", "’", "“", "”", "•",
                                     "–", "—", "˜", "™", "š", "›", "œ", "",  "ž", "Ÿ"};
    const unsigned char *bytes = (const unsigned char *)text;
    for (size_t i = 0; i < 32; i++) {
        size_t size = strlen(HIGH[i]);
        if (size > 0 && size <= length && memcmp(text, HIGH[i], size) == 0) {
            *byte = (char)(0x80 + i);
            return size;
        }
    }
    if (length < 2 || (bytes[0] != 0xC2 && bytes[0] != 0xC3))
        return 0;
    *byte = (char)((bytes[0] & 0x03) << 6 | (bytes[1] & 0x3F));
    return 2;
}

/* Takes the bytes that the characters from `*at` to the next one of ASCII stand for; false when one
 * stands for none. `bytes` may begin at or before them. */
static bool take_bytes(const struct buffer *text, size_t *at, char *bytes, size_t *count)
{
    *count = 0;
    while (*at < text->length && (text->bytes[*at] & 0x80) != 0) {
        size_t size = byte_of(text->bytes + *at, text->length - *at, bytes + *count);
        if (size == 0)
            return false;
        *at += size;
        ++*count;
    }
    return true;
}

/* In how many places the text from `at` on is UTF-8 that was encoded twice; 0 when another one is
 * not, or too long for a name. */
static size_t count_twice(const struct buffer *text, size_t at)
{
    enum { LONGEST = 256 };
    size_t places = 0, count;
    while ((at += ascii_length(text->bytes + at, text->length - at)) < text->length) {
        char bytes[LONGEST];
        struct buffer rest = {.bytes = text->bytes,
                              .length = at + LONGEST < text->length ? at + LONGEST : text->length};
        if (!take_bytes(&rest, &at, bytes, &count) || !utf8_valid(bytes, count, NULL))
            return 0;
        places++;
    }
    return places;
}

/* Undoes what was read as windows-1252 though it was UTF-8, and written as UTF-8 again (JosÃ©), as
 * a spreadsheet does when it opens a CSV by a double click: if all that is not ASCII is such, which
 * no letter of a name is. */
static void undo_twice(struct buffer *text, struct charset_warning *warning)
{
    size_t mark = begins(text, "\xEF\xBB\xBF", 3) ? 3 : 0;
    size_t places = count_twice(text, mark), to = mark, count;
    if (places == 0)
        return;
    for (size_t at = mark; at < text->length; to += count) {
        size_t plain = ascii_length(text->bytes + at, text->length - at);
        memmove(text->bytes + to, text->bytes + at, plain);
        at += plain;
        to += plain;
        (void)take_bytes(text, &at, text->bytes + to, &count); /* which it could above */
    }
    buffer_cut(text, to);
    (void)snprintf(warning->text, sizeof warning->text,
                   "the CSV was encoded as UTF-8 twice, as by a spreadsheet that took it for "
                   "windows-1252; undone in %zu place%s",
                   places, places == 1 ? "" : "s");
}

static enum status to_utf8(struct buffer *text, const char *declared, const struct survey *survey,
                           struct charset_warning *warning, struct failure *failure)
{
    const char *mark = marked(text);
    const char *name = mark != NULL ? mark : name_of(declared);
    bool is_utf8 = name != NULL && strcmp(name, "UTF-8") == 0;
    if (mark != NULL && !is_utf8)
        return convert_from(mark, mark, text, failure);
    if (name != NULL && !is_utf8)
        return convert_declared(name, declared, text, survey, warning, failure);
    if (survey->bad == 0)
        return STATUS_OK;
    /* A mark is one valid character itself, and all that some programs know of UTF-8. */
    bool mark_lies = mark != NULL && survey->valid == 1 && survey->bad > 1;
    if (!mark_lies && (mark != NULL || survey->valid >= survey->bad))
        return mend(text, warning, failure);
    if (mark_lies)
        take_off(text, 3);
    enum status status = convert_from(FALLBACK, "windows-1252", text, failure);
    (void)snprintf(warning->text, sizeof warning->text, "the CSV %s; read as windows-1252",
                   is_utf8 ? "says that it is UTF-8, and is not"
                           : "is not UTF-8 and does not say what it is");
    return status;
}

enum status charset_to_utf8(struct buffer *text, const char *declared,
                            struct charset_warning *warning, struct failure *failure)
{
    warning->text[0] = '\0';
    if (text->length == 0)
        return STATUS_OK;
    struct survey survey;
    (void)look_at(text, &survey, NULL);
    enum status status = to_utf8(text, declared, &survey, warning, failure);
    if (status == STATUS_OK && warning->text[0] == '\0' && survey.valid + survey.bad > 0)
        undo_twice(text, warning);
    if (status == STATUS_OK && begins(text, "\xC3\xAF\xC2\xBB\xC2\xBF", 6)) /* a mark, taken so */
        take_off(text, 6);
    return status;
}
