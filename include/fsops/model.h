/*
 * The model: what platform.yaml and the runbooks say, checked and typed.
 * Made by src/runbook/, read-only afterwards; everything is owned by the
 * `struct catalog` that it was loaded into.
 *
 *	struct problems problems = {0};
 *	struct catalog *catalog = catalog_load(&paths, &problems);
 *	… print the problems, all of them
 *	const struct runbook *runbook = catalog_find(catalog, name, &err);
 *	catalog_free(catalog);
 *
 * Problems and what may still be used: an incident must not wait for another runbook's
 * mistake. `catalog->platform->broken`: nothing may be run. `runbook->broken`: this one may
 * not; it stays in the list, with what could be read of it, and catalog_find() refuses it.
 * All others are fine, however many problems were found.
 */
#ifndef FSOPS_MODEL_H
#define FSOPS_MODEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "fsops/adapter.h"
#include "fsops/clock.h"
#include "fsops/expr.h"
#include "fsops/metric.h"
#include "fsops/platform_color.h"

/* An expression as written. `text` NULL: the key was not given; otherwise `expr` is set in
 * every runbook that catalog_find() gives out, and in the platform. */
struct condition {
	char *text;
	struct pos pos; /* where it begins; node_pos_at(node, offset) for a place inside it */
	struct expr *expr;
	const struct node *node; /* the scalar it was read from */
};

/* What every result has besides its adapter's own fields, as `results.ID.…`: the engine sets
 * them, so that a later condition can ask how an action ended. A table that ends with NULL. */
extern const struct adapter_field result_common_fields[]; /* outcome, why, seconds */

/* What there is of a metric in an expression, as `metrics.NAME.…`. Ends with NULL. */
extern const struct adapter_field metric_fields[]; /* value, level, unit, title, error */

/* One entry of `expect`. */
struct expectation {
	struct condition holds;
	char *message; /* template: the reason when it does not hold; NULL: the expression itself */
};

struct capture {
	char *name;
	struct condition value;
	bool secret;
};

enum on_failure { ON_FAILURE_DEFAULT, ON_FAILURE_CONTINUE, ON_FAILURE_STOP };

struct action {
	char *id;    /* given, or "STEP" / "STEP_2" …: made from the step's id */
	char *title; /* or NULL */
	struct pos pos;
	const struct node *node;      /* its map (of a step with one action: the step's) */
	const struct node *args_node; /* the adapter's value in it */
	const struct adapter *adapter;
	const struct target *target; /* resolved; NULL when the adapter uses none */
	json_t *args;                /* from adapter->parse(); `${…}` still in it */
	struct pos args_pos;
	enum effect effect;  /* stated or derived, the higher; never EFFECT_UNSTATED */
	enum effect derived; /* what the adapter says; may be EFFECT_UNSTATED */
	bool effect_stated;
	struct condition when;
	struct expectation *expects;
	size_t expect_count;
	/* `accept: any`, or an `expect` or `until` names a field that decides (adapter.h): these judge
	 * in the adapter's place. False: they add to its own verdict. */
	bool judged_by_expect;
	/* An `expect`, `until` or `value` names `partial` or `warnings`: it decides whether an answer that is
	 * partial will do. */
	bool partial_judged;
	struct capture *captures; /* in order: a later one may use an earlier one's name */
	size_t capture_count;
	msec timeout;     /* 0: none of its own */
	int retry_times;  /* tries after the first; 0: none */
	msec retry_every; /* default 5 s */
	struct condition until;
	struct action *look; /* of a change: the read whose result `until` judges; or NULL */
	msec every;          /* for until and hold_for; default 5 s */
	msec hold_for;       /* 0: none */
	char *hold_for_text; /* `hold_for: ${…}`: filled in and read as a span when the action
	                        starts (the loader checks only that it is a template); or NULL */
	enum level severity; /* of a failure of this read; default LEVEL_CRITICAL */
	enum on_failure on_failure;
	struct condition for_each;
	char *as; /* default "item" */
	char *save;
	char *stdin_text; /* template */
	json_t *
	    inherit; /* {inherit: [name or glob]}: what its command gets of the environment; or NULL */
};

struct step {
	char *id; /* given, or the title in snake_case */
	char *title;
	struct pos pos;
	const struct node *node;
	msec budget; /* 0: none given: STEP_BUDGET_DEFAULT applies */
	struct condition when;
	struct condition for_each;
	char *as;
	bool sequential;
	enum on_failure on_failure;
	struct action *actions;
	size_t action_count;
};

