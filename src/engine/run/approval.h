/*
 * Consent. What needs it: a change unless -y was given, a destruction unless
 * --yes-destroy was. Who gives it: the person at the terminal, or the option.
 * Silence, the end of input and an answer that is not understood are never yes.
 */
#ifndef FSOPS_ENGINE_APPROVAL_H
#define FSOPS_ENGINE_APPROVAL_H

#include "engine/plan/prepared.h"
#include "fsops/question.h"
#include "place.h"

/* Must somebody say yes to EFFECT? */
bool approval_needed(const struct run_options *options, enum effect effect);

struct asking;

/* Ask, with the events around it. FN is called once, from the loop: ANSWER_NOBODY when there is
 * nobody. What is returned is freed then. */
struct asking *approval_ask(
    const struct place *place, const struct prepared *prepared, answer_fn *fn, void *ctx);

/* A change has failed: retry, skip or abort. WHY says how. */
struct asking *approval_ask_failed(const struct place *place, const struct prepared *prepared,
    const char *why, answer_fn *fn, void *ctx);

/* A change had begun when the run was interrupted: ANSWER_RETRY runs it again, ANSWER_YES takes it as
 * done. COMMAND is what was recorded, TEXT what is known. */
struct asking *approval_ask_interrupted(
    const struct place *place, const char *command, const char *text, answer_fn *fn, void *ctx);

/* Record what a person wrote beside a question about PLACE. */
void approval_note(const struct place *place, const char *text);

/* The run is being stopped: FN will not be called. NULL is allowed. */
void approval_withdraw(struct asking *asking);

/* Record that an option gave consent. */
void approval_by_option(const struct place *place, const struct prepared *prepared);

#endif
