/* A kubectl command without kubectl. Invariant: it ends once, by api_end() or api_leave(); what is said on the way
 * goes to stderr before all else, and nowhere when kubectl does it. */
#include "api.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

/* What warnings and login plugins may say. */
#define SAID_MAX ((size_t)256 * 1024)

static const struct api_form *const forms[] = {
    [NATIVE_GET] = &api_get,
    [NATIVE_LOGS] = &api_logs,
    [NATIVE_TOP_PODS] = &api_top_pods,
    [NATIVE_TOP_NODES] = &api_top_nodes,
    [NATIVE_ROLLOUT_STATUS] = &api_rollout_status,
    [NATIVE_ROLLOUT_HISTORY] = &api_rollout_history,
    [NATIVE_WAIT] = &api_wait,
    [NATIVE_CLUSTER_INFO] = &api_cluster_info,
    [NATIVE_CAN_I] = &api_can_i,
    [NATIVE_WHOAMI] = &api_whoami,
    [NATIVE_API_RESOURCES] = &api_api_resources,
};

static void on_said(void *ctx, const char *text, size_t len)
{
	struct api *api = ctx;

	if (!api->ended)
		buf_add(&api->said, text, len);
}

static void on_secret(void *ctx, const char *text)
{
	struct api *api = ctx;

	call_secret(api->call, text);
}

/* ---- its life ---- */

static void give_up(void *state)
{
	struct api *api = state;
	char *waiting = kube_waits_for(api->kube);

	if (waiting)
		call_waiting(api->call, waiting);
	free(waiting);
	api->ended = true;
	if (api->state)
		api->form->stop(api->state);
}

static void free_api(void *state)
{
	struct api *api = state;

	if (api->state)
		api->form->free(api->state);
	kube_caller_release(&api->caller);
	kube_close(api->kube);
	native_release(&api->native);
	buf_release(&api->said);
	free(api);
}

static const struct command_deputy deputy = {.cancel = give_up, .free = free_api};

static struct kube *open_kube(struct api *api, struct err *err)
{
	const char **inherit = command_inherits(api->call);
	struct kube *kube = kube_open(api->call->loop, api->call->children,
	    &(struct kube_spec){
	        .kubeconfig = native_value(&api->native, NATIVE_KUBECONFIG),
	        .context = native_value(&api->native, NATIVE_CONTEXT),
	        .inherit = inherit,
	    },
	    err);

	free(inherit);
	return kube;
}

/* False: kubectl refuses it, and says why. */
static bool find_namespace(struct api *api)
{
	const char *namespace = native_value(&api->native, NATIVE_NAMESPACE);

	api->namespace = namespace && *namespace ? namespace : kube_namespace(api->kube);
	return native_is_name(api->namespace);
}

static void begin(struct api *api)
{
	api->form = forms[api->native.form];
	api->state = api->form->start(api);
}

bool api_start(
    struct call *call, char *const *words, const struct command_spec *spec, api_leave_fn *leave)
{
	struct command_spec own = *spec;
	struct api *api = mem_alloc(sizeof(*api));
	struct err err = {0};

	api->call = call;
	api->leave = leave;
	api->caller = (struct kube_caller){
	    .said = on_said, .secret = on_secret, .ctx = api, .fresh = call->fresh};
	buf_init(&api->said, SAID_MAX);
	own.via = "api";
	if (native_read(&api->native, words))
		api->kube = open_kube(api, &err);
	if (err.kind == ERR_SYSTEM) {
		free_api(api);
		call_fail(call, err.kind, "kubectl: %s", err.text);
		return true;
	}
	if (!api->kube || !find_namespace(api)) {
		free_api(api);
		return false;
	}
	own.unverified = kube_insecure(api->kube);
	command_instead(call, &own, &deputy, api);
	begin(api);
	return true;
}

/* ---- what is printed ---- */

static bool goes_elsewhere(struct api *api)
{
	if (!api->ended && !api->begun && kube_is_elsewhere(api->kube))
		api_leave(api);
	return api->ended;
}

static void print(struct api *api, enum child_stream stream, const char *text, size_t len)
{
	if (!len || goes_elsewhere(api))
		return;
	api->begun = true;
	if (!command_print(api->call, stream, text, len))
		api->ended = true;
}

static void flush(struct api *api)
{
	print(api, CHILD_STDERR, api->said.data, api->said.len);
	buf_clear(&api->said);
}

void api_print(struct api *api, const char *text, size_t len)
{
	flush(api);
	print(api, CHILD_STDOUT, text, len);
}

void api_complain(struct api *api, const char *text, size_t len)
{
	flush(api);
	print(api, CHILD_STDERR, text, len);
}

void api_fail(struct api *api, const char *line)
{
	api_complain(api, line, strlen(line));
	api_complain(api, "\n", 1);
	api_end(api, 1);
}

void api_end(struct api *api, int status)
{
	flush(api);
	if (!goes_elsewhere(api))
		command_end(api->call, status);
	api->ended = true;
}

void api_leave_with(struct api *api, const char *flag)
{
	if (!api->ended)
		api->leave(api->call, flag);
	api->ended = true;
}

void api_leave(struct api *api)
{
	api_leave_with(api, NULL);
}
