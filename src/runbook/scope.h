/*
 * What can be named in an expression, where it stands.
 *
 *	struct scope scope = {.catalog = catalog};
 *	scope_begin(&scope, runbook);
 *	… for each action in order: scope_at(), scope_own(), compile …
 *	scope_end(&scope);
 *
 * Everything that a runbook defines has an order: results and captures come to be one after the
 * other. What comes later than `now` cannot be named, and the message says where it comes.
 */
#ifndef FSOPS_RUNBOOK_SCOPE_H
#define FSOPS_RUNBOOK_SCOPE_H

#include "fsops/buf.h"
#include "fsops/model.h"
#include "names.h"

/* Something that is there from ORDER on. */
struct known {
	size_t order;
	const struct action *action; /* whose result it is, or that captures it */
};

struct scope {
	const struct catalog *catalog;
	const struct runbook *runbook; /* NULL: the platform, which has no results and metrics */
	bool channel;          /* a channel of the platform: `message` and `run` are there */
	struct names vars;     /* → struct var */
	struct names captures; /* → struct known */
	struct names actions;  /* by id → struct known */
	struct known *known;   /* the memory of both */
	size_t known_count;

	size_t now;
	const struct action *action; /* that the expression belongs to; or NULL */
	const struct action *own;    /* whose result's fields have names of their own; or NULL */
	const char *step_item;       /* the `as` of a step's for_each; or NULL */
	const char *action_item;     /* the same of an action's */

	/* What the last compilation asked for. */
	const struct known *later; /* a name that is there only later */
	bool metrics;              /* `metrics` was named */
};

/* Collect what the runbook (NULL: the platform) will define. Variables are added one by one, so
 * that a default can name those before it. */
void scope_begin(struct scope *scope, const struct runbook *runbook);
void scope_add_var(struct scope *scope, const struct var *var);
void scope_end(struct scope *scope);

/* Whether NAME is a variable, or a captured one that is there by now. */
bool scope_has_variable(struct scope *scope, const char *name);

/* Whether NAME is there, where the expression stands. */
bool scope_knows(struct scope *scope, const char *name);
/* What to do about NAME, which is not known, as "; …"; nothing when there is no telling. */
void scope_advise(const struct scope *scope, const char *name, struct buf *out);

/* For expr_compile(); borrows SCOPE. */
struct expr_names scope_names(struct scope *scope);

#endif
