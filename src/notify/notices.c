/*
 * A run's events as messages to channels.
 * Invariants: nothing is sent or told from inside the sink, only from the loop; of a run that only
 * looks nothing but pings is.
 */
#include "notices_private.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "kinds.h"

/* ---- making and freeing ---- */

/* The incidents that were opened before the run was interrupted. */
static void take_past(struct notices *notices, const struct record *past)
{
	const struct platform *platform = notices->plan->catalog->platform;
	json_t *event;
	size_t i;

	json_array_foreach(past->events, i, event) {
		const struct channel *channel = platform_channel(platform, said(event, "channel"));

		notice_run_learn(&notices->run, event);
		if (channel && strcmp(said(event, "type"), "notification") == 0 &&
		    strcmp(said(event, "action"), "trigger") == 0)
			notices->states[channel - platform->channels].opened = true;
	}
}

struct notices *notices_new(const struct plan *plan, const struct record *past, bool check)
{
	const struct platform *platform = plan->catalog->platform;
	struct notices *notices = mem_alloc(sizeof(*notices));

	notices->plan = plan;
	notices->check = check;
	notices->names = (struct channel_names){platform, plan->names, plan->redact};
	notices->states = mem_alloc((platform->channel_count + 1) * sizeof(*notices->states));
	buf_init(&notices->untold, BUF_TEXT_MAX);
	notice_run_init(&notices->run, platform->name);
	if (past)
		take_past(notices, past);
	return notices;
}

void notices_free(struct notices *notices)
{
	if (!notices)
		return;
	notice_run_release(&notices->run);
	buf_release(&notices->untold);
	free(notices->states);
	free(notices);
}

/* ---- what became of it ---- */

static void on_told(void *ctx, const json_t *fact)
{
	struct notices *notices = ctx;

	event_emit(notices->events, "notification", json_copy((json_t *)fact));
	if (notices->closing && post_idle(notices->post))
		loop_stop(notices->loop);
}

/* ---- who is told ---- */

static bool wants(const struct notices *notices, const struct channel *channel, enum told told)
{
	return channel_is_told(channel, notices->plan->runbook, told, notices->check);
}

static void send(struct notices *notices, const struct channel *channel, const char *what,
    const char *action, const json_t *event)
{
	json_t *message = notice_message(&notices->run, what, action, event);

	post_send(notices->post, channel, message, NULL, NULL);
	json_decref(message);
}

/* Once somebody has been at the terminal and an incident is open. */
static void acknowledge(struct notices *notices, size_t index, const json_t *event)
{
	struct notice_state *state = &notices->states[index];
	const struct channel *channel = &notices->names.platform->channels[index];

	if (!notices->person || !state->opened || state->acknowledged || !channel->kind->incidents)
		return;
	state->acknowledged = true;
	send(notices, channel, "acknowledged", "acknowledge", event);
}

static void tell(struct notices *notices, enum told told, const json_t *event)
{
	const struct platform *platform = notices->names.platform;

	for (size_t i = 0; i < platform->channel_count; i++) {
		if (!wants(notices, &platform->channels[i], told) || notices->states[i].missing)
			continue;
		notices->states[i].opened = true;
		send(notices, &platform->channels[i], told_names[told], "trigger", event);
		acknowledge(notices, i, event);
	}
}

/* All is well again: what was opened is closed, whether or not the channel is told of the end. */
static void resolve(struct notices *notices, const json_t *event)
{
	const struct platform *platform = notices->names.platform;

	for (size_t i = 0; i < platform->channel_count; i++) {
		const struct channel *channel = &platform->channels[i];
		bool incident = channel->kind && channel->kind->incidents;

		if (incident ? !notices->states[i].opened : !wants(notices, channel, TOLD_FINISHED))
			continue;
		if (notices->states[i].missing)
			continue;
		send(notices, channel, told_names[TOLD_FINISHED], "resolve", event);
	}
}

/* ---- events ---- */

static void on_started(struct notices *notices, const json_t *event)
{
	tell(notices, TOLD_STARTED, event);
}

/* What a runbook inside a step did is told with the step. */
static void on_step_finished(struct notices *notices, const json_t *event)
{
	if (strchr(said(event, "step"), '/') || !json_array_size(notices->run.failures))
		return;
	tell(notices, TOLD_FAILED, event);
}

static void on_budget(struct notices *notices, const json_t *event)
{
	tell(notices, TOLD_BUDGET, event);
}

/* The first level is told at the start, to whoever runs it; a level above the lowest is news. */
static void on_escalated(struct notices *notices, const json_t *event)
{
	if (json_is_true(json_object_get(event, "announce")))
		tell(notices, TOLD_ESCALATED, event);
}

