/* The loop: timers in order, thousands of them, and what callbacks may do to each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "fsops/loop.h"
#include "fsops/mem.h"

struct note {
	char text[64];
	struct loop *loop;
	struct loop_timer *timer;
	struct loop_watch *watch;
	int count;
};

struct named {
	struct note *note;
	char name;
};

static void write_name(void *ctx)
{
	struct named *named = ctx;
	size_t len = strlen(named->note->text);

	named->note->text[len] = named->name;
}

static void stop(void *ctx)
{
	loop_stop(ctx);
}

static void count(void *ctx)
{
	((struct note *)ctx)->count++;
}

static void timers_fire_in_order(void **state)
{
	struct note note = {.loop = loop_new(&clock_system)};
	struct named a = {&note, 'a'}, b = {&note, 'b'}, c = {&note, 'c'}, d = {&note, 'd'};

	(void)state;
	loop_after(note.loop, 30, write_name, &d);
	loop_after(note.loop, 10, write_name, &b);
	loop_after(note.loop, 10, write_name, &c);
	loop_after(note.loop, 0, write_name, &a);
	loop_run(note.loop);
	assert_string_equal(note.text, "abcd");
	loop_free(note.loop);
}

static void an_empty_loop_returns(void **state)
{
	struct loop *loop = loop_new(&clock_system);

	(void)state;
	loop_run(loop);
	loop_free(loop);
}

static void cancel_other(void *ctx)
{
	struct note *note = ctx;

	loop_cancel(note->timer);
	note->timer = NULL;
}

static void a_callback_cancels_a_timer_due_too(void **state)
{
	struct note note = {.loop = loop_new(&clock_system)};

	(void)state;
	loop_after(note.loop, 0, cancel_other, &note);
	note.timer = loop_after(note.loop, 0, count, &note);
	loop_run(note.loop);
	assert_int_equal(note.count, 0);
	loop_free(note.loop);
}

static void a_timer_may_cancel_itself_when_it_fires(void **state)
{
	struct note note = {.loop = loop_new(&clock_system)};

	(void)state;
	note.timer = loop_after(note.loop, 0, cancel_other, &note);
	loop_run(note.loop);
	loop_free(note.loop);
}

static void again(void *ctx)
{
	struct note *note = ctx;

	if (++note->count < 5)
		loop_after(note->loop, 0, again, note);
}

static void a_timer_made_in_a_callback_waits_a_round(void **state)
{
	struct note note = {.loop = loop_new(&clock_system)};

	(void)state;
	loop_after(note.loop, 0, again, &note);
	loop_run(note.loop);
	assert_int_equal(note.count, 5);
	loop_free(note.loop);
}

#define MANY 20000

static struct {
	int fired;
	int last;
	int order[MANY];
} many;

static void check_order(void *ctx)
{
	int due = *(int *)ctx;

	assert_true(due >= many.last);
	many.last = due;
	many.fired++;
}

static msec still(void *ctx)
{
	return *(msec *)ctx;
}

static void move(void *ctx)
{
	*(msec *)ctx = 1000000;
}

static void thousands_of_timers(void **state)
{
	static struct loop_timer *timers[MANY];
	msec now = 0;
	struct clock clock = {.mono = still, .wall = still, .ctx = &now};
	struct loop *loop = loop_new(&clock);
	int left = MANY;

	(void)state;
	srand(7);
	for (int i = 0; i < MANY; i++) {
		many.order[i] = 1 + rand() % 100000;
		timers[i] = loop_after(loop, many.order[i], check_order, &many.order[i]);
	}
	for (int i = 0; i < MANY; i += 3, left--)
		loop_cancel(timers[i]);
	loop_after(loop, 0, move, &now);
	loop_run(loop);
	assert_int_equal(many.fired, left);
	loop_free(loop);
}

static void timers_left_over_are_freed(void **state)
{
	struct note note = {.loop = loop_new(&clock_system)};

	(void)state;
	loop_after(note.loop, 100000, count, &note);
	loop_after(note.loop, 0, stop, note.loop);
	loop_after(note.loop, 0, count, &note);
	loop_run(note.loop);
	assert_int_equal(note.count, 0);
	loop_after(note.loop, 1, stop, note.loop);
	loop_run(note.loop);
	assert_int_equal(note.count, 1);
	loop_free(note.loop);
}

/* Watches. */

