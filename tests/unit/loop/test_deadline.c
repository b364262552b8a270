/* Deadlines of the loop: what is there when one comes goes first; what never ends does not keep it off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "fsops/loop.h"

struct scene {
	struct loop *loop;
	struct loop_watch *watch;
	struct loop_timer *deadline;
	int fds[2];
	int hops; /* timers that a result still goes through */
	bool got;
	bool late;
	size_t reads;
};

static void on_late(void *ctx)
{
	struct scene *scene = ctx;

	scene->deadline = NULL;
	scene->late = true;
	loop_stop(scene->loop);
}

static void on_result(void *ctx)
{
	struct scene *scene = ctx;

	if (scene->hops-- > 0) {
		loop_after(scene->loop, 0, on_result, scene);
		return;
	}
	scene->got = true;
	loop_cancel(scene->deadline);
	loop_stop(scene->loop);
}

static void on_ready(void *ctx, int fd, int ready)
{
	struct scene *scene = ctx;
	char byte;

	(void)ready;
	assert_int_equal(read(fd, &byte, 1), 1);
	on_result(scene);
}

/* As long as a process is stopped, or a callback does not return. */
static void be_busy(void *ctx)
{
	struct scene *scene = ctx;

	assert_int_equal(write(scene->fds[1], "x", 1), 1);
	usleep(150 * 1000);
}

static void scene_init(struct scene *scene, loop_fd_fn *fn)
{
	*scene = (struct scene){.loop = loop_new(&clock_system)};
	assert_int_equal(pipe2(scene->fds, O_CLOEXEC | O_NONBLOCK), 0);
	scene->watch = loop_watch(scene->loop, scene->fds[0], LOOP_READ, fn, scene);
}

static void scene_release(struct scene *scene)
{
	loop_unwatch(scene->watch);
	close(scene->fds[0]);
	close(scene->fds[1]);
	loop_free(scene->loop);
}

static void test_a_result_that_is_there_counts(void **state)
{
	(void)state;
	for (int hops = 0; hops <= 5; hops++) {
		struct scene scene;

		scene_init(&scene, on_ready);
		scene.hops = hops;
		scene.deadline = loop_deadline(scene.loop, 50, on_late, &scene);
		loop_after(scene.loop, 0, be_busy, &scene);
		loop_run(scene.loop);
		assert_true(scene.got);
		assert_false(scene.late);
		scene_release(&scene);
	}
}

static void test_nothing_is_there(void **state)
{
	struct scene scene;
	msec began;

	(void)state;
	scene_init(&scene, on_ready);
	began = loop_now(scene.loop);
	scene.deadline = loop_deadline(scene.loop, 50, on_late, &scene);
	loop_run(scene.loop);
	assert_true(scene.late);
	assert_true(loop_now(scene.loop) - began >= 50);
	scene_release(&scene);
}

/* It is never read empty. */
static void on_flood(void *ctx, int fd, int ready)
{
	struct scene *scene = ctx;

	(void)fd;
	(void)ready;
	scene->reads++;
	usleep(1000);
}

static void test_a_flood_does_not_keep_it_off(void **state)
{
	struct scene scene;
	msec began;

	(void)state;
	scene_init(&scene, on_flood);
	assert_int_equal(write(scene.fds[1], "x", 1), 1);
	began = loop_now(scene.loop);
	scene.deadline = loop_deadline(scene.loop, 50, on_late, &scene);
	loop_run(scene.loop);
	assert_true(scene.late);
	assert_true(scene.reads >= 20);
	assert_in_range(loop_now(scene.loop) - began, 500, 20000);
	scene_release(&scene);
}

static void on_slow_flood(void *ctx, int fd, int ready)
{
	struct scene *scene = ctx;

	(void)fd;
	(void)ready;
	scene->reads++;
	usleep(300000);
}

/* Each round takes long: twenty of them would be six seconds. */
static void test_nor_does_a_slow_one(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, on_slow_flood);
	assert_int_equal(write(scene.fds[1], "x", 1), 1);
	scene.deadline = loop_deadline(scene.loop, 50, on_late, &scene);
	loop_run(scene.loop);
	assert_true(scene.late);
	assert_in_range(scene.reads, 2, 10);
	scene_release(&scene);
}

/* One alone keeps the loop going, and it can be cancelled. */
static void test_cancelled(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, on_ready);
	loop_watch_idle(scene.watch, true);
	scene.deadline = loop_deadline(scene.loop, 10, on_late, &scene);
	loop_cancel(scene.deadline);
	loop_run(scene.loop);
	assert_false(scene.late);
	scene_release(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_result_that_is_there_counts),
	    cmocka_unit_test(test_nothing_is_there),
	    cmocka_unit_test(test_a_flood_does_not_keep_it_off),
	    cmocka_unit_test(test_nor_does_a_slow_one),
	    cmocka_unit_test(test_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
