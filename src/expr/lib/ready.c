/*
 * ready(): whether a Kubernetes object is healthy, by its kind.
 *
 * Invariant: "healthy" means that the object has reached what its spec asks for (as `kubectl
 * rollout status` and `kubectl wait` say it), now: what its controller has not seen yet is not
 * ready, and a status or condition of an older generation does not count, nor does an object
 * that is being deleted. What an object cannot tell is an error that says what to ask instead.
 */
#include <string.h>

#include "expr/function.h"
#include "expr/types/object.h"
#include "fsops/mem.h"

static int64_t number(struct expr_value value, int64_t otherwise)
{
	return value.type == VALUE_INT ? value.as.number : otherwise;
}

static int64_t status(const struct expr_value *o, const char *name)
{
	return number(object_field2(o, "status", name), 0);
}

static bool phase_is(const struct expr_value *o, const char *phase)
{
	return object_is(object_field2(o, "status", "phase"), phase);
}

/* What the object asks for now. The API server counts from 1; an object without it was not
 * there. */
static int64_t generation(const struct expr_value *o)
{
	return number(object_field2(o, "metadata", "generation"), 0);
}

/* The status was written by the controller, and for the object as it is now. */
static bool observed(const struct expr_value *o)
{
	struct expr_value all = object_field(o, "status");

	return all.type == VALUE_MAP && cel_count(&all) > 0 &&
	       status(o, "observedGeneration") >= generation(o);
}

/* The condition TYPE of status.conditions; null: there is none. */
static struct expr_value condition_named(const struct expr_value *o, const char *type)
{
	struct expr_value conditions = object_field2(o, "status", "conditions");
	size_t count = conditions.type == VALUE_LIST ? cel_count(&conditions) : 0;

	for (size_t i = 0; i < count; i++) {
		struct expr_value item = cel_item(&conditions, i);

		if (object_is(object_field(&item, "type"), type))
			return item;
	}
	return cel_null();
}

/*
 * Whether the condition TYPE has the status WANTED, and was set for the object as it is now: the
 * generation that it was set for stands in itself or else in the status, and where neither says
 * one (nodes, jobs) it counts.
 */
static bool condition(const struct expr_value *o, const char *type, const char *wanted)
{
	struct expr_value found = condition_named(o, type);
	struct expr_value seen = object_field(&found, "observedGeneration");

	if (seen.type != VALUE_INT)
		seen = object_field2(o, "status", "observedGeneration");
	return object_is(object_field(&found, "status"), wanted) &&
	       number(seen, INT64_MAX) >= generation(o);
}

static int64_t wanted_replicas(const struct expr_value *o)
{
	return number(object_field2(o, "spec", "replicas"), 1);
}

static bool pod_ready(const struct expr_value *o)
{
	return phase_is(o, "Succeeded") ||
	       (phase_is(o, "Running") && condition(o, "Ready", "True"));
}

/* Whether pods may be put there (`unschedulable`) is a person's decision, not the node's health. */
static bool node_ready(const struct expr_value *o)
{
	static const char *const troubles[] = {
	    "MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"};

	for (size_t i = 0; i < COUNT_OF(troubles); i++)
		if (condition(o, troubles[i], "True"))
			return false;
	return condition(o, "Ready", "True");
}

/* Scaled to 0 and nothing left is what was asked for. */
static bool deployment_ready(const struct expr_value *o)
{
	int64_t wanted = wanted_replicas(o);

	return observed(o) && status(o, "updatedReplicas") >= wanted &&
	       status(o, "replicas") <= wanted && status(o, "availableReplicas") >= wanted &&
	       !condition(o, "Progressing", "False");
}

/* A set of pods that no rollout replaces: ReplicaSet, ReplicationController. */
static bool replica_set_ready(const struct expr_value *o)
{
	int64_t wanted = wanted_replicas(o);

	return observed(o) && status(o, "replicas") <= wanted &&
	       status(o, "availableReplicas") >= wanted && !condition(o, "ReplicaFailure", "True");
}

/* With a partition only the pods above it are meant to be new; without one every pod is, and the
 * controller then says that the new revision is the current one. */