#define STEP_BUDGET_DEFAULT ((msec)5 * 60 * 1000)

enum section { SECTION_STEPS, SECTION_RECOVERY, SECTION_ON_FAILURE, SECTION_ALWAYS, SECTION_COUNT };
const char *section_name(enum section section); /* "steps", "recovery", … */

struct step_list {
	struct step *items;
	size_t count;
};

struct var {
	char *name;
	struct pos pos;
	json_t *value; /* the default, in which texts may hold `${…}` over earlier variables, env,
	                   links, contacts, run and now; NULL when required. What was written: a number only where
	                   it is written back as the same characters (node_as_written()) */
	json_t *like;  /* the type that another value must have: the default as YAML reads it, or a
	                  text where it is surely meant as one; NULL when required */
	bool required;
	bool secret;
	char *pattern; /* RE2 syntax, or NULL */
	char *from;    /* the alert's label that it is taken from; NULL: of its own name */
	char *help;    /* or NULL */
	const struct node *node; /* of the default, or NULL */
};

/* The variable that a path of an expression (expr_each_path()) begins with: NAME of `NAME…` and of
 * `vars.NAME…`; "vars" where it means all of them. */
const char *variable_of_path(const char *const *parts, size_t count);

enum schedule_kind { SCHEDULE_NONE, SCHEDULE_DAILY, SCHEDULE_WEEKLY, SCHEDULE_MONTHLY };
struct schedule {
	enum schedule_kind kind;
	int weekday; /* 0 Sunday … 6; weekly and monthly */
	int nth;     /* monthly: the first … fourth such weekday, 1-4 */
	int hour;
	int minute;
	char *text; /* "daily 09:00", "sunday 02:00", "first sunday 01:00" */
};

struct runbook {
	char *name; /* of a broken one without a name: its file's, without ".yaml" */
	char *file;
	struct pos pos;
	const struct node *node;
	bool broken;  /* problems were found in its file */
	bool checked; /* its expressions are compiled */
	char **aliases;
	size_t alias_count;
	char *title;
	char *summary; /* or NULL */
	enum level severity;
	msec respond_within; /* 0: not given */
	struct schedule schedule;
	char **symptoms;
	size_t symptom_count;
	const struct metric **metrics; /* before the first step and after the last */
	size_t metric_count;
	const struct metric **named_metrics; /* that its expressions name, in `metrics` or not */
	size_t named_metric_count;
	struct var *vars;
	size_t var_count;
	struct step_list sections[SECTION_COUNT];
};

struct target {
	char *name;
	struct pos pos;
	const struct node *node;
	const struct adapter *adapter; /* that owns the kind */
	json_t *config;                /* from target_parse(); `${…}` still in it */
	char *tunnel;                  /* tunnel.h, or NULL; `${…}` still in it */
	const struct target
	    *cluster; /* the first one of kubectl, or NULL: what a tunnel goes through */
};

struct metric {
	char *name;
	struct pos pos;
	const struct node *node;
	char *title; /* default: the name */
	enum unit unit;
	struct action
	    source; /* only adapter, target, args, timeout and how it is judged are used */
	struct condition value; /* picks the number from the source's result */
	struct thresholds thresholds;
	char *runbook; /* a name, checked; or NULL */
};

struct alert {
	char *name;
	struct pos pos;
	const struct node *node;
	enum level severity;
	msec respond_within;
	char *action;
	char *runbook; /* checked, or NULL */
	char *contact; /* or NULL */
	json_t *match; /* labels, or NULL */
	char *expr;    /* PromQL of a rule of its own, besides those of the metrics; or NULL */
	msec pending;  /* `for`: how long EXPR must hold before it fires; 0: at once */
};

struct escalation {
	struct pos pos;
	const struct node *node;
	int level;
	char *covers;
	char *contact;   /* a key of contacts, checked; or NULL */
	msec after;      /* until it is taken to the next level; 0: at once */
	char **runbooks; /* names, checked: what begins at this level; escalation.h */
	size_t runbook_count;
	enum level severity; /* LEVEL_OK: not given; else what is that severe begins here */
};

struct channel_kind; /* channel.h */

struct channel {
	char *name;
	struct pos pos;
	const struct node *node;
	const struct channel_kind *kind;
	json_t *config;      /* its kind's own keys; `${…}` still in them */
	unsigned on;         /* a bit for each `enum told` that it is told by itself */
	enum level severity; /* LEVEL_OK: of every run; else of runbooks at least that severe */
	bool all_runs;       /* of a ping: also of runs of runbooks without a schedule */
};

