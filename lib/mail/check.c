#include "mail/check.h"

#include "mail/auth_results.h"
#include "mail/name.h"

#include <glib.h>
#include <libpsl.h>
#include <string.h>
#include <strings.h>

static const char NOT_ONE_SENDER[] =
    "refused: its From does not name one address that everybody reads the same";

/* ---- from and subject ---- */

/* Whether one item of the list, trimmed, is the address, or "@" and its domain. */
static bool is_sender(const char *item, size_t length, const struct mail_facts *facts)
{
    const char *own = length > 0 && item[0] == '@' ? facts->from_domain : facts->from;
    if (length > 0 && item[0] == '@') {
        item++;
        length--;
    }
    return length > 0 && strlen(own) == length && strncasecmp(item, own, length) == 0;
}

enum status mail_check_from(const struct mail *mail, const char *senders, struct failure *failure)
{
    const struct mail_facts *facts = mail_facts(mail);
    if (facts->from == NULL)
        return fail(failure, STATUS_DATA, "%s", NOT_ONE_SENDER);
    for (const char *item = senders; *item != '\0';) {
        item += strspn(item, ", \t");
        size_t length = strcspn(item, ", \t");
        if (is_sender(item, length, facts))
            return STATUS_OK;
        item += length;
    }
    return fail(failure, STATUS_DATA, "refused: it is from %s, not from %s",
                mail_quote(facts->from).text, senders);
}

/* The text in a form in which only letters' case is lost; to be freed by g_free. */
static char *folded(const char *text)
{
    char *valid = g_utf8_make_valid(text, -1);
    char *normal = g_utf8_normalize(valid, -1, G_NORMALIZE_ALL_COMPOSE);
    char *fold = g_utf8_casefold(normal != NULL ? normal : valid, -1);
    g_free(normal);
    g_free(valid);
    return fold;
}

enum status mail_check_subject(const struct mail *mail, const char *text, struct failure *failure)
{
    const char *subject = mail_facts(mail)->subject != NULL ? mail_facts(mail)->subject : "";
    char *haystack = folded(subject);
    char *needle = folded(text);
    bool found = strstr(haystack, needle) != NULL;
    g_free(haystack);
    g_free(needle);
    return found ? STATUS_OK
                 : fail(failure, STATUS_DATA, "refused: its subject is %s, without '%s'",
                        mail_quote(subject).text, text);
}

/* ---- authentication ---- */

/* The organizational domain (RFC 7489, 3.2): the one below a public suffix. NULL for a suffix
 * itself, such as "org" or "co.uk"; to be freed by g_free. */
static char *organizational_domain(const char *domain)
{
    char *lower = g_ascii_strdown(domain, -1);
    const psl_ctx_t *list = psl_builtin();
    char *organizational = list != NULL ? g_strdup(psl_registrable_domain(list, lower)) : NULL;
    g_free(lower);
    return organizational;
}

/* DMARC's relaxed alignment (RFC 7489, 3.1.1). */
static bool is_aligned(const char *signer, const char *domain)
{
    if (signer == NULL || ascii_equal(signer, domain))
        return signer != NULL;
    char *one = organizational_domain(signer);
    char *other = organizational_domain(domain);
    bool aligned = one != NULL && other != NULL && strcmp(one, other) == 0;
    g_free(one);
    g_free(other);
    return aligned;
}

/* DMARC's word, which must be said once: a second one was smuggled in. A server may have none to
 * say, but Amazon SES always has. */
static enum status check_dmarc(const struct auth_results *results, const char *domain, bool *passed,
                               struct failure *failure)
{
    *passed = false;
    size_t count = auth_results_count(results, "dmarc");
    if (count > 1)
        return fail(failure, STATUS_DATA, "refused: its authentication has two results for dmarc");
    if (count == 0 && ascii_equal(results->server, MAIL_CHECK_SES))
        return fail(failure, STATUS_DATA, "refused: its authentication has no result for dmarc");
    const char *said = auth_results_of(results, "dmarc");
    for (size_t i = 0; i < results->count; i++) {
        const char *from = results->results[i].header_from;
        if (from != NULL && ascii_equal(results->results[i].method, "dmarc") &&
            !ascii_equal(from, domain))
            return fail(failure, STATUS_DATA, "refused: dmarc was looked up for %s, not for %s",
                        mail_quote(from).text, mail_quote(domain).text);
    }
    *passed = ascii_equal(said, "pass");
    if (!*passed && said != NULL && !ascii_equal(said, "none"))
        return fail(failure, STATUS_DATA, "refused: its authentication says dmarc=%s",
                    mail_quote(said).text);
    return STATUS_OK;
}

