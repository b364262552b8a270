/*
 * Which kubectl commands are known whole, so that the API server can be asked without a kubectl process.
 *
 *	struct native native;
 *	if (native_read(&native, words))          // else kubectl must do it
 *		… native.form, native_value(&native, NATIVE_OUTPUT) …
 *	native_release(&native);
 *
 * Words are read as kubectl's pflag reads them: `-n x`, `-nx`, `-n=x`, `--namespace x`, `--namespace=x`, `-Aw`,
 * `--watch=false`, `--`.
 */
#ifndef FSOPS_ADAPTERS_KUBECTL_NATIVE_H
#define FSOPS_ADAPTERS_KUBECTL_NATIVE_H

#include <stdbool.h>
#include <stddef.h>

enum native_form {
	NATIVE_GET,
	NATIVE_LOGS,
	NATIVE_TOP_PODS,
	NATIVE_TOP_NODES,
	NATIVE_ROLLOUT_STATUS,
	NATIVE_ROLLOUT_HISTORY,
	NATIVE_WAIT,
	NATIVE_CLUSTER_INFO,
	NATIVE_CAN_I,
	NATIVE_WHOAMI,
	NATIVE_API_RESOURCES,
	NATIVE_FORMS,
};

enum native_flag {
	NATIVE_NAMESPACE,
	NATIVE_ALL_NAMESPACES,
	NATIVE_CONTEXT,
	NATIVE_KUBECONFIG,
	NATIVE_OUTPUT,
	NATIVE_SELECTOR,
	NATIVE_FIELD_SELECTOR,
	NATIVE_NO_HEADERS,
	NATIVE_SHOW_LABELS,
	NATIVE_SHOW_KIND,
	NATIVE_LABEL_COLUMNS,
	NATIVE_SHOW_MANAGED_FIELDS,
	NATIVE_IGNORE_NOT_FOUND,
	NATIVE_CHUNK_SIZE,
	NATIVE_SORT_BY,
	NATIVE_CONTAINERS,
	NATIVE_WATCH,
	NATIVE_TIMEOUT,
	NATIVE_CONTAINER,
	NATIVE_ALL_CONTAINERS,
	NATIVE_PREVIOUS,
	NATIVE_FOLLOW,
	NATIVE_TAIL,
	NATIVE_SINCE,
	NATIVE_SINCE_TIME,
	NATIVE_TIMESTAMPS,
	NATIVE_PREFIX,
	NATIVE_LIMIT_BYTES,
	NATIVE_MAX_LOG_REQUESTS,
	NATIVE_POD_RUNNING_TIMEOUT,
	NATIVE_FOR,
	NATIVE_ALL,
	NATIVE_QUIET,
	NATIVE_SUBRESOURCE,
	NATIVE_API_GROUP,
	NATIVE_NAMESPACED,
	NATIVE_VERBS,
	NATIVE_CATEGORIES,
	NATIVE_FLAGS,
};

#define NATIVE_ARGS_MAX 256
#define NATIVE_PATH     "jsonpath="
#define NATIVE_COLUMNS  "custom-columns="

struct native {
	enum native_form form;
	char *
	    verb; /* whose second word is still to come, as in "rollout status"; else NULL; owned */
	char *values[NATIVE_FLAGS];  /* owned; NULL: the flag is not there */
	char *args[NATIVE_ARGS_MAX]; /* neither flags nor their values, without the verb; owned */
	size_t arg_count;
};

/* False: a verb, a flag or a value that is not understood whole. NATIVE is for native_release() in any case. */
bool native_read(struct native *native, char *const *words);
void native_release(struct native *native);
/* Does its form know what to do with all that was read? A part of native_read(). native_known.c */
bool native_is_known(const struct native *native);
/* What kubectl takes for a name or a namespace, and does not refuse. */
bool native_is_name(const char *text);

/* NULL: it is not there. */
const char *native_value(const struct native *native, enum native_flag flag);
/* Of a flag without a value: is it there and not "=false"? */
bool native_on(const struct native *native, enum native_flag flag);

#endif
