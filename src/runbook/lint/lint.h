/*
 * What the rules of lint share: where they are in a runbook, and how they say something.
 *
 * A rule is a row of rules.c and a function; lint.c walks, and calls it with everything
 * above the place set.
 */
#ifndef FSOPS_RUNBOOK_LINT_H
#define FSOPS_RUNBOOK_LINT_H

#include "fsops/lint.h"
#include "fsops/text.h"
#include "runbook/names.h"

struct lint_rule;

struct lint {
	const struct catalog *catalog;
	struct problems *list;
	const struct lint_rule *rule;  /* that is being asked */
	const struct runbook *runbook; /* NULL: the platform */
	struct names defined;          /* variables and captures: to their own names */
	struct names secrets;          /* those whose values are masked, */
	struct names used;             /* those that something names */
	bool found;                    /* for whoever looks for something in a walk */
	enum section section;
	const struct step *step;
	const struct action *action;
};

typedef void lint_fn(struct lint *lint);

struct lint_rule {
	struct lint_rule_info info;
	const char *adapters; /* of an action, "kubectl exec": only these; NULL: all */
	lint_fn *platform;    /* any of these may be NULL */
	lint_fn *runbook;
	lint_fn *step;
	lint_fn *action; /* its adapter could read it */
};
extern const struct lint_rule lint_rules[]; /* ends with a NULL id */

/* One warning of the rule that is being asked, unless a comment allows it. */
void lint_say(struct lint *lint, struct pos pos, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Where KEY stands in a map; the map's place when it does not. */
struct pos lint_key_pos(const struct node *map, const char *key);

/* names.c: fill `defined`, `secrets` and `used` of a runbook. */
void lint_collect_names(struct lint *lint);
/* Whether an expression's value is a secret, or made of one. */
bool lint_is_secret(const struct lint *lint, const struct expr *expr);

/* Call FN for each `${…}` of NODE and below: the compiled expression and where it begins. One that
 * does not compile was reported by the loader. */
typedef void lint_hole_fn(struct lint *lint, const struct expr *expr, struct pos pos);
void lint_each_hole(struct lint *lint, const struct node *node, lint_hole_fn *fn);

/* command.c: the rules on the commands that kubectl, exec and shell run. */
lint_fn lint_endless, lint_deprecated, lint_destroys_all, lint_long_timeout, lint_pipe,
    lint_script_value;

/* text.c: numbers that are meant as text, of each place; holes in a step's title. */
lint_fn lint_number_platform, lint_number_runbook, lint_number_action, lint_step_title;

#endif
