/* What is kept from one action to the next: one user at a time, and when it is closed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fsops/keep.h"
#include "fsops/mem.h"

/* A clock that stands until it is told to go on. */
static msec now;

static msec told_time(void *ctx)
{
	(void)ctx;
	return now;
}

static const struct clock told = {.mono = told_time, .wall = told_time};

static char closed[64]; /* the names of what was closed, in order */

static void close_name(void *thing)
{
	strcat(closed, thing);
	free(thing);
}

static const struct keep_kind one = {"one", close_name, true};
static const struct keep_kind other = {"other", close_name, false};

static void give(struct loop *loop, const struct keep_kind *kind, const char *key, const char *name)
{
	keep_give(loop, kind, key, mem_text(name), -1, keep_birth(loop, kind));
}

/* Take and free: the name, or "" for nothing. */
static const char *take(struct loop *loop, const struct keep_kind *kind, const char *key)
{
	static char name[16];
	char *thing = keep_take(loop, kind, key);

	strcpy(name, thing ? thing : "");
	free(thing);
	return name;
}

static int set_up(void **state)
{
	now = 1000;
	closed[0] = '\0';
	*state = loop_new(&told);
	return 0;
}

static int tear_down(void **state)
{
	loop_free(*state);
	return 0;
}

static void each_has_one_user(void **state)
{
	give(*state, &one, "db", "a");
	assert_string_equal(take(*state, &one, "db"), "a");
	assert_string_equal(take(*state, &one, "db"), "");
	assert_string_equal(closed, "");
}

static void kind_and_key_tell_them_apart(void **state)
{
	give(*state, &one, "db", "a");
	give(*state, &other, "db", "b");
	give(*state, &one, "db2", "c");
	assert_string_equal(take(*state, &other, "db2"), "");
	assert_string_equal(take(*state, &other, "db"), "b");
	assert_string_equal(take(*state, &one, "db2"), "c");
	assert_string_equal(take(*state, &one, "db"), "a");
}

static void the_last_one_is_taken_first(void **state)
{
	give(*state, &one, "db", "a");
	give(*state, &one, "db", "b");
	assert_int_equal(keep_count(*state, &one), 2);
	assert_string_equal(take(*state, &one, "db"), "b");
}

static void stop(void *loop)
{
	loop_stop(loop);
}

/* A loop that has only kept things to wait for ends at once; so something is waited for. */
static void turn(struct loop *loop)
{
	loop_after(loop, 0, stop, loop);
	loop_run(loop);
}

static void idle_ones_are_closed(void **state)
{
	give(*state, &one, "db", "a");
	now += KEEP_IDLE_MAX - 1;
	give(*state, &one, "db", "b");
	turn(*state);
	assert_string_equal(closed, "");
	now += 1;
	turn(*state);
	turn(*state);
	assert_string_equal(closed, "a");
	now += KEEP_IDLE_MAX;
	turn(*state);
	turn(*state);
	assert_string_equal(closed, "ab");
}

static void old_ones_are_not_used(void **state)
{
	struct keep_birth birth = keep_birth(*state, &one);

	now += KEEP_LIFE_MAX - 1;
	keep_give(*state, &one, "db", mem_text("a"), -1, birth);
	assert_string_equal(take(*state, &one, "db"), "a");
	keep_give(*state, &one, "db", mem_text("b"), -1, birth);
	now += 1;
	assert_string_equal(take(*state, &one, "db"), "");
	keep_give(*state, &one, "db", mem_text("c"), -1, birth);
	assert_string_equal(closed, "bc");
}

static void those_of_one_key_can_be_closed(void **state)
{
	give(*state, &one, "db", "a");
	give(*state, &one, "db2", "b");
	give(*state, &other, "db", "c");
	assert_int_equal(keep_drop(*state, &one, "db"), 1);
	assert_string_equal(closed, "a");
	assert_string_equal(take(*state, &one, "db2"), "b");
	assert_string_equal(take(*state, &other, "db"), "c");
}

