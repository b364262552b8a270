/* A run's report as JUnit XML: a step is a suite, an action is a case, and so is each metric after the
 * run. Invariants: a case fails when it counts against the run, and only what passed is a case without
 * a mark; what was not reached is there, skipped. */
#include "fsops/report.h"

#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "fsops/mem.h"
#include "fsops/ui.h"
#include "fsops/value.h"
#include "ui/look.h"
#include "ui/xml.h"

/* A suite that is being made. */
struct suite {
	struct buf cases;
	int tests;
	int failures;
	int errors;
	int skipped;
};

/* The whole. */
struct junit {
	const struct record *record;
	struct buf suites;
	int tests;
	int failures;
	int errors;
};

enum mark { MARK_NONE, MARK_FAILURE, MARK_ERROR, MARK_SKIPPED };

static const char *const mark_names[] = {
    [MARK_FAILURE] = "failure",
    [MARK_ERROR] = "error",
    [MARK_SKIPPED] = "skipped",
};

static const struct {
	const char *outcome;
	enum mark mark;
} marks[] = {
    {"passed", MARK_NONE},
    {"failed", MARK_FAILURE},
    {"not so", MARK_SKIPPED}, /* it does not count against the run */
    {"timed_out", MARK_FAILURE},
    {"skipped", MARK_SKIPPED},
    {"left", MARK_SKIPPED},
    {"not begun", MARK_SKIPPED},
};

/* Refused, cancelled, interrupted, still running, and what is not known: no result, an error. */
static enum mark mark_of(const char *outcome)
{
	for (size_t i = 0; i < COUNT_OF(marks); i++)
		if (strcmp(marks[i].outcome, outcome) == 0)
			return marks[i].mark;
	return MARK_ERROR;
}

/* ---- cases ---- */

static void begin_case(
    struct suite *suite, const struct junit *junit, const char *of, const char *name)
{
	char *class = mem_printf("%s.%s", report_field(junit->record, "runbook"), of);

	suite->tests++;
	buf_adds(&suite->cases, "    <testcase");
	xml_attribute(&suite->cases, "classname", class);
	xml_attribute(&suite->cases, "name", name);
	free(class);
}

static void add_mark(struct suite *suite, enum mark mark, const char *type, const char *message)
{
	suite->failures += mark == MARK_FAILURE;
	suite->errors += mark == MARK_ERROR;
	suite->skipped += mark == MARK_SKIPPED;
	if (mark == MARK_NONE)
		return;
	buf_addf(&suite->cases, "      <%s", mark_names[mark]);
	xml_attribute(&suite->cases, "type", type);
	xml_attribute(&suite->cases, "message", message);
	buf_adds(&suite->cases, "/>\n");
}

static void end_case(struct suite *suite)
{
	buf_adds(&suite->cases, "    </testcase>\n");
}

static void simple_case(struct suite *suite, const struct junit *junit, const char *of,
    const char *name, const char *outcome, const char *message)
{
	begin_case(suite, junit, of, name);
	buf_adds(&suite->cases, ">\n");
	add_mark(suite, mark_of(outcome), outcome, message && *message ? message : outcome);
	end_case(suite);
}

/* ---- suites ---- */

static void suite_begin(struct suite *suite)
{
	*suite = (struct suite){0};
	buf_init(&suite->cases, UI_TEXT_MAX);
}

static void add_seconds(struct buf *out, double seconds)
{
	if (seconds >= 0)
		buf_addf(out, " time=\"%.3f\"", seconds);
}

static void add_time(struct buf *out, const json_t *event)
{
	add_seconds(out, value_get_number(event, "seconds", -1));
}

/* "2026-11-25T12:38:04", without a fraction and without a zone: it is UTC. */
static void add_timestamp(struct buf *out, const json_t *event)
{
	char text[CLOCK_TEXT_MAX];

	if (!report_time(event))
		return;
	clock_format_rfc3339(report_time(event), text);
	text[strcspn(text, ".")] = '\0';
	xml_attribute(out, "timestamp", text);
}

static void suite_end(struct suite *suite, struct junit *junit, const char *id, const char *name,
    const json_t *started, const json_t *finished)
{
	struct buf *out = &junit->suites;
	const json_t *by = json_object_get(junit->record->started, "by");

	buf_adds(out, "  <testsuite");
	xml_attribute(out, "name", name);
	xml_attribute(out, "package", report_field(junit->record, "runbook"));
	xml_attribute(out, "id", id);
	if (value_get_text(by, "host"))
		xml_attribute(out, "hostname", value_get_text(by, "host"));
	add_timestamp(out, started);
	add_time(out, finished);
	buf_addf(out, " tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\">\n", suite->tests,
	    suite->failures, suite->errors, suite->skipped);
	buf_add(out, suite->cases.data, suite->cases.len);
	buf_adds(out, "  </testsuite>\n");
	out->full = out->full || suite->cases.full;
	junit->tests += suite->tests;
	junit->failures += suite->failures;
	junit->errors += suite->errors;
	buf_release(&suite->cases);
}

/* ---- actions ---- */

static void add_action_mark(
    struct suite *suite, const struct junit *junit, const struct record_action *action)
{
	const char *outcome = report_action_outcome(junit->record, action);
	const char *why = value_get_text(action->finished, "why");
	char *message = mem_printf("%s%s%s%s", strcmp(outcome, "not so") == 0 ? "only info: " : "",
	    report_word(outcome), why && *why ? ": " : "", why ? why : "");

	add_mark(suite, mark_of(outcome), outcome, message);
	free(message);
}

