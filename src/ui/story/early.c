/* What an action said while it still runs, told at once. Invariant: what is shown of its standard error
 * is the beginning of all of it, so that a number of bytes says what need not be shown at the end. */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "story.h"
#include "ui/safe.h"

/* A prompt is short; of more the first and the last lines are shown, and at the end not again. */
#define EARLY_LINES 20
#define EARLY_KEEP  ((size_t)64 * 1024)

static char *key_of(const json_t *event, const char *const *keys, size_t count)
{
	json_t *names = json_object();
	char *key;

	for (size_t i = 0; i < count; i++)
		json_object_set(names, keys[i], json_object_get(event, keys[i]));
	key = json_dumps(names, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(names);
	return key;
}

char *story_key(const json_t *event)
{
	static const char *const keys[] = {
	    "step", "action", "item", "item_repeat", "step_item", "step_item_repeat"};

	return key_of(event, keys, COUNT_OF(keys));
}

char *story_round_key(const json_t *event)
{
	static const char *const keys[] = {"step", "step_item", "step_item_repeat"};

	return key_of(event, keys, COUNT_OF(keys));
}

static void note_shown(struct story *story, const json_t *started, size_t len)
{
	char *key = story_key(started);
	json_int_t before = json_integer_value(json_object_get(story->early, key));

	json_object_set_new(story->early, key, json_integer(before + (json_int_t)len));
	free(key);
}

void story_say_early(struct story *story, const json_t *started, const json_t *waiting,
    const struct buf *text, struct buf *out)
{
	int depth = story->depth ? 2 * story->depth - 1 : 0;
	char *label = story_action_label(started, "a command");
	struct kept kept;

	story->event = waiting;
	kept_init(&kept, EARLY_KEEP);
	kept_add(&kept, 2, text->data, text->len);
	story_need_header(story, out);
	story_line(story, out, depth);
	safe_adds(out, label);
	buf_adds(out, " is still running and says:\n");
	story_show_lines(story, out, &kept, depth + 1, EARLY_LINES);
	note_shown(story, started, text->len);
	kept_release(&kept);
	free(label);
	story->event = NULL;
}