static bool stateful_set_updated(const struct expr_value *o, const struct expr_value *strategy)
{
	struct expr_value rolling = object_field(strategy, "rollingUpdate");
	struct expr_value current = object_field2(o, "status", "currentRevision");
	struct expr_value update = object_field2(o, "status", "updateRevision");
	int64_t partition = number(object_field(&rolling, "partition"), 0);

	if (status(o, "updatedReplicas") < wanted_replicas(o) - partition)
		return false;
	return rolling.type != VALUE_NULL || update.type == VALUE_NULL ||
	       object_same(current, update);
}

/* OnDelete: a person renews each pod by deleting it, so old ones are no fault. */
static bool stateful_set_ready(const struct expr_value *o)
{
	int64_t wanted = wanted_replicas(o);
	struct expr_value strategy = object_field2(o, "spec", "updateStrategy");

	if (!observed(o) || status(o, "readyReplicas") < wanted || status(o, "replicas") > wanted)
		return false;
	return object_is(object_field(&strategy, "type"), "OnDelete") ||
	       stateful_set_updated(o, &strategy);
}

/* A new one says "0 wanted" until its controller has counted the nodes. */
static bool daemon_set_ready(const struct expr_value *o)
{
	int64_t wanted = status(o, "desiredNumberScheduled");
	struct expr_value strategy = object_field2(o, "spec", "updateStrategy");

	if (!observed(o) || status(o, "numberAvailable") < wanted ||
	    object_field2(o, "status", "desiredNumberScheduled").type != VALUE_INT)
		return false;
	return object_is(object_field(&strategy, "type"), "OnDelete") ||
	       status(o, "updatedNumberScheduled") >= wanted;
}

/* An Ingress or a Service: somebody gave it an address where it can be reached. */
static bool address_ready(const struct expr_value *o)
{
	struct expr_value balancer = object_field2(o, "status", "loadBalancer");
	struct expr_value places = object_field(&balancer, "ingress");
	size_t count = places.type == VALUE_LIST ? cel_count(&places) : 0;

	for (size_t i = 0; i < count; i++) {
		struct expr_value place = cel_item(&places, i);

		if (object_field(&place, "ip").type == VALUE_STRING ||
		    object_field(&place, "hostname").type == VALUE_STRING)
			return true;
	}
	return false;
}

static const char *service_instead(const struct expr_value *o)
{
	if (object_is(object_field2(o, "spec", "type"), "LoadBalancer"))
		return NULL;
	return "only one of type LoadBalancer says more than that it exists; whether pods stand "
	       "behind it say its endpoint slices (`get endpointslices "
	       "-l kubernetes.io/service-name=NAME -o json`, `json.items.exists(s, "
	       "s.endpoints.exists(e, e.conditions.ready))`)";
}

/* It can read its metrics and its target, and may change it. */
static bool autoscaler_ready(const struct expr_value *o)
{
	return condition(o, "AbleToScale", "True") && condition(o, "ScalingActive", "True");
}

static const char *autoscaler_instead(const struct expr_value *o)
{
	if (!object_is(object_field(o, "apiVersion"), "autoscaling/v1"))
		return NULL;
	return "autoscaling/v1 has no conditions; ask for it as "
	       "`get horizontalpodautoscalers.v2.autoscaling`";
}

/* As many healthy pods as it asks for, by a count that succeeded. */
static bool budget_ready(const struct expr_value *o)
{
	struct expr_value allowed = condition_named(o, "DisruptionAllowed");

	return observed(o) && status(o, "currentHealthy") >= status(o, "desiredHealthy") &&
	       !object_is(object_field(&allowed, "reason"), "SyncFailed");
}

