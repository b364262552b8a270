/*
 * `kubectl rollout status`: a list of one and a watch on it. Invariant: for each state that it is told of it prints
 * the one sentence that kubectl prints, as it comes.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "one.h"
#include "span.h"

struct rollout {
	struct api *api;
	struct one one;
	struct kube_watch *watch;
	struct loop_timer *timer;
	const struct kube_kind *kind;
	bool printed;
};

/* ---- what an object says ---- */

enum verdict { GOES_ON, DONE, WRONG };

static int64_t number(const json_t *object, const char *part, const char *key)
{
	return json_integer_value(json_object_get(json_object_get(object, part), key));
}

static const char *name_of(const json_t *object)
{
	const char *name = value_get_text(json_object_get(object, "metadata"), "name");

	return name ? name : "";
}

static bool is_over_time(const json_t *deployment)
{
	const char *reason = value_get_text(kube_condition(deployment, "Progressing"), "reason");

	return reason && strcmp(reason, "ProgressDeadlineExceeded") == 0;
}

static bool is_observed(const json_t *object)
{
	return number(object, "metadata", "generation") <=
	       number(object, "status", "observedGeneration");
}

/* "Waiting for WHAT "web" rollout to finish: 1 out of 3 new pods have been updated..." */
static void add_progress(struct buf *out, const char *what, const json_t *object, int64_t count,
    const char *of, int64_t total, const char *how)
{
	buf_addf(out, "Waiting for %s \"%s\" rollout to finish: %" PRId64 " %s %" PRId64 " %s...\n",
	    what, name_of(object), count, of, total, how);
}

static enum verdict deployment_status(const json_t *object, struct buf *out)
{
	const char *name = name_of(object);
	const json_t *wanted = json_object_get(json_object_get(object, "spec"), "replicas");
	int64_t replicas = json_integer_value(wanted);
	int64_t updated = number(object, "status", "updatedReplicas");
	int64_t all = number(object, "status", "replicas");
	int64_t available = number(object, "status", "availableReplicas");

	if (!is_observed(object)) {
		buf_adds(out, "Waiting for deployment spec update to be observed...\n");
		return GOES_ON;
	}
	if (is_over_time(object)) {
		buf_addf(out, "error: deployment \"%s\" exceeded its progress deadline", name);
		return WRONG;
	}
	if (wanted && updated < replicas)
		add_progress(out, "deployment", object, updated, "out of", replicas,
		    "new replicas have been updated");
	else if (all > updated)
		buf_addf(out,
		    "Waiting for deployment \"%s\" rollout to finish: %" PRId64
		    " old replicas are pending termination...\n",
		    name, all - updated);
	else if (available < updated)
		add_progress(out, "deployment", object, available, "of", updated,
		    "updated replicas are available");
	else {
		buf_addf(out, "deployment \"%s\" successfully rolled out\n", name);
		return DONE;
	}
	return GOES_ON;
}

/* "RollingUpdate", "OnDelete", … */
static const char *strategy_of(const json_t *object)
{
	const char *type = value_get_text(
	    json_object_get(json_object_get(object, "spec"), "updateStrategy"), "type");

	return type ? type : "";
}

static bool is_rolling(const json_t *object, struct buf *out)
{
	if (strcmp(strategy_of(object), "RollingUpdate") == 0)
		return true;
	buf_adds(out, "error: rollout status is only available for RollingUpdate strategy type");
	return false;
}

static enum verdict daemon_set_status(const json_t *object, struct buf *out)
{
	const char *name = name_of(object);
	int64_t wanted = number(object, "status", "desiredNumberScheduled");
	int64_t updated = number(object, "status", "updatedNumberScheduled");
	int64_t available = number(object, "status", "numberAvailable");

	if (!is_rolling(object, out))
		return WRONG;
	if (!is_observed(object))
		buf_adds(out, "Waiting for daemon set spec update to be observed...\n");
	else if (updated < wanted)
		add_progress(out, "daemon set", object, updated, "out of", wanted,
		    "new pods have been updated");
	else if (available < wanted)
		add_progress(out, "daemon set", object, available, "of", wanted,
		    "updated pods are available");
	else {
		buf_addf(out, "daemon set \"%s\" successfully rolled out\n", name);
		return DONE;
	}
	return GOES_ON;
}

static enum verdict partition_status(const json_t *object, const json_t *rolling, struct buf *out)
{
	const json_t *replicas = json_object_get(json_object_get(object, "spec"), "replicas");
	const json_t *partition = json_object_get(rolling, "partition");
	int64_t updated = number(object, "status", "updatedReplicas");
	int64_t wanted = json_integer_value(replicas) - json_integer_value(partition);

	if (replicas && partition && updated < wanted) {
		buf_addf(out,
		    "Waiting for partitioned roll out to finish: %" PRId64 " out of %" PRId64
		    " new pods have been updated...\n",
		    updated, wanted);
		return GOES_ON;
	}
	buf_addf(out, "partitioned roll out complete: %" PRId64 " new pods have been updated...\n",
	    updated);
	return DONE;
}

static const char *revision_of(const json_t *object, const char *key)
{
	const char *revision = value_get_text(json_object_get(object, "status"), key);

	return revision ? revision : "";
}

