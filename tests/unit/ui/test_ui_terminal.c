/* The terminal sink on a pseudo-terminal: the live line fits, is erased, and leaves nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsops/loop.h"
#include "fsops/mem.h"
#include "fsops/ui.h"
#include "ui/look.h"
#include "ui/terminal/screen.h"

struct scene {
	int master;
	int slave;
	struct screen *screen;
	struct sink *sink;
	struct buf seen;
};

static void scene_begin(struct scene *scene, unsigned short columns, bool quiet)
{
	struct winsize size = {.ws_row = 24, .ws_col = columns};
	const struct sink_options options = {
	    .look = {.color = true, .utf8 = true, .width = columns}, .quiet = quiet};

	assert_int_equal(openpty(&scene->master, &scene->slave, NULL, NULL, &size), 0);
	fcntl(scene->master, F_SETFL, O_NONBLOCK);
	scene->screen = screen_new(scene->slave);
	scene->sink = sink_terminal_new(scene->screen, &options);
	buf_init(&scene->seen, BUF_TEXT_MAX);
}

static void look(struct scene *scene)
{
	char block[4096];
	ssize_t got;

	while ((got = read(scene->master, block, sizeof(block))) > 0)
		buf_add(&scene->seen, block, (size_t)got);
}

static void happen(struct scene *scene, json_t *event)
{
	assert_non_null(event);
	json_object_set_new(event, "time", json_string("2026-11-23T03:04:05.678Z"));
	scene->sink->ops->event(scene->sink, event);
	json_decref(event);
	look(scene);
}

static void scene_end(struct scene *scene)
{
	if (scene->sink)
		scene->sink->ops->close(scene->sink);
	screen_free(scene->screen);
	buf_release(&scene->seen);
	close(scene->master);
	close(scene->slave);
}

static void begin_step(struct scene *scene)
{
	happen(scene,
	    json_pack("{s:s, s:s, s:s}", "type", "run.started", "title", "A run", "platform", "p"));
	happen(scene, json_pack("{s:s, s:s, s:s, s:f, s:i, s:i}", "type", "step.started", "step",
	                  "s", "title", "A step with a title that is long", "budget_seconds", 60.0,
	                  "number", 1, "of", 2));
	happen(scene, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "type", "action.started", "step",
	                  "s", "action", "a_name_that_is_longer_than_any_line_here", "adapter",
	                  "exec", "effect", "read", "command", "true"));
}

/* What stands on the last line of the screen now. */
static const char *last_line(const struct scene *scene)
{
	const char *line = strrchr(scene->seen.data, '\n');
	const char *erased = strstr(line ? line : scene->seen.data, "\r\x1b[K");

	line = line ? line + 1 : scene->seen.data;
	while (erased) {
		line = erased + 4;
		erased = strstr(line, "\r\x1b[K");
	}
	return line;
}

static void the_live_line_fits(void **state)
{
	static const unsigned short widths[] = {20, 30, 40, 80, 200};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(widths); i++) {
		struct scene scene;
		const char *line;

		scene_begin(&scene, widths[i], false);
		begin_step(&scene);
		line = last_line(&scene);
		assert_non_null(strstr(line, "1/2"));
		assert_true(look_width(line, strlen(line)) < widths[i]);
		scene_end(&scene);
	}
}

static void action_begins(struct scene *scene, const char *id, int number)
{
	happen(scene, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "type", "action.started",
	                  "step", "s", "action", id, "adapter", "exec", "effect", "read", "command",
	                  "true", "number", number));
}

static void action_ends(struct scene *scene, const char *id)
{
	happen(scene, json_pack("{s:s, s:s, s:s, s:s, s:f}", "type", "action.finished", "step", "s",
	                  "action", id, "outcome", "passed", "seconds", 0.1));
}

/* The first in the declared order surely runs; of the others only the beginning is known. */
static void it_says_how_much_is_waited_for(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, 120, false);
	begin_step(&scene);
	action_ends(&scene, "a_name_that_is_longer_than_any_line_here");
	action_begins(&scene, "database", 2);
	action_begins(&scene, "cache", 4);
	assert_non_null(strstr(last_line(&scene), "database (and up to 1 more)"));
	action_ends(&scene, "database");
	assert_non_null(strstr(last_line(&scene), "cache"));
	assert_null(strstr(last_line(&scene), "more"));
	action_begins(&scene, "queue", 3);
	assert_non_null(strstr(last_line(&scene), "queue (and up to 1 more)"));
	scene_end(&scene);
}