static enum status check_results(const struct auth_results *results, const char *server,
                                 const char *domain, struct failure *failure)
{
    if (!ascii_equal(results->server, server))
        return fail(failure, STATUS_DATA,
                    "refused: its topmost Authentication-Results is by %s, not by %s",
                    mail_quote(results->server).text, server);
    bool passed;
    enum status status = check_dmarc(results, domain, &passed, failure);
    if (status != STATUS_OK || passed)
        return status;
    for (size_t i = 0; i < results->count; i++) {
        const struct auth_result *result = &results->results[i];
        if (ascii_equal(result->method, "dkim") && ascii_equal(result->result, "pass") &&
            is_aligned(result->signer, domain))
            return STATUS_OK;
    }
    return fail(failure, STATUS_DATA,
                "refused: its authentication has neither dmarc=pass nor dkim=pass for %s",
                mail_quote(domain).text);
}

/* A verdict of SES, which must be there when the server is SES. */
static enum status check_there(const char *name, const char *verdict, bool wanted,
                               struct failure *failure)
{
    return verdict == NULL && wanted ? fail(failure, STATUS_DATA, "refused: it has no %s", name)
                                     : STATUS_OK;
}

/* Whether SES found nothing out. */
static bool is_unsure(const char *verdict)
{
    return ascii_equal(verdict, "GRAY") || ascii_equal(verdict, "PROCESSING_FAILED");
}

/* Honest mail of a sender who is vouched for is called spam often enough that only FAIL counts. */
static enum status check_spam(const char *verdict, bool expected, struct failure *failure)
{
    if (verdict == NULL || ascii_equal(verdict, "PASS") || (expected && is_unsure(verdict)))
        return STATUS_OK;
    const char *advice = ascii_equal(verdict, "FAIL")
                             ? "; if it is honest, take it once with AN_MAIL_REQUIRE_AUTH=no"
                         : is_unsure(verdict) ? "; name its sender (AN_MAIL_FROM) to take it"
                                              : "";
    return fail(failure, STATUS_DATA, "refused: X-SES-Spam-Verdict says %s%s",
                mail_quote(verdict).text, advice);
}

static enum status check_virus(const char *verdict, struct failure *failure)
{
    if (verdict == NULL || ascii_equal(verdict, "PASS") || is_unsure(verdict))
        return STATUS_OK;
    return fail(failure, STATUS_DATA, "refused: X-SES-Virus-Verdict says %s",
                mail_quote(verdict).text);
}

enum status mail_check_authentication(const struct mail *mail, const char *server, bool expected,
                                      struct failure *failure)
{
    const struct mail_facts *facts = mail_facts(mail);
    bool is_ses = ascii_equal(server, MAIL_CHECK_SES);
    if (facts->from == NULL)
        return fail(failure, STATUS_DATA, "%s", NOT_ONE_SENDER);
    if (facts->authentication == NULL)
        return fail(failure, STATUS_DATA, "refused: it has no Authentication-Results");
    enum status status = check_there("X-SES-Virus-Verdict", facts->virus, is_ses, failure);
    if (status == STATUS_OK)
        status = check_there("X-SES-Spam-Verdict", facts->spam, is_ses, failure);
    if (status == STATUS_OK)
        status = check_virus(facts->virus, failure);
    if (status == STATUS_OK)
        status = check_spam(facts->spam, expected, failure);
    struct auth_results *results = NULL;
    if (status == STATUS_OK)
        status = auth_results_parse(facts->authentication, &results, failure);
    if (status == STATUS_OK)
        status = check_results(results, server, facts->from_domain, failure);
    auth_results_free(results);
    return status;
}

/* ---- whose words it holds ---- */

enum status mail_check_own_words(const struct mail *mail, bool automatic, struct failure *failure)
{
    const struct mail_facts *facts = mail_facts(mail);
    if (ascii_equal(facts->type, "multipart/report"))
        return fail(failure, STATUS_DATA,
                    "refused: it is a report (a bounce, say), which holds what others wrote");
    /* A keyword, and perhaps parameters and comments behind it (RFC 3834, 5). */
    const char *said = facts->auto_submitted;
    size_t length = said != NULL ? strcspn(said, "; \t(") : 0;
    if (said == NULL || automatic || (length == 2 && strncasecmp(said, "no", 2) == 0))
        return STATUS_OK;
    return fail(
        failure, STATUS_DATA,
        "refused: a program sent it by itself (Auto-Submitted: %s), and may answer a stranger; "
        "--allow automatic takes such mails",
        mail_quote(said).text);
}

bool mail_check_is_unscanned(const struct mail *mail)
{
    const char *verdict = mail_facts(mail)->virus;
    return verdict != NULL && is_unsure(verdict);
}
