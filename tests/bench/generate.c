/*
 * Writes a made-up membership export of any size to standard output, the same for the same
 * arguments. usage: generate ROWS older|newer [SHAPE...]
 *
 * newer holds older's members in another order; of a hundred of them one moved house, of a thousand
 * one is new and one has lapsed. Shapes: same-order (both are in the same one), quoted (every field
 * is), short (5 columns, about 100 bytes a row), dated (list_date differs in every row, as it does
 * in real ones).
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct shape {
    uint64_t rows;
    bool newer;
    bool same_order;
    bool quoted;
    bool is_short;
    bool dated;
};

static const char *const header[] = {"akid",
                                     "first_name",
                                     "middle_name",
                                     "last_name",
                                     "suffix",
                                     "mailing_address1",
                                     "mailing_address2",
                                     "mailing_city",
                                     "mailing_state",
                                     "mailing_zip",
                                     "mobile_phone",
                                     "home_phone",
                                     "work_phone",
                                     "best_phone",
                                     "email",
                                     "mailing_preference",
                                     "do_not_call",
                                     "p2ptext_optout",
                                     "join_date",
                                     "xdate",
                                     "membership_type",
                                     "monthly_dues_status",
                                     "annual_recurring_dues_status",
                                     "membership_status",
                                     "memb_status_letter",
                                     "union_member",
                                     "union_name",
                                     "union_local",
                                     "student_yes_no",
                                     "student_school_name",
                                     "ydsa_chapter",
                                     "dsa_chapter",
                                     "accommodations",
                                     "race",
                                     "new_member_past_month",
                                     "list_date"};

static const char *const first[] = {"Rosa",   "Karl", "Clara",  "Eugene",  "Zoë",    "José",
                                    "Fannie", "Ella", "Bayard", "Dolores", "Hubert", "Angela"};
static const char *const last[] = {"Luxemburg", "Liebknecht", "Zetkin", "Debs",
                                   "O'Hare",    "Hamer",      "Baker",  "Rustin",
                                   "Huerta",    "Harrison",   "Davis",  "Núñez"};
static const char *const street[] = {
    "Main St", "Elm Street", "Massachusetts Ave", "2nd Ave", "Martin Luther King Blvd", "Union Sq"};
static const char *const city[] = {"Boston",  "Cambridge", "New York",
                                   "Oakland", "Chicago",   "Saint Paul"};
static const char *const state[] = {"MA", "MA", "NY", "CA", "IL", "MN"};

#define PICK(list, number) ((list)[(number) % (sizeof(list) / sizeof *(list))])

/* SplitMix64: well mixed bits of a number. */
static uint64_t mix(uint64_t number)
{
    number += 0x9E3779B97F4A7C15U;
    number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9U;
    number = (number ^ (number >> 27)) * 0x94D049BB133111EBU;
    return number ^ (number >> 31);
}

/* The place of a number in a shuffled order of all below `count`: a Feistel network over a power of
 * four, walked until it comes back below. */
static uint64_t shuffle(uint64_t number, uint64_t count)
{
    unsigned half = 1;
    while ((uint64_t)1 << (2 * half) < count)
        half++;
    const uint64_t mask = ((uint64_t)1 << half) - 1;
    do {
        uint64_t left = number >> half;
        uint64_t right = number & mask;
        for (uint64_t round = 0; round < 4; round++) {
            uint64_t next = left ^ (mix(right ^ round << 60) & mask);
            left = right;
            right = next;
        }
        number = left << half | right;
    } while (number >= count);
    return number;
}

static void field(const struct shape *shape, bool is_first, const char *value)
{
    if (!is_first)
        (void)putchar_unlocked(',');
    bool quote = shape->quoted || strchr(value, ',') != NULL;
    if (quote)
        (void)putchar_unlocked('"');
    for (; *value != '\0'; value++)
        (void)putchar_unlocked(*value);
    if (quote)
        (void)putchar_unlocked('"');
}

/* A number of at least `width` digits behind a prefix. */
static void number(const struct shape *shape, bool is_first, const char *prefix, int width,
                   uint64_t value)
{
    char text[64];
    (void)snprintf(text, sizeof text, "%s%0*llu", prefix, width, (unsigned long long)value);
    field(shape, is_first, text);
}

static void date(const struct shape *shape, uint64_t bits)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%u-%02u-%02u", 2017 + (unsigned)(bits % 9),
                   1 + (unsigned)(bits / 9 % 12), 1 + (unsigned)(bits / 108 % 28));
    field(shape, false, text);
}

static void email(const struct shape *shape, uint64_t id, uint64_t bits)
{
    char text[96];
    (void)snprintf(text, sizeof text, "%s.%llu@example.%s", PICK(first, bits % 4),
                   (unsigned long long)id, bits % 3 == 0 ? "org" : "com");
    field(shape, false, text);
}

