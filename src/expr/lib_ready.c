/*
 * ready(): whether a Kubernetes object is healthy, by its kind.
 *
 * Invariant: "healthy" means that the struct expr_value has reached what its spec asks for
 * (as `kubectl rollout status` says it), now: a status that describes an older
 * generation of the struct expr_value does not count, nor does an struct expr_value being deleted.
 */
#include <string.h>

#include "function.h"
#include "fsops/mem.h"

/* The member NAME of a map; null when there is none, or no map. */
static struct expr_value member(const struct expr_value *map, const char *name)
{
	struct expr_value out = cel_null();

	if (map->type == VALUE_MAP)
		cel_field(map, name, strlen(name), &out);
	return out;
}

static struct expr_value member_of(
    const struct expr_value *map, const char *outer, const char *inner)
{
	struct expr_value middle = member(map, outer);

	return member(&middle, inner);
}

static bool is_text(struct expr_value value, const char *text)
{
	return value.type == VALUE_STRING && value.as.text.len == strlen(text) &&
	       memcmp(value.as.text.data, text, value.as.text.len) == 0;
}

static int64_t number(struct expr_value value, int64_t otherwise)
{
	return value.type == VALUE_INT ? value.as.number : otherwise;
}

static int64_t status(const struct expr_value *o, const char *name)
{
	return number(member_of(o, "status", name), 0);
}

/* Whether the condition TYPE of status.conditions has the status WANTED. */
static bool condition(const struct expr_value *o, const char *type, const char *wanted)
{
	struct expr_value conditions = member_of(o, "status", "conditions");
	size_t count = conditions.type == VALUE_LIST ? cel_count(&conditions) : 0;

	for (size_t i = 0; i < count; i++) {
		struct expr_value item = cel_item(&conditions, i);

		if (is_text(member(&item, "type"), type))
			return is_text(member(&item, "status"), wanted);
	}
	return false;
}

/* The status describes the struct expr_value as it is now. */
static bool observed(const struct expr_value *o)
{
	return number(member_of(o, "status", "observedGeneration"), INT64_MAX) >=
	       number(member_of(o, "metadata", "generation"), 0);
}

static int64_t wanted_replicas(const struct expr_value *o)
{
	return number(member_of(o, "spec", "replicas"), 1);
}

static bool pod_ready(const struct expr_value *o)
{
	struct expr_value phase = member_of(o, "status", "phase");

	return is_text(phase, "Succeeded") ||
	       (is_text(phase, "Running") && condition(o, "Ready", "True"));
}

static bool node_ready(const struct expr_value *o)
{
	static const char *const troubles[] = {
	    "MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"};

	for (size_t i = 0; i < COUNT_OF(troubles); i++)
		if (condition(o, troubles[i], "True"))
			return false;
	return condition(o, "Ready", "True");
}

static bool deployment_ready(const struct expr_value *o)
{
	int64_t wanted = wanted_replicas(o);

	return observed(o) && status(o, "updatedReplicas") >= wanted &&
	       status(o, "replicas") <= status(o, "updatedReplicas") &&
	       status(o, "availableReplicas") >= wanted && !condition(o, "Progressing", "False");
}

static bool stateful_set_ready(const struct expr_value *o)
{
	int64_t wanted = wanted_replicas(o);
	struct expr_value strategy = member_of(o, "spec", "updateStrategy");
	struct expr_value partition = member_of(&strategy, "rollingUpdate", "partition");
	int64_t updated = wanted - number(partition, 0);

	if (!observed(o) || status(o, "readyReplicas") < wanted || status(o, "replicas") > wanted)
		return false;
	return is_text(member(&strategy, "type"), "OnDelete") ||
	       status(o, "updatedReplicas") >= updated;
}

static bool daemon_set_ready(const struct expr_value *o)
{
	int64_t wanted = status(o, "desiredNumberScheduled");
	struct expr_value strategy = member_of(o, "spec", "updateStrategy");

	if (!observed(o) || status(o, "numberAvailable") < wanted ||
	    member_of(o, "status", "desiredNumberScheduled").type != VALUE_INT)
		return false;
	return is_text(member(&strategy, "type"), "OnDelete") ||
	       status(o, "updatedNumberScheduled") >= wanted;
}

static bool job_ready(const struct expr_value *o)
{
	return condition(o, "Complete", "True");
}

static bool claim_ready(const struct expr_value *o)
{
	return is_text(member_of(o, "status", "phase"), "Bound");
}

static bool certificate_ready(const struct expr_value *o)
{
	return condition(o, "Ready", "True");
}

static const struct kind {
	const char *name;
	bool (*ready)(const struct expr_value *o);
} kinds[] = {
    {"Pod", pod_ready},
    {"Node", node_ready},
    {"Deployment", deployment_ready},
    {"StatefulSet", stateful_set_ready},
    {"DaemonSet", daemon_set_ready},
    {"Job", job_ready},
    {"PersistentVolumeClaim", claim_ready},
    {"Certificate", certificate_ready},
};

static int unknown_kind(struct calc *calc, struct expr_value name)
{
	const char *names[COUNT_OF(kinds)];

	if (name.type != VALUE_STRING)
		return calc_fail(calc, "ready() needs a Kubernetes object; this map has no kind");
	calc_fail(calc, "ready() does not know the kind '%.*s'",
	    expr_error_shown(name.as.text.data, name.as.text.len), name.as.text.data);
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		names[i] = kinds[i].name;
	expr_error_suggest(calc->error, name.as.text.data, names, COUNT_OF(kinds));
	return -1;
}

static int object_ready(struct calc *calc, const struct expr_value *o, bool *out)
{
	struct expr_value name = member(o, "kind");
	struct expr_value conditions = member_of(o, "status", "conditions");

	if (conditions.type == VALUE_LIST && calc_step(calc, cel_count(&conditions)) < 0)
		return -1;
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (is_text(name, kinds[i].name)) {
			*out = member_of(o, "metadata", "deletionTimestamp").type == VALUE_NULL &&
			       kinds[i].ready(o);
			return 0;
		}
	return unknown_kind(calc, name);
}

static bool is_list(struct expr_value kind)
{
	return kind.type == VALUE_STRING && kind.as.text.len >= 4 &&
	       memcmp(kind.as.text.data + kind.as.text.len - 4, "List", 4) == 0;
}

/* A list as `kubectl get` gives it: every item, and at least one. */
static int list_ready(struct calc *calc, const struct expr_value *list, bool *out)
{
	struct expr_value items = member(list, "items");
	size_t count = items.type == VALUE_LIST ? cel_count(&items) : 0;

	*out = count > 0;
	for (size_t i = 0; i < count && *out; i++) {
		struct expr_value item = cel_item(&items, i);

		if (calc_step(calc, 10) < 0 || object_ready(calc, &item, out) < 0)
			return -1;
	}
	return 0;
}

static int ready(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	bool all;
	int result = is_list(member(&args[0], "kind")) ? list_ready(calc, &args[0], &all)
	                                               : object_ready(calc, &args[0], &all);

	(void)count;
	if (result == 0)
		*out = cel_bool(all);
	return result;
}

const struct overload lib_ready[] = {
    {"ready", "m", ready, "whether a Kubernetes object, or every one of a list, is healthy"},
    {"ready", "m.", ready, NULL},
    {0},
};
