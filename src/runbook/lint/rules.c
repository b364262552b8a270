/*
 * The rules of lint: a table, and a small function each. (Those on commands are in
 * command.c.)
 *
 * A rule is worth its noise only when whoever reads it knows what to do: each message says so.
 */
#include <string.h>

#include "fsops/mem.h"
#include "lint.h"

/* ---- effects ---- */

static void effect_unstated(struct lint *lint)
{
	const struct action *action = lint->action;

	if (action->derived == EFFECT_UNSTATED && !action->effect_stated)
		lint_say(lint, lint_key_pos(action->node, action->adapter->name),
		    "nobody can tell what this does, so it is asked for like a change: add "
		    "'effect: read', 'change' or 'destroy'");
}

static bool is_change(const struct action *action)
{
	return action->adapter && action->effect != EFFECT_READ;
}

/* An action that looks, or asks a person, or steps of another runbook. */
static bool looks(const struct action *action)
{
	return action->adapter && action->effect == EFFECT_READ;
}

static bool has_proof(const struct action *action)
{
	return action->expect_count || action->until.text || action->hold_for ||
	       action->hold_for_text;
}

/* Whether anything after ACTION in the main part looks. */
static bool is_looked_at(const struct lint *lint, const struct action *action)
{
	bool after = false;

	for (int section = SECTION_STEPS; section <= SECTION_RECOVERY; section++) {
		const struct step_list *list = &lint->runbook->sections[section];

		for (size_t i = 0; i < list->count; i++)
			for (size_t j = 0; j < list->items[i].action_count; j++) {
				const struct action *other = &list->items[i].actions[j];

				if (after && looks(other))
					return true;
				after |= other == action;
			}
	}
	return false;
}

static void unproven_change(struct lint *lint)
{
	const struct runbook *runbook = lint->runbook;
	const struct action *action = lint->action;

	if (!is_change(action) || lint->section > SECTION_RECOVERY || has_proof(action) ||
	    action->on_failure || lint->step->on_failure || runbook->metric_count ||
	    runbook->sections[SECTION_ON_FAILURE].count || is_looked_at(lint, action))
		return;
	lint_say(lint, lint_key_pos(action->node, action->adapter->name),
	    "nothing looks whether this change did what it should, or takes it back: add 'expect', "
	    "a step that looks, or 'on_failure' steps");
}

/* What is done twice when the first answer was lost. */
static bool is_repeatable(const struct action *action)
{
	static const char *const once[] = {"POST", "create", "run", "PATCH"};
	const char *text = action->args_node->text;
	size_t len = text ? strcspn(text, " \t\n") : 0;
	const struct node *first = action->args_node->kind == NODE_LIST && action->args_node->count
	                               ? action->args_node->items[0]
	                               : node_get(action->args_node, "method");

	if (first && first->text) {
		text = first->text;
		len = strlen(text);
	}
	for (size_t i = 0; text && i < COUNT_OF(once); i++)
		if (strlen(once[i]) == len && strncmp(once[i], text, len) == 0)
			return false;
	return true;
}

static void retry_once(struct lint *lint)
{
	const struct action *action = lint->action;

	if (action->retry_times && is_change(action) && !is_repeatable(action))
		lint_say(lint, lint_key_pos(action->node, "retry"),
		    "a second try may do this a second time, when only the answer to the first was "
		    "lost: leave 'retry' out, or use a form that can be repeated (PUT, 'apply')");
}

/* ---- time ---- */

static void no_budget(struct lint *lint)
{
	if (lint->step->title && !node_get(lint->step->node, "budget"))
		lint_say(lint, lint_key_pos(lint->step->node, "step"),
		    "this step has no budget, so it gets 5m: say how long it may take with "
		    "'budget'");
}

/* It can run beside others. */
static bool is_beside(const struct action *action)
{
	return looks(action) && !action->adapter->alone;
}

/* Would anything in STEP run at once? */
static bool has_beside(const struct step *step)
{
	bool only = true, found = false;

	for (size_t i = 0; i < step->action_count; i++) {
		const struct action *action = &step->actions[i];

		only = only && is_beside(action);
		found = found ||
		        (is_beside(action) &&
		            (action->for_each.text || (i && is_beside(&step->actions[i - 1]))));
	}
	return found || (only && step->for_each.text);
}

static void sequential_anyway(struct lint *lint)
{
	if (lint->step->sequential && !has_beside(lint->step))
		lint_say(lint, lint_key_pos(lint->step->node, "sequential"),
		    "nothing in this step would run at once: there are no reads next to each other "
		    "and "
		    "none goes through a list; leave 'sequential' out");
}

