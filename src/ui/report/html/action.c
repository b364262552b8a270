/* One action of a report in HTML: a line that unfolds to its command, its facts and what it printed.
 * Invariant: what is left out of an output is counted where it is missing. */
#include "html.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/ui.h"
#include "fsops/value.h"
#include "ui/report/facts.h"

/* ---- output ---- */

static size_t output_size(const struct record_action *action)
{
	size_t size = 0;
	json_t *event;
	size_t i;

	json_array_foreach(action->output, i, event) {
		size += json_string_length(json_object_get(event, "text"));
	}
	return size;
}

static bool is_errors(const json_t *event)
{
	const char *stream = value_get_text(event, "stream");

	return stream && strcmp(stream, "stderr") == 0;
}

/* All of it; what came on standard error is marked. */
static void add_whole(struct page *page, const struct record_action *action)
{
	bool errors = false;
	json_t *event;
	size_t i;

	json_array_foreach(action->output, i, event) {
		const json_t *text = json_object_get(event, "text");

		if (is_errors(event) != errors)
			html_add(&page->html, errors ? "</span>" : "<span class=\"stderr\">");
		errors = is_errors(event);
		html_lines(&page->html, json_string_value(text), json_string_length(text));
	}
	if (errors)
		html_add(&page->html, "</span>");
}

/* A character that is cut belongs to neither side. */
static size_t end_of_head(const char *text, size_t at)
{
	while (at > 0 && ((unsigned char)text[at] & 0xC0) == 0x80)
		at--;
	return at;
}

static size_t begin_of_tail(const char *text, size_t at)
{
	while (((unsigned char)text[at] & 0xC0) == 0x80)
		at++;
	return at;
}

/* The beginning and the end, MOST bytes together. */
static void add_parts(struct page *page, const struct record_action *action, size_t most)
{
	struct buf text;
	size_t head, tail;

	buf_init(&text, UI_TEXT_MAX);
	report_output(&text, action, NULL);
	head = end_of_head(text.data, most / 2);
	tail = begin_of_tail(text.data, text.len - most / 2);
	html_lines(&page->html, text.data, head);
	html_add(&page->html,
	    "\n<span class=\"left-out\">… %zu bytes are left out here, the journal has them …"
	    "</span>\n",
	    tail - head);
	html_lines(&page->html, text.data + tail, text.len - tail);
	page->html.out->full = page->html.out->full || text.full;
	buf_release(&text);
}

static void add_output(struct page *page, const struct record_action *action)
{
	size_t size = output_size(action);

	if (!size)
		return;
	/* Can be scrolled with the keyboard, so it has a name and takes the focus. */
	html_add(&page->html,
	    "<pre class=\"output\" tabindex=\"0\" role=\"group\" aria-label=\"output of %s\">",
	    report_action_title(page->record, action));
	if (size > page->output_max)
		add_parts(page, action, page->output_max);
	else
		add_whole(page, action);
	html_add(&page->html, "</pre>\n");
}

/* ---- facts ---- */

static const char *field(const struct record_action *action, const char *key)
{
	return value_get_text(action->started ? action->started : action->finished, key);
}

static void fact_why(struct page *page, const void *of)
{
	const struct record_action *action = of;

	html_add(&page->html, "%s", value_get_text(action->finished, "why"));
}

static void fact_target(struct page *page, const void *of)
{
	const char *adapter = field(of, "adapter");
	const char *target = field(of, "target");

	html_add(&page->html, "%s%s%s", adapter, adapter && target ? ", " : "", target);
}

static void fact_effect(struct page *page, const void *of)
{
	html_add(&page->html, "%s", report_effect(of));
}

static void fact_began(struct page *page, const void *of)
{
	const struct record_action *action = of;

	if (action->started)
		page_time(page, action->started);
}

static void fact_attempts(struct page *page, const void *of)
{
	const struct record_action *action = of;
	double attempts = value_get_number(action->finished, "attempts", 1);

	if (attempts > 1)
		html_add(&page->html, "%.0f", attempts);
}

