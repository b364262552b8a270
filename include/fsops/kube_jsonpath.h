/*
 * kubectl's JSONPath (k8s.io/client-go/util/jsonpath), over an answer of the API server.
 *
 *	struct kube_jsonpath *path = kube_jsonpath_read("{range .items[*]}{.metadata.name}{\"\\n\"}{end}");
 *	kube_jsonpath_print(path, &doc, doc.nodes, &out);   // what `-o jsonpath=…` prints
 *	kube_jsonpath_free(path);
 *
 * It knows text, fields, ['fields'], indexes, slices, unions, filters, `*`, `range` and quotes. What it does not know
 * (`..`), what kubectl calls an error, and what kubectl does in no certain order (`*` of an object) it leaves: NULL or -1.
 */
#ifndef FSOPS_KUBE_JSONPATH_H
#define FSOPS_KUBE_JSONPATH_H

#include "fsops/kube_doc.h"

struct kube_jsonpath;

struct kube_jsonpath *kube_jsonpath_read(const char *text);
/* LEN bytes as columns and --sort-by have it: "{.a.b}", "{a.b}", ".a.b" and "a.b" are the same. */
struct kube_jsonpath *kube_jsonpath_read_relaxed(const char *text, size_t len);
void kube_jsonpath_free(struct kube_jsonpath *path); /* NULL is allowed */

/* What a path finds: a node, or a text or a number that stands in the path itself. */
struct kube_jsonpath_value {
	const struct kube_node *node; /* NULL: it is of the path */
	const char *text;
	size_t len;
	enum kube_type_of
	    type; /* of what is of the path: a text, a number (whole), true or false */
	int64_t number;
};

struct kube_jsonpath_values {
	struct kube_jsonpath_value *list; /* free() */
	size_t count;
};

/* All that it finds in DATA, to VALUES (zeroed). */
int kube_jsonpath_find(const struct kube_jsonpath *path, const struct kube_doc *doc,
    const struct kube_node *data, struct kube_jsonpath_values *values);
/* … as text, to OUT. */
int kube_jsonpath_print(const struct kube_jsonpath *path, const struct kube_doc *doc,
    const struct kube_node *data, struct buf *out);

#endif