static enum verdict stateful_set_status(const json_t *object, struct buf *out)
{
	const json_t *spec = json_object_get(object, "spec");
	const json_t *rolling =
	    json_object_get(json_object_get(spec, "updateStrategy"), "rollingUpdate");
	const json_t *replicas = json_object_get(spec, "replicas");
	int64_t missing = json_integer_value(replicas) - number(object, "status", "readyReplicas");
	const char *goal = revision_of(object, "updateRevision");
	const char *current = revision_of(object, "currentRevision");

	if (!is_rolling(object, out))
		return WRONG;
	if (number(object, "status", "observedGeneration") == 0 || !is_observed(object)) {
		buf_adds(out, "Waiting for statefulset spec update to be observed...\n");
		return GOES_ON;
	}
	if (replicas && missing > 0) {
		buf_addf(out, "Waiting for %" PRId64 " pods to be ready...\n", missing);
		return GOES_ON;
	}
	if (json_is_object(rolling))
		return partition_status(object, rolling, out);
	if (strcmp(goal, current) != 0) {
		buf_addf(out,
		    "waiting for statefulset rolling update to complete %" PRId64
		    " pods at revision %s...\n",
		    number(object, "status", "updatedReplicas"), goal);
		return GOES_ON;
	}
	buf_addf(out, "statefulset rolling update complete %" PRId64 " pods at revision %s...\n",
	    number(object, "status", "currentReplicas"), current);
	return DONE;
}

static const struct {
	const char *kind;
	enum verdict (*status)(const json_t *object, struct buf *out);
} kinds[] = {
    {"Deployment", deployment_status},
    {"DaemonSet", daemon_set_status},
    {"StatefulSet", stateful_set_status},
};

static enum verdict status_of(const struct kube_kind *kind, const json_t *object, struct buf *out)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (strcmp(kinds[i].kind, kind->kind) == 0)
			return kinds[i].status(object, out);
	return WRONG;
}

static bool takes(const struct kube_kind *kind)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (strcmp(kinds[i].kind, kind->kind) == 0)
			return strcmp(kind->group, "apps") == 0 && strcmp(kind->version, "v1") == 0;
	return false;
}

/* ---- watching ---- */

static void stop(void *state)
{
	struct rollout *rollout = state;

	one_stop(&rollout->one);
	kube_watch_cancel(rollout->watch);
	rollout->watch = NULL;
	loop_cancel(rollout->timer);
	rollout->timer = NULL;
}

static void on_changed(void *ctx, enum kube_change change, json_t *object)
{
	struct rollout *rollout = ctx;
	bool watches = !native_value(&rollout->api->native, NATIVE_WATCH) ||
	               native_on(&rollout->api->native, NATIVE_WATCH);
	struct buf out;
	enum verdict verdict;

	if (rollout->api->ended)
		return;
	rollout->printed = true;
	if (change == KUBE_DELETED) {
		api_fail(rollout->api, "error: object has been deleted");
		return;
	}
	buf_init(&out, BUF_TEXT_MAX);
	verdict = status_of(rollout->kind, object, &out);
	if (verdict == WRONG)
		api_fail(rollout->api, out.data);
	else
		api_print(rollout->api, out.data, out.len);
	if (verdict == DONE || (verdict == GOES_ON && !watches))
		api_end(rollout->api, 0);
	buf_release(&out);
}

/* kubectl complains, and waits on until its time is up. */
static void on_failed(void *ctx, const struct kube_reply *reply)
{
	struct rollout *rollout = ctx;

	rollout->watch = NULL;
	if (rollout->api->ended)
		return;
	if (rollout->printed)
		api_fail(rollout->api, reply->line);
	else
		api_leave(rollout->api);
}

static void on_time(void *ctx)
{
	struct rollout *rollout = ctx;

	rollout->timer = NULL;
	api_fail(rollout->api, "error: timed out waiting for the condition");
}

static void on_one(void *ctx, const struct kube_kind *kind, json_t *object)
{
	struct rollout *rollout = ctx;
	const char *timeout = native_value(&rollout->api->native, NATIVE_TIMEOUT);
	int64_t nanos = 0;
	struct buf query;
	char *field = mem_printf("metadata.name=%s", name_of(object));
	char *path;

	rollout->kind = kind;
	buf_init(&query, BUF_TEXT_MAX);
	kube_query_add(&query, "fieldSelector", field);
	path = kube_path(kind, rollout->api->namespace, NULL, NULL, query.data);
	rollout->watch = kube_watch(rollout->api->kube, &rollout->api->caller,
	    &(struct kube_watch_spec){
	        .path = path, .changed = on_changed, .failed = on_failed, .ctx = rollout});
	if (timeout && span_read(timeout, &nanos) && nanos > 0)
		rollout->timer = loop_deadline(
		    rollout->api->call->loop, (msec)(nanos / 1000000), on_time, rollout);
	free(path);
	free(field);
	buf_release(&query);
}

static void *start(struct api *api)
{
	struct rollout *rollout = mem_alloc(sizeof(*rollout));
	char *type, *name;

	rollout->api = api;
	if (one_of_words(&api->native, 0, &type, &name)) {
		one_start(&rollout->one, api, type, name, takes, on_one, rollout);
		free(type);
		free(name);
	} else {
		api_leave(api);
	}
	return rollout;
}

static void free_rollout(void *state)
{
	struct rollout *rollout = state;

	stop(rollout);
	one_release(&rollout->one);
	free(rollout);
}

const struct api_form api_rollout_status = {.start = start, .stop = stop, .free = free_rollout};
