/*
 * What the names of kinds mean, by kubectl's rules (k8s.io/apimachinery/pkg/api/meta, restmapper.go and priority.go;
 * k8s.io/client-go/restmapper, shortcut.go; k8s.io/cli-runtime/pkg/resource, builder.go).
 *
 * Invariant: the table of stable kinds has only those whose version is the same on every API server since 1.19, and
 * whose names no other group of Kubernetes' own has before them. Others are asked for.
 */
#include <string.h>
#include <strings.h>

#include "fsops/mem.h"
#include "fsops/text.h"
#include "private.h"

#define ALL_VERBS "create delete deletecollection get list patch update watch"
#define RBAC      "rbac.authorization.k8s.io"
#define NETWORK   "networking.k8s.io"
#define STORAGE   "storage.k8s.io"

#define IN(group, plural, singular, kind, names, categories)                                       \
	{                                                                                          \
		group, "v1", plural, singular, kind, names, ALL_VERBS, categories, true, NULL      \
	}
#define OUTSIDE(group, plural, singular, kind, names)                                              \
	{                                                                                          \
		group, "v1", plural, singular, kind, names, ALL_VERBS, "", false, NULL             \
	}

static const struct kube_kind stable[] = {
    IN("", "pods", "pod", "Pod", "po", "all"),
    IN("", "services", "service", "Service", "svc", "all"),
    IN("", "endpoints", "endpoints", "Endpoints", "ep", ""),
    IN("", "events", "event", "Event", "ev", ""),
    IN("", "configmaps", "configmap", "ConfigMap", "cm", ""),
    IN("", "secrets", "secret", "Secret", "", ""),
    IN("", "serviceaccounts", "serviceaccount", "ServiceAccount", "sa", ""),
    IN("", "persistentvolumeclaims", "persistentvolumeclaim", "PersistentVolumeClaim", "pvc", ""),
    IN("", "replicationcontrollers", "replicationcontroller", "ReplicationController", "rc", "all"),
    IN("", "resourcequotas", "resourcequota", "ResourceQuota", "quota", ""),
    IN("", "limitranges", "limitrange", "LimitRange", "limits", ""),
    OUTSIDE("", "nodes", "node", "Node", "no"),
    OUTSIDE("", "namespaces", "namespace", "Namespace", "ns"),
    OUTSIDE("", "persistentvolumes", "persistentvolume", "PersistentVolume", "pv"),
    IN("apps", "deployments", "deployment", "Deployment", "deploy", "all"),
    IN("apps", "replicasets", "replicaset", "ReplicaSet", "rs", "all"),
    IN("apps", "statefulsets", "statefulset", "StatefulSet", "sts", "all"),
    IN("apps", "daemonsets", "daemonset", "DaemonSet", "ds", "all"),
    IN("apps", "controllerrevisions", "controllerrevision", "ControllerRevision", "", ""),
    IN("batch", "jobs", "job", "Job", "", "all"),
    IN(NETWORK, "networkpolicies", "networkpolicy", "NetworkPolicy", "netpol", ""),
    IN(RBAC, "roles", "role", "Role", "", ""),
    IN(RBAC, "rolebindings", "rolebinding", "RoleBinding", "", ""),
    OUTSIDE(RBAC, "clusterroles", "clusterrole", "ClusterRole", ""),
    OUTSIDE(RBAC, "clusterrolebindings", "clusterrolebinding", "ClusterRoleBinding", ""),
    IN("coordination.k8s.io", "leases", "lease", "Lease", "", ""),
    OUTSIDE(STORAGE, "storageclasses", "storageclass", "StorageClass", "sc"),
    OUTSIDE("apiextensions.k8s.io", "customresourcedefinitions", "customresourcedefinition",
        "CustomResourceDefinition", "crd crds"),
};

const struct kube_kinds *kube_stable(void)
{
	static const struct kube_kind *items[COUNT_OF(stable)];
	static const struct kube_kinds kinds = {.items = items, .count = COUNT_OF(stable)};

	for (size_t i = 0; i < COUNT_OF(stable); i++)
		items[i] = &stable[i];
	return &kinds;
}

/* What people type, taken apart. */
struct name {
	char word[256]; /* of the kind */
	char version[64];
	char group[256];
	bool has_version;
	bool has_group;
};

static void copy_part(char *out, size_t size, const char *from, size_t len)
{
	snprintf(out, size, "%.*s", (int)(len < size ? len : size - 1), from);
}

/* VERSIONED: "a.b.c" is a's version b of the group c, else a of the group "b.c". False: it has too few parts. */
static bool take_apart(const char *text, bool versioned, struct name *name)
{
	const char *dot = strchr(text, '.');
	const char *second = dot ? strchr(dot + 1, '.') : NULL;

	*name = (struct name){.word = ""};
	copy_part(name->word, sizeof(name->word), text, dot ? (size_t)(dot - text) : strlen(text));
	if (versioned && !second)
		return false;
	if (versioned) {
		copy_part(
		    name->version, sizeof(name->version), dot + 1, (size_t)(second - dot - 1));
		name->has_version = true;
		dot = second;
	}
	if (dot)
		copy_part(name->group, sizeof(name->group), dot + 1, strlen(dot + 1));
	name->has_group = dot;
	return true;
}

enum group_match { EXACT, PREFIX };

static bool is_in_group(const struct kube_kind *kind, const struct name *name, enum group_match how)
{
	if (!name->has_group)
		return true;
	if (how == EXACT)
		return strcmp(kind->group, name->group) == 0;
	return !name->has_version && strncmp(kind->group, name->group, strlen(name->group)) == 0;
}

/* A plural, singular or kind is the same in capitals; a short name is not. */
static bool is_word(const struct kube_kind *kind, const char *word)
{
	return *word &&
	       (strcasecmp(kind->plural, word) == 0 || strcasecmp(kind->singular, word) == 0 ||
	           strcasecmp(kind->kind, word) == 0);
}

static bool is_short(const struct kube_kind *kind, const char *word)
{
	return *word && text_has_word(kind->names, word);
}

typedef bool word_fn(const struct kube_kind *kind, const char *word);

static const struct kube_kind *look(
    const struct kube_kinds *kinds, const struct name *name, word_fn *is)
{
	for (enum group_match how = EXACT; how <= PREFIX; how++)
		for (size_t i = 0; i < kinds->count; i++) {
			const struct kube_kind *kind = kinds->items[i];

			if (is(kind, name->word) && is_in_group(kind, name, how) &&
			    (!name->has_version || strcmp(kind->version, name->version) == 0))
				return kind;
		}
	return NULL;
}

static bool is_plural(const struct kube_kinds *kinds, const char *word)
{
	for (size_t i = 0; i < kinds->count; i++)
		if (strcmp(kinds->items[i]->plural, word) == 0)
			return true;
	return false;
}

static const struct kube_kind *find_name(const struct kube_kinds *kinds, const struct name *name)
{
	const struct kube_kind *kind = NULL;

	if (!is_plural(kinds, name->word))
		kind = look(kinds, name, is_short);
	return kind ? kind : look(kinds, name, is_word);
}

const struct kube_kind *kube_kinds_find(const struct kube_kinds *kinds, const char *text)
{
	const struct kube_kind *kind = NULL;
	struct name name;

	if (take_apart(text, true, &name))
		kind = find_name(kinds, &name);
	if (!kind && take_apart(text, false, &name))
		kind = find_name(kinds, &name);
	return kind;
}

bool kube_kind_has_category(const struct kube_kind *kind, const char *category)
{
	return *category && text_has_word(kind->categories, category);
}