/* How a kind says that it is well: the first of these that is there. */
static const struct kind {
	const char *name;
	bool (*ready)(const struct expr_value *o);
	const char *condition; /* this one is True */
	const char *phase;     /* status.phase is this */
	/* It cannot say: what to ask instead, for all, or for those that give a sentence. */
	const char *instead;
	const char *(*instead_of)(const struct expr_value *o);
} kinds[] = {
    {"Pod", .ready = pod_ready},
    {"Node", .ready = node_ready},
    {"Deployment", .ready = deployment_ready},
    {"StatefulSet", .ready = stateful_set_ready},
    {"DaemonSet", .ready = daemon_set_ready},
    {"ReplicaSet", .ready = replica_set_ready},
    {"ReplicationController", .ready = replica_set_ready},
    {"Ingress", .ready = address_ready},
    {"Service", .ready = address_ready, .instead_of = service_instead},
    {"HorizontalPodAutoscaler", .ready = autoscaler_ready, .instead_of = autoscaler_instead},
    {"PodDisruptionBudget", .ready = budget_ready},
    {"Job", .condition = "Complete"},
    {"Certificate", .condition = "Ready"},
    {"Gateway", .condition = "Programmed"},
    {"APIService", .condition = "Available"},
    {"CustomResourceDefinition", .condition = "Established"},
    {"PersistentVolumeClaim", .phase = "Bound"},
    {"Namespace", .phase = "Active"},
    {"CronJob", .instead = "ask when status.lastSuccessfulTime was, or for its jobs"},
    {"ConfigMap", .instead = "it has no state; ask whether it is there, and what is in it"},
    {"Secret", .instead = "it has no state; ask whether it is there, and what is in it"},
    {"Endpoints", .instead = "ask whether subsets.exists(s, has(s.addresses))"},
    {"EndpointSlice", .instead = "ask whether endpoints.exists(e, e.conditions.ready)"},
};

/* Kinds of others: by the condition that most of them have. */
static const char *const common_conditions[] = {"Ready", "Available"};

static const struct kind *known_kind(struct expr_value name)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (object_is(name, kinds[i].name))
			return &kinds[i];
	return NULL;
}

static int unknown_kind(
    struct calc *calc, struct expr_value name, const struct expr_value *o, bool *out)
{
	const char *names[COUNT_OF(kinds)];

	if (name.type != VALUE_STRING)
		return calc_fail(calc, "ready() needs a Kubernetes object; this map has no kind");
	for (size_t i = 0; i < COUNT_OF(common_conditions); i++)
		if (condition_named(o, common_conditions[i]).type == VALUE_MAP) {
			*out = condition(o, common_conditions[i], "True");
			return 0;
		}
	calc_fail(calc,
	    "ready() does not know the kind '%.*s', and this one has no condition Ready or "
	    "Available: ask what its own status says",
	    CALC_SHOWN(calc, &name));
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		names[i] = kinds[i].name;
	expr_error_suggest(calc->error, name.as.text.data, names, COUNT_OF(kinds));
	return -1;
}

static int kind_ready(
    struct calc *calc, const struct kind *kind, const struct expr_value *o, bool *out)
{
	const char *instead = kind->instead_of ? kind->instead_of(o) : kind->instead;

	if (instead)
		return calc_fail(
		    calc, "ready() cannot tell it of this %s: %s", kind->name, instead);
	if (kind->ready)
		*out = kind->ready(o);
	else if (kind->condition)
		*out = condition(o, kind->condition, "True");
	else
		*out = phase_is(o, kind->phase);
	return 0;
}

static int object_ready(struct calc *calc, const struct expr_value *o, bool *out)
{
	struct expr_value name = object_field(o, "kind");
	struct expr_value conditions = object_field2(o, "status", "conditions");
	const struct kind *kind = known_kind(name);
	int result;

	if (conditions.type == VALUE_LIST && calc_step(calc, cel_count(&conditions)) < 0)
		return -1;
	result = kind ? kind_ready(calc, kind, o, out) : unknown_kind(calc, name, o, out);
	if (result == 0 && object_field2(o, "metadata", "deletionTimestamp").type != VALUE_NULL)
		*out = false;
	return result;
}

static bool is_list(struct expr_value kind)
{
	return kind.type == VALUE_STRING && kind.as.text.len >= 4 &&
	       memcmp(kind.as.text.data + kind.as.text.len - 4, "List", 4) == 0;
}

/* A list as `kubectl get` gives it: every item, and at least one. */
static int list_ready(struct calc *calc, const struct expr_value *list, bool *out)
{
	struct expr_value items = object_field(list, "items");
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
	int result = is_list(object_field(&args[0], "kind")) ? list_ready(calc, &args[0], &all)
	                                                     : object_ready(calc, &args[0], &all);

	(void)count;
	if (result == 0)
		*out = cel_bool(all);
	return result;
}

const struct overload lib_ready[] = {
    {"ready", "m", ready,
        "whether a Kubernetes object, or every one of a list, is as it should be, now"},
    {"ready", "m.", ready, NULL},
    {0},
};
