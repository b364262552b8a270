/* Whom to call now and when the next level comes. Invariant: it prints what escalation_at() says
 * of the moment, nothing of its own. */
#include <string.h>

#include "fsops/escalation.h"
#include "fsops/ui.h"
#include "fsops/value.h"
#include "ui/look.h"
#include "ui/safe.h"
#include "ui/table.h"

/* When LEVEL is reached, counted from the start; -1: it never is, by itself. */
static msec reached_at(const struct incident *incident, int level)
{
	struct escalation_state state =
	    escalation_at(incident->platform, incident->runbook, incident->severity, 0);

	while (state.level < level && state.next)
		state = escalation_at(
		    incident->platform, incident->runbook, incident->severity, state.next_at);
	return level < state.start || level > state.level ? -1 : state.since;
}

static void add_time(struct buf *out, const struct incident *incident, msec after)
{
	char text[CLOCK_TEXT_MAX];

	clock_format_local(incident->began + after, incident->now, text);
	buf_adds(out, text);
}

static void add_head(struct buf *out, const struct incident *incident, const struct look *look)
{
	char span[CLOCK_TEXT_MAX];

	clock_format_span(incident->now - incident->began, span);
	if (incident->name)
		look_add(out, look, ROLE_BOLD, incident->name);
	buf_adds(out, incident->name ? " (" : "An incident (");
	look_add(out, look, role_of_level(incident->severity), level_name(incident->severity));
	buf_adds(out, ") that began at ");
	add_time(out, incident, 0);
	if (incident->now - incident->began >= 1000)
		buf_addf(out, ", %s ago", span);
	buf_adds(out, "\n\n");
}

/* Everybody of a level, a line each. */
static void add_people(struct buf *out, const struct platform *platform, int level,
    const struct look *look, const char *indent)
{
	const struct escalation *entry = NULL;
	struct table *table = table_new(look, 2);

	while ((entry = escalation_next(platform, level, entry))) {
		struct buf how;

		buf_init(&how, BUF_TEXT_MAX);
		contact_add_how(&how, platform, entry->contact);
		table_cell(table, ROLE_BOLD, contact_title(platform, entry->contact));
		table_cell(table, ROLE_PLAIN, how.data);
		table_keep_whole(table);
		buf_release(&how);
	}
	table_print(out, table, indent);
	table_free(table);
}

static void add_next(struct buf *out, const struct incident *incident,
    const struct escalation_state *state, const struct look *look)
{
	char span[CLOCK_TEXT_MAX];

	if (!state->next) {
		buf_adds(out, escalation_above(incident->platform, state->level)
		                  ? "\nNo level comes next by itself: it is for business hours.\n"
		                  : "\nNo level is above this one.\n");
		return;
	}
	clock_format_span(state->next_at - (incident->now - incident->began), span);
	buf_addf(out, "\nIn %s, at ", span);
	add_time(out, incident, state->next_at);
	buf_addf(out, ", level %d:\n", state->next);
	add_people(out, incident->platform, state->next, look, "  ");
}

/* "" for an empty cell; what covers a level is said once. */
static const char *covers(const struct platform *platform, int level)
{
	const struct escalation *entry = NULL;

	while ((entry = escalation_next(platform, level, entry)))
		if (entry->covers)
			return entry->covers;
	return "";
}

static void add_row(struct table *table, const struct incident *incident, int level, int now)
{
	msec at = reached_at(incident, level);
	struct buf time;

	buf_init(&time, BUF_TEXT_MAX);
	if (at >= 0)
		add_time(&time, incident, at);
	table_cellf(table, level == now ? ROLE_BOLD : ROLE_PLAIN, "%d", level);
	table_cell(table, ROLE_PLAIN, at >= 0 ? time.data : "-");
	table_cell(table, ROLE_BOLD, level == now ? "now" : "");
	table_cell(table, ROLE_PLAIN, covers(incident->platform, level));
	buf_release(&time);
}

static void add_levels(
    struct buf *out, const struct incident *incident, int now, const struct look *look)
{
	static const char *const heads[] = {"LEVEL", "AT", "", "COVERS"};
	struct table *table = table_new(look, 4);
	int level = 0;

	for (size_t i = 0; i < 4; i++)
		table_cell(table, ROLE_DIM, heads[i]);
	while ((level = escalation_above(incident->platform, level)))
		add_row(table, incident, level, now);
	buf_addc(out, '\n');
	table_print(out, table, "");
	table_free(table);
}

static void add_told(struct buf *out, const json_t *told, const struct look *look)
{
	json_t *one;
	size_t i;

	json_array_foreach((json_t *)told, i, one) {
		bool delivered = json_is_true(json_object_get(one, "delivered"));
		const char *text = value_get_text(one, delivered ? "channel" : "why");

		buf_adds(out, i ? "" : "\n");
		look_on(out, look, delivered ? ROLE_OK : ROLE_WARNING);
		buf_adds(out, delivered ? "told " : "NOT told: ");
		safe_adds(out, text ? text : "");
		look_off(out, look, delivered ? ROLE_OK : ROLE_WARNING);
		buf_addc(out, '\n');
	}
}

void print_escalation_text(
    struct buf *out, const struct incident *incident, const struct look *look)
{
	const struct escalation_state state = escalation_at(incident->platform, incident->runbook,
	    incident->severity, incident->now - incident->began);

	print_source(out, incident->platform, look);
	add_head(out, incident, look);
	buf_addf(out, "Call now, level %d:\n", state.level);
	add_people(out, incident->platform, state.level, look, "  ");
	add_next(out, incident, &state, look);
	add_levels(out, incident, state.level, look);
	add_told(out, incident->told, look);
}

static json_t *people(const struct platform *platform, int level)
{
	const struct escalation *entry = NULL;
	json_t *list = json_array();

	while ((entry = escalation_next(platform, level, entry)))
		json_array_append_new(list, contact_object(platform, entry->contact));
	return list;
}

/* {"level", "at", "covers", "contacts"}; `at` is null for a level that is not reached by itself. */
static json_t *level_object(const struct incident *incident, int level)
{
	msec at = level ? reached_at(incident, level) : -1;
	char time[CLOCK_TEXT_MAX];

	if (!level)
		return json_null();
	clock_format_rfc3339(incident->began + at, time);
	return json_pack("{s:i, s:s?, s:s, s:o}", "level", level, "at", at < 0 ? NULL : time,
	    "covers", covers(incident->platform, level), "contacts",
	    people(incident->platform, level));
}

void print_escalation_json(struct buf *out, const struct incident *incident)
{
	const struct escalation_state state = escalation_at(incident->platform, incident->runbook,
	    incident->severity, incident->now - incident->began);
	json_t *levels = json_array();
	char began[CLOCK_TEXT_MAX];
	json_t *object;
	int level = 0;

	while ((level = escalation_above(incident->platform, level)))
		json_array_append_new(levels, level_object(incident, level));
	clock_format_rfc3339(incident->began, began);
	object = json_pack("{s:s?, s:s?, s:s, s:s, s:f, s:o, s:o, s:o}", "name", incident->name,
	    "runbook", incident->runbook ? incident->runbook->name : NULL, "severity",
	    level_name(incident->severity), "began", began, "elapsed_seconds",
	    (double)(incident->now - incident->began) / 1000, "now",
	    level_object(incident, state.level), "next", level_object(incident, state.next),
	    "levels", levels);
	if (incident->told)
		json_object_set(object, "told", (json_t *)incident->told);
	source_set(object, incident->platform);
	print_json(out, object);
	json_decref(object);
}