static void nobody_waits_for_them(void **state)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	keep_give(*state, &one, "db", mem_text("a"), fds[0], keep_birth(*state, &one));
	loop_run(*state); /* returns */
	assert_string_equal(take(*state, &one, "db"), "a");
	close(fds[0]);
	close(fds[1]);
}

static void too_many_are_not_kept(void **state)
{
	for (int i = 0; i < KEEP_MAX; i++)
		give(*state, &one, "db", "");
	assert_string_equal(closed, "");
	give(*state, &one, "db", "z");
	assert_int_equal(keep_count(*state, &one), KEEP_MAX);
	assert_string_equal(take(*state, &one, "db"), "z");
}

static void the_oldest_goes_first(void **state)
{
	give(*state, &one, "db", "a");
	for (int i = 0; i < KEEP_MAX; i++)
		give(*state, &one, "db", "b");
	assert_string_equal(closed, "a");
}

static void dead(void **state, bool in_a_turn)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	keep_give(*state, &one, "db", mem_text("a"), fds[0], keep_birth(*state, &one));
	close(fds[1]);
	if (in_a_turn)
		turn(*state);
	assert_string_equal(in_a_turn ? closed : "a", "a");
	assert_string_equal(take(*state, &one, "db"), "");
	assert_string_equal(closed, "a");
	close(fds[0]);
}

static void a_closed_one_is_seen_by_the_loop(void **state)
{
	dead(state, true);
}

static void a_closed_one_is_seen_when_it_is_taken(void **state)
{
	dead(state, false);
}

static void one_that_speaks_unasked_is_closed(void **state)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	keep_give(*state, &one, "db", mem_text("a"), fds[0], keep_birth(*state, &one));
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_string_equal(take(*state, &one, "db"), "");
	assert_string_equal(closed, "a");
	close(fds[0]);
	close(fds[1]);
}

static void a_change_ends_what_was_made_before_it(void **state)
{
	struct keep_birth before = keep_birth(*state, &one);

	give(*state, &one, "db", "a");
	keep_forget(*state);
	assert_string_equal(closed, "a");
	keep_give(*state, &one, "db", mem_text("b"), -1, before); /* it was in use */
	assert_string_equal(closed, "ab");
	give(*state, &one, "db", "c");
	assert_string_equal(take(*state, &one, "db"), "c");
}

static void sessions_make_way_for_a_change(void **state)
{
	struct keep_birth before = keep_birth(*state, &one);
	struct keep_birth other_before = keep_birth(*state, &other);

	give(*state, &one, "db", "a");
	give(*state, &other, "web", "b");
	keep_yield(*state);
	assert_string_equal(closed, "a");
	keep_give(*state, &one, "db", mem_text("c"), -1, before); /* it was in use */
	assert_string_equal(closed, "ac");
	assert_false(keep_is_over(*state, &other, other_before));
	assert_string_equal(take(*state, &other, "web"), "b");
}

static void all_of_a_kind_can_be_closed(void **state)
{
	give(*state, &one, "db", "a");
	give(*state, &other, "db", "b");
	give(*state, &one, "db2", "c");
	assert_int_equal(keep_close(*state, &one), 2);
	assert_string_equal(closed, "ca");
	assert_string_equal(take(*state, &other, "db"), "b");
}

static void all_ends_with_the_loop(void **state)
{
	struct loop *second = loop_new(&told);

	give(second, &one, "db", "a");
	give(*state, &one, "db", "b");
	loop_free(second);
	assert_string_equal(closed, "a");
	assert_string_equal(take(*state, &one, "db"), "b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(each_has_one_user, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(kind_and_key_tell_them_apart, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(the_last_one_is_taken_first, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(idle_ones_are_closed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(old_ones_are_not_used, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(those_of_one_key_can_be_closed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(nobody_waits_for_them, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(too_many_are_not_kept, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(the_oldest_goes_first, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_closed_one_is_seen_by_the_loop, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
	        a_closed_one_is_seen_when_it_is_taken, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(one_that_speaks_unasked_is_closed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
	        a_change_ends_what_was_made_before_it, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(sessions_make_way_for_a_change, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(all_of_a_kind_can_be_closed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(all_ends_with_the_loop, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
