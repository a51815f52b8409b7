/*
 * The loop under an-upsert and an-lapse: records in, requests through the engine (http.h), results
 * out.
 *
 * It keeps the rules of every filter: a line that is not the program's business goes on byte for
 * byte, results go out as they arrive, and a later record never overtakes an earlier one of the
 * same address. What a program does with one record is a function of its own, called once to begin
 * and once for each answer, which says what to send next or how it ended.
 */
#ifndef SENDER_H
#define SENDER_H

#include "base/status.h"
#include "http/http.h"
#include "people/person.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct sender_options {
    bool dry_run;
    bool overrides;
    bool verbose;
    double rate;                   /* requests a second; 0: no limit */
    size_t jobs;                   /* requests in flight at the most */
    double deadline;               /* seconds from the start; 0: none */
    const char *map;               /* a path; NULL: $AN_FIELD_MAP or the built-in map */
    const char *file;              /* NULL or "-": standard input */
    void (*say)(const char *line); /* of sender_answer: tells people one line */
};

/* One record on its way. */
struct sender_job {
    /* Given: */
    const json_t *record;
    const json_t *row;   /* NULL when the record has none */
    const char *key;     /* the record's key; never NULL */
    const char *service; /* the API's URL */
    const char
        *older; /* normalized address (the map's) before a followed change of address; the key, when
                   such a change may have been applied without an answer; else NULL */
    bool dry_run; /* only the request that changes something is wanted */
    bool overrides;
    /* The program's, freed with the job: */
    int stage;       /* starts at 0 */
    json_t *body;    /* of the request that matters; made by the sender from the row or `person` */
    json_t *whole;   /* the same before overrides took anything out of it; NULL without */
    char *id;        /* Action Network's id of the person; from the row where it had one */
    char *older_id;  /* of the person who keeps the older address */
    json_t *refusal; /* the result of a change that was refused, when it may not be the end */
    bool is_elsewhere;  /* the person has another address than the record */
    json_t *overridden; /* names of the fields that were left alone, NULL without */
    /* What to send next, set by sender_send: */
    const char *method;
    char *url;
    json_t *send;
    /* How it ended, set by sender_ok and sender_failed: */
    json_t *result;
};

enum sender_step {
    SENDER_SEND,     /* sender_send was called */
    SENDER_DONE,     /* the result is set */
    SENDER_NO_MEMORY /* the run ends */
};

struct sender_program {
    const char *name;
    /* Whether a change of this kind is the program's. */
    bool (*wants)(const char *change);
    /* Makes the body; false without memory, or with the job's result set (sender_failed). */
    bool (*prepare)(struct sender_job *job, const struct field_map *map);
    /* `answer` is NULL at first; then what came back for the last request, which was answered: with
     * a 2xx, or with a final refusal. */
    enum sender_step (*step)(struct sender_job *job, const struct http_answer *answer);
    /* Whether to say once which fields of the map the export has no column for. */
    bool reports_missing;
    /* Tells people one line. */
    void (*say)(const char *line);
};

/* For steps. sender_send takes over `url` (NULL stands for memory that ran out) and borrows `body`.
 */
enum sender_step sender_send(struct sender_job *job, const char *method, char *url,
                             const json_t *body);

/* Ends well. `note` (NULL for none) goes into the result. */
enum sender_step sender_ok(struct sender_job *job, const char *note);

/* Ends as failed, with printf's format as the error. */
enum sender_step sender_failed(struct sender_job *job, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Ends as failed because the answer is about somebody else. */
enum sender_step sender_wrong_person(struct sender_job *job);

/* Whether an answer is about the person of the job's id, at whatever address. */
bool sender_is_about(const struct sender_job *job, const json_t *person);

/* Ends as failed with what the server said. */
enum sender_step sender_refused(struct sender_job *job, const struct http_answer *answer);

/* Ends according to what the answer shows to be stored: failed when it is another person's or when
 * is_member was not taken; ok otherwise, with what else was not taken as `unapplied`, and with the
 * answer's id. */
enum sender_step sender_compare(struct sender_job *job, const struct http_answer *answer);

/* Makes the body what the person's overrides leave of it, where they count; NULL for nobody. They
 * are read anew for each person, so it begins with the whole each time. False without memory. */
bool sender_respect_overrides(struct sender_job *job, const json_t *person);

/* Ends according to whether the answer shows the lapse of the older person, after which the job's
 * result stays what it was: failed when is_member was not taken. */
enum sender_step sender_took_lapse(struct sender_job *job, const struct http_answer *answer);

/* Whether the job's result is that it failed. */
bool sender_has_failed(const struct sender_job *job);

/* Takes a copy of the id for the job; NULL keeps the old one. False when memory runs out. */
bool sender_take_id(struct sender_job *job, const char *id);

/* Adds a member to the result of a job that ended well; takes over `value`, drops an empty array.
 * False without memory. */
bool sender_note(struct sender_job *job, const char *name, json_t *value);

/* Runs to the end of the input. `failure` says why it is not STATUS_OK: for STATUS_SOME_FAILED how
 * many failed and the first error; nothing when the reader of the output has gone (STATUS_IO).
 * STATUS_CONFIG without a key (unless a dry run). When a signal ended the run, signals_caught() is
 * not 0. */
enum status sender_run(const struct sender_program *program, const struct sender_options *options,
                       struct failure *failure);

#endif
