/*
 * The second pass over the model: every expression is compiled and every template's
 * expressions are, with what can be named where they stand.
 *
 * A mistake is reported at its own character in the file, through quotes, escapes and
 * block scalars.
 */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/template.h"
#include "fsops/text.h"
#include "reference.h"
#include "runbook/catalog/catalog.h"
#include "scope.h"

struct check {
	struct catalog *catalog;
	struct problems *list;
	struct scope scope;
	struct runbook *runbook;    /* NULL: the platform */
	struct names named_metrics; /* of the runbook, so far */
};

/* ---- one expression ---- */

static void add_metric(struct check *check, const struct metric *metric)
{
	struct runbook *runbook = check->runbook;

	if (!metric || names_put(&check->named_metrics, metric->name, metric))
		return;
	MEM_PUSH_ROOM(runbook->named_metrics, runbook->named_metric_count);
	runbook->named_metrics[runbook->named_metric_count++] = metric;
}

/* `metrics.cpu` names one; `metrics` alone, all. */
static void note_metric(void *ctx, const char *const *parts, size_t count)
{
	struct check *check = ctx;
	const struct platform *platform = check->catalog->platform;

	if (strcmp(parts[0], "metrics") != 0)
		return;
	if (count > 1) {
		add_metric(check, names_get(&check->catalog->index->metrics, parts[1]));
		return;
	}
	for (size_t i = 0; i < platform->metric_count; i++)
		add_metric(check, &platform->metrics[i]);
}

/* Places are looked for only as long as problems are kept: that costs a walk through the file. */
static struct pos place(const struct check *check, const struct node *node, size_t offset)
{
	return check->list->count < PROBLEMS_MAX ? node_pos_at(node, offset) : node->pos;
}

/* The language itself cannot advise on a name: it knows nothing of actions and results. A name
 * after a '.' or before a '(' is a field's or a function's. */
static void add_sentence(struct check *check, struct pos pos, const struct expr_error *error,
    const char *name, size_t len)
{
	bool alone = name[len] != '(' && !(error->offset && name[-1] == '.');
	char *own = mem_textn(name, len);
	struct buf text;

	buf_init(&text, ERR_TEXT_MAX);
	buf_adds(&text, error->text);
	if (alone && variable_is_reserved(own) && scope_has_variable(&check->scope, own))
		buf_addf(&text, "; the variable is written vars.%s", own);
	if (alone && is_identifier(own) && !strchr(error->text, ';') &&
	    !scope_knows(&check->scope, own))
		scope_advise(&check->scope, own, &text);
	problem_add(check->list, PROBLEM_ERROR, pos, "%s", text.data);
	buf_release(&text);
	free(own);
}

static void add_mistake(struct check *check, const struct node *node, size_t offset,
    const struct expr_error *error, size_t name_len, const char *name)
{
	struct pos pos = place(check, node, offset + error->offset);
	const struct known *later = check->scope.later;

	if (later)
		problem_add(check->list, PROBLEM_ERROR, pos,
		    "'%.*s' is not there yet: it comes from '%s' in line %d", (int)name_len, name,
		    later->action->id, later->action->pos.line);
	else
		add_sentence(check, pos, error, name, name_len);
}

/* LEN bytes at OFFSET of a scalar. NULL after adding a problem. */
static struct expr *compile(struct check *check, const struct node *node, size_t offset, size_t len)
{
	struct expr_names names = scope_names(&check->scope);
	struct expr_error error = {0};
	struct expr *expr = expr_compile(node->text + offset, len, &names, &error);

	if (!expr)
		add_mistake(check, node, offset, &error, error.length,
		    node->text + offset + (error.offset <= len ? error.offset : len));
	else if (check->scope.metrics && check->runbook)
		expr_each_path(expr, note_metric, check);
	return expr;
}

static void check_condition(struct check *check, struct condition *condition)
{
	const struct node *node = condition->node;

	if (!node)
		return;
	if (template_is_single(node->text, NULL, NULL))
		NODE_PROBLEM(check->list, node,
		    "this is an expression already: write it without '${' and '}'");
	else
		condition->expr = compile(check, node, 0, node->len);
}

/* ---- templates ---- */

struct walk {
	struct check *check;
	const struct node *node;
	size_t end; /* of the last piece */
};

static int on_literal(void *ctx, const char *text, size_t len)
{
	struct walk *walk = ctx;

	walk->end = (size_t)(text - walk->node->text) + len;
	return 0;
}

