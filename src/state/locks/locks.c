/* The locks of one run, and the guard over them. Invariants: they are taken in the order of their
 * names, so that of runs that need the same ones one gets them all; a lock that was taken over is
 * let go of only while no change of this run is in flight; before a change begins each of them says
 * so, and is then seen to be still ours. */
#include "fsops/locks.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/adapter.h"
#include "fsops/lock.h"
#include "fsops/mem.h"
#include "fsops/traces.h"
#include "fsops/value.h"

/* A command's first so many bytes are enough to know it by. */
#define COMMAND_SHOWN 300

struct held {
	struct lock *lock;
	bool lost;
};

struct locks {
	struct held *items;
	size_t count;
	char *run;
	struct events *events; /* borrowed; NULL: the run has not begun */
	struct loop *loop;
	struct loop_timer *timer;
	json_t *budgets; /* object: milliseconds of each step that has begun, by its id */
	json_t *
	    in_flight; /* object: changes that have begun and not ended, by what names them; what is
	                      noted of each */
	json_t *asked; /* object: those that failed, while a person is asked what to do */
	json_t *note;  /* of all of them, as the locks have it; NULL: none is in flight */
	struct err why; /* of a change that must not begin; kind 0: none */
};

struct guard {
	struct sink sink;
	struct locks *locks;
};

/* ---- which ---- */

