/*
 * The plan: what a dry run prints and what a run runs, one structure, so that they can't differ.
 * Names are resolved, effects known, and every command filled in as far as values are known;
 * a value that is not known yet stands as its `${…}`.
 */
#ifndef FSOPS_PLAN_H
#define FSOPS_PLAN_H

#include <jansson.h>
#include <stdbool.h>

#include "fsops/model.h"
#include "fsops/redact.h"

/* The oldest kubectl with which the commands of a plan work, 1.this. README.md names it, `.ci/deps` reads
 * it here. A runbook that needs a newer one asks for it. */
#define KUBECTL_MINOR_MIN 21

/* So many reads of a step run at once, items of a for_each counted one by one: enough for a health check of a whole
 * platform. */
#define RUN_READS_MAX 32

struct plan_action {
	const struct action *action;
	const char *id; /* borrowed from the action */
	enum effect effect;
	char *command;       /* the equivalent command line, masked; owned */
	char *look;          /* that of its `look:`, masked; owned, or NULL */
	json_t *tunnel;      /* that it goes through (engine/fill/tunnel_spec.h); owned, or NULL */
	json_t *look_tunnel; /* that its `look:` goes through; owned, or NULL */
	json_t *plain;      /* what values that are not known yet may hold in the command: a list of
	                        {"expr", "plain"}, as of struct embed_piece; owned, or NULL */
	json_t *look_plain; /* the same of its `look:` */
	struct plan *nested; /* of a `runbook:` action; owned, or NULL */
	bool items_at_once;  /* it is a read, and the items of its for_each run at once */
};

struct plan_step {
	const struct step *step;
	enum section section;
	const char *id;
	const char *title;
	msec budget;
	bool selected; /* false: left out by --from or --only */
	struct plan_action *actions;
	size_t action_count;
	bool rounds_at_once; /* only reads: all of it runs for the items of its for_each at once */
};

struct plan {
	const struct catalog *catalog;
	const struct runbook *runbook;
	json_t *vars;   /* every variable that has a value: name → value */
	json_t *names;  /* what expressions may name before the run: vars, env, links, contacts */
	json_t *refs;   /* what expressions look at; engine/plan/refs.h */
	json_t *chosen; /* what was asked for besides the runbook: {"given": names of --var, "from",
	                   "only", "found": names of those that no person said, "due": the time that
	                   --if-due started it for}; a resumed run asks for the same */
	struct redact *redact;   /* knows the secrets; shared with the run */
	struct plan_step *steps; /* of all sections, in order */
	size_t step_count;
	size_t changes; /* how many selected actions have each effect */
	size_t destroys;
	bool nested; /* part of another plan: REDACT is that one's */
};

struct plan_options {
	const char *const *vars; /* "K=V" */
	size_t var_count;
	const json_t
	    *found; /* names of VARS that have their values from an alert, or from what another
	                        runbook has found; NULL: none */
	const char *from;        /* a step's id, title or number; NULL: the first */
	const char *const *only; /* the same */
	size_t only_count;
	bool
	    script; /* for a shell script: secrets stand in the commands as the `${…}` they come from, not
	                 as masks */
	bool lenient; /* `fsops show`: a required variable without a value is no error, it stands as
	                 its name (`${version}`) like everything that is not known yet */
};

/* Errors: a missing or ill-formed variable, a step that is not there, runbooks that call each other
 * in a circle. Touches nothing: no socket, no child process, no file. */
struct plan *plan_new(const struct catalog *catalog, const struct runbook *runbook,
    const struct plan_options *options, struct err *err);
void plan_free(struct plan *plan);

struct plan_totals {
	size_t reads;
	size_t changes;
	size_t destroys;
	size_t manual; /* left to people; counted nowhere else */
	msec budget;   /* of the selected steps that run when all goes well */
};

/* Adds PLAN's selected actions, those of nested plans too. */
void plan_count(const struct plan *plan, struct plan_totals *totals);

/* Is it done by a person? */
bool plan_action_manual(const struct plan_action *action);

/* Is it a `metrics:` action that measures METRIC? */
bool plan_action_measures(const struct plan_action *action, const struct metric *metric);

/* What selected steps look at and steps that are left out would have given: a new array of sentences. It
 * may still not matter: a condition may keep the action from being run. */
json_t *plan_missing(const struct plan *plan);

/* The tunnels that the plan's actions and metrics need: a new array of objects with `target`, `to`,
 * `command` (that opens it), `automatic`, then also `name` (it is opened only when that does not
 * resolve), `host` and `port` (what stands in commands for its address); masked. */
json_t *plan_tunnels(const struct plan *plan);

/* The plan as `--dry-run=json` prints it (product.md, "Machine-readable output"), masked; a new
 * object. Fields are only ever added. */
json_t *plan_json(const struct plan *plan);

/* The variable of the environment that sets NAME: FSOPS_VAR_ and it in capitals; a new string. */
char *var_environment_name(const char *name);

/* What a variable without a pattern takes from strangers: names and numbers, nothing that a command, a
 * query or a URL could read as more than one word. */
#define VAR_PLAIN_PATTERN "[A-Za-z0-9][A-Za-z0-9._-]{0,252}"

/* Whether TEXT, from a stranger, may become the value of VAR: the whole of it fits the variable's
 * pattern, else VAR_PLAIN_PATTERN. */
bool var_admits(const struct var *var, const char *text);

/* What VAR must be, by its default ("a whole number"), when TEXT is not that; NULL: it is. */
const char *var_wrong_type(const struct var *var, const char *text);

/* ARGS of ADAPTER (of a metric's source, of an alert's `expr`) with the platform's variables filled in, as
 * a measurement has them; a new reference. Errors: a variable without a value. */
json_t *platform_filled(const struct catalog *catalog, const struct adapter *adapter,
    const json_t *args, struct err *err);

/* The SHA-256 of each file that the plan comes from: the platform's, the runbook's, those of runbooks
 * inside it. A new object: path → digest. */
json_t *plan_files(const struct plan *plan);

/* What is another in NOW than it was in BEFORE, both as plan_json() makes them: a new array of
 * sentences, empty when nothing is. */
json_t *plan_diff(const json_t *before, const json_t *now);

/* The command that measures METRIC, masked, filled in as far as values are known; a new string. */
char *plan_metric_command(const struct plan *plan, const struct metric *metric);

/* The plan of a runbook that OUTER's run is about to run by the action FROM, with VARS (an object) as its
 * --var. It shares OUTER's secrets and must be freed first. */
struct plan *plan_nested(const struct plan *outer, const struct action *from, const char *name,
    const json_t *vars, struct err *err);

#endif
