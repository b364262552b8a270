/* A run as metrics for Prometheus. Invariants: every sample says of which runbook and platform it is, no
 * sample is there twice, and what is not known is not there. */
#include "fsops/report.h"

#include <stdarg.h>
#include <string.h>

#include "facts.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "ui/look.h"

/* What the samples of one family are made from. */
struct prom {
	struct buf *out;
	const char *family;
	const struct record *record;
	msec last_success;
};

static void add_value(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			buf_adds(out, "\\n");
		else if (*text == '"' || *text == '\\')
			buf_addf(out, "\\%c", *text);
		else
			buf_addc(out, *text);
	}
}

static void add_label(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, "%s=\"", name);
	add_value(out, value ? value : "");
	buf_addc(out, '"');
}

/* One sample. What follows VALUE are pairs of label and value, then NULL. */
static void sample(const struct prom *prom, double value, ...)
{
	struct buf *out = prom->out;
	const char *name;
	va_list labels;

	buf_addf(out, "%s{", prom->family);
	add_label(out, "runbook", report_field(prom->record, "runbook"));
	buf_addc(out, ',');
	add_label(out, "platform", report_field(prom->record, "platform"));
	va_start(labels, value);
	while ((name = va_arg(labels, const char *))) {
		buf_addc(out, ',');
		add_label(out, name, va_arg(labels, const char *));
	}
	va_end(labels);
	buf_addf(out, "} %.15g\n", value);
}

/* ---- samples by family ---- */

static void info(const struct prom *prom)
{
	const char *level = value_get_text(prom->record->finished, "level");

	sample(prom, 1, "run", report_field(prom->record, "run"), "mode",
	    report_field(prom->record, "mode"), "outcome", report_run_outcome(prom->record),
	    "level", level ? level : level_name(LEVEL_UNKNOWN), NULL);
}

static void success(const struct prom *prom)
{
	sample(prom,
	    prom->record->finished && value_get_number(prom->record->finished, "exit", -1) == 0,
	    NULL);
}

static void exit_status(const struct prom *prom)
{
	double status = value_get_number(prom->record->finished, "exit", -1);

	if (status >= 0)
		sample(prom, status, NULL);
}

static void add_time(const struct prom *prom, msec wall)
{
	if (wall)
		sample(prom, (double)wall / 1000, NULL);
}

static void started(const struct prom *prom)
{
	add_time(prom, report_time(prom->record->started));
}

static void finished(const struct prom *prom)
{
	add_time(prom, report_time(prom->record->finished));
}

static void last_good(const struct prom *prom)
{
	add_time(prom, prom->last_success);
}

static void duration(const struct prom *prom)
{
	double seconds = report_took(prom->record);

	if (seconds >= 0)
		sample(prom, seconds, NULL);
}

static void actions(const struct prom *prom)
{
	json_t *counts = json_object_get(prom->record->finished, "counts");
	const char *outcome;
	json_t *count;

	json_object_foreach(counts, outcome, count) {
		sample(prom, json_number_value(count), "outcome", outcome, NULL);
	}
}

static void changes(const struct prom *prom)
{
	size_t count = 0;

	for (size_t s = 0; s < prom->record->step_count; s++)
		for (size_t i = 0; i < prom->record->steps[s].action_count; i++)
			count += report_is_change(prom->record, &prom->record->steps[s].actions[i]);
	sample(prom, (double)count, NULL);
}

static void left(const struct prom *prom)
{
	if (prom->record->finished)
		sample(prom,
		    (double)json_array_size(json_object_get(prom->record->finished, "left")), NULL);
}

/* A step that a resumed run has begun again counts once: its newest one. */
static void add_steps(const struct prom *prom, bool of_budget)
{
	for (size_t i = 0; i < prom->record->step_count; i++) {
		const struct record_step *step = &prom->record->steps[i];
		double seconds = of_budget ? value_get_number(step->started, "budget_seconds", -1)
		                           : value_get_number(step->finished, "seconds", -1);

		if (seconds >= 0 && record_step(prom->record, step->id) == step)
			sample(prom, seconds, "step", step->id, NULL);
	}
}

static void step_duration(const struct prom *prom)
{
	add_steps(prom, false);
}

static void step_budget(const struct prom *prom)
{
	add_steps(prom, true);
}

static void add_metric(const struct prom *prom, const json_t *metric, bool of_level)
{
	double value = level_exit_status(level_of(value_get_text(metric, "level")));
	const char *unit = value_get_text(metric, "unit");

	if (of_level || value_number(json_object_get(metric, "value"), &value))
		sample(prom, value, "metric", value_get_text(metric, "name"), "unit",
		    unit ? unit : unit_name(UNIT_COUNT), "when", value_get_text(metric, "when"),
		    NULL);
}

static void add_metrics(const struct prom *prom, bool of_level)
{
	json_t *metric;
	size_t i;

	json_array_foreach(prom->record->before, i, metric) {
		if (report_before(prom->record, value_get_text(metric, "name")) == metric)
			add_metric(prom, metric, of_level);
	}
	json_array_foreach(prom->record->after, i, metric) {
		if (report_is_last_after(prom->record, i))
			add_metric(prom, metric, of_level);
	}
}

static void metric_value(const struct prom *prom)
{
	add_metrics(prom, false);
}

static void metric_level(const struct prom *prom)
{
	add_metrics(prom, true);
}

/* In the order in which they are printed. */
static const struct {
	const char *name;
	const char *help;
	void (*samples)(const struct prom *prom);
} families[] = {
    {"fsops_run_info", "The last run of the runbook: its id, and how it ended.", info},
    {"fsops_run_success", "Whether it ended with exit status 0.", success},
    {"fsops_run_exit_status", "Its exit status: 0 ok, 1 warning, 2 critical, 3 unknown.",
        exit_status},
    {"fsops_run_started_timestamp_seconds", "When it began.", started},
    {"fsops_run_finished_timestamp_seconds", "When it ended.", finished},
    {"fsops_run_last_success_timestamp_seconds",
        "When a run of the runbook last ended with exit status 0.", last_good},
    {"fsops_run_duration_seconds", "How long it took.", duration},
    {"fsops_run_actions", "Its actions, by how they ended.", actions},
    {"fsops_run_changes", "Changes that it began.", changes},
    {"fsops_run_left_to_people", "What it left to people.", left},
    {"fsops_step_duration_seconds", "How long each step took.", step_duration},
    {"fsops_step_budget_seconds", "How long each step may take.", step_budget},
    {"fsops_metric_value", "The platform's metrics before and after it, in their own units.",
        metric_value},
    {"fsops_metric_level", "The same: 0 ok or info, 1 warning, 2 critical, 3 unknown.",
        metric_level},
};

void print_report_prom(struct buf *out, const struct record *record, msec last_success)
{
	for (size_t i = 0; i < COUNT_OF(families); i++) {
		struct buf samples;
		const struct prom prom = {.out = &samples,
		    .family = families[i].name,
		    .record = record,
		    .last_success = last_success};

		buf_init(&samples, BUF_TEXT_MAX);
		families[i].samples(&prom);
		if (samples.len)
			buf_addf(out, "# HELP %s %s\n# TYPE %s gauge\n%s", families[i].name,
			    families[i].help, families[i].name, samples.data);
		out->full = out->full || samples.full;
		buf_release(&samples);
	}
}
