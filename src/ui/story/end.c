/* A run told in lines: its end. Invariant: the last line says level, counts and exit status; above
 * it stands what scrolled by long ago and is asked about now. */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "story.h"
#include "ui/safe.h"

/* A heading at the end. */
static void tell_heading(struct story *story, struct buf *out, const char *heading, enum role role)
{
	if (!story->times)
		buf_addc(out, '\n');
	story_line(story, out, 0);
	look_add(out, &story->options.look, role, heading);
	buf_addc(out, '\n');
}

/* Whoever stops a run stops that, too, and should know what it would have put right. */
static void tell_not_run(struct story *story, struct buf *out)
{
	json_t *steps = json_object_get(story->event, "not_run");
	json_t *step;
	size_t i;

	if (json_array_size(steps) == 0)
		return;
	tell_heading(story, out, "steps of 'always' that were not run:", ROLE_WARNING);
	json_array_foreach(steps, i, step) {
		story_line(story, out, 1);
		buf_adds(out, "- ");
		story_add_text(out, step, "title");
		buf_addc(out, '\n');
	}
}

static void tell_left(struct story *story, struct buf *out)
{
	json_t *left = json_object_get(story->event, "left");
	json_t *item;
	size_t i;

	if (json_array_size(left) == 0)
		return;
	tell_heading(story, out, "left to people, not done:", ROLE_BOLD);
	json_array_foreach(left, i, item) {
		story_line(story, out, 1);
		buf_adds(out, "- ");
		story_add_text(out, item, "title");
		buf_adds(out, ": ");
		story_add_text(out, item, "text");
		buf_addc(out, '\n');
	}
}

static void add_counts(struct buf *out, const json_t *event)
{
	static const char *const order[] = {"passed", "failed", "timed_out", "not so", "skipped",
	    "refused", "cancelled", "left", "interrupted"};
	int untold = (int)value_get_number(event, "untold", 0);

	for (size_t i = 0; i < COUNT_OF(order); i++) {
		int count = outcome_count(event, order[i]);

		if (count > 0)
			buf_addf(out, ", %d %s", count,
			    strcmp(order[i], "timed_out") == 0 ? "timed out" : order[i]);
	}
	if (untold)
		buf_addf(out, ", %d step%s could not be told", untold, untold == 1 ? "" : "s");
}

/* LINES under a heading. What scrolled by long ago is what is asked about now. */
static void tell_recap(struct story *story, struct buf *out, const char *heading, enum role role,
    const struct buf *lines)
{
	const char *at = lines->data;
	const char *line;
	size_t len;

	if (!lines->len)
		return;
	tell_heading(story, out, heading, role);
	while (next_line(&at, lines->data + lines->len, &line, &len)) {
		char *text = mem_printf("- %.*s", (int)len, line);

		story_fold(story, out, 1, ROLE_PLAIN, text);
		free(text);
	}
}

/* All is well, nothing was changed and nothing is left to people. */
static bool nothing_to_say(const struct story *story)
{
	return value_get_number(story->event, "exit", 0) == 0 && !story->changed.len &&
	       !story->begun.len && json_array_size(json_object_get(story->event, "left")) == 0;
}

/* Why it stopped before its end: goes on with the last line. */
static void tell_why(struct story *story, struct buf *out)
{
	const char *why = value_get_text(story->event, "why");
	char *text;

	if (!why || !*why)
		return;
	text = mem_printf("%s%s", strncmp(why, "stopped ", 8) == 0 ? "" : "stopped: ", why);
	story_fold(story, out, 1, ROLE_PLAIN, text);
	free(text);
}

void story_finished(struct story *story, struct buf *out)
{
	const struct look *look = &story->options.look;
	const char *level = value_get_text(story->event, "level");
	const char *outcome = value_get_text(story->event, "outcome");
	int status = (int)value_get_number(story->event, "exit", 0);

	story_actions_open(story);
	story_remember_doubts(story);
	if (story->options.quiet && nothing_to_say(story))
		return;
	story_need_header(story, out);
	story_metrics_compare(story, out);
	tell_recap(story, out, "changed:", ROLE_BOLD, &story->changed);
	tell_recap(story, out, "begun, may have taken effect:", ROLE_CRITICAL, &story->begun);
	if (!story->options.quiet)
		tell_recap(story, out, "not well:", ROLE_BOLD, &story->bad);
	tell_not_run(story, out);
	tell_left(story, out);
	if (!story->times)
		buf_addc(out, '\n');
	story_line(story, out, 0);
	story_label(story, out, "run finished: ");
	look_add(out, look, role_of_level(level_of(level)), level ? level : "unknown");
	if (outcome && strcmp(outcome, "passed") != 0 && strcmp(outcome, "failed") != 0)
		buf_addf(out, ", %s", outcome);
	add_counts(out, story->event);
	buf_adds(out, " in ");
	story_add_seconds(out, story->event, "seconds");
	buf_addf(out, ", exit status %d\n", status);
	tell_why(story, out);
	if (json_is_true(json_object_get(story->event, "resumable"))) {
		story_line(story, out, 1);
		buf_adds(out, "go on with it: fsops resume ");
		story_add_text(out, story->event, "run");
		buf_addc(out, '\n');
	}
}