static int on_hole(void *ctx, const char *text, size_t len)
{
	struct walk *walk = ctx;
	size_t offset = (size_t)(text - walk->node->text);

	walk->end = offset + len + 1;
	expr_free(compile(walk->check, walk->node, offset, len));
	return 0;
}

/* Every text of a value: what an adapter makes of it keeps the expressions as they are. */
static void check_templates(struct check *check, const struct node *node)
{
	struct walk walk = {check, node, 0};

	if (!node)
		return;
	for (size_t i = 0; i < node->count; i++)
		check_templates(check, node->items[i]);
	if (node->kind != NODE_SCALAR ||
	    template_each(node->text, on_literal, on_hole, &walk) != TEMPLATE_OPEN)
		return;
	problem_add(check->list, PROBLEM_ERROR, place(check, node, walk.end),
	    "this '${' is never closed with '}' (write '$${' when it is no expression)");
}

/* ---- variables ---- */

static void check_vars(struct check *check, const struct var *vars, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct err err;

		check_templates(check, vars[i].node);
		if (var_check(&vars[i], &err) < 0)
			problem_add(check->list, PROBLEM_ERROR, vars[i].pos, "%s", err.text);
		scope_add_var(&check->scope, &vars[i]);
	}
}

/* ---- actions and steps ---- */

/* Does a path begin with a field that decides whether the action succeeded, or whether the answer is
 * whole? */
static void note_deciding(void *ctx, const char *const *parts, size_t count)
{
	struct action *action = ctx;
	const char *decides = action->adapter->decides;

	if (count && decides && text_has_word(decides, parts[0]))
		action->judged_by_expect = true;
	if (count && text_has_word(ADAPTER_PARTIAL " " ADAPTER_WARNINGS, parts[0]))
		action->partial_judged = true;
}

static void check_judge(struct action *action, const struct condition *condition)
{
	const char *decides = action->adapter ? action->adapter->decides : NULL;

	if (!condition->expr || !action->adapter)
		return;
	if (decides && strcmp(decides, "*") == 0)
		action->judged_by_expect = true;
	expr_each_path(condition->expr, note_deciding, action);
}

/* The message of an entry of `expect`, which may be the only one. */
static const struct node *message_node(const struct action *action, size_t index)
{
	const struct node *expect = node_get(action->node, "expect");

	if (expect && expect->kind == NODE_LIST)
		expect = expect->items[index];
	return expect && expect->kind == NODE_MAP ? node_get(expect, "message") : NULL;
}

/* `until` judges the result of BY. */
static void check_until(struct check *check, struct action *action, struct action *by)
{
	check->scope.own = by;
	check_condition(check, &action->until);
	check_judge(by, &action->until);
}

/* What is looked at may depend on what the change gave: the id of a job that it began. */
static void check_look(struct check *check, struct action *action)
{
	if (action->look->adapter && !action->look->adapter->literal)
		check_templates(check, action->look->args_node);
	check_until(check, action, action->look);
	check->scope.own = action;
}

/* Conditions on the action's own result, which has names of its own there. */
static void check_result(struct check *check, struct action *action)
{
	check->scope.own = action;
	for (size_t i = 0; i < action->expect_count; i++) {
		check_condition(check, &action->expects[i].holds);
		check_judge(action, &action->expects[i].holds);
	}
	for (size_t i = 0; i < action->expect_count; i++)
		check_templates(check, message_node(action, i));
	if (action->look)
		check_look(check, action);
	else
		check_until(check, action, action);
	for (size_t i = 0; i < action->capture_count; i++) {
		check->scope.now++;
		check_condition(check, &action->captures[i].value);
	}
	check->scope.own = NULL;
}

static void check_action(struct check *check, struct action *action)
{
	static const char *const templates[] = {"title", "stdin", "save", "hold_for"};

	check->scope.action = action;
	check_condition(check, &action->for_each);
	check->scope.action_item = action->for_each.text ? action->as : NULL;
	check_condition(check, &action->when);
	if (action->adapter && !action->adapter->literal)
		check_templates(check, action->args_node);
	for (size_t i = 0; i < COUNT_OF(templates); i++)
		check_templates(check, node_get(action->node, templates[i]));
	check_result(check, action);
	check->scope.now++;
	check->scope.action_item = NULL;
	check->scope.action = NULL;
	reference_check(check->catalog, action, check->list);
}

static void check_step(struct check *check, struct step *step)
{
	check_condition(check, &step->for_each);
	check->scope.step_item = step->for_each.text ? step->as : NULL;
	check_condition(check, &step->when);
	for (size_t i = 0; i < step->action_count; i++)
		check_action(check, &step->actions[i]);
	check->scope.step_item = NULL;
}