static void metric_is(struct scene *scene, json_t *value)
{
	happen(scene, json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:s}", "type",
	                  "metric.measured", "step", "s", "action", "w", "name", "errors", "value",
	                  value, "unit", "percent", "level", "ok", "when", "look"));
}

static void it_shows_how_a_metric_goes(void **state)
{
	struct scene scene;
	int bars = 0;

	(void)state;
	scene_begin(&scene, 200, false);
	begin_step(&scene);
	happen(&scene,
	    json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "action.finished", "step", "s", "action",
	        "a_name_that_is_longer_than_any_line_here", "outcome", "passed", "effect", "read"));
	action_begins(&scene, "w", 2);
	metric_is(&scene, json_real(8));
	metric_is(&scene, json_real(8));
	assert_non_null(strstr(last_line(&scene), "errors 8 %"));
	assert_null(strstr(last_line(&scene), "▁"));
	metric_is(&scene, json_null());
	metric_is(&scene, json_real(1));
	metric_is(&scene, json_real(5));
	assert_non_null(strstr(last_line(&scene), "errors 5 % ██?▁▅"));
	for (int i = 0; i < 30; i++)
		metric_is(&scene, json_real(i));
	assert_null(strstr(last_line(&scene), "?"));
	assert_non_null(strstr(last_line(&scene), "errors 29 % ▁▁"));
	for (const char *at = last_line(&scene); (at = strstr(at, "\xe2\x96")); at++)
		bars++;
	assert_int_equal(bars, 24);
	scene_end(&scene);
}

static void it_is_gone_at_the_end(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, 80, false);
	begin_step(&scene);
	assert_true(*last_line(&scene) != '\0');
	happen(&scene, json_pack("{s:s, s:s, s:i, s:f}", "type", "run.finished", "level", "ok",
	                   "exit", 0, "seconds", 1.0));
	assert_string_equal(last_line(&scene), "");
	scene_end(&scene);
}

static void lines_go_above_it(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, 80, false);
	begin_step(&scene);
	screen_print(scene.screen, "x\n", 2);
	look(&scene);
	assert_non_null(strstr(last_line(&scene), "1/2"));
	scene_end(&scene);
}

static void outputs_cannot_draw(void **state)
{
	const char *const evil = "\x1b[2J\x1b[Hgotcha";
	struct scene scene;

	(void)state;
	scene_begin(&scene, 80, false);
	begin_step(&scene);
	happen(&scene,
	    json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "action.output", "step", "s", "action",
	        "a_name_that_is_longer_than_any_line_here", "stream", "stdout", "text", evil));
	happen(&scene,
	    json_pack("{s:s, s:s, s:s, s:s, s:f}", "type", "action.finished", "step", "s", "action",
	        "a_name_that_is_longer_than_any_line_here", "outcome", "passed", "seconds", 0.1));
	assert_null(strstr(scene.seen.data, "\x1b[2J"));
	assert_non_null(strstr(scene.seen.data, "\\x1b[2J\\x1b[Hgotcha"));
	scene_end(&scene);
}

static void quiet_has_no_live_line(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, 80, true);
	begin_step(&scene);
	assert_string_equal(scene.seen.data, "");
	scene_end(&scene);
}

static void stop(void *ctx)
{
	loop_stop(ctx);
}

static void the_clock_ticks_by_itself(void **state)
{
	struct loop *loop = loop_new(&clock_system);
	struct scene scene;
	size_t before;

	(void)state;
	scene_begin(&scene, 80, false);
	sink_terminal_on_loop(scene.sink, loop);
	begin_step(&scene);
	before = scene.seen.len;
	loop_after(loop, 700, stop, loop);
	loop_run(loop);
	look(&scene);
	assert_true(scene.seen.len > before);
	assert_non_null(strstr(last_line(&scene), "1/2"));
	happen(
	    &scene, json_pack("{s:s, s:s, s:i}", "type", "run.finished", "level", "ok", "exit", 0));
	loop_free(loop);
	scene_end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_live_line_fits),
	    cmocka_unit_test(it_says_how_much_is_waited_for),
	    cmocka_unit_test(it_shows_how_a_metric_goes),
	    cmocka_unit_test(it_is_gone_at_the_end),
	    cmocka_unit_test(lines_go_above_it),
	    cmocka_unit_test(outputs_cannot_draw),
	    cmocka_unit_test(quiet_has_no_live_line),
	    cmocka_unit_test(the_clock_ticks_by_itself),
	};

	return cmocka_run_group_tests_name("ui_terminal", tests, NULL, NULL);
}
