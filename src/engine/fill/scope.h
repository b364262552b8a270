/*
 * Where the names of an expression come from: a chain of JSON objects, the
 * innermost first. The run's own names (variables, results, metrics, links …)
 * are the outermost; a for_each item and an action's own result lie over them.
 */
#ifndef FSOPS_ENGINE_SCOPE_H
#define FSOPS_ENGINE_SCOPE_H

#include <jansson.h>
#include <stdbool.h>

#include "fsops/clock.h"
#include "fsops/err.h"
#include "fsops/expr.h"
#include "fsops/model.h"
#include "fsops/redact.h"

struct scope {
	const struct scope *outer;
	const json_t *names;       /* object; borrowed, may be NULL */
	bool items;                /* the names are items of a for_each */
	const struct clock *clock; /* outermost only: what `now` is; NULL: not known yet */
	struct redact *redact;     /* outermost only: is told what is made of secrets; or NULL */
	size_t *steps_left;        /* innermost only: as of struct expr_scope; or NULL */
};

/* The names that do not change during a run: env, links, contacts. A new object. */
json_t *scope_constants(const struct platform *platform);

/* What SCOPE's outermost one tells of secrets; or NULL. */
struct redact *scope_redact(const struct scope *scope);

/* Evaluate a condition's expression in SCOPE. ERR says "'text': why". */
int scope_eval(
    const struct scope *scope, const struct condition *condition, json_t **out, struct err *err);
int scope_eval_bool(
    const struct scope *scope, const struct condition *condition, bool *out, struct err *err);

/* Evaluate text that was checked at load (a template's `${…}`). */
int scope_eval_text(const struct scope *scope, const char *text, size_t len, json_t **out,
    bool *secret, struct err *err);

#endif
