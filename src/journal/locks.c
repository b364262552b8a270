/* The locks of one run, and the guard over them. Invariants: they are taken in the order of their
 * names, so that of runs that need the same ones one gets them all; a lock that was taken over is
 * let go of only while no change of this run is in flight. */
#include "fsops/locks.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/lock.h"
#include "fsops/mem.h"
#include "fsops/value.h"

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
	json_t *in_flight; /* object: changes that have begun and not ended, by what names them */
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

void locks_on_loop(struct locks *locks, struct loop *loop)
{
	loop_cancel(locks->timer);
	locks->timer = NULL;
	locks->loop = loop;
	if (loop && locks->count)
		locks->timer = loop_after(loop, LOCKS_LOOK_EVERY, on_time, locks);
}

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
static bool begins_change(const json_t *event)
{
	const char *effect = value_get_text(event, "effect");
	const char *adapter = value_get_text(event, "adapter");

	return effect && strcmp(effect, "read") != 0 && adapter && strcmp(adapter, "runbook") != 0;
}

static void on_event(struct sink *sink, const json_t *event)
{
	struct locks *locks = ((struct guard *)sink)->locks;
	const char *type = value_get_text(event, "type");
	bool begins = strcmp(type, "action.started") == 0;
	char *key;

	if (!begins && strcmp(type, "action.finished") != 0)
		return;
	key = action_key(event);
	if (begins && begins_change(event))
		json_object_set_new(locks->in_flight, key, json_true());
	else if (!begins && json_object_del(locks->in_flight, key) == 0)
		let_go_if_idle(locks);
	free(key);
}

static int secure(struct sink *sink, struct err *err)
{
	struct locks *locks = ((struct guard *)sink)->locks;

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
