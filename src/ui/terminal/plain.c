/* The plain sink: a run as lines for logs and pipes. Invariant: no escapes and no cursor movement,
 * and every line is written when its event comes. */
#include <stdlib.h>

#include "early.h"
#include "fsops/mem.h"
#include "ui/story/story.h"

struct plain_sink {
	struct sink base;
	struct out *out;
	struct story story;
	struct buf text;
};

static void plain_event(struct sink *base, const json_t *event)
{
	struct plain_sink *sink = (struct plain_sink *)base;

	buf_clear(&sink->text);
	story_event(&sink->story, event, &sink->text);
	out_write(sink->out, sink->text.data, sink->text.len);
}

static void plain_close(struct sink *base)
{
	struct plain_sink *sink = (struct plain_sink *)base;

	story_release(&sink->story);
	buf_release(&sink->text);
	free(sink);
}

static void say_early(
    void *ctx, const json_t *started, const json_t *waiting, const struct buf *text)
{
	struct plain_sink *sink = ctx;

	if (sink->story.options.quiet)
		return;
	buf_clear(&sink->text);
	story_say_early(&sink->story, started, waiting, text, &sink->text);
	out_write(sink->out, sink->text.data, sink->text.len);
}

struct sink *sink_plain_early(struct sink *base)
{
	return early_new(say_early, base);
}

static const struct sink_ops plain_ops = {.event = plain_event, .close = plain_close};

struct sink *sink_plain_new(struct out *out, const struct sink_options *options)
{
	struct plain_sink *sink = mem_alloc(sizeof(*sink));
	struct sink_options plain = *options;

	plain.look = (struct look){0};
	sink->base.ops = &plain_ops;
	sink->out = out;
	story_init(&sink->story, &plain, true);
	buf_init(&sink->text, UI_TEXT_MAX);
	return &sink->base;
}
