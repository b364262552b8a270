/*
 * A kubectl command without kubectl: what its forms (get.c …) share.
 *
 *	if (!api_start(call, words, &spec))   // not known whole: run kubectl
 *		command_start(call, &spec);
 *
 * A form asks through api->kube, keeps what is to be printed, and ends with api_end(); or, before anything was
 * printed, with api_leave(): then kubectl does it all.
 */
#ifndef FSOPS_ADAPTERS_KUBECTL_API_H
#define FSOPS_ADAPTERS_KUBECTL_API_H

#include "adapters/command/command.h"
#include "fsops/kube.h"
#include "native.h"

struct api;

/* Start kubectl for CALL; with FLAG among its words unless that is NULL. */
typedef void api_leave_fn(struct call *call, const char *flag);

/* One form. All slots are set. */
struct api_form {
	/* Begins. It may end or leave from inside. */
	void *(*start)(struct api *api);
	/* Gives up what it asks; nothing comes after it. */
	void (*stop)(void *state);
	void (*free)(void *state);
};

struct api {
	struct call *call;
	struct native native;
	struct kube *kube;
	struct kube_caller caller;
	const char *namespace; /* --namespace, the target's, the context's */
	struct buf said;       /* for stderr, before anything else */
	bool begun;            /* something was printed */
	bool ended;
	const struct api_form *form;
	void *state;
	api_leave_fn *leave;
};

extern const struct api_form api_get, api_logs, api_top_pods, api_top_nodes, api_rollout_status,
    api_wait, api_rollout_history, api_cluster_info, api_can_i, api_whoami, api_api_resources;

/* How many bytes are asked for and kept, before kubectl must do it. */
#define API_KEPT_MAX ((size_t)256 * 1024 * 1024)

/* WORDS are kubectl's, those of the target too. False: nothing was begun. */
bool api_start(
    struct call *call, char *const *words, const struct command_spec *spec, api_leave_fn *leave);

/* For stdout and stderr; nothing is printed any more once it was too much. What would be the first is not printed, but
 * kubectl does it all, when the API server has sent us elsewhere. */
void api_print(struct api *api, const char *text, size_t len);
void api_complain(struct api *api, const char *text, size_t len);
/* LINE and a newline to stderr, and the end with status 1. */
void api_fail(struct api *api, const char *line);
void api_end(struct api *api, int status);
/* kubectl must do it. Only before anything was printed. */
void api_leave(struct api *api);
/* The same with one more flag ("--timeout=20s"), which counts instead of what the words say. */
void api_leave_with(struct api *api, const char *flag);

#endif