static bool has_name(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool changes_something(const struct plan *plan)
{
	return plan->changes + plan->destroys > 0;
}

/* The runbooks, each once; names are borrowed from the plan. */
static void add_runbooks(const struct plan *plan, const char ***names, size_t *count)
{
	if (!changes_something(plan))
		return;
	if (!has_name(*names, *count, plan->runbook->name)) {
		MEM_PUSH_ROOM(*names, *count);
		(*names)[(*count)++] = plan->runbook->name;
	}
	for (size_t s = 0; s < plan->step_count; s++) {
		const struct plan_step *step = &plan->steps[s];

		for (size_t i = 0; step->selected && i < step->action_count; i++)
			if (step->actions[i].nested)
				add_runbooks(step->actions[i].nested, names, count);
	}
}

static int by_name(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static int take_one(struct locks *locks, const struct plan *plan, const char *runbook,
    const struct locks_options *options, struct err *err)
{
	const struct lock_spec spec = {
	    .platform = plan->catalog->platform->name,
	    .runbook = runbook,
	    .run = options->run,
	    .take_over = options->take_over,
	    .wait = LOCK_TAKE_OVER_WAIT,
	    .waiting = options->waiting,
	    .ctx = options->ctx,
	};
	struct lock *lock = lock_take(&spec, err);

	if (!lock)
		return -1;
	MEM_PUSH_ROOM(locks->items, locks->count);
	locks->items[locks->count++] = (struct held){.lock = lock};
	return 0;
}

struct locks *locks_take(
    const struct plan *plan, const struct locks_options *options, struct err *err)
{
	struct locks *locks = mem_alloc(sizeof(*locks));
	const char **names = NULL;
	size_t count = 0;

	locks->in_flight = json_object();
	locks->asked = json_object();
	locks->budgets = json_object();
	locks->run = mem_text(options->run);
	if (!options->check)
		add_runbooks(plan, &names, &count);
	if (count)
		qsort(names, count, sizeof(*names), by_name);
	for (size_t i = 0; i < count; i++) {
		if (take_one(locks, plan, names[i], options, err) == 0)
			continue;
		locks_free(locks);
		locks = NULL;
		break;
	}
	free(names);
	return locks;
}

void locks_free(struct locks *locks)
{
	if (!locks)
		return;
	loop_cancel(locks->timer);
	for (size_t i = locks->count; i > 0; i--)
		lock_release(locks->items[i - 1].lock);
	json_decref(locks->in_flight);
	json_decref(locks->asked);
	json_decref(locks->budgets);
	json_decref(locks->note);
	free(locks->items);
	free(locks->run);
	free(locks);
}

/* ---- whose place was taken ---- */

static void emit_taken(
    const struct locks *locks, const struct lock *lock, const char *key, const json_t *who)
{
	event_emit(locks->events, "lock.taken",
	    json_pack("{s:s, s:s, s:O}", "runbook", lock_runbook(lock), "platform",
	        lock_platform(lock), key, who));
}

void locks_on_started(struct locks *locks, struct events *events)
{
	locks->events = events;
	for (size_t i = 0; i < locks->count; i++) {
		const struct lock *lock = locks->items[i].lock;
		const json_t *before = lock_before(lock);
		const char *run = value_get_text(before, "run");

		/* A run that goes on after its process died took it from nobody else. */
		if (before && !(run && strcmp(run, locks->run) == 0))
			emit_taken(locks, lock, "before", before);
	}
}

/* ---- the guard ---- */

static void let_go_if_idle(struct locks *locks)
{
	if (json_object_size(locks->in_flight))
		return;
	for (size_t i = 0; i < locks->count; i++)
		if (locks->items[i].lost)
			lock_let_go(locks->items[i].lock);
}

static void look(struct locks *locks)
{
	for (size_t i = 0; i < locks->count; i++) {
		struct held *held = &locks->items[i];
		json_t *taker = held->lost ? NULL : lock_taker(held->lock);

		if (!taker)
			continue;
		held->lost = true;
		if (locks->events)
			emit_taken(locks, held->lock, "by", taker);
		json_decref(taker);
	}
	let_go_if_idle(locks);
}

static void on_time(void *ctx)
{
	struct locks *locks = ctx;

	locks->timer = loop_after(locks->loop, LOCKS_LOOK_EVERY, on_time, locks);
	look(locks);
}

/* Which processes a change has is known as soon as it starts them. */
static void on_child(void *ctx, int pid)
{
	struct locks *locks = ctx;

	if (!locks->note)
		return;
	traces_add(locks->note, pid);
	for (size_t i = 0; i < locks->count; i++)
		lock_note(locks->items[i].lock, locks->note);
}

void locks_on_loop(struct locks *locks, struct loop *loop, struct children *children)
{
	loop_cancel(locks->timer);
	locks->timer = NULL;
	locks->loop = loop;
	if (!loop || !locks->count)
		return;
	locks->timer = loop_after(loop, LOCKS_LOOK_EVERY, on_time, locks);
	if (children)
		children_on_started(children, on_child, locks);
}

/* ---- what is in flight ---- */

/* What names an action among all of the run; an item of a for_each is one of its own. */
static char *action_key(const json_t *event)
{
	json_t *names = json_pack("[O?, O?, O?, O?]", json_object_get(event, "step"),
	    json_object_get(event, "action"), json_object_get(event, "item"),
	    json_object_get(event, "step_item"));
	char *key = json_dumps(names, JSON_COMPACT | JSON_SORT_KEYS);

	json_decref(names);
	return key;
}

/* A runbook inside a step is not in flight itself: what it changes is. */
static bool is_change(const json_t *event)
{
	const char *effect = value_get_text(event, "effect");
	const char *adapter = value_get_text(event, "adapter");

	return effect && strcmp(effect, "read") != 0 && adapter && strcmp(adapter, "runbook") != 0;
}

static msec budget_of(const struct locks *locks, const json_t *event)
{
	const char *step = value_get_text(event, "step");

	return step ? json_integer_value(json_object_get(locks->budgets, step)) : 0;
}

/* From now, and until the step's time is up: what is left of that is at most its whole budget. */
static void stamp(const struct locks *locks, const json_t *event, json_t *note)
{
	msec until = clock_system.mono(clock_system.ctx) + budget_of(locks, event);

	json_object_update_new(note, traces_begin());
	json_object_set_new(note, "until", json_integer(until));
}

static json_t *note_of(const struct locks *locks, const json_t *event)
{
	const struct adapter *adapter = adapter_find(value_get_text(event, "adapter"));
	const char *command = value_get_text(event, "command");
	json_t *note = json_object();

	stamp(locks, event, note);
	json_object_set_new(note, "local", json_boolean(adapter && adapter->process));
	if (command)
		json_object_set_new(
		    note, "command", value_text(command, strnlen(command, COMMAND_SHOWN)));
	return note;
}

/* Should two ever be in flight at once: both are over when all of it is. */
static void join(json_t *note, const json_t *earlier)
{
	json_t *until = json_object_get(earlier, "until");

	json_object_set(note, "mark", json_object_get(earlier, "mark"));
	json_object_set(note, "ticks", json_object_get(earlier, "ticks"));
	json_object_set(note, "groups", json_object_get(earlier, "groups"));
	if (json_integer_value(until) > json_integer_value(json_object_get(note, "until")))
		json_object_set(note, "until", until);
	if (!json_is_true(json_object_get(earlier, "local")))
		json_object_set_new(note, "local", json_false());
}

static void say_begun(struct locks *locks)
{
	for (size_t i = 0; i < locks->count && !locks->why.kind; i++)
		if (lock_begin(locks->items[i].lock, locks->note, &locks->why) < 0)
			look(locks);
}

static void begin(struct locks *locks, const char *key, json_t *note)
{
	if (locks->note)
		join(note, locks->note);
	json_object_set(locks->in_flight, key, note);
	json_decref(locks->note);
	locks->note = note; /* transferred */
	locks->why.kind = ERR_NONE;
	say_begun(locks);
}

static void end(struct locks *locks, const char *key)
{
	if (json_object_del(locks->in_flight, key) < 0 || json_object_size(locks->in_flight))
		return;
	for (size_t i = 0; i < locks->count; i++)
		lock_end(locks->items[i].lock);
	json_decref(locks->note);
	locks->note = NULL;
	let_go_if_idle(locks);
}
static void on_action_started(struct locks *locks, const json_t *event, const char *key)
{
	if (is_change(event))
		begin(locks, key, note_of(locks, event));
}

static void on_action_finished(struct locks *locks, const json_t *event, const char *key)
{
	(void)event;
	end(locks, key);
}

/* Whether it is to be tried again may be asked for hours: meanwhile nothing is in flight. */
static void on_asked(struct locks *locks, const json_t *event, const char *key)
{
	json_t *note = json_object_get(locks->in_flight, key);

	(void)event;
	if (note)
		json_object_set_new(locks->asked, key, json_copy(note));
	end(locks, key);
}

static void on_given(struct locks *locks, const json_t *event, const char *key)
{
	const char *answer = value_get_text(event, "answer");
	json_t *note = json_incref(json_object_get(locks->asked, key));

	if (!note)
		return;
	json_object_del(locks->asked, key);
	if (!answer || strcmp(answer, "retry") != 0) {
		json_decref(note);
		return;
	}
	stamp(locks, event, note);
	begin(locks, key, note);
}

static const struct {
	const char *type;
	void (*fn)(struct locks *locks, const json_t *event, const char *key);
} watched[] = {
    {"action.started", on_action_started},
    {"action.finished", on_action_finished},
    {"approval.asked", on_asked},
    {"approval.given", on_given},
};

/* Whether EVENT may be about a change: most are not, and then no name has to be made. */
static bool concerns(const struct locks *locks, const json_t *event)
{
	return json_object_size(locks->in_flight) || json_object_size(locks->asked) ||
	       is_change(event);
}

static void note_budget(struct locks *locks, const json_t *event)
{
	const char *step = value_get_text(event, "step");
	double seconds = value_get_number(event, "budget_seconds", 0);

	if (step)
		json_object_set_new(
		    locks->budgets, step, json_integer((json_int_t)(seconds * 1000)));
}

static void on_event(struct sink *sink, const json_t *event)
{
	struct locks *locks = ((struct guard *)sink)->locks;
	const char *type = value_get_text(event, "type");
	char *key;

	if (strcmp(type, "step.started") == 0)
		note_budget(locks, event);
	for (size_t i = 0; i < COUNT_OF(watched); i++) {
		if (strcmp(type, watched[i].type) != 0 || !concerns(locks, event))
			continue;
		key = action_key(event);
		watched[i].fn(locks, event, key);
		free(key);
	}
}

static int secure(struct sink *sink, struct err *err)
{
	struct locks *locks = ((struct guard *)sink)->locks;

	if (locks->why.kind) {
		*err = locks->why;
		return -1;
	}
	for (size_t i = 0; i < locks->count; i++) {
		if (lock_check(locks->items[i].lock, err) == 0)
			continue;
		look(locks);
		return -1;
	}
	return 0;
}

static void close_guard(struct sink *sink)
{
	struct guard *guard = (struct guard *)sink;

	guard->locks->events = NULL;
	free(guard);
}

static const struct sink_ops guard_ops = {
    .event = on_event,
    .secure = secure,
    .close = close_guard,
    .as_it_happens = true,
};

struct sink *locks_sink(struct locks *locks)
{
	struct guard *guard = mem_alloc(sizeof(*guard));

	guard->sink.ops = &guard_ops;
	guard->locks = locks;
	return &guard->sink;
}
