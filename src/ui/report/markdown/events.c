/* A run's report as Markdown: who was asked, when what was told, and the timeline. Invariant: rows come
 * in the order of the events. */
#include "markdown.h"

#include <string.h>

#include "fsops/mem.h"
#include "fsops/ui.h"
#include "fsops/value.h"
#include "ui/markdown.h"
#include "ui/report/approvals.h"
#include "ui/report/facts.h"
#include "ui/report/moment.h"

static void time_cells(struct buf *out, const json_t *event)
{
	char utc[CLOCK_TEXT_MAX], local[CLOCK_TEXT_MAX];

	report_utc(report_time(event), utc);
	report_local(report_time(event), local);
	buf_addf(out, "| %s | %s | ", utc, local);
}

/* ---- approvals ---- */

static void add_person(struct buf *out, const struct record *record, const json_t *given)
{
	const char *by = value_get_text(given, "by");
	struct buf who;

	buf_init(&who, BUF_TEXT_MAX);
	if (by && (strcmp(by, "person") == 0 || strcmp(by, "option") == 0))
		report_person(&who, record, given);
	else
		buf_adds(&who, report_nobody(given));
	if (by && strcmp(by, "option") == 0)
		buf_adds(&who, ", beforehand");
	md_text(out, who.data);
	buf_release(&who);
}

static void approval_row(
    struct buf *out, const struct record *record, const struct approval *approval)
{
	const json_t *given = approval->given;
	const json_t *event = approval->asked ? approval->asked : given;
	const struct record_action *action = approval->action;
	const char *command = value_get_text(event, "command");
	const char *answer = value_get_text(given, "answer");
	char utc[CLOCK_TEXT_MAX];

	if (!command)
		command = report_command(action);
	time_cells(out, approval->asked);
	md_text(out, value_get_text(event, "question"));
	buf_adds(out, " | ");
	if (command && *command)
		md_code(out, command);
	else
		md_text(out, report_action_title(record, action));
	report_utc(report_time(given), utc);
	buf_addf(out, " | %s | ", utc);
	md_text(out, answer ? answer : "no answer");
	buf_adds(out, " | ");
	if (given)
		add_person(out, record, given);
	buf_adds(out, " |\n");
}

static void add_approvals(struct buf *out, const struct record *record)
{
	struct approvals approvals;
	struct buf rows;

	approvals_init(&approvals, record);
	buf_init(&rows, UI_TEXT_MAX);
	for (size_t i = 0; i < approvals.count; i++)
		approval_row(&rows, record, &approvals.items[i]);
	if (rows.len)
		buf_addf(out,
		    "\n## Approvals\n\n"
		    "| Asked (UTC) | Local | For | Command | Answered (UTC) | Answer | By |\n"
		    "|---|---|---|---|---|---|---|\n%s",
		    rows.data);
	out->full = out->full || rows.full;
	buf_release(&rows);
	approvals_release(&approvals);
}

/* ---- events as sentences ---- */

static void moment_row(struct buf *out, const struct record *record, const json_t *event)
{
	const char *command;
	struct buf text;

	buf_init(&text, UI_TEXT_MAX);
	if (report_moment(&text, &command, record, event)) {
		time_cells(out, event);
		md_text(out, text.data);
		if (command && *command) {
			buf_adds(out, " ");
			md_code(out, command);
		}
		buf_adds(out, " |\n");
	}
	buf_release(&text);
}

static void add_table(struct buf *out, const struct record *record, const char *heading,
    bool (*wanted)(const json_t *event))
{
	struct buf rows;
	json_t *event;
	size_t i;

	buf_init(&rows, UI_TEXT_MAX);
	json_array_foreach(record->events, i, event) {
		if (wanted(event))
			moment_row(&rows, record, event);
	}
	if (rows.len)
		buf_addf(out, "\n## %s\n\n| UTC | Local | What |\n|---|---|---|\n%s", heading,
		    rows.data);
	out->full = out->full || rows.full;
	buf_release(&rows);
}

static bool every(const json_t *event)
{
	(void)event;
	return true;
}

void md_report_events(struct buf *out, const struct record *record)
{
	add_table(out, record, "Timeline", every);
	add_approvals(out, record);
	add_table(out, record, "Budgets and escalations", report_is_escalation);
}
