/* A `notify:` step: one message to some channels. Invariant: `done` comes once, from the loop, when
 * every channel is done with. */
#include "notices_private.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/text.h"
#include "fsops/value.h"
#include "kinds.h"

struct part {
	struct notices_call *call;
	const char *name; /* borrowed from the channel, or from call->asked */
	struct post_item *item;
	char *why;
	bool ended;
};

struct notices_call {
	struct notices *notices;
	json_t *asked;
	struct part *parts;
	size_t count;
	struct loop_timer *timer; /* nothing (more) is waited for */
	struct loop_timer *limit; /* until it waits no longer */
	notices_done_fn *done;
	void *ctx;
};

static void call_free(struct notices_call *call)
{
	loop_cancel(call->timer);
	loop_cancel(call->limit);
	for (size_t i = 0; i < call->count; i++)
		free(call->parts[i].why);
	free(call->parts);
	json_decref(call->asked);
	free(call);
}

/* ---- the end ---- */

static void on_all_done(void *ctx)
{
	struct notices_call *call = ctx;
	json_t *channels = json_object();
	struct buf why;

	call->timer = NULL;
	buf_init(&why, BUF_TEXT_MAX);
	for (size_t i = 0; i < call->count; i++) {
		const struct part *part = &call->parts[i];

		json_object_set_new(channels, part->name,
		    part->why ? value_text(part->why, strlen(part->why))
		              : json_string("delivered"));
		if (part->why)
			buf_addf(&why, "%s%s", why.len ? "; " : "", part->why);
	}
	call->done(call->ctx, channels, why.len ? why.data : NULL);
	buf_release(&why);
	json_decref(channels);
	call_free(call);
}

static void look_for_end(struct notices_call *call)
{
	for (size_t i = 0; i < call->count; i++)
		if (!call->parts[i].ended)
			return;
	if (!call->timer)
		call->timer = loop_after(call->notices->loop, 0, on_all_done, call);
}

static void end_part(struct part *part, const char *why)
{
	part->item = NULL;
	part->ended = true;
	part->why = mem_text(why);
}

static void on_part(void *ctx, const char *why)
{
	struct part *part = ctx;

	end_part(part, why);
	look_for_end(part->call);
}

static void on_limit(void *ctx)
{
	struct notices_call *call = ctx;
	char span[CLOCK_TEXT_MAX];

	call->limit = NULL;
	clock_format_span(NOTICES_STEP_WAIT, span);
	for (size_t i = 0; i < call->count; i++) {
		struct part *part = &call->parts[i];
		char *why;

		if (part->ended)
			continue;
		why = mem_printf("channel '%s': not delivered within %s; it is still being tried",
		    part->name, span);
		post_leave(part->item);
		end_part(part, why);
		free(why);
	}
	look_for_end(call);
}

/* ---- the beginning ---- */

static json_t *message_of(const struct notices *notices, const json_t *asked)
{
	json_t *masked = redact_value(notices->names.redact, asked);
	const char *action = value_get_text(masked, "action");
	json_t *time = event_time(notices->events);
	json_t *message = notice_own(&notices->run, action ? action : "trigger",
	    value_get_text(masked, "title"), said(masked, "text"), time);

	json_decref(time);
	json_decref(masked);
	return message;
}

static void start_part(struct part *part, json_t *message)
{
	struct notices *notices = part->call->notices;
	const struct platform *platform = notices->names.platform;
	const struct channel *channel = platform_channel(platform, part->name);
	char *why = NULL;

	if (!channel || !channel->config)
		why = mem_printf("there is no channel '%s'", part->name);
	else if (channel->kind->pings)
		why = mem_printf(
		    "channel '%s' is told of the beginning and the end of runs only", part->name);
	else
		part->item = post_send(notices->post, channel, message, on_part, part);
	if (!part->item)
		end_part(part, why ? why : "too many messages wait for it already");
	else
		notices->states[channel - platform->channels].opened =
		    strcmp(said(message, "action"), "resolve") != 0;
	free(why);
}

struct notices_call *notices_send(
    struct notices *notices, const json_t *asked, notices_done_fn *done, void *ctx)
{
	struct notices_call *call = mem_alloc(sizeof(*call));
	const json_t *to = json_object_get(asked, "to");
	json_t *message = message_of(notices, asked);

	*call = (struct notices_call){.notices = notices,
	    .asked = json_deep_copy(asked),
	    .count = json_is_array(to) ? json_array_size(to) : 1,
	    .done = done,
	    .ctx = ctx};
	to = json_object_get(call->asked, "to");
	call->parts = mem_alloc((call->count + 1) * sizeof(*call->parts));
	for (size_t i = 0; i < call->count; i++) {
		const char *name =
		    json_string_value(json_is_array(to) ? json_array_get(to, i) : to);

		call->parts[i] = (struct part){.call = call, .name = name ? name : "?"};
		start_part(&call->parts[i], message);
	}
	call->limit = loop_deadline(notices->loop, NOTICES_STEP_WAIT, on_limit, call);
	look_for_end(call);
	json_decref(message);
	return call;
}

char *notices_why(const struct notices_call *call)
{
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	for (size_t i = 0; i < call->count; i++) {
		const struct part *part = &call->parts[i];
		const char *why = part->item ? post_why(part->item) : part->why;

		if (why)
			buf_addf(&text, "%s%s", text.len ? "; " : "", why);
		else if (part->item)
			buf_addf(&text, "%schannel '%s': no answer yet", text.len ? "; " : "",
			    part->name);
	}
	return buf_detach(&text);
}

void notices_withdraw(struct notices_call *call)
{
	for (size_t i = 0; i < call->count; i++)
		if (call->parts[i].item)
			post_withdraw(call->parts[i].item);
	call_free(call);
}
