/* Who is called, and when. Invariant: levels only go up, and the answer depends on nothing but the
 * arguments: the same in a run, by hand and in a report. */
#include "fsops/escalation.h"

#include <string.h>

int escalation_above(const struct platform *platform, int level)
{
	int above = 0;

	for (size_t i = 0; i < platform->escalation_count; i++) {
		int one = platform->escalations[i].level;

		if (one > level && (above == 0 || one < above))
			above = one;
	}
	return above;
}

const struct escalation *escalation_next(
    const struct platform *platform, int level, const struct escalation *last)
{
	size_t i = last ? (size_t)(last - platform->escalations) + 1 : 0;

	for (; i < platform->escalation_count; i++)
		if (platform->escalations[i].level == level)
			return &platform->escalations[i];
	return NULL;
}

msec escalation_after(const struct platform *platform, int level)
{
	const struct escalation *entry = NULL;
	msec after = 0;

	while ((entry = escalation_next(platform, level, entry)))
		if (entry->after && (after == 0 || entry->after < after))
			after = entry->after;
	return after;
}

static bool names_runbook(const struct escalation *entry, const struct runbook *runbook)
{
	for (size_t i = 0; runbook && i < entry->runbook_count; i++)
		if (runbook_is_called(runbook, entry->runbooks[i]))
			return true;
	return false;
}

bool escalation_names(const struct platform *platform, const struct runbook *runbook)
{
	for (size_t i = 0; i < platform->escalation_count; i++)
		if (names_runbook(&platform->escalations[i], runbook))
			return true;
	return false;
}

/* Named at two levels: the higher one, because being called too early does less harm. */
static int start_level(
    const struct platform *platform, const struct runbook *runbook, enum level severity)
{
	int named = 0;
	int severe = 0;

	for (size_t i = 0; i < platform->escalation_count; i++) {
		const struct escalation *entry = &platform->escalations[i];

		if (names_runbook(entry, runbook) && entry->level > named)
			named = entry->level;
		if (entry->severity && entry->severity <= severity && entry->level > severe)
			severe = entry->level;
	}
	if (named || severe)
		return named ? named : severe;
	return escalation_above(platform, 0);
}

struct escalation_state escalation_at(const struct platform *platform,
    const struct runbook *runbook, enum level severity, msec elapsed)
{
	struct escalation_state state = {.start = start_level(platform, runbook, severity)};
	msec now = elapsed > 0 ? elapsed : 0;

	state.level = state.start;
	if (state.level == 0 || severity == LEVEL_INFO)
		return state;
	for (;;) {
		int above = escalation_above(platform, state.level);
		msec at = state.since + escalation_after(platform, state.level);

		if (above == 0)
			return state;
		if (at > now) {
			state.next = above;
			state.next_at = at;
			return state;
		}
		state.level = above;
		state.since = at;
	}
}

const char *contact_title(const struct platform *platform, const char *key)
{
	const char *title =
	    json_string_value(json_object_get(json_object_get(platform->contacts, key), "title"));

	return title ? title : key;
}

void contact_add_how(struct buf *out, const struct platform *platform, const char *key)
{
	json_t *contact = json_object_get(platform->contacts, key);
	const char *before = "";
	const char *way;
	json_t *value;

	json_object_foreach(contact, way, value) {
		if (strcmp(way, "title") == 0)
			continue;
		buf_addf(out, "%s%s %s", before, way, json_string_value(value));
		before = ", ";
	}
}

json_t *contact_object(const struct platform *platform, const char *key)
{
	json_t *how = json_copy(json_object_get(platform->contacts, key));

	if (!how)
		how = json_object();
	json_object_del(how, "title");
	return json_pack(
	    "{s:s, s:s, s:o}", "name", key, "title", contact_title(platform, key), "how", how);
}

void escalation_add_who(struct buf *out, const struct platform *platform, int level)
{
	const struct escalation *entry = NULL;
	const char *before = "";

	while ((entry = escalation_next(platform, level, entry))) {
		struct buf how;

		buf_init(&how, BUF_TEXT_MAX);
		contact_add_how(&how, platform, entry->contact);
		buf_addf(out, "%s%s%s%s%s", before, contact_title(platform, entry->contact),
		    how.len ? " (" : "", how.data, how.len ? ")" : "");
		buf_release(&how);
		before = ", ";
	}
}

void escalation_add_text(struct buf *out, const struct platform *platform,
    const struct escalation_state *state, msec elapsed, msec now)
{
	char time[CLOCK_TEXT_MAX], span[CLOCK_TEXT_MAX];

	buf_adds(out, "call ");
	escalation_add_who(out, platform, state->level);
	if (!state->next)
		return;
	clock_format_local(now + state->next_at - elapsed, now, time);
	clock_format_span(state->next_at - elapsed, span);
	buf_addf(out, "; level %d follows at %s, in %s: ", state->next, time, span);
	escalation_add_who(out, platform, state->next);
}
