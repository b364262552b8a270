/* The locks of a run: which ones a plan needs, and what the run does when one is taken over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fsops/locks.h"
#include "lock_case.h"

/* ---- plans made by hand ---- */

static const struct platform platform = {.name = "shop"};
static const struct catalog catalog = {.platform = (struct platform *)&platform};
static const struct runbook books[] = {{.name = "outer"}, {.name = "inner"}, {.name = "deep"}};

static struct plan plan_of(const struct runbook *book, size_t changes, size_t destroys)
{
	return (struct plan){
	    .catalog = &catalog, .runbook = book, .changes = changes, .destroys = destroys};
}

static struct plan_step step_of(struct plan_action *actions, size_t count, bool selected)
{
	return (struct plan_step){.actions = actions, .action_count = count, .selected = selected};
}

static bool is_locked(const char *runbook)
{
	const struct lock_spec spec = {.platform = "shop", .runbook = runbook, .run = "probe"};
	struct err err;
	struct lock *lock = lock_take(&spec, &err);

	if (!lock)
		assert_int_equal(err.kind, ERR_LOCKED);
	lock_release(lock);
	return !lock;
}

static void expect_locked(bool outer, bool inner, bool deep)
{
	assert_int_equal(is_locked("outer"), outer);
	assert_int_equal(is_locked("inner"), inner);
	assert_int_equal(is_locked("deep"), deep);
}

static struct locks *must_take(const struct plan *plan, const char *run, bool take_over)
{
	const struct locks_options options = {.run = run, .take_over = take_over};
	struct err err = {0};
	struct locks *locks = locks_take(plan, &options, &err);

	assert_string_equal(err.text, "");
	assert_non_null(locks);
	return locks;
}

/* ---- which ---- */

static void test_own(void **state)
{
	struct plan plan = plan_of(&books[0], 1, 0);
	struct locks *locks = must_take(&plan, "one", false);

	(void)state;
	expect_locked(true, false, false);
	locks_free(locks);
	expect_locked(false, false, false);
	plan = plan_of(&books[0], 0, 1);
	locks = must_take(&plan, "one", false);
	expect_locked(true, false, false);
	locks_free(locks);
}

static void test_none(void **state)
{
	const struct locks_options check = {.run = "one", .check = true};
	struct plan reads = plan_of(&books[0], 0, 0);
	struct plan changes = plan_of(&books[0], 1, 1);
	struct locks *held = must_take(&changes, "holder", false);
	struct locks *locks = must_take(&reads, "one", false);
	struct err err;

	(void)state;
	locks_free(locks);
	locks = locks_take(&changes, &check, &err);
	assert_non_null(locks);
	locks_free(locks);
	expect_locked(true, false, false);
	locks_free(held);
}

/* Those inside it, however deep, each once; not those that only read or that were left out. */
static void test_nested(void **state)
{
	struct plan deep = plan_of(&books[2], 1, 0);
	struct plan reads = plan_of(&books[2], 0, 0);
	struct plan_action deep_action = {.nested = &deep};
	struct plan_step inner_step = step_of(&deep_action, 1, true);
	struct plan inner = plan_of(&books[1], 1, 0);
	struct plan_action actions[] = {{.nested = &inner}, {.nested = &inner}, {.nested = &reads}};
	struct plan_step step = step_of(actions, 3, true);
	struct plan outer = plan_of(&books[0], 2, 0);
	struct locks *locks;

	(void)state;
	inner.steps = &inner_step;
	inner.step_count = 1;
	outer.steps = &step;
	outer.step_count = 1;
	locks = must_take(&outer, "one", false);
	expect_locked(true, true, true);
	locks_free(locks);
	inner_step.selected = false;
	locks = must_take(&outer, "one", false);
	expect_locked(true, true, false);
	locks_free(locks);
}

static void test_all_or_none(void **state)
{
	struct plan inner = plan_of(&books[1], 1, 0);
	struct plan_action action = {.nested = &inner};
	struct plan_step step = step_of(&action, 1, true);
	struct plan outer = plan_of(&books[0], 1, 0);
	const struct locks_options options = {.run = "two"};
	struct locks *held;
	struct err err;

	(void)state;
	outer.steps = &step;
	outer.step_count = 1;
	held = must_take(&inner, "one", false);
	assert_null(locks_take(&outer, &options, &err));
	assert_int_equal(err.kind, ERR_LOCKED);
	assert_non_null(strstr(err.text, "'inner'"));
	expect_locked(false, true, false);
	locks_free(held);
	/* "outer" comes after "inner": what was got by then is let go of, too. */
	outer.step_count = 0;
	held = must_take(&outer, "one", false);
	outer.step_count = 1;
	assert_null(locks_take(&outer, &options, &err));
	expect_locked(true, false, false);
	locks_free(held);
}

/* ---- the guard ---- */

struct keeper {
	struct sink sink;
	json_t *kept;
};

