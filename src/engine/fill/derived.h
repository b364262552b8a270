/* Which texts of an expression a secret went into, by what is masked in them. */
#ifndef FSOPS_ENGINE_DERIVED_H
#define FSOPS_ENGINE_DERIVED_H

#include "fsops/expr.h"
#include "fsops/redact.h"

/* A text that is shorter, or just says yes or no or a small number, would mask what has nothing to do with
 * the secret. */
#define DERIVED_DIGITS_MIN 8

/* Whether MADE shows less of the secrets that are in FROM than FROM does, and is no text that stands there
 * beside them. */
bool derived_is_secret(const struct redact *redact, const struct expr_text *from, size_t count,
    const struct expr_text *made);

/* Mask TEXT from now on, if it is long enough. -1: it is too long. */
int derived_keep(struct redact *redact, const struct expr_text *text);

/* Whether anything of VALUE would be masked. */
bool derived_holds_secret(const struct redact *redact, const json_t *value);

#endif
