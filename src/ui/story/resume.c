/* run.resumed, told: what is gone on with, what nobody knows, what has changed. Invariant: what was
 * open before is not told as if it still ran. */
#include "story.h"

#include <stdlib.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "ui/safe.h"

/* Whatever had begun has no other end than this. */
static void forget_open(struct story *story)
{
	for (size_t i = 0; i < story->action_count; i++)
		story_action_free(story->actions[i]);
	story->action_count = 0;
	while (story->depth > 0)
		story_step_release(&story->steps[--story->depth]);
}

/* What was measured before the first step is what the end is compared with. */
static void take_before(struct story *story)
{
	const json_t *before = json_object_get(story->event, "before");

	for (size_t i = json_array_size(before); i-- > 0;) {
		json_t *metric = json_array_get(before, i);
		const char *name = value_get_text(metric, "name");

		if (name)
			json_object_set(story->before, name, metric);
	}
}

/* CHANGES as run.resumed has them; one without an outcome was interrupted. */
static void remember(struct story *story, const json_t *changes)
{
	for (size_t i = 0; i < json_array_size(changes); i++) {
		const json_t *change = json_array_get(changes, i);
		const char *command = value_get_text(change, "command");
		const char *name = value_get_text(change, "action");
		const char *outcome = value_get_text(change, "outcome");

		story_remember_change(story,
		    command ? command
		    : name  ? name
		            : "?",
		    outcome_find(outcome ? outcome : "interrupted"), true);
	}
}

static void take_bad(struct story *story)
{
	const json_t *list = json_object_get(story->event, "bad");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *bad = json_array_get(list, i);
		char *label = story_action_label(bad, "?");

		story_remember_bad(story, label, value_get_text(bad, "why"));
		free(label);
	}
}

/* The end tells the changes of the whole run, and what was not well in it: what was known of that until now is
 * told anew, by one who knows which of them were only cut off. */
static void take_done(struct story *story)
{
	const json_t *done = json_object_get(story->event, "done");

	if (!done)
		return;
	buf_clear(&story->changed);
	buf_clear(&story->begun);
	buf_clear(&story->bad);
	remember(story, done);
	take_bad(story);
}

static void take_doubts(struct story *story)
{
	json_array_clear(story->doubts);
	json_array_extend(story->doubts, json_object_get(story->event, "interrupted"));
}

static bool is_of(const json_t *event, const json_t *change)
{
	static const char *const keys[] = {"step", "action", "item"};

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		const json_t *a = json_object_get(event, keys[i]);
		const json_t *b = json_object_get(change, keys[i]);

		if (a != b && !json_equal(a, b))
			return false;
	}
	return true;
}

void story_settle(struct story *story)
{
	for (size_t i = 0; i < json_array_size(story->doubts); i++)
		if (is_of(story->event, json_array_get(story->doubts, i))) {
			json_array_remove(story->doubts, i);
			return;
		}
}

void story_remember_doubts(struct story *story)
{
	remember(story, story->doubts);
}

static void tell_by(struct story *story, struct buf *out)
{
	const json_t *by = json_object_get(story->event, "by");

	story_line(story, out, 1);
	buf_adds(out, "gone on with");
	if (value_get_text(by, "user")) {
		buf_adds(out, " by ");
		story_add_text(out, by, "user");
		buf_addc(out, '@');
		story_add_text(out, by, "host");
	}
	buf_addf(out, ", after event %.0f", value_get_number(story->event, "after", 0));
	if (value_get_number(story->event, "torn", 0) > 0)
		buf_adds(out, "; the line after it was torn, and was cut off");
	buf_addc(out, '\n');
}

static void tell_changed(struct story *story, struct buf *out)
{
	const json_t *changed = json_object_get(story->event, "changed");

	for (size_t i = 0; i < json_array_size(changed); i++) {
		story_line(story, out, 1);
		buf_adds(out, "changed since: ");
		safe_adds(out, json_string_value(json_array_get(changed, i)));
		buf_addc(out, '\n');
	}
}

static void tell_interrupted(struct story *story, struct buf *out)
{
	const json_t *list = json_object_get(story->event, "interrupted");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *change = json_array_get(list, i);

		story_line(story, out, 1);
		look_add(out, &story->options.look, ROLE_CRITICAL, "interrupted");
		buf_adds(out, " in step ");
		story_add_text(out, change, "step");
		buf_adds(out, ", nobody knows how it ended: ");
		story_add_text(out, change, "command");
		buf_addc(out, '\n');
	}
}

void story_resumed(struct story *story, struct buf *out)
{
	forget_open(story);
	take_before(story);
	take_done(story);
	take_doubts(story);
	free(story->runbook);
	story->runbook = mem_text(value_get_text(story->event, "runbook"));
	if (!story->options.quiet) {
		story_run_header(story, out, story->event);
		tell_by(story, out);
	}
	tell_changed(story, out);
	tell_interrupted(story, out);
}
