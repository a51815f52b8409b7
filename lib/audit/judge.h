/*
 * A person of Action Network beside the rows that name the address: what of them agrees.
 */
#ifndef AUDIT_JUDGE_H
#define AUDIT_JUDGE_H

#include "audit/outcome.h"

#include <jansson.h>
#include <stdbool.h>

/* Whether a person has what `should`, a person, too, asks for (person_differences, with its
 * `overrides`). STATUS_IO without memory. */
enum status judge_has(const json_t *should, const json_t *person, bool overrides, bool *yes,
                      struct failure *failure);

/* Sets the outcome of `row`, the first with its address, from the person to whom that belongs and
 * who has this id: AGREES or RENUMBERED when one of the rows with the address agrees, `otherwise`
 * with the differences from the first of them when none does, UNKNOWN when a row makes no person; a
 * DOUBTFUL one stays so. STATUS_IO. */
enum status judge_person(struct audit *audit, size_t row, const json_t *person,
                         const unsigned char id[UUID_BYTES], enum outcome otherwise,
                         struct failure *failure);

/* Sets it to UNKNOWN, and keeps a copy of the reason. STATUS_IO without memory. */
enum status judge_unknown(struct audit *audit, size_t row, const char *reason,
                          struct failure *failure);

#endif