static void say_long(struct lint *lint, const char *key, msec span)
{
	char spans[2][CLOCK_TEXT_MAX];
	msec budget = lint->step->budget ? lint->step->budget : STEP_BUDGET_DEFAULT;

	if (span <= budget)
		return;
	clock_format_span(span, spans[0]);
	clock_format_span(budget, spans[1]);
	lint_say(lint, lint_key_pos(lint->action->node, key),
	    "'%s' takes %s, but the step ends after its budget of %s: give it a larger budget", key,
	    spans[0], spans[1]);
}

static void long_wait(struct lint *lint)
{
	const struct action *action = lint->action;

	say_long(lint, "timeout", action->timeout);
	say_long(lint, "hold_for", action->hold_for);
	say_long(lint, "retry", action->retry_times * action->retry_every);
	if (action->until.text)
		say_long(lint, "every", action->every);
}

/* ---- secrets ---- */

/* What of an action's arguments others can read: the words of a process, a URL in logs. */
static const struct {
	const char *adapter;
	const char *key; /* of the long form; NULL: all of it */
	const char *say;
} exposed[] = {
    {"kubectl", NULL,
        "a secret in a command's words can be read by everybody on the machine: give it with "
        "'stdin'"},
    {"exec", "argv",
        "a secret in a command's words can be read by everybody on the machine: give it with "
        "'stdin' or 'env'"},
    {"http", "url", "a secret in a URL ends in logs: give it in 'headers' or 'body'"},
    {"prometheus", NULL, "a secret in a query ends in logs"},
    {"postgres", "query",
        "a secret in a statement ends in the server's log: give it with 'params'"},
};

static size_t exposed_index(const struct action *action)
{
	size_t i = 0;

	while (i < COUNT_OF(exposed) && strcmp(exposed[i].adapter, action->adapter->name) != 0)
		i++;
	return i;
}

static void secret_hole(struct lint *lint, const struct expr *expr, struct pos pos)
{
	if (lint_is_secret(lint, expr))
		lint_say(lint, pos, "%s", exposed[exposed_index(lint->action)].say);
}

static void secret_in_argv(struct lint *lint)
{
	const struct node *node = lint->action->args_node;
	size_t which = exposed_index(lint->action);

	if (which < COUNT_OF(exposed) && node->kind == NODE_MAP && exposed[which].key)
		node = node_get(node, exposed[which].key);
	if (which < COUNT_OF(exposed))
		lint_each_hole(lint, node, secret_hole);
}

/* ---- conditions that are decided already ---- */

static int nothing_known(
    void *ctx, const char *name, struct expr_value *out, char *why, size_t why_size)
{
	(void)ctx, (void)name, (void)out, (void)why, (void)why_size;
	return -1;
}

/* Whether the value is false, or an empty list, whatever the names in it are. */
static bool is_never(const struct condition *condition)
{
	const struct expr_scope scope = {.lookup = nothing_known};
	struct expr_error error;
	json_t *value;
	bool never;

	if (!condition->expr || expr_eval(condition->expr, &scope, &value, &error) < 0)
		return false;
	never = json_is_false(value) || (json_is_array(value) && json_array_size(value) == 0);
	json_decref(value);
	return never;
}

static void say_never(struct lint *lint, const struct condition *condition, const char *say)
{
	if (is_never(condition))
		lint_say(lint, condition->pos, "%s", say);
}

static const char never_runs[] =
    "this is never true, so this never runs: take it out, or mend the condition";
static const char never_an_item[] =
    "this list is always empty, so this never runs: take it out, or mend the list";

static void never_step(struct lint *lint)
{
	say_never(lint, &lint->step->when, never_runs);
	say_never(lint, &lint->step->for_each, never_an_item);
}

static void never_action(struct lint *lint)
{
	const struct action *action = lint->action;

	if (action->node != lint->step->node) {
		say_never(lint, &action->when, never_runs);
		say_never(lint, &action->for_each, never_an_item);
	}
	say_never(lint, &action->until, "this is never true, so it is waited for in vain");
	for (size_t i = 0; i < action->expect_count; i++)
		say_never(lint, &action->expects[i].holds,
		    "this is never true, so the action always fails");
}

/* ---- answers that were not given ---- */

/* So many that a condition asks about are known; more are warned of in vain. */
#define ASKED_MAX 32

/* A condition that is being looked at, and whose result it may take for an answer. */
struct unanswered {
	struct lint *lint;
	const struct condition *condition;
	const char *ids[ASKED_MAX]; /* those of which it asks how they ended */
	size_t id_count;
};

