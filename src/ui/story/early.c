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
#define KEY_MAX     ((size_t)64 * 1024 * 1024) /* more than the items of a for_each may have */
#define EARLY_KEEP  ((size_t)64 * 1024)

/* Most actions go through no list: their names are said, and nothing is written as JSON. */
static void add_item(struct buf *key, const json_t *event, const char *name)
{
	const json_t *item = json_object_get(event, name);
	char *text =
	    item ? json_dumps(item, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS) : NULL;

	if (text) {
		buf_addf(key, "\n%s ", name);
		buf_adds(key, text);
	}
	free(text);
}

static void add_name(struct buf *key, const json_t *event, const char *name)
{
	const char *text = value_get_text(event, name);

	buf_adds(key, text ? text : "");
}

static void add_round(struct buf *key, const json_t *event)
{
	add_name(key, event, "step");
	add_item(key, event, "step_item");
	add_item(key, event, "step_item_repeat");
}

char *story_key(const json_t *event)
{
	struct buf key;

	buf_init(&key, KEY_MAX);
	add_round(&key, event);
	buf_adds(&key, "\naction ");
	add_name(&key, event, "action");
	add_item(&key, event, "item");
	add_item(&key, event, "item_repeat");
	return buf_detach(&key);
}

char *story_round_key(const json_t *event)
{
	struct buf key;

	buf_init(&key, KEY_MAX);
	add_round(&key, event);
	return buf_detach(&key);
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
