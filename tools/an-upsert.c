/*
 * an-upsert: reads change records, creates or updates a person in Action Network for each new or
 * updated one, and writes every record on, those with a result. Touches nothing else.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/cli.h"
#include "base/signals.h"
#include "base/text.h"
#include "people/people.h"
#include "people/person.h"
#include "send/answers.h"
#include "send/options.h"
#include "send/requests.h"
#include "send/sender.h"

static const char PROGRAM[] = "an-upsert";

/*
 * One record's way. Usually START, POSTED: Action Network matches by address. A member whose
 * address changed (`older`) is the person of the roster's id, or who has the older address:
 *
 *   START -> PUT_BY_ROSTER -> done            when the new address was free
 *                          -> LOOKED_UP_INSTEAD -> POSTED_INSTEAD -> OLDER_READ -> OLDER_LAPSED
 *                                             when somebody else has it
 *   START -> OLDER_LOOKED_UP -> PUT_BY_LOOKUP as PUT_BY_ROSTER   without an id, or one that is gone
 *
 * With overrides, whoever is to be changed is READ (or LOOKED_UP by address) first.
 */
enum stage {
    START,
    LOOKED_UP,
    LOOKED_UP_INSTEAD,
    OLDER_LOOKED_UP,
    READ,
    POSTED,
    PUT_BY_ROSTER,
    PUT_BY_LOOKUP,
    POSTED_INSTEAD,
    OLDER_READ,
    OLDER_LAPSED
};

static void say(const char *line)
{
    cli_warn(PROGRAM, "%s", line);
}

static bool wants(const char *change)
{
    return strcmp(change, "new") == 0 || strcmp(change, "updated") == 0;
}

static bool prepare(struct sender_job *job, const struct field_map *map)
{
    json_t *person = json_object_get(job->record, "person");
    struct failure failure;
    if (json_is_object(person)) {
        job->body = json_pack("{s:O}", "person", person);
        if (job->body != NULL && person_address(job->body) != NULL)
            return true;
        if (job->body != NULL)
            (void)sender_failed(job, "the person has no email address");
        return false;
    }
    if (job->row == NULL) {
        (void)sender_failed(job, "the record has neither row nor person");
        return false;
    }
    const json_t *was = json_object_get(job->record, "was");
    enum status status = person_from_row(map, job->row, was, &job->body, &failure);
    if (status == STATUS_DATA)
        (void)sender_failed(job, "%s", failure.text);
    return status == STATUS_OK;
}

/* Creates or updates by address. */
static enum sender_step upsert(struct sender_job *job)
{
    return job->overrides ? sender_look_up(job, person_address(job->body), LOOKED_UP)
                          : sender_post(job, POSTED);
}

/* The roster's id is not the person's any more, or there was none. */
static enum sender_step follow_by_address(struct sender_job *job)
{
    free(job->id);
    job->id = NULL;
    return sender_look_up(job, job->older, OLDER_LOOKED_UP);
}

static enum sender_step start(struct sender_job *job)
{
    if (job->dry_run && job->older == NULL)
        return sender_post(job, POSTED);
    if (job->dry_run)
        return sender_put(job, PUT_BY_ROSTER);
    if (job->older == NULL)
        return upsert(job);
    if (job->id == NULL)
        return follow_by_address(job);
    if (!job->overrides)
        return sender_put(job, PUT_BY_ROSTER);
    return sender_read(job, READ);
}

static enum sender_step looked_up(struct sender_job *job, const struct http_answer *answer,
                                  enum stage next)
{
    const json_t *person;
    if (!people_found(answer->json, person_address(job->body), &person))
        return sender_failed(job, "Action Network's answer does not say who has the address");
    return sender_respect_overrides(job, person) ? sender_post(job, (int)next) : SENDER_NO_MEMORY;
}

static enum sender_step older_looked_up(struct sender_job *job, const struct http_answer *answer)
{
    const json_t *person;
    if (!people_found(answer->json, job->older, &person))
        return sender_failed(job, "Action Network's answer does not say who has the older address");
    if (!sender_take_id(job, person_id(person)))
        return SENDER_NO_MEMORY;
    if (job->id == NULL)
        return upsert(job); /* nobody has the older address any more */
    return sender_respect_overrides(job, person) ? sender_put(job, PUT_BY_LOOKUP)
                                                 : SENDER_NO_MEMORY;
}

/* Somebody else may have the new address: then that person is this member, and the older one is no
 * more. */
static enum sender_step follow_instead(struct sender_job *job)
{
    job->older_id = job->id;
    job->id = NULL;
    return sender_look_up(job, person_address(job->body), LOOKED_UP_INSTEAD);
}

/* A followed change was put. Action Network may silently keep the older address when the new one is
 * taken. */
static enum sender_step followed(struct sender_job *job, const struct http_answer *answer)
{
    if (person_has_address(answer->json, person_address(job->body)))
        return sender_compare(job, answer);
    return sender_is_about(job, answer->json) ? follow_instead(job) : sender_wrong_person(job);
}

/* Or it refuses the change, which it does for other reasons, too. */
static enum sender_step follow_refused(struct sender_job *job, const struct http_answer *answer)
{
    job->refusal = json_pack("{s:s, s:I, s:s}", "status", "failed", "http",
                             (json_int_t)answer->code, "error", answer->error);
    return job->refusal != NULL ? follow_instead(job) : SENDER_NO_MEMORY;
}

