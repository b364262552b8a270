/* What is left of a run that goes on: changes that are to be done, and those of which nobody knows
 * anything. Invariant: in doubt there is something left. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/step_private.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "private.h"

void past_note(const struct run *run, const char *fmt, ...)
{
	struct buf text;
	va_list args;

	buf_init(&text, BUF_TEXT_MAX);
	va_start(args, fmt);
	buf_vaddf(&text, fmt, args);
	va_end(args);
	event_emit(run->events, "note",
	    json_pack("{s:o, s:s}", "text", value_text(text.data, text.len), "level", "warning"));
	buf_release(&text);
}

/* ---- to be done ---- */

/* As engine/run/slot.c names the item of a for_each. */
static void add_item(
    json_t *key, const char *name, const char *repeat_name, const json_t *items, size_t index)
{
	size_t repeat = step_count_repeats(items, index);

	json_object_set(key, name, json_array_get(items, index));
	if (repeat)
		json_object_set_new(key, repeat_name, json_integer((json_int_t)repeat));
}

static void add_step_item(json_t *key, const json_t *outer, size_t index)
{
	if (outer)
		add_item(key, "step_item", "step_item_repeat", outer, index);
}

static bool is_done(const struct run *run, const char *step, const json_t *key)
{
	const struct record_action *entry = past_newest(run, step, key);

	return entry && record_action_final(entry) && past_is_change(entry);
}

/* ACTION, for the item at AT of its step's list OUTER (NULL: the step has none), all of its own items. */
static bool are_items_done(const struct run *run, const char *step,
    const struct plan_action *action, const json_t *outer, size_t at)
{
	json_t *whose = json_pack("{s:s, s:s}", "step", step, "action", action->id);
	json_t *own = NULL;
	bool done;

	add_step_item(whose, outer, at);
	if (action->action->for_each.expr)
		own = past_items(run, whose);
	json_decref(whose);
	done = own || !action->action->for_each.expr;
	for (size_t i = 0; done && i < (own ? json_array_size(own) : 1); i++) {
		json_t *key = json_pack("{s:s}", "action", action->id);

		if (own || outer)
			add_item(key, "item", "item_repeat", own ? own : outer, own ? i : at);
		add_step_item(key, outer, at);
		done = is_done(run, step, key);
		json_decref(key);
	}
	json_decref(own);
	return done;
}

bool past_is_done(
    const struct run *run, const struct plan_step *step, const struct plan_action *action)
{
	bool each = step->step->for_each.expr != NULL;
	char *id = mem_printf("%s%s", run->prefix, step->id);
	json_t *whose = json_pack("{s:s}", "step", id);
	json_t *outer = each ? past_items(run, whose) : NULL;
	bool done = past_can_be_taken(run, step, past_last_round(run, id));

	if (!done && (outer || !each)) {
		done = true;
		for (size_t i = 0; done && i < (outer ? json_array_size(outer) : 1); i++)
			done = are_items_done(run, id, action, outer, i);
	}
	json_decref(outer);
	json_decref(whose);
	free(id);
	return done;
}

void past_look_inside(struct run *inner, const struct run *run, const struct plan_step *step,
    const struct plan_action *action)
{
	char *id = mem_printf("%s%s", run->prefix, step->id);

	*inner = (struct run){.plan = action->nested, .prefix = mem_printf("%s/", id)};
	/* Which of the items it was that ran it is not looked into. */
	if (!step->step->for_each.expr && !action->action->for_each.expr) {
		inner->past = run->past;
		inner->past_since = past_last_end(run, id, action->id);
	}
	free(id);
}

/* ---- never asked about ---- */

static struct run *whole_of(struct run *run)
{
	while (run->outer)
		run = run->outer;
	return run;
}

void past_note_asked(struct run *run, const struct record_action *entry)
{
	struct run *whole = whole_of(run);

	if (!whole->asked)
		whole->asked = json_array();
	json_array_append_new(whole->asked, json_integer(entry->seq));
}

static bool was_asked(const struct run *run, const struct record_action *entry)
{
	for (size_t i = 0; i < json_array_size(run->asked); i++)
		if (json_integer_value(json_array_get(run->asked, i)) == entry->seq)
			return true;
	return false;
}

static void tell_if_unasked(
    struct run *run, const struct record_step *step, const struct record_action *entry)
{
	const char *command = value_get_text(entry->started, "command");

	if (!record_action_unknown(run->past, step, entry) || was_asked(run, entry))
		return;
	past_note(run,
	    "step '%s': nobody knows how this ended, and the runbook does not come to it any more: "
	    "look: %s",
	    step->id, command ? command : entry->id);
	run_add_level(run, LEVEL_UNKNOWN);
}

void past_tell_unasked(struct run *run)
{
	const struct record *past = run->past;

	for (size_t s = 0; past && !run->options->check && s < past->step_count; s++)
		for (size_t i = 0; i < past->steps[s].action_count; i++)
			tell_if_unasked(run, &past->steps[s], &past->steps[s].actions[i]);
}