struct platform {
	char *name;
	enum platform_color color; /* platform_color() tells which one is shown */
	char *file;
	char *
	    runbooks; /* the folder of the runbooks that it is used with, from the root folder down, for
	                   headers; or NULL */
	const struct node *node;
	bool broken;      /* problems were found in it */
	struct var *vars; /* the same form as a runbook's */
	size_t var_count;
	struct target *targets;
	size_t target_count;
	struct metric *metrics;
	size_t metric_count;
	struct alert *alerts;
	size_t alert_count;
	struct escalation *escalations;
	size_t escalation_count;
	json_t *contacts; /* object: key → {title, phone, email, …}, all texts */
	json_t *links;    /* object: key → URL */
	struct channel *channels;
	size_t channel_count;
	char **secrets; /* names of environment variables whose values are masked */
	size_t secret_count;
};

struct catalog_index;

struct catalog {
	struct platform *platform; /* never NULL; `broken` and empty when there was none */
	struct runbook **runbooks; /* those that were read, sorted by name */
	size_t runbook_count;
	struct document **documents; /* kept: positions point into them */
	size_t document_count;
	char *folder;            /* that the runbooks were found in, or NULL */
	char *refused;           /* the folder that was found and may not be used, or NULL */
	const char *folder_from; /* who said so: "-R", "FSOPS_RUNBOOKS", "here" …; NULL: nobody */
	struct problems problems;    /* that catalog_find() came upon */
	struct catalog_index *index; /* names and aliases */
};

enum catalog_check {
	CATALOG_CHECK_ALL,   /* every expression of every runbook is compiled at load */
	CATALOG_CHECK_FOUND, /* a runbook's only when catalog_find() gives it out: starts faster */
	CATALOG_READ_FOUND,  /* the same, and a file is only read when its runbook is asked for (as
	                        NAME.yaml; all are when there is no such file): starts fastest, and
	                        says nothing of the other files */
};

struct catalog_paths {
	const char *platform; /* -P, or NULL: platform.yaml in the runbooks' folder */
	const char *runbooks; /* -R, or NULL: FSOPS_RUNBOOKS, ./runbooks or that of a folder above,
	                         $XDG_CONFIG_HOME/fsops, /etc/fsops, PREFIX/share/fsops/runbooks:
	                         the first that exists */
	enum catalog_check check;
	bool unchecked; /* whoever may have written them (trust.h): nothing of them will be run */
	/* More runbooks' files. One takes the place of the folder's file of that name. */
	const char *const *files;
	size_t file_count;
};

/* Load what PATHS asks for. Never NULL. All problems of all files are in PROBLEMS, sorted by place. */
struct catalog *catalog_load(const struct catalog_paths *paths, struct problems *problems);
/* Add all that it would read, names and texts, to OUT: what was made of it is good as long as that is the same. -1:
 * something of it cannot be read, or may not be used, or OUT is full. */
int catalog_texts(const struct catalog_paths *paths, struct buf *out);
/* Warnings of what was loaded UNCHECKED and would not be used otherwise; NAMED (NULL: all): of this file. */
void catalog_warn_unused(const struct catalog *catalog, const char *named, struct problems *list);
void catalog_free(struct catalog *catalog);

/*
 * By name, alias or unambiguous prefix. NULL: ERR says "did you mean …?" or names the candidates
 * (ERR_USAGE), or why this one is broken (ERR_INPUT; all that was found is in the problems of
 * catalog_load() and in CATALOG->problems).
 */
const struct runbook *catalog_find(
    const struct catalog *catalog, const char *name, struct err *err);
/* By exactly this name or alias? */
bool runbook_is_called(const struct runbook *runbook, const char *name);
const struct metric *platform_metric(const struct platform *platform, const char *name);
const struct channel *platform_channel(const struct platform *platform, const char *name);
/* The alert that is meant by NAME, as text_pick() says; NULL: ERR (ERR_USAGE). runbook/platform/alert.c */
const struct alert *platform_alert(
    const struct platform *platform, const char *name, struct err *err);
/* The alert that is called exactly so (text_alike()), or NULL; also when two are. */
const struct alert *alert_named(const struct platform *platform, const char *name);
/* The alert whose `match:` names LABELS (an object of texts) have, all of them; of several the one
 * with the most, then the first. NULL: none. */
const struct alert *alert_for_labels(const struct platform *platform, const json_t *labels);

#endif
