/* The types of Kubernetes' objects. Invariant: a name that is not here is not guessed. */
#include "types.h"

#include <string.h>

#include "fsops/mem.h"

#define APPS  "apps"
#define BATCH "batch"
#define RBAC  "rbac.authorization.k8s.io"
#define NET   "networking.k8s.io"

static const struct kube_type types[] = {
    {"pods", "", false, "pod po"},
    {"services", "", false, "service svc"},
    {"endpoints", "", false, "endpoint ep"},
    {"events", "", false, "event ev"},
    {"configmaps", "", false, "configmap cm"},
    {"secrets", "", false, "secret"},
    {"serviceaccounts", "", false, "serviceaccount sa"},
    {"persistentvolumeclaims", "", false, "persistentvolumeclaim pvc"},
    {"replicationcontrollers", "", false, "replicationcontroller rc"},
    {"resourcequotas", "", false, "resourcequota quota"},
    {"limitranges", "", false, "limitrange limits"},
    {"nodes", "", true, "node no"},
    {"namespaces", "", true, "namespace ns"},
    {"persistentvolumes", "", true, "persistentvolume pv"},
    {"deployments", APPS, false, "deployment deploy"},
    {"replicasets", APPS, false, "replicaset rs"},
    {"statefulsets", APPS, false, "statefulset sts"},
    {"daemonsets", APPS, false, "daemonset ds"},
    {"controllerrevisions", APPS, false, "controllerrevision"},
    {"jobs", BATCH, false, "job"},
    {"cronjobs", BATCH, false, "cronjob cj"},
    {"horizontalpodautoscalers", "autoscaling", false, "horizontalpodautoscaler hpa"},
    {"poddisruptionbudgets", "policy", false, "poddisruptionbudget pdb"},
    {"ingresses", NET, false, "ingress ing"},
    {"networkpolicies", NET, false, "networkpolicy netpol"},
    {"roles", RBAC, false, "role"},
    {"rolebindings", RBAC, false, "rolebinding"},
    {"clusterroles", RBAC, true, "clusterrole"},
    {"clusterrolebindings", RBAC, true, "clusterrolebinding"},
    {"leases", "coordination.k8s.io", false, "lease"},
    {"storageclasses", "storage.k8s.io", true, "storageclass sc"},
    {"certificates", "cert-manager.io", false, "certificate cert certs"},
    {"customresourcedefinitions", "apiextensions.k8s.io", true,
        "customresourcedefinition crd crds"},
};

const char *const kube_types_all[] = {"pods", "replicationcontrollers", "services", "daemonsets",
    "deployments", "replicasets", "statefulsets", "horizontalpodautoscalers", "cronjobs", "jobs",
    NULL};

static bool is_word(const char *list, const char *name, size_t len)
{
	while (*list) {
		size_t word = strcspn(list, " ");

		if (word == len && strncmp(list, name, len) == 0)
			return true;
		list += word + (list[word] == ' ');
	}
	return false;
}

/* "deployments.apps" and "deployments.v1.apps" are the same as "deployments". */
static bool has_group(const struct kube_type *type, const char *rest, size_t len)
{
	size_t group = strlen(type->group);

	return len == 0 || (group && len > group && rest[len - group - 1] == '.' &&
	                       strncmp(rest + len - group, type->group, group) == 0);
}

const struct kube_type *kube_type_find(const char *name, size_t len)
{
	const char *dot = memchr(name, '.', len);
	size_t own = dot ? (size_t)(dot - name) : len;

	for (size_t i = 0; own && i < COUNT_OF(types); i++)
		if (is_word(types[i].plural, name, own) || is_word(types[i].names, name, own))
			return has_group(&types[i], name + own, len - own) ? &types[i] : NULL;
	return NULL;
}