static void begin(
    struct check *check, struct catalog *catalog, struct runbook *runbook, struct problems *list)
{
	*check = (struct check){
	    .catalog = catalog, .list = list, .scope = {.catalog = catalog}, .runbook = runbook};
	scope_begin(&check->scope, NULL);
}

void runbook_check(struct catalog *catalog, struct runbook *runbook, struct problems *list)
{
	const struct platform *platform = catalog->platform;
	size_t errors = list->errors;
	struct check check;

	begin(&check, catalog, runbook, list);
	for (size_t i = 0; i < platform->var_count; i++)
		scope_add_var(&check.scope, &platform->vars[i]);
	check_vars(&check, runbook->vars, runbook->var_count);
	scope_begin(&check.scope, runbook);
	for (int section = 0; section < SECTION_COUNT; section++)
		for (size_t i = 0; i < runbook->sections[section].count; i++)
			check_step(&check, &runbook->sections[section].items[i]);
	scope_end(&check.scope);
	names_release(&check.named_metrics);
	runbook->checked = true;
	if (list->errors != errors)
		runbook->broken = true;
}

/* ---- the platform ---- */

/* Without a `value:` it is the source's own. */
static void check_default_value(struct check *check, struct metric *metric)
{
	struct expr_names names = scope_names(&check->scope);
	struct expr_error error = {0};

	metric->value.text = mem_text("value");
	metric->value.pos = metric->pos;
	metric->value.expr = expr_compile("value", strlen("value"), &names, &error);
	if (!metric->value.expr)
		problem_add(check->list, PROBLEM_ERROR, metric->pos,
		    "the result of %s has no 'value': say with 'value:' which number it is",
		    metric->source.adapter->name);
}

static void check_metric(struct check *check, struct metric *metric)
{
	check_templates(check, metric->source.args_node);
	check->scope.own = &metric->source;
	if (metric->value.text)
		check_condition(check, &metric->value);
	else if (!node_get(metric->node, "value"))
		check_default_value(check, metric);
	check_judge(&metric->source, &metric->value);
	check->scope.own = NULL;
	reference_runbook(check->catalog, node_get(metric->node, "runbook"), check->list);
}

static void check_escalation(struct check *check, const struct escalation *entry)
{
	const struct node *names = node_get(entry->node, "runbooks");

	for (size_t i = 0; names && i < names->count; i++)
		reference_runbook(check->catalog, names->items[i], check->list);
}

/* Of two alerts of one name, for the same labels, nobody would get the second. */
static void check_alert_names(const struct platform *platform, struct problems *list)
{
	for (size_t i = 1; i < platform->alert_count; i++) {
		const struct alert *alert = &platform->alerts[i];

		for (size_t k = 0; k < i; k++) {
			const struct alert *first = &platform->alerts[k];

			if (!first->name || !alert->name || !text_alike(first->name, alert->name) ||
			    (first->match != alert->match &&
			        !json_equal(first->match, alert->match)))
				continue;
			problem_add(list, PROBLEM_WARNING, alert->pos,
			    "the alert '%s' is there already, in line %d, and has the same labels: "
			    "give this one another name, or a `match` of its own",
			    first->name, first->pos.line);
			break;
		}
	}
}

void platform_check(struct catalog *catalog, struct problems *list)
{
	struct platform *platform = catalog->platform;
	size_t errors = list->errors;
	struct check check;

	if (!platform->node)
		return;
	begin(&check, catalog, NULL, list);
	check_vars(&check, platform->vars, platform->var_count);
	for (size_t i = 0; i < platform->target_count; i++)
		check_templates(&check, platform->targets[i].node);
	check.scope.channel = true;
	check_templates(&check, node_get(platform->node, "channels"));
	check.scope.channel = false;
	for (size_t i = 0; i < platform->metric_count; i++)
		check_metric(&check, &platform->metrics[i]);
	check.scope.own = NULL;
	for (size_t i = 0; i < platform->alert_count; i++) {
		check_templates(&check, node_get(platform->alerts[i].node, "expr"));
		reference_runbook(catalog, node_get(platform->alerts[i].node, "runbook"), list);
	}
	check_alert_names(platform, list);
	for (size_t i = 0; i < platform->escalation_count; i++)
		check_escalation(&check, &platform->escalations[i]);
	scope_end(&check.scope);
	if (list->errors != errors)
		platform->broken = true;
}