/* A change that was refused although nobody has the new address stays refused. */
static enum sender_step looked_up_instead(struct sender_job *job, const struct http_answer *answer)
{
    const json_t *person = NULL;
    if (job->refusal == NULL || !people_found(answer->json, person_address(job->body), &person) ||
        person != NULL)
        return looked_up(job, answer, POSTED_INSTEAD);
    job->result = json_incref(job->refusal);
    return SENDER_DONE;
}

static enum sender_step posted_instead(struct sender_job *job, const struct http_answer *answer)
{
    enum sender_step step = sender_compare(job, answer);
    if (step != SENDER_DONE || sender_has_failed(job) || ascii_equal(job->id, job->older_id))
        return step; /* the same id: it was the same person after all */
    job->stage = OLDER_READ;
    return sender_send(job, "GET", people_url(job->service, job->older_id), NULL);
}

/* A PUT names an address, and changes it: so the older person is read first, and keeps the one that
 * is there. The result stays that of the new address. */
static enum sender_step older_read(struct sender_job *job, const json_t *person)
{
    const char *address = person_address(person);
    bool same = ascii_equal(person_id(person), job->older_id) && address != NULL;
    json_t *lapsed = same ? person_lapsed(address) : NULL;
    json_t *taken =
        lapsed != NULL && job->overrides ? person_respect_overrides(lapsed, person) : NULL;
    bool made = lapsed != NULL && (taken != NULL || !job->overrides);
    bool stays = json_array_size(taken) > 0;
    enum sender_step step = SENDER_DONE;
    if (!same) {
        step = sender_wrong_person(job);
    } else if (!made ||
               !sender_note(
                   job, "note",
                   json_string(stays ? "the new address was another person's; the person with the "
                                       "older one has override_is_member and is left alone"
                                     : "the new address was another person's; the person with "
                                       "the older one is lapsed"))) {
        step = SENDER_NO_MEMORY;
    } else if (!stays) {
        job->stage = OLDER_LAPSED;
        step = sender_send(job, "PUT", people_url(job->service, job->older_id),
                           json_object_get(lapsed, "person"));
    }
    json_decref(taken);
    json_decref(lapsed);
    return step;
}

/* What a refusal means at this stage: an answer as any other, or the record's failure. */
static enum sender_step refused(struct sender_job *job, const struct http_answer *answer)
{
    /* Believed of the roster's id only: whoever was there a moment ago is not gone. */
    bool gone = answer->code == 404 || answer->code == 410;
    if (gone && (job->stage == READ || job->stage == PUT_BY_ROSTER))
        return follow_by_address(job);
    bool put = job->stage == PUT_BY_ROSTER || job->stage == PUT_BY_LOOKUP;
    if (put && !gone && answer->code >= 400 && answer->code < 500)
        return follow_refused(job, answer);
    return sender_refused(job, answer);
}

static enum sender_step step(struct sender_job *job, const struct http_answer *answer)
{
    if (answer == NULL)
        return start(job);
    if (answer->json == NULL || answer->code > 299)
        return refused(job, answer);
    switch ((enum stage)job->stage) {
    case LOOKED_UP:
        return looked_up(job, answer, POSTED);
    case LOOKED_UP_INSTEAD:
        return looked_up_instead(job, answer);
    case OLDER_LOOKED_UP:
        return older_looked_up(job, answer);
    case READ:
        return sender_respect_overrides(job, answer->json) ? sender_put(job, PUT_BY_ROSTER)
                                                           : SENDER_NO_MEMORY;
    case PUT_BY_ROSTER:
    case PUT_BY_LOOKUP:
        return followed(job, answer);
    case POSTED_INSTEAD:
        return posted_instead(job, answer);
    case OLDER_READ:
        return older_read(job, answer->json);
    case OLDER_LAPSED:
        return sender_took_lapse(job, answer);
    default:
        return sender_compare(job, answer);
    }
}

int main(int argc, char **argv)
{
    cli_start();
    static const struct sender_program UPSERT = {.name = PROGRAM,
                                                 .wants = wants,
                                                 .prepare = prepare,
                                                 .step = step,
                                                 .reports_missing = true,
                                                 .say = say};
    struct sender_options options;
    struct option_line lines[SENDER_OPTION_LINES];
    int actions = SENDER_RUN;
    struct option_line more[SENDER_ANSWER_LINES];
    const struct options_command command = {
        .name = PROGRAM,
        .usage = "usage: an-upsert [-n] [-m MAP] [-r RATE] [-j JOBS] [--overrides]\n"
                 "                 [--deadline SECONDS] [-v] [FILE]\n"
                 "       an-upsert [-m MAP] --print-map | --print-columns | --print-keys | "
                 "--print-digest |\n"
                 "                 --check\n"
                 "       an-upsert --group [FILE]\n",
        .about = "Creates or updates people in Action Network for the new and updated among the "
                 "change records.\n",
        .lines = lines,
        .more = more,
        .operands = "one file",
        .most = 1,
    };
    struct failure failure;
    enum status status;
    sender_options_lines(&options, lines);
    sender_answer_lines(&actions, more);
    if (!options_read(&command, argc, argv, &status))
        return (int)status;
    options.file = argv[optind];
    options.say = say;
    status = actions == SENDER_RUN ? sender_run(&UPSERT, &options, &failure)
                                   : sender_answer(&options, actions, &failure);
    if (status != STATUS_OK)
        cli_warn(PROGRAM, "%s", failure.text);
    signals_die();
    return (int)cli_finish(PROGRAM, status);
}
