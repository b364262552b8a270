/* Channels told by hand, without a run. Invariant: of each channel that is told of escalations it is said
 * what became of it, also when time ran out. */
#include "notices_private.h"

#include <stdlib.h>

#include "fsops/mem.h"
#include "fsops/value.h"

struct hand {
	struct loop *loop;
	struct post *post;
	json_t *told;
};

static void on_told(void *ctx, const json_t *fact)
{
	struct hand *hand = ctx;

	json_array_append(hand->told, (json_t *)fact);
	if (post_idle(hand->post))
		loop_stop(hand->loop);
}

static void on_grace_over(void *ctx)
{
	struct hand *hand = ctx;

	loop_stop(hand->loop);
}

static bool is_told(const struct channel *channel, enum level severity)
{
	return channel->kind && channel->on & 1u << TOLD_ESCALATED && severity >= channel->severity;
}

static void send_all(
    struct hand *hand, const struct platform *platform, const json_t *facts, const json_t *event)
{
	enum level severity = LEVEL_OK;
	struct notice_run run;
	json_t *message;

	level_parse(value_get_text(facts, "severity"), &severity);
	notice_run_init(&run, platform->name);
	json_object_update(run.facts, (json_t *)facts);
	message = notice_message(&run, told_names[TOLD_ESCALATED], "trigger", event);
	for (size_t i = 0; i < platform->channel_count; i++)
		if (is_told(&platform->channels[i], severity))
			post_send(hand->post, &platform->channels[i], message, NULL, NULL);
	json_decref(message);
	notice_run_release(&run);
}

static void wait_for_all(struct hand *hand)
{
	char span[CLOCK_TEXT_MAX];
	struct loop_timer *grace;
	char *why;

	if (post_idle(hand->post))
		return;
	grace = loop_deadline(hand->loop, NOTICES_GRACE, on_grace_over, hand);
	post_close(hand->post);
	loop_run(hand->loop);
	clock_format_span(NOTICES_GRACE, span);
	why = mem_printf("not delivered within %s", span);
	if (!post_idle(hand->post))
		post_give_up(hand->post, why); /* the timer has fired */
	else
		loop_cancel(grace);
	free(why);
}

json_t *notices_by_hand(
    const struct platform *platform, const json_t *facts, const json_t *event, struct err *err)
{
	struct channel_names names;
	struct hand hand = {.told = json_array()};
	json_t *masked = NULL;

	if (channel_names_init(&names, platform, err) < 0)
		goto out;
	hand.loop = loop_new(&clock_system);
	hand.post = post_new(hand.loop, &names, on_told, &hand);
	send_all(&hand, platform, facts, event);
	wait_for_all(&hand);
	masked = redact_value(names.redact, hand.told);
	post_free(hand.post);
	loop_free(hand.loop);
out:
	json_decref(hand.told);
	channel_names_release(&names);
	return masked;
}
