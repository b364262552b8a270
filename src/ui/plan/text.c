/* The dry run for people: `--dry-run`. Invariant: every selected action is shown with its effect
 * and exact command; what is not known before the run stands as its ${…}. */
#include <stdlib.h>
#include <string.h>

#include "fsops/channel.h"
#include "fsops/mem.h"
#include "fsops/plan.h"
#include "fsops/value.h"
#include "ui/look.h"
#include "ui/safe.h"
#include "walk.h"

#define TAG_WIDTH 9

/* Where lines of the plan go, and how far in. */
struct page {
	const struct plan *plan;
	struct buf *out;
	const struct look *look;
	const char *indent;
};

/* "LABEL: TEXT" under a command. */
static void add_detail(const struct page *page, const char *label, const char *text)
{
	struct buf line;
	char *indent;

	if (!text)
		return;
	buf_init(&line, UI_TEXT_MAX);
	buf_addf(&line, "%s: ", label);
	safe_adds(&line, text);
	indent = mem_printf("%s%*s", page->indent, 4 + TAG_WIDTH, "");
	look_on(page->out, page->look, ROLE_DIM);
	print_folded(page->out, line.data, page->look->width, indent);
	look_off(page->out, page->look, ROLE_DIM);
	free(indent);
	buf_release(&line);
}

static void add_span(const struct page *page, const char *label, msec span)
{
	char text[CLOCK_TEXT_MAX];

	if (!span)
		return;
	clock_format_span(span, text);
	add_detail(page, label, text);
}

static void add_retry(const struct page *page, const struct action *action)
{
	char text[CLOCK_TEXT_MAX];
	char line[CLOCK_TEXT_MAX + 64];

	if (!action->retry_times)
		return;
	clock_format_span(action->retry_every, text);
	snprintf(line, sizeof(line), "%d more time%s, every %s", action->retry_times,
	    action->retry_times == 1 ? "" : "s", text);
	add_detail(page, "retry", line);
}

/* "for_each: LIST as NAME, …" */
static void add_loop(
    const struct page *page, const struct condition *for_each, const char *as, bool at_once)
{
	struct buf line;

	if (!for_each->text)
		return;
	buf_init(&line, BUF_TEXT_MAX);
	buf_addf(&line, "%s as %s, ", for_each->text, as ? as : "item");
	if (at_once)
		buf_addf(&line, "up to %d at once", RUN_READS_MAX);
	else
		buf_adds(&line, "one after another");
	add_detail(page, "for each", line.data);
	buf_release(&line);
}

static void add_captures(const struct page *page, const struct action *action)
{
	for (size_t i = 0; i < action->capture_count; i++) {
		const struct capture *capture = &action->captures[i];
		struct buf line;

		buf_init(&line, BUF_TEXT_MAX);
		buf_addf(&line, "%s = %s%s", capture->name, capture->value.text,
		    capture->secret ? " (secret)" : "");
		add_detail(page, "capture", line.data);
		buf_release(&line);
	}
}

/* "LABEL: exit status 0, and TEXT": what the adapter itself asks for is said where it counts. */
static void add_judged(const struct page *page, const char *label, const struct action *action,
    const char *text, bool first)
{
	struct buf line;

	buf_init(&line, BUF_TEXT_MAX);
	plan_judged_text(action, text, first, &line);
	add_detail(page, label, line.data);
	buf_release(&line);
}

static void add_expectation(const struct page *page, const struct action *action, size_t index)
{
	const struct expectation *expectation = &action->expects[index];

	add_judged(page, "expect", action, expectation->holds.text, index == 0);
	add_detail(page, "else", expectation->message);
}

static void add_watch(const struct page *page, const struct plan_action *item)
{
	const struct action *action = item->action;
	char *hold = plan_hold_text(page->plan, action);

	add_detail(page, "look", item->look);
	if (action->until.text)
		add_judged(
		    page, "until", action->look ? action->look : action, action->until.text, true);
	add_span(page, "hold for", action->hold_for);
	add_detail(page, "hold for", hold);
	free(hold);
	if (action->until.text || action->hold_for || action->hold_for_text)
		add_span(page, "every", action->every);
}

/* Does the page say at its top how METRIC is measured? */
static bool told_before(const struct page *page, const struct metric *metric)
{
	const struct runbook *runbook = page->plan->runbook;

	for (size_t i = 0; i < runbook->metric_count && !page->plan->nested; i++)
		if (runbook->metrics[i] == metric)
			return true;
	return false;
}

/* `fsops check` is not what reaches the platform: these commands are. */
static void add_sources(const struct page *page, const struct plan_action *item)
{
	const struct platform *platform = page->plan->catalog->platform;

	for (size_t i = 0; i < platform->metric_count; i++) {
		const struct metric *metric = &platform->metrics[i];
		char *command;

		if (!plan_action_measures(item, metric) || told_before(page, metric))
			continue;
		command = plan_metric_command(page->plan, metric);
		add_detail(page, metric->name, command);
		free(command);
	}
}

