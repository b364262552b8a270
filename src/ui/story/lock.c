/* lock.taken, told: whose place this run took, or who took its. Invariant: a process that may still
 * be changing things is never told as one that has let go. */
#include "story.h"

#include "fsops/value.h"
#include "ui/safe.h"

/* "run RUN of user@host (pid 12)", as far as it is known. */
static void add_holder(struct buf *out, const json_t *holder)
{
	if (!value_get_text(holder, "run")) {
		buf_adds(out, "somebody who did not say who it is");
		return;
	}
	buf_adds(out, "run ");
	story_add_text(out, holder, "run");
	buf_adds(out, " of ");
	story_add_text(out, holder, "user");
	buf_addc(out, '@');
	story_add_text(out, holder, "host");
	buf_addf(out, " (pid %.0f)", value_get_number(holder, "pid", 0));
}

static void add_look(struct buf *out, const json_t *holder)
{
	if (!value_get_text(holder, "run"))
		return;
	buf_adds(out, "; see fsops log ");
	story_add_text(out, holder, "run");
}

static void add_taker(struct buf *out, const json_t *by)
{
	buf_adds(out, " was taken over by ");
	add_holder(out, by);
	buf_adds(out, ": nothing more is changed here");
	add_look(out, by);
}

static void add_before(struct buf *out, const json_t *before)
{
	bool dead = json_is_true(json_object_get(before, "dead"));

	buf_adds(out, dead ? " was left by " : " was taken over from ");
	add_holder(out, before);
	if (dead)
		buf_adds(out, ", which has died: a change of it may be half done");
	else if (!json_is_true(json_object_get(before, "let_go")))
		buf_adds(out, ", which has not let go of it: it may still be changing things");
	add_look(out, before);
}

void story_lock_taken(struct story *story, struct buf *out)
{
	const struct look *look = &story->options.look;
	const json_t *by = json_object_get(story->event, "by");

	story_need_header(story, out);
	story_line(story, out, 1);
	look_on(out, look, by ? ROLE_CRITICAL : ROLE_WARNING);
	buf_adds(out, "the lock of '");
	story_add_text(out, story->event, "runbook");
	buf_addc(out, '\'');
	if (by)
		add_taker(out, by);
	else
		add_before(out, json_object_get(story->event, "before"));
	look_off(out, look, by ? ROLE_CRITICAL : ROLE_WARNING);
	buf_addc(out, '\n');
}
