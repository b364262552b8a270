/*
 * One file of the kubeconfig, as data. Its format: k8s.io/client-go, tools/clientcmd/api/v1/types.go.
 */
#ifndef FSOPS_KUBE_KUBECONFIG_H
#define FSOPS_KUBE_KUBECONFIG_H

#include <jansson.h>
#include <stdbool.h>

#include "fsops/err.h"

/* The lists of entries in a file. */
enum kubeconfig_list { KUBECONFIG_CLUSTERS, KUBECONFIG_USERS, KUBECONFIG_CONTEXTS };

/*
 * The file at PATH: {"clusters": {NAME: …}, "users": {NAME: …}, "contexts": {NAME: …}, "current-context": "…"} in
 * which relative paths have become absolute and no key is null, but for those of extensions. NULL: it cannot be read,
 * or kubectl might read it in another way (ERR_UNKNOWN).
 */
json_t *kubeconfig_read(const char *path, struct err *err);

/* Is all that ENTRY says known? -1 (ERR_UNKNOWN): no. */
int kubeconfig_check_known(enum kubeconfig_list list, const json_t *entry, struct err *err);

#endif