static void fact_captured(struct page *page, const void *of)
{
	const struct record_action *action = of;
	const char *name;
	json_t *value;

	json_object_foreach(json_object_get(action->finished, "captured"), name, value) {
		char *text = value_to_text(value);

		html_add(&page->html, "<div><code>%s = %s</code></div>", name, text);
		free(text);
	}
}

static void fact_saved(struct page *page, const void *of)
{
	const struct record_action *action = of;
	const json_t *saved = json_object_get(action->finished, "saved");

	if (json_is_object(saved))
		html_add(&page->html, "<code>%s</code>%s <a href=\"#files\">size and SHA-256</a>",
		    value_get_text(saved, "path"),
		    json_is_false(json_object_get(saved, "complete")) ? ", not whole," : "");
}

/* Is there a later measure of the same metric? */
static bool measured_again(const json_t *metrics, size_t index)
{
	const char *name = value_get_text(json_array_get(metrics, index), "name");

	for (size_t i = index + 1; name && i < json_array_size(metrics); i++) {
		const char *other = value_get_text(json_array_get(metrics, i), "name");

		if (other && strcmp(other, name) == 0)
			return true;
	}
	return false;
}

/* Each metric as it was looked at last. */
static void fact_metrics(struct page *page, const void *of)
{
	const struct record_action *action = of;
	json_t *metric;
	size_t i;

	json_array_foreach(action->metrics, i, metric) {
		if (measured_again(action->metrics, i))
			continue;
		html_add(&page->html, "<div>%s ", value_get_text(metric, "name"));
		page_metric(page, metric);
		html_add(&page->html, "</div>");
	}
}

/* ---- the whole ---- */

static void add_line(struct page *page, const struct record_action *action)
{
	const char *effect = report_effect(action);
	char *item = report_item(action);
	char took[CLOCK_TEXT_MAX];

	report_span(action->finished, "seconds", took);
	html_add(&page->html, "<summary>");
	page_outcome(page, report_action_outcome(page->record, action));
	html_add(&page->html, " <span class=\"name\">%s</span>",
	    report_action_title(page->record, action));
	if (item)
		html_add(&page->html, " <span class=\"item\">%s</span>", item);
	if (*effect && strcmp(effect, "read") != 0)
		html_add(&page->html, " <span class=\"tag\">%s</span>", effect);
	html_add(&page->html, " <span class=\"took dim\">%s</span>", took);
	if (report_command(action))
		html_add(&page->html, "<code class=\"preview\">%s</code>", report_command(action));
	html_add(&page->html, "</summary>\n");
	free(item);
}

void page_action(struct page *page, const struct record_action *action, size_t step, size_t number)
{
	static const struct fact facts[] = {
	    {"Why", fact_why, true},
	    {"Metrics", fact_metrics, true},
	    {"Effect", fact_effect, false},
	    {"By", fact_target, false},
	    {"Began", fact_began, false},
	    {"Attempts", fact_attempts, false},
	    {"Captured", fact_captured, true},
	    {"Saved", fact_saved, true},
	};
	const char *command = report_command(action);
	bool bad = outcome_find(report_action_outcome(page->record, action))->bad;

	html_add(
	    &page->html, bad ? "<details class=\"action\" open>" : "<details class=\"action\">");
	add_line(page, action);
	/* The anchor is inside: a browser unfolds what holds it. */
	html_add(&page->html, "<div class=\"body\" id=\"step-%zu-action-%zu\">\n", step, number);
	if (command && *command) {
		html_add(&page->html, "<pre class=\"command\">");
		html_lines(&page->html, command, strlen(command));
		html_add(&page->html, "</pre>\n");
	}
	page_facts(page, facts, COUNT_OF(facts), action);
	add_output(page, action);
	html_add(&page->html, "</div></details>\n");
}
