/* What is left of a run that goes on: changes that are to be done, and those of which nobody knows
 * anything. Invariant: in doubt there is something left. */
#include <stdlib.h>

#include "engine/terms/item.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "private.h"

/* ---- to be done ---- */

static void add_step_item(json_t *key, const json_t *outer, size_t index)
{
	if (outer)
		item_add_step(key, json_array_get(outer, index), item_repeats(outer, index));
}

static bool is_done(const struct past_step *step, const json_t *key)
{
	const struct record_action *entry = past_newest(step, key);

	return entry && record_action_final(entry) && past_is_change(entry);
}

/* ACTION, for the item at AT of its step's list OUTER (NULL: the step has none), all of its own items. */
static bool are_items_done(const struct past *past, const struct past_step *step,
    const struct plan_action *action, const json_t *outer, size_t at)
{
	json_t *whose = json_pack("{s:s, s:s}", "step", step->id, "action", action->id);
	json_t *own = NULL;
	bool done;

	add_step_item(whose, outer, at);
	if (action->action->for_each.expr)
		own = past_items(past, whose);
	json_decref(whose);
	done = own || !action->action->for_each.expr;
	for (size_t i = 0; done && i < (own ? json_array_size(own) : 1); i++) {
		json_t *key = json_pack("{s:s}", "action", action->id);
		const json_t *items = own ? own : outer;
		size_t index = own ? i : at;

		if (items)
			item_add_own(key, json_array_get(items, index), item_repeats(items, index));
		add_step_item(key, outer, at);
		done = is_done(step, key);
		json_decref(key);
	}
	json_decref(own);
	return done;
}

bool past_is_done(
    const struct past *past, const struct plan_step *step, const struct plan_action *action)
{
	bool each = step->step->for_each.expr != NULL;
	char *id = past_step_id(past, step);
	const struct past_step *row = past_row(past, id);
	json_t *whose = json_pack("{s:s}", "step", id);
	json_t *outer = each ? past_items(past, whose) : NULL;
	bool done = row && row->taken;

	if (row && !done && (outer || !each)) {
		done = true;
		for (size_t i = 0; done && i < (outer ? json_array_size(outer) : 1); i++)
			done = are_items_done(past, row, action, outer, i);
	}
	json_decref(outer);
	json_decref(whose);
	free(id);
	return done;
}

/* ---- never asked about ---- */

static bool was_asked(const json_t *asked, const struct record_action *entry)
{
	for (size_t i = 0; i < json_array_size(asked); i++)
		if (json_integer_value(json_array_get(asked, i)) == entry->seq)
			return true;
	return false;
}

static json_t *unasked_text(const struct record_step *step, const struct record_action *entry)
{
	const char *command = value_get_text(entry->started, "command");
	struct buf text;
	json_t *value;

	buf_init(&text, BUF_TEXT_MAX);
	buf_addf(&text,
	    "step '%s': nobody knows how this ended, and the runbook does not come to it any more: "
	    "look: %s",
	    step->id, command ? command : entry->id);
	value = value_text(text.data, text.len);
	buf_release(&text);
	return value;
}

json_t *past_unasked(const struct past *past, const json_t *asked)
{
	const struct record *record = past ? past->record : NULL;
	json_t *texts = json_array();

	for (size_t s = 0; record && !past->check && s < record->step_count; s++) {
		const struct record_step *step = &record->steps[s];

		for (size_t i = 0; i < step->action_count; i++)
			if (record_action_unknown(record, step, &step->actions[i]) &&
			    !was_asked(asked, &step->actions[i]))
				json_array_append_new(texts, unasked_text(step, &step->actions[i]));
	}
	return texts;
}
