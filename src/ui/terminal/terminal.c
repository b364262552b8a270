/* The terminal sink: a run for a person who watches. Invariant: everything that matters scrolls by
 * as lines; the live line only says what is going on now and is gone at the end. */
#include <stdlib.h>
#include <string.h>

#include "early.h"
#include "fsops/loop.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "screen.h"
#include "spark.h"
#include "ui/safe.h"
#include "ui/story/story.h"

#define REDRAW ((msec)200)

struct terminal_sink {
	struct sink base;
	struct screen *screen;
	struct story story;
	struct buf text;
	struct loop *loop;
	struct loop_timer *timer;
	size_t frame;
	bool running; /* between run.started and run.finished */
};

/* "0:12": to the second, as a clock that can be read at a glance. */
static void add_clock(struct buf *out, msec span)
{
	int64_t seconds = span / 1000;

	if (seconds >= 3600)
		buf_addf(out, "%lld:%02lld:%02lld", (long long)seconds / 3600,
		    (long long)seconds / 60 % 60, (long long)seconds % 60);
	else
		buf_addf(out, "%lld:%02lld", (long long)seconds / 60, (long long)seconds % 60);
}

static enum role role_of_time(msec spent, msec budget)
{
	if (!budget || spent * 10 < budget * 8)
		return ROLE_OK;
	return spent < budget ? ROLE_WARNING : ROLE_CRITICAL;
}

/* What the metrics of an `until:` say at its last look, and how they went: "error_rate 8.1 % ▁▃█". */
static void add_looks(struct buf *out, const struct story_action *action, bool utf8)
{
	const char *name;
	json_t *metric;

	json_object_foreach(action->metrics, name, metric) {
		buf_adds(out, " ");
		safe_adds(out, name);
		buf_addc(out, ' ');
		metric_value_text(out, metric);
		if (utf8)
			spark_add(out, json_object_get(action->looks, name));
	}
}

/* What still runs: "database (and up to 6 more)". Of the others in the step only that they have begun
 * is known here: their ends are told in the declared order. */
static void add_waiting(struct buf *out, const struct story *story)
{
	size_t more = 0;

	for (size_t i = 0; i < story->action_count; i++) {
		const struct story_action *action = story->actions[i];

		if (strcmp(action->adapter ? action->adapter : "", "runbook") == 0)
			continue;
		if (more++)
			continue;
		buf_adds(out, "  ");
		safe_adds(out, action->label);
		add_looks(out, action, story->options.look.utf8);
	}
	if (more > 1)
		buf_addf(out, " (and up to %zu more)", more - 1);
}

static void add_step(struct buf *out, const struct look *look, const struct story_step *step)
{
	msec spent = clock_system.mono(clock_system.ctx) - step->began_mono;
	char budget[CLOCK_TEXT_MAX];

	if (step->number)
		buf_addf(out, "%d/%d ", step->number, step->of);
	safe_adds(out, step->title);
	buf_adds(out, "  ");
	look_on(out, look, role_of_time(spent, step->budget));
	add_clock(out, spent);
	look_off(out, look, role_of_time(spent, step->budget));
	if (step->budget) {
		clock_format_span(step->budget, budget);
		buf_addf(out, " of %s", budget);
	}
}

/* The live line is cut where its colours cannot be: after the clock. */
static void compose(struct terminal_sink *sink, struct buf *line)
{
	static const char *const frames[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
	static const char *const plain[] = {"-", "\\", "|", "/"};
	const struct story *story = &sink->story;
	const struct look *look = &story->options.look;
	int width = screen_width(sink->screen) - 1;
	struct buf waiting;
	int used;

	buf_addf(line, "%s ",
	    look->utf8 ? frames[sink->frame % COUNT_OF(frames)]
	               : plain[sink->frame % COUNT_OF(plain)]);
	if (story->depth > 0)
		add_step(line, look, &story->steps[story->depth - 1]);
	else
		buf_adds(line, "measuring");
	used = look_width(line->data, line->len);
	if (used > width) {
		look_cut(line, width);
		return;
	}
	buf_init(&waiting, BUF_TEXT_MAX);
	add_waiting(&waiting, story);
	look_on(line, look, ROLE_DIM);
	if (width - used > 4)
		safe_add_cut(line, waiting.data, waiting.len, width - used, look->utf8);
	look_off(line, look, ROLE_DIM);
	buf_release(&waiting);
}

static void redraw(struct terminal_sink *sink)
{
	struct buf line;

	if (sink->story.options.quiet)
		return;
	buf_init(&line, BUF_TEXT_MAX);
	if (sink->running)
		compose(sink, &line);
	screen_live(sink->screen, line.data);
	buf_release(&line);
}

static void on_tick(void *ctx)
{
	struct terminal_sink *sink = ctx;

	sink->frame++;
	redraw(sink);
	sink->timer = loop_after(sink->loop, REDRAW, on_tick, sink);
}

static void stop_clock(struct terminal_sink *sink)
{
	loop_cancel(sink->timer);
	sink->timer = NULL;
}

static void follow(struct terminal_sink *sink, const char *type)
{
	if (strcmp(type, "run.started") == 0 || strcmp(type, "run.resumed") == 0) {
		sink->running = true;
		if (sink->loop && !sink->timer)
			sink->timer = loop_after(sink->loop, REDRAW, on_tick, sink);
	} else if (strcmp(type, "run.finished") == 0) {
		sink->running = false;
		stop_clock(sink);
	}
}

static void terminal_event(struct sink *base, const json_t *event)
{
	struct terminal_sink *sink = (struct terminal_sink *)base;
	const char *type = value_get_text(event, "type");

	follow(sink, type ? type : "");
	sink->story.options.look.width = screen_width(sink->screen);
	buf_clear(&sink->text);
	story_event(&sink->story, event, &sink->text);
	if (!sink->running)
		screen_live(sink->screen, "");
	screen_print(sink->screen, sink->text.data, sink->text.len);
	redraw(sink);
}

static void say_early(
    void *ctx, const json_t *started, const json_t *waiting, const struct buf *text)
{
	struct terminal_sink *sink = ctx;

	if (sink->story.options.quiet)
		return;
	buf_clear(&sink->text);
	story_say_early(&sink->story, started, waiting, text, &sink->text);
	screen_print(sink->screen, sink->text.data, sink->text.len);
	redraw(sink);
}

struct sink *sink_terminal_early(struct sink *base)
{
	return early_new(say_early, base);
}

static void terminal_close(struct sink *base)
{
	struct terminal_sink *sink = (struct terminal_sink *)base;

	screen_live(sink->screen, "");
	story_release(&sink->story);
	buf_release(&sink->text);
	free(sink);
}

static const struct sink_ops terminal_ops = {.event = terminal_event, .close = terminal_close};

struct sink *sink_terminal_new(struct screen *screen, const struct sink_options *options)
{
	struct terminal_sink *sink = mem_alloc(sizeof(*sink));

	sink->base.ops = &terminal_ops;
	sink->screen = screen;
	story_init(&sink->story, options, false);
	buf_init(&sink->text, UI_TEXT_MAX);
	return &sink->base;
}

void sink_terminal_on_loop(struct sink *base, struct loop *loop)
{
	struct terminal_sink *sink = (struct terminal_sink *)base;

	stop_clock(sink);
	sink->loop = loop;
}
