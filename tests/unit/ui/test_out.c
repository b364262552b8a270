/* Writing while a loop runs: nothing waits, nothing is lost in silence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsops/ui.h"

/* A line is "N" in so many characters. */
#define LINE 1024

struct scene {
	struct loop *loop;
	struct out out;
	int reader;
	struct buf seen;
};

static void scene_begin(struct scene *scene)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	scene->reader = fds[0];
	scene->loop = loop_new(&clock_system);
	buf_init(&scene->seen, UI_TEXT_MAX);
	out_init(&scene->out, fds[1]);
	out_on_loop(&scene->out, scene->loop);
}

static void scene_end(struct scene *scene)
{
	out_release(&scene->out);
	loop_free(scene->loop);
	buf_release(&scene->seen);
	close(scene->out.fd);
	if (scene->reader >= 0)
		close(scene->reader);
}

static void write_lines(struct scene *scene, int from, int to)
{
	char line[LINE + 1];

	for (int i = from; i < to; i++) {
		snprintf(line, sizeof(line), "%0*d\n", LINE - 1, i);
		out_write(&scene->out, line, LINE);
	}
}

static void on_readable(void *ctx, int fd, int ready)
{
	struct scene *scene = ctx;
	char block[65536];
	ssize_t got;

	(void)ready;
	while ((got = read(fd, block, sizeof(block))) > 0)
		buf_add(&scene->seen, block, (size_t)got);
	if (!out_behind(&scene->out))
		loop_stop(scene->loop);
}

/* The reader reads on, until all that was queued has come. */
static void read_on(struct scene *scene)
{
	struct loop_watch *watch =
	    loop_watch(scene->loop, scene->reader, LOOP_READ, on_readable, scene);

	loop_run(scene->loop);
	loop_unwatch(watch);
}

static int number_at(const struct scene *scene, size_t at)
{
	return atoi(scene->seen.data + at);
}

static void nothing_waits_and_nothing_is_lost(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene);
	write_lines(&scene, 0, 2000);
	assert_true(out_behind(&scene.out));
	read_on(&scene);
	assert_false(out_behind(&scene.out));
	write_lines(&scene, 2000, 2010);
	read_on(&scene);
	assert_int_equal(scene.seen.len, 2010 * LINE);
	for (int i = 0; i < 2010; i++)
		assert_int_equal(number_at(&scene, (size_t)i * LINE), i);
	scene_end(&scene);
}

/* Every line is either there or counted. */
static void lines_left_out_are_counted(void **state)
{
	static const char note[] = "left out so far, lines: ";
	const int count = 60000;
	struct scene scene;
	const char *gap;
	size_t here;

	(void)state;
	scene_begin(&scene);
	write_lines(&scene, 0, count);
	assert_true(scene.out.queue.len <= (size_t)16 * 1024 * 1024);
	read_on(&scene);
	assert_int_equal(scene.out.error, 0);
	gap = strstr(scene.seen.data, note);
	assert_non_null(gap);
	assert_null(strstr(gap + 1, note));
	here = scene.seen.len / LINE;
	assert_int_equal((size_t)atoi(gap + strlen(note)) + here, count);
	assert_int_equal(number_at(&scene, 0), 0);
	assert_int_equal(number_at(&scene, scene.seen.len - LINE), count - 1);
	scene_end(&scene);
}

static void what_must_be_complete_ends_instead(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene);
	scene.out.complete = true;
	write_lines(&scene, 0, 20000);
	assert_int_equal(scene.out.error, ENOBUFS);
	assert_non_null(strstr(out_why(&scene.out), "16 MiB"));
	read_on(&scene);
	write_lines(&scene, 20000, 20001);
	assert_true(scene.seen.len > (size_t)16 * 1024 * 1024 - LINE);
	assert_int_equal(scene.seen.len % LINE, 0);
	for (size_t at = 0; at < scene.seen.len; at += LINE)
		assert_int_equal(number_at(&scene, at), at / LINE);
	scene_end(&scene);
}

static void a_reader_that_goes_is_no_fault(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene);
	write_lines(&scene, 0, 200);
	close(scene.reader);
	scene.reader = -1;
	out_on_loop(&scene.out, NULL);
	out_drain(&scene.out);
	write_lines(&scene, 200, 400);
	assert_true(scene.out.gone);
	assert_int_equal(scene.out.error, 0);
	assert_false(out_behind(&scene.out));
	scene_end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_waits_and_nothing_is_lost),
	    cmocka_unit_test(lines_left_out_are_counted),
	    cmocka_unit_test(what_must_be_complete_ends_instead),
	    cmocka_unit_test(a_reader_that_goes_is_no_fault),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("out", tests, NULL, NULL);
}
