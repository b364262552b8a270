/* The types of Kubernetes' objects, by the names that people type. */
#ifndef FSOPS_ADAPTERS_KUBECTL_TYPES_H
#define FSOPS_ADAPTERS_KUBECTL_TYPES_H

#include <stdbool.h>
#include <stddef.h>

struct kube_type {
	const char *plural; /* as roles name it */
	const char *group;  /* "": the core group */
	bool in_cluster;    /* it lies in no namespace */
	const char *names;  /* others: "pod po"; its plural is not among them */
};

/* By any of its names, of LEN bytes; NULL: not known. */
const struct kube_type *kube_type_find(const char *name, size_t len);

/* The types that `all` means; ends with NULL. */
extern const char *const kube_types_all[];

#endif