struct pair {
	struct loop *loop;
	struct loop_watch *watches[2];
	int fds[2][2];
	int calls;
};

static void end_both(void *ctx, int fd, int ready)
{
	struct pair *pair = ctx;

	(void)fd;
	assert_int_equal(ready, LOOP_READ);
	pair->calls++;
	for (int i = 0; i < 2; i++) {
		loop_unwatch(pair->watches[i]);
		close(pair->fds[i][0]);
		close(pair->fds[i][1]);
	}
}

static void a_watch_ended_in_a_callback_is_not_called(void **state)
{
	struct pair pair = {.loop = loop_new(&clock_system)};

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pipe(pair.fds[i]), 0);
		assert_int_equal(write(pair.fds[i][1], "x", 1), 1);
		pair.watches[i] = loop_watch(pair.loop, pair.fds[i][0], LOOP_READ, end_both, &pair);
	}
	loop_run(pair.loop);
	assert_int_equal(pair.calls, 1);
	loop_free(pair.loop);
}

static void end_of_file(void *ctx, int fd, int ready)
{
	struct note *note = ctx;
	char byte;

	(void)ready;
	note->count++;
	assert_int_equal(read(fd, &byte, 1), 0);
	loop_unwatch(note->watch);
}

static void a_hang_up_is_readable(void **state)
{
	struct note note = {.loop = loop_new(&clock_system)};
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	note.watch = loop_watch(note.loop, fds[0], LOOP_READ, end_of_file, &note);
	close(fds[1]);
	loop_run(note.loop);
	assert_int_equal(note.count, 1);
	close(fds[0]);
	loop_free(note.loop);
}

static void never(void *ctx, int fd, int ready)
{
	(void)ctx;
	(void)fd;
	(void)ready;
	fail();
}

static void a_watch_for_nothing_does_not_spin(void **state)
{
	struct note note = {.loop = loop_new(&clock_system)};
	struct loop_watch *watch;
	int fds[2];
	clock_t before = clock();

	(void)state;
	assert_int_equal(pipe(fds), 0);
	watch = loop_watch(note.loop, fds[0], LOOP_READ, never, NULL);
	loop_watch_set(watch, 0);
	close(fds[1]);
	loop_after(note.loop, 50, stop, note.loop);
	loop_run(note.loop);
	assert_true(clock() - before < CLOCKS_PER_SEC / 50);
	loop_unwatch(watch);
	close(fds[0]);
	loop_free(note.loop);
}

static void an_idle_watch_does_not_hold_the_loop(void **state)
{
	struct loop *loop = loop_new(&clock_system);
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	loop_watch_idle(loop_watch(loop, fds[0], LOOP_READ, never, NULL), true);
	loop_run(loop);
	close(fds[0]);
	close(fds[1]);
	loop_free(loop);
}

static void nothing(int signo)
{
	(void)signo;
}

static void signals_do_not_shorten_timers(void **state)
{
	struct note note = {.loop = loop_new(&clock_system)};
	struct itimerval every = {.it_interval = {.tv_usec = 2000}, .it_value = {.tv_usec = 2000}};
	struct sigaction action = {.sa_handler = nothing};
	msec begin = loop_now(note.loop);

	(void)state;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	loop_after(note.loop, 60, count, &note);
	loop_run(note.loop);
	setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
	assert_int_equal(note.count, 1);
	assert_true(loop_now(note.loop) - begin >= 60);
	loop_free(note.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(timers_fire_in_order),
	    cmocka_unit_test(an_empty_loop_returns),
	    cmocka_unit_test(a_callback_cancels_a_timer_due_too),
	    cmocka_unit_test(a_timer_may_cancel_itself_when_it_fires),
	    cmocka_unit_test(a_timer_made_in_a_callback_waits_a_round),
	    cmocka_unit_test(thousands_of_timers),
	    cmocka_unit_test(timers_left_over_are_freed),
	    cmocka_unit_test(a_watch_ended_in_a_callback_is_not_called),
	    cmocka_unit_test(a_hang_up_is_readable),
	    cmocka_unit_test(a_watch_for_nothing_does_not_spin),
	    cmocka_unit_test(an_idle_watch_does_not_hold_the_loop),
	    cmocka_unit_test(signals_do_not_shorten_timers),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
