/* Who is told and who is called, as lines. Invariant: a message that did not arrive is always told,
 * quiet or not; and so is a level that was reached while the run went on. */
#include "story.h"

#include <string.h>

#include "fsops/value.h"
#include "ui/safe.h"

void story_notification(struct story *story, struct buf *out)
{
	const struct look *look = &story->options.look;
	bool delivered = json_is_true(json_object_get(story->event, "delivered"));
	const char *why = value_get_text(story->event, "why");

	if (delivered && !story->options.verbose)
		return;
	if (!delivered)
		story_need_header(story, out);
	story_line(story, out, 1);
	if (delivered) {
		look_on(out, look, ROLE_DIM);
		buf_adds(out, "told ");
		story_add_text(out, story->event, "channel");
		buf_adds(out, ": ");
		story_add_text(out, story->event, "about");
		look_off(out, look, ROLE_DIM);
	} else {
		look_on(out, look, ROLE_WARNING);
		buf_adds(out, "NOT told (");
		story_add_text(out, story->event, "about");
		buf_adds(out, "): ");
		safe_adds(out, why ? why : "");
		look_off(out, look, ROLE_WARNING);
	}
	buf_addc(out, '\n');
}

void story_escalated(struct story *story, struct buf *out)
{
	const struct look *look = &story->options.look;
	bool first = value_get_number(story->event, "since_seconds", 0) == 0;
	enum role role = first ? ROLE_DIM : ROLE_WARNING;

	if (first && story->options.quiet)
		return;
	if (!first)
		story_need_header(story, out);
	story_line(story, out, 0);
	look_on(out, look, role);
	buf_addf(out, "escalation level %d: ", (int)value_get_number(story->event, "level", 0));
	story_add_text(out, story->event, "text");
	look_off(out, look, role);
	buf_addc(out, '\n');
}