static void add_inherit(const struct page *page, const struct action *action)
{
	const json_t *names = json_object_get(action->inherit, ADAPTER_INHERIT);
	struct buf text;

	if (!names)
		return;
	buf_init(&text, BUF_TEXT_MAX);
	for (size_t i = 0; i < json_array_size(names); i++)
		buf_addf(&text, "%s%s", i ? " " : "", json_string_value(json_array_get(names, i)));
	add_detail(page, "inherit", text.len ? text.data : "nothing but PATH, HOME and the like");
	buf_release(&text);
}

static void add_details(const struct page *page, const struct plan_action *item)
{
	const struct action *action = item->action;

	add_sources(page, item);
	if (action->adapter->target_kind && action->effect_stated &&
	    action->derived == EFFECT_UNSTATED)
		add_detail(page, "effect", "as the runbook states it: nobody can tell");
	add_detail(page, "when", action->when.text);
	add_loop(page, &action->for_each, action->as, item->items_at_once);
	if (action->node && node_get(action->node, "accept"))
		add_detail(page, "accept", "any: only what is expected judges");
	for (size_t i = 0; i < action->expect_count; i++)
		add_expectation(page, action, i);
	add_watch(page, item);
	add_captures(page, action);
	add_retry(page, action);
	add_span(page, "timeout", action->timeout);
	add_detail(page, "save", action->save);
	if (action->stdin_text)
		add_detail(page, "stdin", "given to the command, not shown");
	add_inherit(page, action);
	if (item->effect == EFFECT_READ && action->severity < LEVEL_CRITICAL)
		add_detail(page, "severity", level_name(action->severity));
	if (action->on_failure != ON_FAILURE_DEFAULT)
		add_detail(page, "on failure",
		    action->on_failure == ON_FAILURE_STOP ? "stop" : "continue");
}

static void add_line(
    const struct page *page, const struct plan_action *action, const char *line, size_t len)
{
	char *text =
	    plan_action_manual(action) ? plan_manual_line(line, len) : mem_textn(line, len);

	buf_adds(page->out, plan_action_manual(action) ? "[ ] " : "");
	safe_adds(page->out, text);
	buf_addc(page->out, '\n');
	free(text);
}

/* The command after its tag; further lines of it stand under the first. */
static void add_command(const struct page *page, const struct plan_action *action)
{
	const char *at = action->command ? action->command : "";
	const char *end = at + strlen(at);
	const char *line;
	size_t len;
	bool first = true;

	while (next_line(&at, end, &line, &len)) {
		buf_addf(page->out, "%s    ", page->indent);
		look_on(page->out, page->look, role_of_effect(action->effect));
		buf_addf(page->out, "%-*s", TAG_WIDTH, first ? plan_action_tag(action) : "");
		look_off(page->out, page->look, role_of_effect(action->effect));
		add_line(page, action, line, len);
		first = false;
	}
}

/* What it is called in conditions, and what it is for. */
static void add_name(
    const struct page *page, const struct plan_step *step, const struct plan_action *action)
{
	const char *title = action->action->title;

	if (step->action_count > 1)
		add_detail(page, title ? action->id : "id", title ? title : action->id);
	else
		add_detail(page, "for", title);
}

static void add_action(
    const struct page *page, const struct plan_step *step, const struct plan_action *action)
{
	add_command(page, action);
	add_name(page, step, action);
	add_details(page, action);
	if (action->nested) {
		char *deeper = NULL;
		struct buf indent;

		buf_init(&indent, BUF_TEXT_MAX);
		buf_addf(&indent, "%s      ", page->indent);
		deeper = buf_detach(&indent);
		plan_print_steps(page->out, action->nested, page->look, deeper);
		free(deeper);
		buf_release(&indent);
	}
}

static void add_step(const struct page *page, const struct plan_step *step, size_t number)
{
	char budget[CLOCK_TEXT_MAX];

	clock_format_span(step->budget, budget);
	buf_addf(page->out, "%s%2zu. ", page->indent, number);
	look_add(page->out, page->look, ROLE_BOLD, step->title);
	buf_addf(page->out, " (budget %s)", budget);
	if (!step->selected) {
		buf_adds(page->out, ": left out\n");
		return;
	}
	buf_addf(page->out, "  [%s]\n", step->id);
	add_detail(page, "when", step->step->when.text);
	add_loop(page, &step->step->for_each, step->step->as, step->rounds_at_once);
	if (step->step->sequential && step->action_count > 1)
		add_detail(page, "order", "one action after another");
	for (size_t i = 0; i < step->action_count; i++)
		add_action(page, step, &step->actions[i]);
}

void plan_print_steps(
    struct buf *out, const struct plan *plan, const struct look *look, const char *indent)
{
	const struct page page = {plan, out, look, indent};

	for (size_t i = 0; i < plan->step_count; i++) {
		if (plan_section_begins(plan, i)) {
			buf_addf(out, "%s%s", i && !plan->nested ? "\n" : "", indent);
			look_add(out, look, ROLE_BOLD, plan_section_title(plan->steps[i].section));
			buf_addc(out, '\n');
		}
		add_step(&page, &plan->steps[i], i + 1);
	}
}

