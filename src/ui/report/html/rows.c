/* Rows of the timeline in HTML that show moments: when people were asked, when they were told. Invariant:
 * each mark leads to its line in a table. */
#include "chart.h"

#include "fsops/value.h"
#include "ui/report/approvals.h"
#include "ui/report/facts.h"
#include "ui/report/moment.h"

#define ROW_HEIGHT 20

static void begin_row(
    struct chart *chart, const char *section, const char *label, const char *title, size_t count)
{
	html_add(&chart->page->html,
	    "<li><div class=\"label\"><a href=\"#%s\">%s</a> <span class=\"number "
	    "dim\">%zu</span></div>",
	    section, label, count);
	chart_begin_picture(chart, ROW_HEIGHT, title);
}

static void end_row(struct chart *chart)
{
	html_add(&chart->page->html, "</svg></li>\n");
}

/* Marks lead to what the tables say too: the keyboard finds it there. */
static void add_mark(struct chart *chart, const char *class, const char *anchor, size_t number,
    msec wall, const char *title)
{
	html_add(&chart->page->html,
	    "<a href=\"#%s-%zu\" tabindex=\"-1\"><svg class=\"mark %s\" x=\"%.2f%%\" y=\"10\" "
	    "overflow=\"visible\"><title>%s</title><path d=\"M0-6 6 0 0 6-6 0z\"/></svg></a>\n",
	    anchor, number, class, scale_x(&chart->scale, wall), title);
}

/* ---- approvals ---- */

static void add_approval(struct chart *chart, const struct approval *approval, size_t number)
{
	const char *answer = value_get_text(approval->given, "answer");
	msec asked = report_time(approval->asked);
	msec given =
	    approval->given ? report_time(approval->given) : scale_end_of(&chart->scale, asked);

	if (approval->asked) {
		chart_begin_bar(chart, "waiting", asked, given, 7, 6);
		html_add(&chart->page->html, "</rect>");
	}
	add_mark(chart, answer ? "info" : "critical", "asked", number,
	    approval->asked ? asked : given, answer ? answer : "no answer");
}

void chart_approvals(struct chart *chart)
{
	struct approvals approvals;

	approvals_init(&approvals, chart->page->record);
	if (approvals.count) {
		begin_row(chart, "approvals", "Approvals",
		    "When people were asked, and how long they were waited for", approvals.count);
		for (size_t i = 0; i < approvals.count; i++)
			add_approval(chart, &approvals.items[i], i + 1);
		end_row(chart);
	}
	approvals_release(&approvals);
}

/* ---- escalations ---- */

static size_t count_escalations(const struct record *record)
{
	size_t count = 0;
	json_t *event;
	size_t i;

	json_array_foreach(record->events, i, event) {
		count += report_is_escalation(event);
	}
	return count;
}

/* Time that ran out, people who were told, and a message that did not reach them. */
static const char *escalation_class(const json_t *event)
{
	if (report_is(event, "budget.warned"))
		return "warning";
	if (report_is(event, "budget.exceeded") ||
	    json_is_false(json_object_get(event, "delivered")))
		return "critical";
	return "info";
}

static void add_escalation(struct chart *chart, const json_t *event, size_t number)
{
	const char *command;
	struct buf text;

	buf_init(&text, chart->page->html.out->max);
	report_moment(&text, &command, chart->page->record, event);
	add_mark(
	    chart, escalation_class(event), "escalation", number, report_time(event), text.data);
	buf_release(&text);
}

void chart_escalations(struct chart *chart)
{
	size_t count = count_escalations(chart->page->record);
	size_t number = 0;
	json_t *event;
	size_t i;

	if (!count)
		return;
	begin_row(chart, "escalations", "Budgets, escalations",
	    "When budgets ran out, and when people were told", count);
	json_array_foreach(chart->page->record->events, i, event) {
		if (report_is_escalation(event))
			add_escalation(chart, event, ++number);
	}
	end_row(chart);
}