static void keep(struct sink *sink, const json_t *event)
{
	json_array_append(((struct keeper *)sink)->kept, (json_t *)event);
}

static void keeper_close(struct sink *sink)
{
	free(sink);
}

static const struct sink_ops keeper_ops = {.event = keep, .close = keeper_close};

/* A run that holds the lock of "outer", its events, and those of type lock.taken. */
struct guarded {
	struct plan plan;
	struct locks *locks;
	struct events *events;
	struct loop *loop;
	json_t *kept;
};

static void guarded_init(struct guarded *run, const char *id, bool take_over)
{
	struct keeper *keeper = mem_alloc(sizeof(*keeper));

	run->plan = plan_of(&books[0], 1, 0);
	run->locks = must_take(&run->plan, id, take_over);
	run->events = events_new(&clock_system, id, NULL);
	run->kept = json_array();
	keeper->sink.ops = &keeper_ops;
	keeper->kept = run->kept;
	events_add_sink(run->events, &keeper->sink);
	events_add_sink(run->events, locks_sink(run->locks));
	run->loop = loop_new(&clock_system);
	locks_on_loop(run->locks, run->loop, NULL);
	event_emit(run->events, "run.started", json_object());
	locks_on_started(run->locks, run->events);
}

static void guarded_release(struct guarded *run)
{
	locks_on_loop(run->locks, NULL, NULL);
	events_free(run->events);
	locks_free(run->locks);
	loop_free(run->loop);
	json_decref(run->kept);
}

static const json_t *taken_event(const struct guarded *run, const char *key)
{
	const json_t *found = NULL;
	size_t i;
	json_t *event;

	json_array_foreach(run->kept, i, event) {
		if (strcmp(value_get_text(event, "type"), "lock.taken") != 0)
			continue;
		assert_null(found); /* once */
		assert_string_equal(value_get_text(event, "runbook"), "outer");
		assert_string_equal(value_get_text(event, "platform"), "shop");
		found = json_object_get(event, key);
	}
	return found;
}

static void stop_loop(void *ctx)
{
	loop_stop(ctx);
}

static void run_for(struct guarded *run, msec span)
{
	loop_after(run->loop, span, stop_loop, run->loop);
	loop_run(run->loop);
}

static void emit_action(
    struct guarded *run, const char *type, const char *adapter, const char *effect)
{
	event_emit(run->events, type,
	    json_pack("{s:s, s:s, s:s?, s:s}", "step", "s", "action", adapter, "adapter", adapter,
	        "effect", effect));
}

/* Another run takes over; NULL: a change was in flight all the time. */
static struct lock *taken_over_within(msec wait)
{
	const struct lock_spec spec = {.platform = "shop",
	    .runbook = "outer",
	    .run = "taker",
	    .take_over = true,
	    .wait = wait};
	struct err err;
	struct lock *taker = lock_take(&spec, &err);

	if (!taker)
		assert_int_equal(err.kind, ERR_LOCKED);
	return taker;
}

