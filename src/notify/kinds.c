/* All kinds of channels, and what they share. Invariant: a name stands here once. */
#include "kinds.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/text.h"
#include "fsops/value.h"
#include "fsops/web.h"

const struct channel_kind *const channel_kinds[] = {
    &channel_slack,
    &channel_pagerduty,
    &channel_statuspage,
    &channel_webhook,
    &channel_mail,
    &channel_ping,
    NULL,
};

const char *const told_names[TOLD_COUNT] = {
    [TOLD_STARTED] = "run.started",
    [TOLD_FAILED] = "failed",
    [TOLD_BUDGET] = "budget.exceeded",
    [TOLD_ESCALATED] = "escalated",
    [TOLD_FINISHED] = "run.finished",
};

const struct adapter_field message_fields[] = {
    {"event", "string", "run.started, failed, budget.exceeded, escalated, run.finished, notify"},
    {"action", "string", "trigger, acknowledge or resolve"},
    {"title", "string", "one line"},
    {"text", "string", "all of it"},
    {"level", "string", "ok, info, warning, critical or unknown"},
    {"run", "string", "the run's id"},
    {"runbook", "string", "its name"},
    {"platform", "string", "the platform's name"},
    {"severity", "string", "the runbook's severity"},
    {"exit", "any", "the run's exit status, null before its end"},
    {"rid", "string", "a UUID, the same for all messages of a run"},
    {"time", "string", "when it happened"},
    {0},
};

const struct channel_kind *channel_kind_find(const char *name)
{
	for (size_t i = 0; channel_kinds[i]; i++)
		if (text_same(channel_kinds[i]->name, name))
			return channel_kinds[i];
	return NULL;
}

/* A ping is for what has a schedule: of that somebody must hear when it never comes. */
static bool is_pinged(const struct channel *channel, const struct runbook *runbook, enum told told)
{
	return (told == TOLD_STARTED || told == TOLD_FINISHED) &&
	       (channel->all_runs || runbook->schedule.kind != SCHEDULE_NONE);
}

bool channel_is_told(
    const struct channel *channel, const struct runbook *runbook, enum told told, bool check)
{
	if (!channel->kind || runbook->severity < channel->severity)
		return false;
	if (channel->kind->pings)
		return is_pinged(channel, runbook, told);
	return channel->on & 1u << told && !check;
}

void check_url(const struct node *map, const char *key, struct problems *list)
{
	const struct node *url = node_get(map, key);
	struct err err;

	if (url && !web_is_template(url->text) && web_url_check(url->text, &err) < 0)
		NODE_PROBLEM(list, url, "%s", err.text);
}

json_t *json_letter(const char *method, const char *url, json_t *body)
{
	char *text = value_to_json(body);
	json_t *letter = json_pack("{s:s, s:s, s:[s], s:s}", "method", method, "url", url,
	    "headers", "Content-Type: application/json", "body", text);

	free(text);
	json_decref(body);
	return letter;
}

const char *said(const json_t *message, const char *key)
{
	const char *text = value_get_text(message, key);

	return text ? text : "";
}

void add_cut(struct buf *out, const char *text, size_t max)
{
	static const char mark[] = " …";
	size_t len = strlen(text);

	if (len <= max) {
		buf_add(out, text, len);
		return;
	}
	len = max - strlen(mark);
	while (len && ((unsigned char)text[len] & 0xC0) == 0x80)
		len--;
	buf_add(out, text, len);
	buf_adds(out, mark);
}