static void add_stream(struct suite *suite, const struct record_action *action, const char *stream,
    const char *element, const char *command)
{
	struct buf text;

	buf_init(&text, UI_TEXT_MAX);
	report_output(&text, action, stream);
	if (text.len || command) {
		buf_addf(&suite->cases, "      <%s>", element);
		if (command)
			buf_adds(&suite->cases, "$ ");
		xml_text(&suite->cases, command);
		if (command)
			buf_addc(&suite->cases, '\n');
		xml_lines(&suite->cases, text.data, text.len);
		buf_addf(&suite->cases, "</%s>\n", element);
	}
	suite->cases.full = suite->cases.full || text.full;
	buf_release(&text);
}

static void add_action(struct suite *suite, const struct junit *junit,
    const struct record_step *step, const struct record_action *action)
{
	char *item = report_item(action);
	char *name = mem_printf("%s%s%s%s", report_action_title(junit->record, action),
	    item ? " (" : "", item ? item : "", item ? ")" : "");

	begin_case(suite, junit, step->id, name);
	add_time(&suite->cases, action->finished);
	buf_adds(&suite->cases, ">\n");
	add_action_mark(suite, junit, action);
	add_stream(suite, action, "stdout", "system-out", report_command(action));
	add_stream(suite, action, "stderr", "system-err", NULL);
	end_case(suite);
	free(name);
	free(item);
}

static void add_step(struct junit *junit, const struct record_step *step)
{
	/* Begun again when the run was gone on with: what was cut off has its result there. */
	bool again = record_step(junit->record, step->id) != step;
	struct suite suite;

	suite_begin(&suite);
	for (size_t i = 0; i < step->action_count; i++)
		if (!again || record_action_final(&step->actions[i]))
			add_action(&suite, junit, step, &step->actions[i]);
	if (!suite.tests && again) {
		buf_release(&suite.cases);
		return;
	}
	if (!suite.tests)
		simple_case(&suite, junit, step->id, report_step_title(step),
		    report_step_outcome(junit->record, step),
		    value_get_text(step->finished, "why"));
	suite_end(&suite, junit, step->id, report_step_title(step), step->started, step->finished);
}

/* ---- what else counts ---- */

static const char *outcome_of_level(enum level level)
{
	if (level == LEVEL_UNKNOWN)
		return "unknown";
	return level == LEVEL_WARNING || level == LEVEL_CRITICAL ? "failed" : "passed";
}

static void add_metrics(struct junit *junit)
{
	const struct record *record = junit->record;
	struct suite suite;
	json_t *metric;
	size_t i;

	if (!json_array_size(record->after))
		return;
	suite_begin(&suite);
	json_array_foreach(record->after, i, metric) {
		enum level level = level_of(value_get_text(metric, "level"));
		const char *error = value_get_text(metric, "error");
		struct buf message;

		if (!report_is_last_after(record, i))
			continue;
		buf_init(&message, BUF_TEXT_MAX);
		metric_value_text(&message, metric);
		buf_addf(
		    &message, ", %s%s%s", level_name(level), error ? ": " : "", error ? error : "");
		simple_case(&suite, junit, "metrics", value_get_text(metric, "name"),
		    outcome_of_level(level), message.data);
		buf_release(&message);
	}
	suite_end(&suite, junit, "metrics", "metrics after the run",
	    json_array_get(record->after, 0), NULL);
}

/* Steps that were to run and were not, because the run ended before them. */
static void add_not_reached(struct junit *junit)
{
	json_t *plan = json_object_get(junit->record->started, "plan");
	struct suite suite;
	json_t *step;
	size_t i;

	suite_begin(&suite);
	json_array_foreach(json_object_get(plan, "steps"), i, step) {
		const char *id = value_get_text(step, "id");
		const char *section = value_get_text(step, "section");

		if (!id || record_step(junit->record, id) ||
		    !json_is_true(json_object_get(step, "selected")) ||
		    (section && strcmp(section, "on_failure") == 0))
			continue;
		simple_case(&suite, junit, id, value_get_text(step, "title"), "not begun",
		    "not reached: the run ended before it");
	}
	if (suite.tests)
		suite_end(&suite, junit, "not_reached", "not reached", NULL, NULL);
	else
		buf_release(&suite.cases);
}

/* A run that did not come to its own end has no result, whatever its actions say. */
static void add_run(struct junit *junit)
{
	const char *outcome = report_run_outcome(junit->record);
	struct suite suite;

	if (strcmp(outcome, "passed") == 0 || strcmp(outcome, "failed") == 0)
		return;
	suite_begin(&suite);
	simple_case(&suite, junit, "run", "the run comes to its end", outcome,
	    value_get_text(junit->record->finished, "why"));
	suite_end(&suite, junit, "run", "run", junit->record->started, junit->record->finished);
}

void print_report_junit(struct buf *out, const struct record *record)
{
	struct junit junit = {.record = record};

	buf_init(&junit.suites, UI_TEXT_MAX);
	for (size_t i = 0; i < record->step_count; i++)
		add_step(&junit, &record->steps[i]);
	add_metrics(&junit);
	add_not_reached(&junit);
	add_run(&junit);
	buf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
	xml_attribute(out, "name", report_field(record, "run"));
	add_seconds(out, report_took(record));
	buf_addf(out, " tests=\"%d\" failures=\"%d\" errors=\"%d\">\n", junit.tests, junit.failures,
	    junit.errors);
	buf_add(out, junit.suites.data, junit.suites.len);
	buf_adds(out, "</testsuites>\n");
	out->full = out->full || junit.suites.full;
	buf_release(&junit.suites);
}