static bool has_claim(void)
{
	char *path = lock_path("shop.outer.1");
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

/* Between its changes it notices by itself, tells it once, and lets go. */
static void test_noticed(void **state)
{
	struct guarded run;
	struct lock *taker;
	struct err err;

	(void)state;
	guarded_init(&run, "one", false);
	assert_int_equal(events_secure(run.events, &err), 0);
	emit_action(&run, "action.started", "runbook", "change"); /* holds nothing up */
	emit_action(&run, "action.started", "exec", "read");
	taker = taken_over_within(0);
	assert_non_null(taker);
	assert_true(has_claim());
	run_for(&run, 3 * LOCKS_LOOK_EVERY);
	assert_false(has_claim());
	assert_string_equal(value_get_text(taken_event(&run, "by"), "run"), "taker");
	assert_int_equal(events_secure(run.events, &err), -1);
	assert_int_equal(err.kind, ERR_LOCKED);
	assert_non_null(strstr(err.text, "run taker of "));
	assert_non_null(taken_event(&run, "by"));
	guarded_release(&run);
	assert_int_equal(lock_check(taker, &err), 0);
	lock_release(taker);
}

/* Before its next change it looks, and does not wait for the timer. */
static void test_before_a_change(void **state)
{
	struct guarded run;
	struct lock *taker;
	struct err err;

	(void)state;
	guarded_init(&run, "one", false);
	taker = taken_over_within(0);
	assert_non_null(taker);
	emit_action(&run, "action.started", "exec", "change");
	assert_int_equal(events_secure(run.events, &err), -1);
	assert_int_equal(err.kind, ERR_LOCKED);
	assert_non_null(taken_event(&run, "by"));
	emit_action(&run, "action.finished", "exec", "change");
	assert_false(has_claim());
	lock_release(taker);
	guarded_release(&run);
}

static void emit_question(struct guarded *run, const char *type, const char *answer)
{
	event_emit(run->events, type,
	    json_pack("{s:s, s:s, s:s, s:s*}", "step", "s", "action", "exec", "question", "failed",
	        "answer", answer));
}

/* A change that is in flight holds up whoever takes over, until it has ended. */
static void test_in_flight(void **state)
{
	struct guarded run;
	struct lock *taker;
	struct err err;

	(void)state;
	guarded_init(&run, "one", false);
	emit_action(&run, "action.started", "exec", "change");
	assert_int_equal(events_secure(run.events, &err), 0);
	assert_null(taken_over_within(50));
	run_for(&run, 2 * LOCKS_LOOK_EVERY);
	assert_non_null(taken_event(&run, "by"));
	emit_action(&run, "action.finished", "shell", "read");
	assert_null(taken_over_within(50));
	assert_int_equal(events_secure(run.events, &err), -1); /* a second attempt of it */
	emit_action(&run, "action.finished", "exec", "change");
	assert_false(has_claim());
	taker = taken_over_within(0);
	assert_non_null(taker);
	lock_release(taker);
	guarded_release(&run);
}

/* As long as a person is asked whether to try it again, nothing is in flight; then it is. */
static void test_asked(void **state)
{
	struct guarded run;
	struct lock *taker;
	struct err err;

	(void)state;
	guarded_init(&run, "one", false);
	emit_action(&run, "action.started", "exec", "change");
	emit_question(&run, "approval.asked", NULL);
	emit_question(&run, "approval.given", "retry");
	assert_int_equal(events_secure(run.events, &err), 0);
	assert_null(taken_over_within(50));
	guarded_release(&run);
	guarded_init(&run, "two", true);
	emit_action(&run, "action.started", "exec", "change");
	emit_question(&run, "approval.asked", NULL);
	taker = taken_over_within(0);
	assert_non_null(taker);
	emit_question(&run, "approval.given", "retry");
	assert_int_equal(events_secure(run.events, &err), -1);
	lock_release(taker);
	guarded_release(&run);
}

/* Until when is the budget of its step, from now. */
static void test_note(void **state)
{
	char *path = lock_path("shop.outer.1");
	struct guarded run;
	struct buf text;
	const char *until;
	msec left;

	(void)state;
	guarded_init(&run, "one", false);
	event_emit(run.events, "step.started",
	    json_pack("{s:s, s:f}", "step", "s", "budget_seconds", 90.0));
	event_emit(run.events, "action.started",
	    json_pack("{s:s, s:s, s:s, s:s, s:s}", "step", "s", "action", "a", "adapter", "http",
	        "effect", "change", "command", "curl -X POST x"));
	assert_int_equal(buf_read_file(&text, path, 10000, NULL), 0);
	assert_int_equal(text.data[0], '!');
	assert_non_null(strstr(text.data, "\"command\":\"curl -X POST x\""));
	assert_non_null(strstr(text.data, "\"local\":false"));
	until = strstr(text.data, "\"until\":");
	assert_non_null(until);
	left = atoll(until + strlen("\"until\":")) - clock_system.mono(NULL);
	assert_in_range(left, 80000, 90000);
	buf_release(&text);
	free(path);
	guarded_release(&run);
}

/* The taker's events tell whose place it took. */
static void test_taker_tells(void **state)
{
	struct plan plan = plan_of(&books[0], 1, 0);
	struct peer peer;
	struct lock_spec spec = {.platform = "shop", .runbook = "outer", .run = "gone"};
	struct guarded run;
	const json_t *before;

	(void)state;
	peer = peer_start(&spec, NULL);
	assert_int_equal(peer_hear(&peer), 'y');
	peer_end(&peer);
	guarded_init(&run, "two", false);
	before = taken_event(&run, "before");
	assert_string_equal(value_get_text(before, "run"), "gone");
	assert_true(json_is_true(json_object_get(before, "dead")));
	guarded_release(&run);
	locks_free(must_take(&plan, "three", false));
}

/* A run that is resumed finds the lock as its own dead process left it: that is nobody's place. */
static void test_own_place(void **state)
{
	struct lock_spec spec = {.platform = "shop", .runbook = "outer", .run = "same"};
	struct peer peer = peer_start(&spec, NULL);
	struct guarded run;

	(void)state;
	assert_int_equal(peer_hear(&peer), 'y');
	peer_end(&peer);
	guarded_init(&run, "same", false);
	assert_int_equal(json_array_size(run.kept), 1);
	guarded_release(&run);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, case_set_up, case_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_own),
	    CASE(test_none),
	    CASE(test_nested),
	    CASE(test_all_or_none),
	    CASE(test_noticed),
	    CASE(test_before_a_change),
	    CASE(test_in_flight),
	    CASE(test_asked),
	    CASE(test_note),
	    CASE(test_taker_tells),
	    CASE(test_own_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
