/*
 * The model: what platform.yaml and the runbooks say, checked and typed.
 * Made by src/runbook/, read-only afterwards; everything is owned by the
 * `struct catalog` that it was loaded into.
 *
 *	struct problems problems = {0};
 *	struct catalog *catalog = catalog_load(&paths, &problems);
 *	… problems.errors tells whether it may be used
 *	catalog_free(catalog);
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

/* An expression as written, compiled at load. `expr` NULL: the key was not given. */
struct condition {
	char *text;
	struct pos pos; /* of its first character */
	struct expr *expr;
};

struct capture {
	char *name;
	struct condition value;
	bool secret;
};

enum on_failure { ON_FAILURE_DEFAULT, ON_FAILURE_CONTINUE, ON_FAILURE_STOP };

struct action {
	char *id; /* given, or "STEP" / "STEP_2" …: made from the step's id */
	char *title; /* or NULL */
	struct pos pos;
	const struct adapter *adapter;
	const struct target *target; /* resolved; NULL when the adapter uses none */
	json_t *args;         /* from adapter->parse(); `${…}` still in it */
	struct pos args_pos;
	enum effect effect;        /* stated or derived, the higher; never EFFECT_UNSTATED */
	enum effect derived;  /* what the adapter says; may be EFFECT_UNSTATED */
	bool effect_stated;
	struct condition when;
	struct condition *expects; /* empty: the adapter's default */
	size_t expect_count;
	struct capture *captures;
	size_t capture_count;
	msec timeout; /* 0: none of its own */
	int retry_times;
	msec retry_every;
	struct condition until;
	msec every;    /* for until and hold_for; default 5 s */
	msec hold_for; /* 0: none */
	char *hold_for_text; /* `hold_for: ${…}`: filled in and read as a span when the action
	                        starts (the loader checks only that it is a template); or NULL */
	enum level severity; /* of a failure of this read; default LEVEL_CRITICAL */
	enum on_failure on_failure;
	struct condition for_each;
	char *as; /* default "item" */
	char *save;
	char *stdin_text; /* template */
};

struct step {
	char *id;
	char *title;
	struct pos pos;
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
	json_t *value;  /* the default; NULL when required */
	bool required;
	bool secret;
	char *pattern;  /* RE2 syntax, or NULL */
	char *help;
};

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
	char *name;
	char *file;
	struct pos pos;
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
	struct var *vars;
	size_t var_count;
	struct step_list sections[SECTION_COUNT];
};

struct target {
	char *name;
	struct pos pos;
	const struct adapter *adapter; /* that owns the kind */
	json_t *config;                /* from target_parse(); `${…}` still in it */
	char *tunnel;                  /* "svc/NAME:PORT", or NULL */
};

struct metric {
	char *name;
	struct pos pos;
	char *title;
	enum unit unit;
	struct action source;   /* only adapter, target, args, timeout are used */
	struct condition value; /* picks the number from the source's result */
	struct thresholds thresholds;
	char *runbook; /* a name, checked; or NULL */
};

struct alert {
	char *name;
	enum level severity;
	msec respond_within;
	char *action;
	char *runbook; /* checked, or NULL */
	char *contact; /* or NULL */
	json_t *match; /* labels, or NULL */
};

struct escalation {
	int level;
	char *covers;
	char *contact; /* a key of contacts */
	msec after;    /* 0: at once */
};

struct platform {
	char *name;
	char *file;
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
	json_t *contacts; /* object: key → {title, phone, email, …} */
	json_t *links;    /* object: key → URL */
	json_t *channels; /* object, `${…}` still in it */
	char **secrets;   /* names of environment variables whose values are masked */
	size_t secret_count;
};

struct catalog {
	struct platform *platform;
	struct runbook **runbooks; /* sorted by name */
	size_t runbook_count;
	struct document **documents; /* kept: positions point into them */
	size_t document_count;
};

struct catalog_paths {
	const char *platform; /* -P, or NULL: platform.yaml in the runbooks' folder */
	const char *runbooks; /* -R, or NULL: FSOPS_RUNBOOKS, ./runbooks, $XDG_CONFIG_HOME/fsops,
	                         /etc/fsops, PREFIX/share/fsops/runbooks: the first that exists */
};

/* Load everything. Never NULL; when PROBLEMS->errors > 0 it may be incomplete and must only be freed. */
struct catalog *catalog_load(const struct catalog_paths *paths, struct problems *problems);
void catalog_free(struct catalog *catalog);

/* By name, alias or unambiguous prefix. NULL: ERR says "did you mean …?" or names the candidates. */
const struct runbook *catalog_find(const struct catalog *catalog, const char *name, struct err *err);
const struct metric *platform_metric(const struct platform *platform, const char *name);

#endif
