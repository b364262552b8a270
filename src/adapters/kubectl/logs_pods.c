/* `kubectl logs`: which pod of several, and which containers of it. Invariant: kubectl's own order and choice; what
 * hangs on how it sorts is not guessed. */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "logs.h"

#define DEFAULT_CONTAINER "kubectl.kubernetes.io/default-container"

/* Up to so many Go's sort.Sort() leaves in their order what is the same. */
#define SORT_STABLE 12

/* ---- which pod ---- */

/* What pods are compared by, the first that differs; all of them: the smaller goes first. */
struct rank {
	int unassigned;
	int phase;
	int not_ready;
	const char *ready_since; /* ready ones only; "" is last */
	json_int_t restarts;
	const char *created; /* "" is last */
};

static int phase_of(const char *phase)
{
	if (phase && strcmp(phase, "Unknown") == 0)
		return 1;
	return phase && strcmp(phase, "Pending") == 0 ? 2 : 0;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = value_get_text(object, key);

	return text ? text : "";
}

static struct rank rank_of(const json_t *pod)
{
	const json_t *status = json_object_get(pod, "status");
	const json_t *ready = kube_condition(pod, "Ready");
	struct rank rank = {
	    .unassigned = !*text_of(json_object_get(pod, "spec"), "nodeName"),
	    .phase = phase_of(value_get_text(status, "phase")),
	    .not_ready = strcmp(text_of(ready, "status"), "True") != 0,
	    .created = text_of(json_object_get(pod, "metadata"), "creationTimestamp"),
	    .ready_since = "",
	};
	size_t i;
	json_t *container;

	if (!rank.not_ready)
		rank.ready_since = text_of(ready, "lastTransitionTime");
	json_array_foreach(json_object_get(status, "containerStatuses"), i, container) {
		json_int_t restarts =
		    json_integer_value(json_object_get(container, "restartCount"));

		if (restarts > rank.restarts)
			rank.restarts = restarts;
	}
	return rank;
}

/* Moments as the API server writes them (UTC, to the second) are in the order of their texts. */
static int by_moment(const char *a, const char *b)
{
	return !*a || !*b ? !*a - !*b : strcmp(a, b);
}

static int compare(const struct rank *a, const struct rank *b)
{
	int order = a->unassigned - b->unassigned;

	if (order == 0)
		order = a->phase - b->phase;
	if (order == 0)
		order = a->not_ready - b->not_ready;
	if (order == 0 && !a->not_ready)
		order = by_moment(a->ready_since, b->ready_since);
	if (order == 0 && a->restarts != b->restarts)
		order = a->restarts > b->restarts ? -1 : 1;
	return order ? order : by_moment(a->created, b->created);
}

ssize_t logs_first_pod(const json_t *pods)
{
	size_t count = json_array_size(pods);
	size_t best = 0;
	struct rank rank;
	bool tie = false;

	if (!count)
		return -1;
	rank = rank_of(json_array_get(pods, 0));
	for (size_t i = 1; i < count; i++) {
		struct rank other = rank_of(json_array_get(pods, i));
		int order = compare(&other, &rank);

		if (order < 0) {
			best = i;
			rank = other;
		}
		tie = order < 0 ? false : tie || order == 0;
	}
	return tie && count > SORT_STABLE ? -1 : (ssize_t)best;
}

/* ---- which containers ---- */

/* In the order in which they are named to people; the first is where a name is looked for first. */
static const struct {
	const char *key;
	const char *mark;
} lists[] = {
    {"containers", ""},
    {"ephemeralContainers", " (ephem)"},
    {"initContainers", " (init)"},
};

/* In the order of --all-containers. */
static const char *const read_order[] = {"initContainers", "containers", "ephemeralContainers"};

static bool has_container(const json_t *spec, const char *name)
{
	size_t i;
	json_t *container;

	for (size_t l = 0; l < COUNT_OF(lists); l++)
		json_array_foreach(json_object_get(spec, lists[l].key), i, container)
			if (strcmp(text_of(container, "name"), name) == 0)
				return true;
	return false;
}

/* "main, debug (ephem), setup (init)" */
static char *all_names(const json_t *spec)
{
	struct buf out;
	size_t i;
	json_t *container;

	buf_init(&out, BUF_TEXT_MAX);
	for (size_t l = 0; l < COUNT_OF(lists); l++)
		json_array_foreach(json_object_get(spec, lists[l].key), i, container)
			buf_addf(&out, "%s%s%s", out.len ? ", " : "", text_of(container, "name"),
			    lists[l].mark);
	return buf_detach(&out);
}

static void add_source(struct logs *logs, const json_t *pod, const char *container)
{
	const json_t *metadata = json_object_get(pod, "metadata");

	MEM_PUSH_ROOM(logs->sources, logs->source_count);
	logs->sources[logs->source_count++] =
	    (struct log_source){.namespace = mem_text(text_of(metadata, "namespace")),
	        .pod = mem_text(text_of(metadata, "name")),
	        .container = mem_text(container)};
}

/* The one that is meant when none is named; borrowed. */
static const char *default_container(struct logs *logs, const json_t *pod)
{
	const json_t *spec = json_object_get(pod, "spec");
	const json_t *containers = json_object_get(spec, "containers");
	const json_t *metadata = json_object_get(pod, "metadata");
	const char *named = text_of(json_object_get(metadata, "annotations"), DEFAULT_CONTAINER);
	const char *first = text_of(json_array_get(containers, 0), "name");

	if (*named && has_container(spec, named))
		return named;
	if (*named)
		buf_addf(&logs->notes, "Default container name \"%s\" not found in pod %s\n", named,
		    text_of(metadata, "name"));
	if (json_array_size(containers) > 1 ||
	    json_array_size(json_object_get(spec, "initContainers")) ||
	    json_array_size(json_object_get(spec, "ephemeralContainers"))) {
		char *names = all_names(spec);

		buf_addf(&logs->notes, "Defaulted container \"%s\" out of: %s\n", first, names);
		free(names);
	}
	return first;
}

static const char *named_container(const struct native *native)
{
	const char *flag = native_value(native, NATIVE_CONTAINER);

	if (native->arg_count == 2)
		return native->args[1];
	return flag ? flag : "";
}

static void add_every(struct logs *logs, const json_t *pod)
{
	const json_t *spec = json_object_get(pod, "spec");
	size_t i;
	json_t *container;

	for (size_t l = 0; l < COUNT_OF(read_order); l++)
		json_array_foreach(json_object_get(spec, read_order[l]), i, container)
			add_source(logs, pod, text_of(container, "name"));
}

bool logs_add_pod(struct logs *logs, const json_t *pod)
{
	const json_t *spec = json_object_get(pod, "spec");
	const char *name = named_container(&logs->api->native);
	char *line;

	if (native_on(&logs->api->native, NATIVE_ALL_CONTAINERS)) {
		add_every(logs, pod);
		return true;
	}
	if (!*name)
		name = default_container(logs, pod);
	if (has_container(spec, name)) {
		add_source(logs, pod, name);
		return true;
	}
	line = mem_printf("error: container %s is not valid for pod %s", name,
	    text_of(json_object_get(pod, "metadata"), "name"));
	api_complain(logs->api, logs->notes.data, logs->notes.len);
	api_fail(logs->api, line);
	free(line);
	return false;
}