static void on_given(struct notices *notices, const json_t *event)
{
	if (strcmp(said(event, "by"), "person") != 0)
		return;
	notices->person = true;
	for (size_t i = 0; i < notices->names.platform->channel_count; i++)
		acknowledge(notices, i, event);
}

static void on_finished(struct notices *notices, const json_t *event)
{
	enum level level = LEVEL_UNKNOWN;

	level_parse(said(event, "level"), &level);
	if (level == LEVEL_OK || level == LEVEL_INFO)
		resolve(notices, event);
	else
		tell(notices, TOLD_FINISHED, event);
}

static const struct {
	const char *type;
	void (*on)(struct notices *notices, const json_t *event);
} handlers[] = {
    {"run.started", on_started},
    {"run.resumed", on_started},
    {"step.finished", on_step_finished},
    {"budget.exceeded", on_budget},
    {"escalated", on_escalated},
    {"approval.given", on_given},
    {"run.finished", on_finished},
};

struct notices_sink {
	struct sink base;
	struct notices *notices;
};

static void sink_event(struct sink *base, const json_t *event)
{
	struct notices *notices = ((struct notices_sink *)base)->notices;
	const char *type = said(event, "type");

	notice_run_learn(&notices->run, event);
	for (size_t i = 0; notices->post && i < COUNT_OF(handlers); i++)
		if (strcmp(handlers[i].type, type) == 0)
			handlers[i].on(notices, event);
}

static void sink_close(struct sink *base)
{
	((struct notices_sink *)base)->notices->events = NULL;
	free(base);
}

static const struct sink_ops ops = {
    .event = sink_event, .close = sink_close, .as_it_happens = true};

struct sink *notices_sink(struct notices *notices, struct events *events)
{
	struct notices_sink *sink = mem_alloc(sizeof(*sink));

	sink->base.ops = &ops;
	sink->notices = notices;
	notices->events = events;
	return &sink->base;
}

/* ---- the loop ---- */

static bool is_of_use(const struct notices *notices, const struct channel *channel)
{
	for (int told = 0; told < TOLD_COUNT; told++)
		if (wants(notices, channel, (enum told)told))
			return true;
	return false;
}

/* Which channels would be told of this run, but lack what they need. */
static void find_missing(struct notices *notices, struct buf *out)
{
	const struct platform *platform = notices->names.platform;

	for (size_t i = 0; i < platform->channel_count; i++) {
		const struct channel *channel = &platform->channels[i];
		char *why =
		    is_of_use(notices, channel) ? channel_missing(&notices->names, channel) : NULL;

		notices->states[i].missing = why;
		if (why)
			buf_addf(
			    out, "%s%s (%s)", out->len ? ", " : "not told: ", channel->name, why);
		free(why);
	}
}

/* In the loop's first round, when run.started was told. */
static void on_first_round(void *ctx)
{
	struct notices *notices = ctx;
	const char *text = notices->untold.len ? notices->untold.data : NULL;

	notices->first = NULL;
	if (text)
		event_emit(notices->events, "note",
		    json_pack(
		        "{s:o, s:s}", "text", value_text(text, strlen(text)), "level", "info"));
}

void notices_on_loop(struct notices *notices, struct loop *loop)
{
	loop_cancel(notices->first);
	post_free(notices->post);
	notices->first = NULL;
	notices->post = NULL;
	notices->loop = loop;
	if (!loop || !notices->names.platform->channel_count)
		return;
	notices->post = post_new(loop, &notices->names, on_told, notices);
	notices->first = loop_after(loop, 0, on_first_round, notices);
	find_missing(notices, &notices->untold);
}

static void on_grace_over(void *ctx)
{
	struct notices *notices = ctx;

	notices->grace = NULL;
	loop_stop(notices->loop);
}

/* Why what is left is not delivered. */
static char *why_not(bool whole_grace)
{
	char span[CLOCK_TEXT_MAX];

	clock_format_span(NOTICES_GRACE, span);
	if (whole_grace)
		return mem_printf("not delivered within %s after the end of the run", span);
	return mem_text("not delivered by the end of the run, and a signal ended the wait");
}

void notices_finish(struct notices *notices, bool hurry)
{
	char *why;

	if (!notices->post || post_idle(notices->post))
		return;
	notices->closing = true;
	post_close(notices->post);
	notices->grace = loop_deadline(notices->loop, NOTICES_GRACE, on_grace_over, notices);
	if (!hurry)
		loop_run(notices->loop);
	why = why_not(!notices->grace);
	loop_cancel(notices->grace);
	notices->grace = NULL;
	post_give_up(notices->post, why);
	free(why);
}
