/*
 * libFuzzer's way into mime-extract: a mail is parsed, checked and listed, and its export taken
 * out. Of the input's first byte the lowest bit says whether it is a mail or an archive, the next
 * one whether mails in the mail stay closed.
 *
 * GMime itself leaks a little on malformed addresses; what we leak shows in make check SANITIZE=1.
 */
#include "fuzz.h"

#include "mail/auth_results.h"
#include "mail/check.h"
#include "mail/extract.h"
#include "mail/mail.h"

enum { MOST = 1024 * 1024 }; /* bytes that anything may unpack to */

/* What comes out is never larger than allowed, and it is UTF-8 and not empty. */
static void check_csv(enum status status, const struct buffer *csv)
{
    require(csv->length <= MOST);
    if (status == STATUS_OK)
        require(csv->length > 0 && utf8_valid(csv->bytes, csv->length, NULL));
}

static void check_facts(const struct mail *mail)
{
    const struct mail_facts *facts = mail_facts(mail);
    const char *texts[] = {facts->from,       facts->from_domain,    facts->subject, facts->date,
                           facts->message_id, facts->authentication, facts->spam,    facts->virus};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        require(texts[i] == NULL || utf8_valid(texts[i], strlen(texts[i]), NULL));
    for (size_t i = 0; i < mail_part_count(mail); i++) {
        const struct mail_part *part = mail_part(mail, i);
        require(part->type != NULL);
        require(part->name == NULL || utf8_valid(part->name, strlen(part->name), NULL));
    }
}

static void try_mail(struct buffer *raw, bool inside, struct buffer *csv)
{
    struct failure failure;
    struct mail *mail;
    struct charset_warning warning;
    if (mail_parse(raw, &mail, &failure) != STATUS_OK)
        return;
    (void)mail_check_from(mail, "rosa@example.org,@example.com", &failure);
    (void)mail_check_subject(mail, "Export", &failure);
    (void)mail_check_authentication(mail, MAIL_CHECK_SES, true, &failure);
    (void)mail_check_own_words(mail, false, &failure);
    if (mail_read_parts(mail, inside, &failure) == STATUS_OK) {
        check_facts(mail);
        check_csv(extract_from_mail(mail, csv, &warning, &failure), csv);
    }
    mail_free(mail);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer raw = {.limit = 0};
    struct buffer csv = {.limit = MOST};
    struct failure failure;
    struct charset_warning warning;
    if (size < 1)
        return 0;
    require(buffer_append(&raw, data + 1, size - 1));
    if ((data[0] & 1) != 0)
        try_mail(&raw, (data[0] & 2) == 0, &csv);
    else
        check_csv(extract_from_file(&raw, &csv, &warning, &failure), &csv);
    buffer_free(&raw);
    buffer_free(&csv);
    return 0;
}
