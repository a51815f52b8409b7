/*
 * The requests that the senders make of people. Each sets the job's stage, which is the program's
 * own, and is sent by sender_send.
 */
#ifndef SENDER_REQUESTS_H
#define SENDER_REQUESTS_H

#include "send/sender.h"

/* Looks for whoever has the address, which is borrowed. */
enum sender_step sender_look_up(struct sender_job *job, const char *address, int stage);

/* Reads the person of the job's id. */
enum sender_step sender_read(struct sender_job *job, int stage);

/* Creates or updates by address, with the job's body. */
enum sender_step sender_post(struct sender_job *job, int stage);

/* Updates the person of the job's id, for a rehearsal also without one: PUT takes the body's person
 * itself, without the helper's tags. */
enum sender_step sender_put(struct sender_job *job, int stage);

#endif
