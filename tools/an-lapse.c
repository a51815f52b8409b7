/*
 * an-lapse: reads change records, sets is_member to "False" in Action Network for the lapsed ones,
 * and writes every record on, those with a result. Touches nothing else; nobody is created.
 */
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/cli.h"
#include "base/signals.h"
#include "people/people.h"
#include "people/person.h"
#include "send/options.h"
#include "send/requests.h"
#include "send/sender.h"

static const char PROGRAM[] = "an-lapse";

/*
 * One record's way:
 *
 *   START -> READ -> SENT_BY_ROSTER -> done       with the roster's id
 *   START -> LOOKED_UP -> SENT_BY_LOOKUP -> done   without one, or when it is nobody's any more
 *
 * A PUT names an address, and changes it: so whoever goes by the id is read first.
 */
enum stage { START, LOOKED_UP, READ, SENT_BY_ROSTER, SENT_BY_LOOKUP };

static void say(const char *line)
{
    cli_warn(PROGRAM, "%s", line);
}

static bool wants(const char *change)
{
    return strcmp(change, "lapsed") == 0;
}

/* The address is the row's as the map finds it, else the key. */
static bool prepare(struct sender_job *job, const struct field_map *map)
{
    struct failure ignored;
    json_t *person = NULL;
    if (job->row != NULL && person_from_row(map, job->row, NULL, &person, &ignored) == STATUS_IO)
        return false;
    const char *address = person_address(person);
    job->body = person_lapsed(address != NULL ? address : job->key);
    json_decref(person);
    if (job->body != NULL && address == NULL && strchr(job->key, '@') == NULL) {
        (void)sender_failed(job, "the record has no email address");
        return false;
    }
    return job->body != NULL;
}

/* With the person at hand: leaves alone what the person's overrides protect. */
static enum sender_step put_unless_overridden(struct sender_job *job, const json_t *person,
                                              enum stage stage)
{
    if (!job->overrides)
        return sender_put(job, (int)stage);
    json_decref(job->overridden);
    job->overridden = person_respect_overrides(job->body, person);
    if (job->overridden == NULL)
        return SENDER_NO_MEMORY;
    if (json_array_size(job->overridden) == 0)
        return sender_put(job, (int)stage);
    enum sender_step step = sender_ok(job, "left alone");
    if (step == SENDER_DONE && !sender_note(job, "overridden", json_incref(job->overridden)))
        step = SENDER_NO_MEMORY;
    return step;
}

static enum sender_step start(struct sender_job *job)
{
    if (job->dry_run)
        return sender_put(job, SENT_BY_ROSTER);
    if (job->id == NULL)
        return sender_look_up(job, person_address(job->body), LOOKED_UP);
    return sender_read(job, READ);
}

static enum sender_step looked_up(struct sender_job *job, const struct http_answer *answer)
{
    const json_t *person;
    if (!people_found(answer->json, person_address(job->body), &person))
        return sender_failed(job, "Action Network's answer does not say who has the address");
    if (person == NULL)
        return sender_ok(job, "no such person");
    if (!sender_take_id(job, person_id(person)))
        return SENDER_NO_MEMORY;
    if (job->id == NULL)
        return sender_failed(job, "the answer names no person's id");
    return put_unless_overridden(job, person, SENT_BY_LOOKUP);
}

/* The person of the roster's id, who may have been given another address since. */
static enum sender_step was_read(struct sender_job *job, const json_t *person)
{
    const char *address = person_address(person);
    if (!sender_is_about(job, person) || address == NULL)
        return sender_wrong_person(job);
    if (!person_has_address(person, person_address(job->body))) {
        json_decref(job->body);
        job->body = person_lapsed(address);
        job->is_elsewhere = true;
    }
    return job->body != NULL ? put_unless_overridden(job, person, SENT_BY_ROSTER)
                             : SENDER_NO_MEMORY;
}

/* Set for that person: the result names the address. */
static enum sender_step was_sent(struct sender_job *job, const struct http_answer *answer)
{
    enum sender_step step = sender_compare(job, answer);
    if (step != SENDER_DONE || sender_has_failed(job) || !job->is_elsewhere)
        return step;
    json_t *note = json_string("the address is another one in Action Network");
    return sender_note(job, "note", note) ? step : SENDER_NO_MEMORY;
}

static enum sender_step step(struct sender_job *job, const struct http_answer *answer)
{
    if (answer == NULL)
        return start(job);
    bool gone = answer->code == 404 || answer->code == 410;
    if (gone && (job->stage == READ || job->stage == SENT_BY_ROSTER))
        return sender_look_up(job, person_address(job->body),
                              LOOKED_UP); /* the roster's id is not the person's any more */
    if (answer->json == NULL || answer->code > 299)
        return sender_refused(job, answer);
    switch ((enum stage)job->stage) {
    case LOOKED_UP:
        return looked_up(job, answer);
    case READ:
        return was_read(job, answer->json);
    default:
        return was_sent(job, answer);
    }
}

int main(int argc, char **argv)
{
    cli_start();
    static const struct sender_program LAPSE = {
        .name = PROGRAM, .wants = wants, .prepare = prepare, .step = step, .say = say};
    struct sender_options options;
    struct option_line lines[SENDER_OPTION_LINES];
    const struct options_command command = {
        .name = PROGRAM,
        .usage = "usage: an-lapse [-n] [-m MAP] [-r RATE] [-j JOBS] [--overrides]\n"
                 "                [--deadline SECONDS] [-v] [FILE]\n",
        .about = "Sets is_member to \"False\" in Action Network for the lapsed among the change "
                 "records.\n",
        .lines = lines,
        .operands = "one file",
        .most = 1,
    };
    struct failure failure;
    enum status status;
    sender_options_lines(&options, lines);
    if (!options_read(&command, argc, argv, &status))
        return (int)status;
    options.file = argv[optind];
    status = sender_run(&LAPSE, &options, &failure);
    if (status != STATUS_OK)
        cli_warn(PROGRAM, "%s", failure.text);
    signals_die();
    return (int)cli_finish(PROGRAM, status);
}
