/* The alert response matrix, looked up by what somebody typed or a monitoring system sent.
 * Invariant: what a program sends is never guessed at: only whole names and whole labels count. */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/model.h"
#include "fsops/text.h"
#include "fsops/value.h"

const struct alert *platform_alert(
    const struct platform *platform, const char *name, struct err *err)
{
	const char **names = mem_alloc((platform->alert_count + 1) * sizeof(*names));
	int found;

	for (size_t i = 0; i < platform->alert_count; i++)
		names[i] = platform->alerts[i].name;
	found = text_pick(name, names, platform->alert_count, "alert", err);
	free(names);
	return found < 0 ? NULL : &platform->alerts[found];
}

const struct alert *alert_named(const struct platform *platform, const char *name)
{
	const struct alert *found = NULL;

	for (size_t i = 0; i < platform->alert_count; i++) {
		if (!text_alike(platform->alerts[i].name, name))
			continue;
		if (found)
			return NULL;
		found = &platform->alerts[i];
	}
	return found;
}

/* Labels are texts; a number in the platform file is compared as it is written there. */
static bool has_label(const json_t *labels, const char *name, const json_t *wanted)
{
	const char *value = json_string_value(json_object_get(labels, name));
	char *text = value_to_text(wanted);
	bool same = value && strcmp(value, text) == 0;

	free(text);
	return same;
}

static bool has_labels(const json_t *labels, const json_t *match)
{
	const char *name;
	json_t *wanted;

	json_object_foreach((json_t *)match, name, wanted) {
		if (!has_label(labels, name, wanted))
			return false;
	}
	return true;
}

const struct alert *alert_for_labels(const struct platform *platform, const json_t *labels)
{
	const struct alert *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < platform->alert_count; i++) {
		const json_t *match = platform->alerts[i].match;

		if (json_object_size(match) > most && has_labels(labels, match)) {
			best = &platform->alerts[i];
			most = json_object_size(match);
		}
	}
	return best;
}
