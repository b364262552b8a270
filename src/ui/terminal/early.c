/* Invariant: of each action that runs, `actions` holds what it said on standard error and nobody was
 * told of; no more than EARLY_MAX, and then it is told at its end only. */
#include "early.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "ui/story/story.h"

#define EARLY_MAX ((size_t)64 * 1024)

struct early_action {
	char *key;
	json_t *started;
	struct buf text;
};

struct early {
	struct sink base;
	struct early_action *actions;
	size_t count;
	early_fn *fn;
	void *ctx;
};

static void release(struct early_action *action)
{
	free(action->key);
	json_decref(action->started);
	buf_release(&action->text);
}

static struct early_action *find(struct early *early, const char *key)
{
	for (size_t i = 0; i < early->count; i++)
		if (strcmp(early->actions[i].key, key) == 0)
			return &early->actions[i];
	return NULL;
}

static void on_started(struct early *early, const json_t *event, const char *key)
{
	struct early_action *action = find(early, key);

	if (action)
		return; /* another attempt */
	MEM_PUSH_ROOM(early->actions, early->count);
	action = &early->actions[early->count++];
	*action =
	    (struct early_action){.key = mem_text(key), .started = json_incref((json_t *)event)};
	buf_init(&action->text, EARLY_MAX);
}

static void on_output(struct early *early, const json_t *event, const char *key)
{
	struct early_action *action = find(early, key);
	const char *stream = value_get_text(event, "stream");
	const json_t *text = json_object_get(event, "text");

	if (action && stream && strcmp(stream, "stderr") == 0)
		buf_add(&action->text, json_string_value(text), json_string_length(text));
}

static void on_waiting(struct early *early, const json_t *event, const char *key)
{
	struct early_action *action = find(early, key);

	if (!action || !action->text.len || action->text.full)
		return;
	early->fn(early->ctx, action->started, event, &action->text);
	buf_clear(&action->text);
}

static void on_finished(struct early *early, const json_t *event, const char *key)
{
	struct early_action *action = find(early, key);

	(void)event;
	if (!action)
		return;
	release(action);
	*action = early->actions[--early->count];
}

static const struct {
	const char *type;
	void (*fn)(struct early *early, const json_t *event, const char *key);
} watched[] = {
    {"action.started", on_started},
    {"action.output", on_output},
    {"action.waiting", on_waiting},
    {"action.finished", on_finished},
};

static void on_event(struct sink *sink, const json_t *event)
{
	const char *type = value_get_text(event, "type");
	char *key;

	for (size_t i = 0; type && i < COUNT_OF(watched); i++) {
		if (strcmp(watched[i].type, type) != 0)
			continue;
		key = story_key(event);
		watched[i].fn((struct early *)sink, event, key);
		free(key);
	}
}

static void on_close(struct sink *sink)
{
	struct early *early = (struct early *)sink;

	for (size_t i = 0; i < early->count; i++)
		release(&early->actions[i]);
	free(early->actions);
	free(early);
}

static const struct sink_ops early_ops = {
    .event = on_event, .close = on_close, .as_it_happens = true};

struct sink *early_new(early_fn *fn, void *ctx)
{
	struct early *early = mem_alloc(sizeof(*early));

	early->base.ops = &early_ops;
	early->fn = fn;
	early->ctx = ctx;
	return &early->base;
}