static void own_unanswered(void *ctx, const char *const *parts, size_t count)
{
	const struct unanswered *un = ctx;
	const struct adapter_field *field = un->lint->action->adapter->fields;

	while (count && field->name && strcmp(field->name, parts[0]) != 0)
		field++;
	if (count && field->name)
		lint_say(un->lint, un->condition->pos,
		    "'%s' is empty, too, when nobody answered, and with 'accept: any' this then "
		    "holds: leave 'accept' out, or ask whether it succeeded as well",
		    parts[0]);
}

static bool is_asked(const struct unanswered *un, const char *id)
{
	for (size_t i = 0; i < un->id_count; i++)
		if (strcmp(un->ids[i], id) == 0)
			return true;
	return false;
}

static void note_asked(struct unanswered *un, const char *id)
{
	if (un->id_count < ASKED_MAX && !is_asked(un, id))
		un->ids[un->id_count++] = id;
}

/* Does a path ask how results.ID ended? */
static void note_ending(void *ctx, const char *const *parts, size_t count)
{
	static const char *const endings[] = {
	    "outcome", "why", "exit", "stderr", "status", "reply"};
	struct unanswered *un = ctx;

	for (size_t i = 0; count > 2 && i < COUNT_OF(endings); i++)
		if (strcmp(parts[0], "results") == 0 && strcmp(parts[2], endings[i]) == 0)
			note_asked(un, parts[1]);
}

static bool stops_the_run(const struct lint *lint, const char *id)
{
	for (int section = 0; section < SECTION_COUNT; section++) {
		const struct step_list *list = &lint->runbook->sections[section];

		for (size_t i = 0; i < list->count; i++)
			for (size_t k = 0; k < list->items[i].action_count; k++) {
				const struct step *step = &list->items[i];
				const struct action *action = &step->actions[k];

				if (action->id && strcmp(action->id, id) == 0)
					return action->on_failure == ON_FAILURE_STOP ||
					       (step->on_failure == ON_FAILURE_STOP &&
					           action->on_failure == ON_FAILURE_DEFAULT);
			}
	}
	return false;
}

/* Lists that are there and empty when nobody answered. Others are not there, and a condition on them
 * fails by itself. */
static bool is_empty_unanswered(const char *field)
{
	return text_has_word("lines series addresses", field);
}

static void others_unanswered(void *ctx, const char *const *parts, size_t count)
{
	const struct unanswered *un = ctx;

	if (count < 3 || strcmp(parts[0], "results") != 0 || !is_empty_unanswered(parts[2]) ||
	    stops_the_run(un->lint, parts[1]) || is_asked(un, parts[1]))
		return;
	lint_say(un->lint, un->condition->pos,
	    "'results.%s.%s' is empty, too, when '%s' got no answer, and this then holds: ask also "
	    "for results.%s.outcome == \"passed\", or give that action 'on_failure: stop'",
	    parts[1], parts[2], parts[1], parts[1]);
}

static void look_for_unanswered(struct lint *lint, const struct condition *condition, bool own)
{
	struct unanswered un = {.lint = lint, .condition = condition};

	if (!condition->expr)
		return;
	expr_each_path(condition->expr, note_ending, &un);
	expr_each_vacuous(condition->expr, others_unanswered, &un);
	if (own)
		expr_each_vacuous(condition->expr, own_unanswered, &un);
}

static void unanswered_step(struct lint *lint)
{
	look_for_unanswered(lint, &lint->step->when, false);
}

static void note_deciding(void *ctx, const char *const *parts, size_t count)
{
	struct unanswered *un = ctx;

	if (count && text_has_word(un->lint->action->adapter->decides, parts[0]))
		note_asked(un, parts[0]);
}

/* Does any of its own conditions ask whether it succeeded? */
static bool names_deciding(struct lint *lint)
{
	const struct action *action = lint->action;
	struct unanswered un = {.lint = lint};

	if (action->until.expr)
		expr_each_path(action->until.expr, note_deciding, &un);
	for (size_t i = 0; i < action->expect_count; i++)
		if (action->expects[i].holds.expr)
			expr_each_path(action->expects[i].holds.expr, note_deciding, &un);
	return un.id_count;
}

static void unanswered_action(struct lint *lint)
{
	const struct action *action = lint->action;
	bool any = node_get(action->node, "accept") && !names_deciding(lint);

	if (action->node != lint->step->node)
		look_for_unanswered(lint, &action->when, false);
	look_for_unanswered(lint, &action->until, any && !action->look);
	for (size_t i = 0; i < action->expect_count; i++)
		look_for_unanswered(lint, &action->expects[i].holds, any);
}

static void nothing_judges(struct lint *lint)
{
	const struct action *action = lint->action;
	const struct node *accept = node_get(action->node, "accept");

	if (accept && !action->expect_count && !action->until.text)
		lint_say(lint, accept->pos,
		    "with 'accept: any' and nothing else this passes whatever is answered: say "
		    "with 'expect' what must hold");
}

