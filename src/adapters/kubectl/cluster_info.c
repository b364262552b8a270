/* `kubectl cluster-info`: where the control plane is, and the services that the cluster itself offers. */
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "fsops/web.h"

struct cluster_info {
	struct api *api;
	struct kube_request *request;
};

static void stop(void *state)
{
	struct cluster_info *info = state;

	kube_cancel(info->request);
	info->request = NULL;
}

static void free_info(void *state)
{
	stop(state);
	free(state);
}

/* Services with a port of a load balancer are told in another way, which is kubectl's. */
static bool is_plain(const json_t *service)
{
	const json_t *status = json_object_get(service, "status");

	return json_array_size(
	           json_object_get(json_object_get(status, "loadBalancer"), "ingress")) == 0 &&
	       json_array_size(json_object_get(json_object_get(service, "spec"), "ports")) > 0;
}

static void add_service(struct buf *out, const char *server, const json_t *service)
{
	const json_t *metadata = json_object_get(service, "metadata");
	const json_t *port =
	    json_array_get(json_object_get(json_object_get(service, "spec"), "ports"), 0);
	const char *label =
	    value_get_text(json_object_get(metadata, "labels"), "kubernetes.io/name");
	const char *name = value_get_text(metadata, "name");
	const char *space = value_get_text(metadata, "namespace");
	const char *port_name = value_get_text(port, "name");
	bool secure = json_integer_value(json_object_get(port, "port")) == 443 ||
	              (port_name && strcmp(port_name, "https") == 0);
	const char *scheme = secure ? "https:" : "";
	bool marked = *scheme || (port_name && *port_name);

	buf_addf(out, "%s is running at %s/api/v1/namespaces/%s/services/%s%s%s%s/proxy\n",
	    label && *label ? label : name, server, space, scheme, name, marked ? ":" : "",
	    port_name ? port_name : "");
}

static void on_services(void *ctx, json_t *object, const struct kube_reply *reply)
{
	struct cluster_info *info = ctx;
	const char *server = kube_server(info->api->kube);
	struct buf out;
	size_t i;
	json_t *service;

	info->request = NULL;
	if (reply->end != KUBE_DONE) {
		api_leave(info->api);
		return;
	}
	buf_init(&out, BUF_TEXT_MAX);
	buf_addf(&out, "Kubernetes control plane is running at %s\n", server);
	json_array_foreach(json_object_get(object, "items"), i, service) {
		if (!is_plain(service))
			break;
		add_service(&out, server, service);
	}
	buf_adds(&out,
	    "\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info "
	    "dump'.\n");
	if (i == json_array_size(json_object_get(object, "items"))) {
		api_print(info->api, out.data, out.len);
		api_end(info->api, 0);
	} else {
		api_leave(info->api);
	}
	buf_release(&out);
}

static void *start(struct api *api)
{
	struct cluster_info *info = mem_alloc(sizeof(*info));
	const char *named = native_value(&api->native, NATIVE_NAMESPACE);
	char *name, *path;

	info->api = api;
	/* Those of the cluster, whatever the context's namespace is, unless the words name one. */
	name = web_encode(named && *named ? named : "kube-system", "");
	path = mem_printf(
	    "/api/v1/namespaces/%s/services?labelSelector=kubernetes.io%%2Fcluster-service%%3Dtrue",
	    name);
	info->request = kube_get(api->kube, &api->caller, path, NULL, on_services, info);
	free(path);
	free(name);
	return info;
}

const struct api_form api_cluster_info = {.start = start, .stop = stop, .free = free_info};
