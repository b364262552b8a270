/* What a plan comes from, and how it differs from an older one. Invariant: two plans that would run
 * other commands, or the same in another order, are never said to be the same. */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/node.h"
#include "fsops/plan.h"
#include "fsops/sha256.h"
#include "fsops/value.h"

/* ---- files ---- */

static void add_file(json_t *files, const struct catalog *catalog, const char *name)
{
	char digest[SHA256_TEXT];

	for (size_t i = 0; name && i < catalog->document_count; i++) {
		const struct document *document = catalog->documents[i];

		if (strcmp(document->file, name) != 0)
			continue;
		sha256_text(document->text, document->len, digest);
		json_object_set_new(files, name, json_string(digest));
	}
}

static void add_runbook_files(json_t *files, const struct plan *plan)
{
	add_file(files, plan->catalog, plan->runbook->file);
	for (size_t s = 0; s < plan->step_count; s++)
		for (size_t i = 0; i < plan->steps[s].action_count; i++)
			if (plan->steps[s].actions[i].nested)
				add_runbook_files(files, plan->steps[s].actions[i].nested);
}

json_t *plan_files(const struct plan *plan)
{
	json_t *files = json_object();

	add_file(files, plan->catalog, plan->catalog->platform->file);
	add_runbook_files(files, plan);
	return files;
}

/* ---- differences ---- */

__attribute__((format(printf, 2, 3))) static void say(json_t *list, const char *fmt, ...)
{
	struct buf text;
	va_list args;

	buf_init(&text, BUF_TEXT_MAX);
	va_start(args, fmt);
	buf_vaddf(&text, fmt, args);
	va_end(args);
	json_array_append_new(list, value_text(text.data, text.len));
	buf_release(&text);
}

static json_t *find(const json_t *list, const char *id, size_t *index)
{
	for (size_t i = 0; id && i < json_array_size(list); i++) {
		const char *other = value_get_text(json_array_get(list, i), "id");

		if (other && strcmp(other, id) == 0) {
			*index = i;
			return json_array_get(list, i);
		}
	}
	return NULL;
}

/* "step 'scale', action 'scale-up': ", or of a step. */
static char *place_of(const char *outer, const char *kind, const char *id)
{
	return mem_printf("%s%s%s '%s'", outer, *outer ? ", " : "", kind, id ? id : "?");
}

static void compare_value(
    json_t *list, const char *place, const char *key, const json_t *before, const json_t *now)
{
	char *was = before ? value_to_text(before) : mem_text("");
	char *is = now ? value_to_text(now) : mem_text("");

	if (!*was)
		say(list, "%s: %s is new: %s", place, key, is);
	else if (!*is)
		say(list, "%s: %s is gone, it was: %s", place, key, was);
	else
		say(list, "%s: %s was %s, and is %s", place, key, was, is);
	free(was);
	free(is);
}

static bool is_same(const json_t *before, const json_t *now)
{
	bool none_before = !before || json_is_null(before);
	bool none_now = !now || json_is_null(now);

	return none_before || none_now ? none_before && none_now : json_equal(before, now);
}

static void compare_plans(json_t *list, const char *place, const json_t *before, const json_t *now);

/* Every member but those that KEPT names: it is compared otherwise, or does not matter. */
static void compare_members(json_t *list, const char *place, const json_t *before,
    const json_t *now, const char *const *kept)
{
	json_t *all = json_copy((json_t *)before);
	const char *key;
	json_t *value;

	json_object_update_missing(all, (json_t *)now);
	json_object_foreach(all, key, value) {
		bool skip = false;

		for (size_t i = 0; kept[i]; i++)
			skip = skip || strcmp(kept[i], key) == 0;
		if (!skip && !is_same(json_object_get(before, key), json_object_get(now, key)))
			compare_value(list, place, key, json_object_get(before, key),
			    json_object_get(now, key));
	}
	json_decref(all);
}

static void compare_action(json_t *list, const char *place, const json_t *before, const json_t *now)
{
	static const char *const kept[] = {"id", "plan", NULL};

	compare_members(list, place, before, now, kept);
	if (json_object_get(before, "plan") && json_object_get(now, "plan"))
		compare_plans(
		    list, place, json_object_get(before, "plan"), json_object_get(now, "plan"));
}

typedef void compare_fn(json_t *list, const char *place, const json_t *before, const json_t *now);

/* Items by id: gone, new, in another place, or other. */
static void compare_lists(json_t *list, const char *outer, const char *kind, const json_t *before,
    const json_t *now, compare_fn *compare)
{
	size_t last = 0;

	for (size_t i = 0; i < json_array_size(before); i++) {
		const json_t *item = json_array_get(before, i);
		char *place = place_of(outer, kind, value_get_text(item, "id"));
		size_t index = 0;
		const json_t *other = find(now, value_get_text(item, "id"), &index);

		if (!other)
			say(list, "%s: it is gone", place);
		else if (index < last)
			say(list, "%s: it comes earlier now", place);
		else
			last = index;
		if (other)
			compare(list, place, item, other);
		free(place);
	}
	for (size_t i = 0; i < json_array_size(now); i++) {
		const char *id = value_get_text(json_array_get(now, i), "id");
		char *place = place_of(outer, kind, id);
		size_t index;

		if (!find(before, id, &index))
			say(list, "%s: it is new", place);
		free(place);
	}
}

static void compare_step(json_t *list, const char *place, const json_t *before, const json_t *now)
{
	static const char *const kept[] = {"id", "number", "actions", NULL};

	compare_members(list, place, before, now, kept);
	compare_lists(list, place, "action", json_object_get(before, "actions"),
	    json_object_get(now, "actions"), compare_action);
}

static void compare_plans(json_t *list, const char *place, const json_t *before, const json_t *now)
{
	compare_lists(list, place, "step", json_object_get(before, "steps"),
	    json_object_get(now, "steps"), compare_step);
}

json_t *plan_diff(const json_t *before, const json_t *now)
{
	json_t *list = json_array();

	compare_plans(list, "", before, now);
	return list;
}