/* ---- names ---- */

static void unused_vars(struct lint *lint)
{
	const struct runbook *runbook = lint->runbook;

	for (size_t i = 0; i < runbook->var_count && !runbook->broken; i++)
		if (!names_get(&lint->used, runbook->vars[i].name))
			lint_say(lint, runbook->vars[i].pos,
			    "nothing uses the variable '%s': take it out, or use it as ${%s}",
			    runbook->vars[i].name, runbook->vars[i].name);
}

static void unused_captures(struct lint *lint)
{
	const struct action *action = lint->action;

	for (size_t i = 0; i < action->capture_count && !lint->runbook->broken; i++) {
		const char *name = action->captures[i].name;

		if (!names_get(&lint->used, name))
			lint_say(lint, lint_key_pos(node_get(action->node, "capture"), name),
			    "nothing uses what is captured as '%s': take it out", name);
	}
}

/* ---- the platform ---- */

static void no_threshold(struct lint *lint)
{
	const struct platform *platform = lint->catalog->platform;

	for (size_t i = 0; i < platform->metric_count; i++) {
		const struct metric *metric = &platform->metrics[i];

		if (!node_get(metric->node, "baseline") && !node_get(metric->node, "warning") &&
		    !node_get(metric->node, "critical"))
			lint_say(lint, metric->pos,
			    "the metric '%s' is ok whatever its value is: give it a 'baseline', "
			    "'warning' or 'critical'",
			    metric->name);
	}
}

static void no_runbook(struct lint *lint)
{
	const struct platform *platform = lint->catalog->platform;

	for (size_t i = 0; i < platform->alert_count; i++) {
		const struct alert *alert = &platform->alerts[i];

		if (alert->severity == LEVEL_CRITICAL && !alert->runbook && !alert->contact)
			lint_say(lint, alert->pos,
			    "this alert is critical, but names neither a 'runbook' nor a "
			    "'contact'");
	}
}

/* ---- the table ---- */

const struct lint_rule lint_rules[] = {
    {{"effect-unstated", "a shell or exec whose effect nobody can know"}, "shell exec",
        .action = effect_unstated},
    {{"endless", "a command that never ends: logs -f, get -w, tail -f, watch"},
        "kubectl exec shell", .action = lint_endless},
    {{"deprecated",
         "a command or option that is gone or about to go: docker scan, --cascade=false"},
        "kubectl exec shell", .action = lint_deprecated},
    {{"destroys-all", "a command that takes more than is meant: delete --all, --force "
                      "--grace-period=0"},
        "kubectl exec shell redis", .action = lint_destroys_all},
    {{"pipe-status", "a pipe that drops the status of a command that may fail"},
        "kubectl exec shell", .action = lint_pipe},
    {{"value-in-script", "a value that becomes a part of a script: sh -c 'echo ${x}'"},
        "kubectl exec", .action = lint_script_value},
    {{"unproven-change", "a change that nothing looks at afterwards and nothing takes back"},
        .action = unproven_change},
    {{"retry-change", "a retry of what must not be done twice: POST, kubectl create"},
        "http kubectl", .action = retry_once},
    {{"no-budget", "a step that does not say how long it may take"}, .step = no_budget},
    {{"sequential-anyway", "sequential: true where nothing would run at once"},
        .step = sequential_anyway},
    {{"over-budget", "a wait that is longer than the step's budget"}, .action = long_wait},
    {{"timeout-over-budget", "kubectl's --timeout is not less than the step's budget"}, "kubectl",
        .action = lint_long_timeout},
    {{"secret-in-argv", "a secret where others can read it: words of a command, a URL"},
        .action = secret_in_argv},
    {{"never", "a condition that is false whatever happens: what it guards never runs"},
        .step = never_step, .action = never_action},
    {{"empty-answer",
         "an empty list that may be empty because nobody answered is taken for an answer"},
        .step = unanswered_step, .action = unanswered_action},
    {{"nothing-judges", "accept: any where no expect and no until says what is good"},
        .action = nothing_judges},
    {{"unused-variable", "a variable that nothing uses"}, .runbook = unused_vars},
    {{"unused-capture", "a captured value that nothing uses"}, .action = unused_captures},
    {{"number-text", "a number without quotes that is surely meant as text: 3.10, 00501"},
        "http runbook", .platform = lint_number_platform, .runbook = lint_number_runbook,
        .action = lint_number_action},
    {{"title-template", "a step's title with ${…}, which nobody fills in"},
        .step = lint_step_title},
    {{"no-threshold", "a metric without any threshold"}, .platform = no_threshold},
    {{"alert-without-runbook", "a critical alert that leads nowhere"}, .platform = no_runbook},
    {.info = {NULL, NULL}},
};