static void short_row(const struct shape *shape, uint64_t id, uint64_t bits, bool moved)
{
    number(shape, true, "", 1, 100000 + id);
    field(shape, false, PICK(first, bits));
    field(shape, false, PICK(last, bits >> 8));
    email(shape, id, bits);
    char text[96];
    (void)snprintf(text, sizeof text, "%u %s %s %s", (unsigned)(bits >> 16) % 9999,
                   PICK(street, bits >> 20), PICK(city, (bits >> 24) + (moved ? 1 : 0)),
                   "a note of some length");
    field(shape, false, text);
}

static void long_row(const struct shape *shape, uint64_t id, uint64_t bits, bool moved)
{
    uint64_t home = (bits >> 24) + (moved ? 1 : 0);
    number(shape, true, "", 1, 100000 + id);
    field(shape, false, PICK(first, bits));
    field(shape, false, bits % 5 == 0 ? "Maria" : "");
    field(shape, false, PICK(last, bits >> 8));
    field(shape, false, bits % 50 == 0 ? "Jr" : "");
    char address[64];
    (void)snprintf(address, sizeof address, "%u %s%s", (unsigned)(bits >> 16) % 9999,
                   PICK(street, bits >> 20), bits % 7 == 0 ? ", Apt 3" : "");
    field(shape, false, address);
    field(shape, false, bits % 11 == 0 ? "2nd floor" : "");
    field(shape, false, PICK(city, home));
    field(shape, false, PICK(state, home));
    number(shape, false, "", 5, home * 7919 % 100000);
    number(shape, false, "617555", 4, bits >> 30 & 0xFFF);
    field(shape, false, "");
    field(shape, false, "");
    number(shape, false, "617555", 4, bits >> 30 & 0xFFF);
    email(shape, id, bits);
    field(shape, false, "Membership Newsletter");
    field(shape, false, bits % 13 == 0 ? "true" : "");
    field(shape, false, "");
    date(shape, bits >> 3);
    date(shape, bits >> 5);
    field(shape, false, bits % 4 == 0 ? "income-based" : "annual");
    field(shape, false, bits % 4 == 0 ? "active" : "never");
    field(shape, false, bits % 4 == 0 ? "never" : "active");
    field(shape, false, "Member in Good Standing");
    field(shape, false, "M");
    field(shape, false, bits % 6 == 0 ? "Yes, current union member" : "No");
    field(shape, false, bits % 6 == 0 ? "UAW" : "");
    field(shape, false, bits % 6 == 0 ? "Local 2320" : "");
    field(shape, false, "No");
    field(shape, false, "");
    field(shape, false, "");
    field(shape, false, "Boston");
    field(shape, false, "");
    field(shape, false, bits % 9 == 0 ? "prefer not to say" : "");
    field(shape, false, "no");
    field(shape, false, shape->dated && shape->newer ? "2026-11-23" : "2026-11-16");
}

/* Of a thousand, the one that newer does not have, and in its place has a new one. */
static void row(const struct shape *shape, uint64_t place)
{
    uint64_t id = shape->newer && !shape->same_order ? shuffle(place, shape->rows) : place;
    bool moved = shape->newer && mix(id ^ 0xC0FFEE) % 100 == 0;
    if (shape->newer && mix(id ^ 0xBEEF) % 1000 == 0)
        id += shape->rows;
    uint64_t bits = mix(id);
    if (shape->is_short)
        short_row(shape, id, bits, moved);
    else
        long_row(shape, id, bits, moved);
    (void)putchar_unlocked('\n');
}

static bool take(struct shape *shape, const char *word)
{
    bool *const flags[] = {&shape->same_order, &shape->quoted, &shape->is_short, &shape->dated};
    static const char *const names[] = {"same-order", "quoted", "short", "dated"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(word, names[i]) == 0)
            return *flags[i] = true;
    return strcmp(word, "shuffled") == 0;
}

int main(int argc, char **argv)
{
    struct shape shape = {.rows = argc > 2 ? strtoull(argv[1], NULL, 10) : 0};
    bool good = argc > 2 && shape.rows > 0;
    if (good)
        shape.newer = strcmp(argv[2], "newer") == 0;
    for (int i = 3; i < argc; i++)
        good = good && take(&shape, argv[i]);
    if (!good) {
        (void)fputs("usage: generate ROWS older|newer [SHAPE...]\n", stderr);
        return 64;
    }
    static const char *const short_header[] = {"akid", "first_name", "last_name", "email", "note"};
    size_t columns = shape.is_short ? 5 : sizeof header / sizeof *header;
    for (size_t i = 0; i < columns; i++)
        field(&shape, i == 0, shape.is_short ? short_header[i] : header[i]);
    (void)putchar_unlocked('\n');
    for (uint64_t place = 0; place < shape.rows; place++)
        row(&shape, place);
    return fflush(stdout) == 0 ? 0 : 74;
}