/* The reads that measure before and after are part of what a run does. */
static void add_metrics(const struct page *page, const struct plan *plan)
{
	const struct runbook *runbook = plan->runbook;

	if (!runbook->metric_count)
		return;
	look_add(page->out, page->look, ROLE_BOLD, "Metrics, measured before and after");
	buf_addc(page->out, '\n');
	for (size_t i = 0; i < runbook->metric_count; i++) {
		const struct metric *metric = runbook->metrics[i];
		const struct plan_action read = {
		    .action = &metric->source,
		    .effect = EFFECT_READ,
		    .command = plan_metric_command(plan, metric),
		};

		add_command(page, &read);
		add_detail(page, "metric", metric->name);
		free(read.command);
	}
	buf_addc(page->out, '\n');
}

/* What stands for its address in the commands, and when it is not opened. */
static void add_tunnel(const struct page *page, const json_t *tunnel)
{
	const char *name = value_get_text(tunnel, "name");
	char *address = mem_printf("%s:%s for target %s", value_get_text(tunnel, "host"),
	    value_get_text(tunnel, "port"), value_get_text(tunnel, "target"));
	char *when = name ? mem_printf("'%s' does not resolve here", name) : NULL;

	buf_addf(page->out, "%s    %-*s", page->indent, TAG_WIDTH, "tunnel");
	safe_adds(page->out, value_get_text(tunnel, "command"));
	buf_addc(page->out, '\n');
	add_detail(page, "address", address);
	add_detail(page, "only if", when);
	free(address);
	free(when);
}

static void add_tunnels(const struct page *page, const struct plan *plan)
{
	json_t *tunnels = plan_tunnels(plan);
	size_t i;
	json_t *tunnel;

	if (json_array_size(tunnels)) {
		look_add(page->out, page->look, ROLE_BOLD,
		    "Tunnels, each opened when it is first needed");
		buf_addc(page->out, '\n');
	}
	json_array_foreach(tunnels, i, tunnel)
		add_tunnel(page, tunnel);
	if (json_array_size(tunnels))
		buf_addc(page->out, '\n');
	json_decref(tunnels);
}

void plan_print_totals(struct buf *out, const struct plan *plan)
{
	struct plan_totals totals = {0};
	char budget[CLOCK_TEXT_MAX];

	plan_count(plan, &totals);
	clock_format_span(totals.budget, budget);
	buf_addf(out,
	    "\nIn all: %zu read%s, %zu change%s, %zu destroy%s, %zu left to people; budget %s.\n",
	    totals.reads, totals.reads == 1 ? "" : "s", totals.changes,
	    totals.changes == 1 ? "" : "s", totals.destroys, totals.destroys == 1 ? "" : "s",
	    totals.manual, budget);
}

/* "Tells by itself: slack (failed, run.finished), ping (run.started, run.finished)." */
static void add_told(struct buf *out, const struct plan *plan)
{
	const struct platform *platform = plan->catalog->platform;
	size_t channels = 0;

	for (size_t i = 0; i < platform->channel_count; i++) {
		const struct channel *channel = &platform->channels[i];
		size_t events = 0;

		for (int told = 0; told < TOLD_COUNT; told++) {
			if (!channel_is_told(channel, plan->runbook, (enum told)told, false))
				continue;
			if (!events)
				buf_adds(out, channels++ ? "), " : "Tells by itself: ");
			if (!events)
				safe_adds(out, channel->name);
			buf_addf(out, "%s%s", events++ ? ", " : " (", told_names[told]);
		}
	}
	buf_adds(out, channels ? ").\n" : "");
}

static void add_missing(const struct page *page, const struct plan *plan)
{
	json_t *missing = plan_missing(plan);

	for (size_t i = 0; i < json_array_size(missing); i++) {
		char *line = mem_printf("Note: %s.", json_string_value(json_array_get(missing, i)));

		print_folded(page->out, line, page->look->width, page->indent);
		free(line);
	}
	json_decref(missing);
}

void print_plan_text(struct buf *out, const struct plan *plan, const struct look *look)
{
	const struct page page = {plan, out, look, ""};
	const struct platform *platform = plan->catalog->platform;

	buf_adds(out, "Dry run of ");
	look_add(out, look, ROLE_BOLD, plan->runbook->name);
	buf_adds(out, " on ");
	look_add_platform(out, look, platform->name, platform_color(platform));
	buf_adds(out, ": nothing is executed. ${…} is not known before the run.\n");
	safe_adds(out, plan->runbook->title);
	buf_addf(out, " (%s)\n", level_name(plan->runbook->severity));
	if (platform->runbooks)
		look_add_runbooks(out, look, "runbooks in ", platform->runbooks);
	buf_addc(out, '\n');
	add_tunnels(&page, plan);
	add_metrics(&page, plan);
	plan_print_steps(out, plan, look, "");
	plan_print_totals(out, plan);
	add_missing(&page, plan);
	add_told(out, plan);
}
