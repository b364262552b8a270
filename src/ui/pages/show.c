/* One runbook for reading. Invariant: it prints a plan, and so the commands that would run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/ui.h"
#include "fsops/value.h"
#include "ui/look.h"
#include "ui/plan/walk.h"
#include "ui/safe.h"
#include "ui/table.h"

static void heading(struct buf *out, const struct look *look, const char *text)
{
	buf_addc(out, '\n');
	look_add(out, look, ROLE_BOLD, text);
	buf_addc(out, '\n');
}

static void add_head(struct buf *out, const struct plan *plan, const struct look *look)
{
	const struct runbook *runbook = plan->runbook;
	char span[CLOCK_TEXT_MAX];

	look_add(out, look, ROLE_BOLD, runbook->title);
	buf_adds(out, " (");
	look_add(out, look, role_of_level(runbook->severity), level_name(runbook->severity));
	buf_adds(out, ")\n");
	buf_addf(out, "fsops run %s", runbook->name);
	for (size_t i = 0; i < runbook->alias_count; i++)
		buf_addf(out, "%s%s", i ? ", " : "   also: ", runbook->aliases[i]);
	buf_addc(out, '\n');
	print_source(out, plan->catalog->platform, look);
	if (runbook->respond_within) {
		clock_format_span(runbook->respond_within, span);
		buf_addf(out, "respond within %s\n", span);
	}
	if (runbook->schedule.text)
		buf_addf(out, "scheduled %s\n", runbook->schedule.text);
	if (runbook->summary) {
		buf_addc(out, '\n');
		print_folded(out, runbook->summary, look->width, "");
	}
}

static void add_symptoms(struct buf *out, const struct runbook *runbook, const struct look *look)
{
	if (!runbook->symptom_count)
		return;
	heading(out, look, "Symptoms");
	for (size_t i = 0; i < runbook->symptom_count; i++) {
		buf_adds(out, "  - ");
		safe_adds(out, runbook->symptoms[i]);
		buf_addc(out, '\n');
	}
}

static void add_var(struct table *table, const struct var *var, const struct plan *plan)
{
	json_t *value = json_object_get(plan->vars, var->name);
	char *text = value_to_text(value ? value : var->value);
	char *masked = redact_text(plan->redact, text, strlen(text));

	table_cell(table, ROLE_PLAIN, var->name);
	if (var->required && !value)
		table_cell(table, ROLE_WARNING, "required");
	else
		table_cellf(table, ROLE_PLAIN, "= %s", var->secret ? REDACT_MASK : masked);
	if (var->pattern)
		table_cellf(table, ROLE_DIM, "%s%slike %s", var->help ? var->help : "",
		    var->help ? "; " : "", var->pattern);
	else
		table_cell(table, ROLE_DIM, var->help ? var->help : "");
	free(masked);
	free(text);
}

static void add_vars(struct buf *out, const struct plan *plan, const struct look *look)
{
	const struct runbook *runbook = plan->runbook;
	struct table *table;

	if (!runbook->var_count)
		return;
	heading(out, look, "Variables (--var NAME=VALUE)");
	table = table_new(look, 3);
	for (size_t i = 0; i < runbook->var_count; i++)
		add_var(table, &runbook->vars[i], plan);
	table_print(out, table, "  ");
	table_free(table);
}

static void add_threshold(struct table *table, const struct threshold *threshold)
{
	table_cell(table, ROLE_PLAIN, threshold->text ? threshold->text : "-");
}

static void add_metrics(struct buf *out, const struct runbook *runbook, const struct look *look)
{
	static const char *const heads[] = {"METRIC", "BASELINE", "WARNING", "CRITICAL"};
	struct table *table;

	if (!runbook->metric_count)
		return;
	heading(out, look, "Metrics, measured before and after");
	table = table_new(look, 4);
	for (size_t i = 0; i < 4; i++)
		table_cell(table, ROLE_DIM, heads[i]);
	for (size_t i = 0; i < runbook->metric_count; i++) {
		const struct metric *metric = runbook->metrics[i];

		table_cell(table, ROLE_PLAIN, metric->name);
		add_threshold(table, &metric->thresholds.baseline);
		add_threshold(table, &metric->thresholds.warning);
		add_threshold(table, &metric->thresholds.critical);
	}
	table_print(out, table, "  ");
	table_free(table);
}

void print_show_text(struct buf *out, const struct plan *plan, const struct look *look)
{
	add_head(out, plan, look);
	add_symptoms(out, plan->runbook, look);
	add_vars(out, plan, look);
	add_metrics(out, plan->runbook, look);
	buf_addc(out, '\n');
	plan_print_steps(out, plan, look, "");
	plan_print_totals(out, plan);
}
