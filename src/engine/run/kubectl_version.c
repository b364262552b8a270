/* Asks kubectl for its version. Invariant: it never changes how a run ends, only what is told of it. */
#include "kubectl_version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attempt.h"
#include "fsops/mem.h"
#include "fsops/value.h"

struct kubectl_version {
	struct loop *loop;
	struct events *events;
	struct attempt *attempt; /* NULL: it has ended */
	msec started;
	struct loop_timer *waiting; /* the run has ended; the loop stops when this is due */
};

/* ---- what it means ---- */

#define ADVICE                                                                                     \
	"install one that is within one minor version of the cluster's, and see `kubectl version`"

/* What versions before 1.BEFORE cannot do of what the shipped runbooks do. */
static const struct {
	int before;
	const char *what;
} lacks[] = {
    {21, "`create job --from` a CronJob (it knows none of batch/v1, which clusters since 1.21 "
         "answer with)"},
    {20, "`drain --delete-emptydir-data`"},
};

/* "v1.32.4-dispatcher" → 1, 32. */
static bool read_version(const char *text, int *major, int *minor)
{
	return text && sscanf(text, "v%9d.%9d", major, minor) == 2 && *major >= 0 && *minor >= 0;
}

static bool is_old(int major, int minor, int than)
{
	return major < 1 || (major == 1 && minor < than);
}

static char *too_old(const char *version, int major, int minor)
{
	struct buf out;
	const char *before = "";

	buf_init(&out, BUF_TEXT_MAX);
	buf_addf(&out, "kubectl %s is too old, fsops needs 1.%d: ", version + 1, KUBECTL_MINOR_MIN);
	for (size_t i = 0; i < COUNT_OF(lacks); i++)
		if (is_old(major, minor, lacks[i].before)) {
			buf_addf(&out, "%s%s", before, lacks[i].what);
			before = " and ";
		}
	buf_addf(&out, " will not work; " ADVICE);
	return buf_detach(&out);
}

char *kubectl_version_remark(const json_t *answer, const char *why)
{
	const json_t *client = json_object_get(answer, "clientVersion");
	const char *version = value_get_text(client, "gitVersion");
	int major, minor;

	if (!why && read_version(version, &major, &minor))
		return is_old(major, minor, KUBECTL_MINOR_MIN) ? too_old(version, major, minor)
		                                               : NULL;
	return mem_printf("which version kubectl has is not known (%s): fsops needs 1.%d, and what "
	                  "an older one cannot do will fail; " ADVICE,
	    why ? why : "`kubectl version --client -o json` names none", KUBECTL_MINOR_MIN);
}

/* ---- whether it matters ---- */

/* Most reads need no kubectl; those that turn out to do all the same do with an old one, too. */
static bool is_kubectl(const struct action *action)
{
	return strcmp(action->adapter->name, "kubectl") == 0 &&
	       action->adapter->runs_program(
	           action->args, action->target ? action->target->config : NULL);
}

static const struct action *metrics_use_it(const struct metric *const *metrics, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_kubectl(&metrics[i]->source))
			return &metrics[i]->source;
	return NULL;
}

static const struct action *plan_uses_it(const struct plan *plan);

static const struct action *action_uses_it(
    const struct plan *plan, const struct plan_action *action)
{
	const struct platform *platform = plan->catalog->platform;
	const struct action *nested;

	if (is_kubectl(action->action))
		return action->action;
	if (action->action->look && is_kubectl(action->action->look))
		return action->action->look;
	nested = action->nested ? plan_uses_it(action->nested) : NULL;
	for (size_t i = 0; !nested && i < platform->metric_count; i++)
		if (is_kubectl(&platform->metrics[i].source) &&
		    plan_action_measures(action, &platform->metrics[i]))
			return &platform->metrics[i].source;
	return nested;
}

/* The first that does, or NULL. */
static const struct action *plan_uses_it(const struct plan *plan)
{
	const struct runbook *runbook = plan->runbook;
	const struct action *uses = metrics_use_it(runbook->metrics, runbook->metric_count);

	if (!uses)
		uses = metrics_use_it(runbook->named_metrics, runbook->named_metric_count);
	for (size_t s = 0; s < plan->step_count; s++)
		for (size_t i = 0;
		     !uses && plan->steps[s].selected && i < plan->steps[s].action_count; i++)
			uses = action_uses_it(plan, &plan->steps[s].actions[i]);
	return uses;
}

/* ---- asking ---- */

static void on_ended(void *ctx, const struct attempt_end *end)
{
	struct kubectl_version *version = ctx;
	const char *why = end->why;
	char *text = NULL;

	version->attempt = NULL;
	if (end->outcome == ATTEMPT_TIMED_OUT && !why)
		why = "it does not answer";
	if (end->outcome == ATTEMPT_DONE || end->outcome == ATTEMPT_TIMED_OUT)
		text = kubectl_version_remark(json_object_get(end->result, "json"), why);
	if (text)
		event_emit(version->events, "note",
		    json_pack(
		        "{s:o, s:s}", "text", value_text(text, strlen(text)), "level", "warning"));
	free(text);
	if (version->waiting)
		loop_stop(version->loop);
}

/* The environment is that of the call which it is asked for: no variable goes to a kubectl that would not
 * get it anyhow. */
static json_t *question(const struct action *uses)
{
	json_t *args = json_pack("{s:[s, s, s, s]}", "words", "version", "--client", "-o", "json");
	json_t *inherit = json_object_get(uses->inherit, ADAPTER_INHERIT);

	if (!inherit && uses->target)
		inherit = json_object_get(uses->target->config, ADAPTER_INHERIT);
	if (inherit)
		json_object_set(args, ADAPTER_INHERIT, inherit);
	return args;
}

struct kubectl_version *kubectl_version_start(
    const struct plan *plan, struct loop *loop, struct children *children, struct events *events)
{
	const struct action *uses = plan_uses_it(plan);
	struct kubectl_version *version;

	if (!uses)
		return NULL;
	version = mem_alloc(sizeof(*version));
	version->loop = loop;
	version->events = events;
	version->started = loop_now(loop);
	version->attempt = attempt_start(&(struct attempt_spec){
	    .adapter = adapter_find("kubectl"),
	    .loop = loop,
	    .children = children,
	    .args = question(uses),
	    .wants = json_pack("{s:b}", "json", 1),
	    .effect = EFFECT_READ,
	    .deadline = version->started + KUBECTL_VERSION_MAX,
	    .ended = on_ended,
	    .ctx = version,
	});
	return version;
}

static void on_waited(void *ctx)
{
	struct kubectl_version *version = ctx;

	version->waiting = NULL;
	loop_stop(version->loop);
}

void kubectl_version_finish(struct kubectl_version *version, struct loop *loop)
{
	msec left = 0;

	if (version && version->attempt)
		left = version->started + KUBECTL_VERSION_GRACE - loop_now(loop);
	if (left > 0)
		version->waiting = loop_deadline(loop, left, on_waited, version);
	else
		loop_stop(loop);
}

void kubectl_version_free(struct kubectl_version *version)
{
	if (!version)
		return;
	loop_cancel(version->waiting);
	attempt_forget(version->attempt);
	free(version);
}
