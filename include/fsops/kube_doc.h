/*
 * An answer of the API server as it came: JSON, read into one array, of which any part can be looked at and
 * printed again as kubectl prints it. Ten times faster than values, and nothing of a number or a text is lost.
 *
 *	struct kube_doc doc;
 *	kube_doc_read(&doc, text, len, &err);   // takes TEXT
 *	const struct kube_node *items = kube_doc_get(&doc, doc.nodes, "items");
 *	KUBE_DOC_EACH(&doc, items, item) …
 *	kube_doc_release(&doc);
 *
 * It is what Go's encoding/json reads: of a key that is there twice the last counts, half a surrogate pair is
 * U+FFFD. A text that is not UTF-8 is an error.
 */
#ifndef FSOPS_KUBE_DOC_H
#define FSOPS_KUBE_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fsops/buf.h"
#include "fsops/err.h"

/* Lists and objects in one another. */
#define KUBE_DOC_DEPTH_MAX 200

enum kube_type_of {
	KUBE_NULL,
	KUBE_FALSE,
	KUBE_TRUE,
	KUBE_NUMBER,
	KUBE_TEXT,
	KUBE_LIST,
	KUBE_OBJECT,
};

struct kube_node {
	uint32_t at;    /* in `text`: a number as written, a text without its escapes */
	uint32_t len;   /* bytes */
	uint32_t next;  /* the index of what follows it, with all that is in it */
	uint32_t count; /* items of a list, members of an object */
	enum kube_type_of type;
};

/* nodes[0] is the whole. What is in a list follows it; in an object each key (a text) goes before its value. */
struct kube_doc {
	char *text; /* owned */
	struct kube_node *nodes;
	size_t count;
};

/* LEN bytes at TEXT, which is taken, also when it fails. DOC is for kube_doc_release() in any case. */
int kube_doc_read(struct kube_doc *doc, char *text, size_t len, struct err *err);
void kube_doc_release(struct kube_doc *doc);

/* The member KEY of OBJECT (NULL or no object: NULL). */
const struct kube_node *kube_doc_get(
    const struct kube_doc *doc, const struct kube_node *object, const char *key);
/* The same over several: "metadata.labels"; no key may have a "." in it. */
const struct kube_node *kube_doc_at(
    const struct kube_doc *doc, const struct kube_node *object, const char *path);
/* Is it the text TEXT? NODE may be NULL. */
bool kube_doc_is(const struct kube_doc *doc, const struct kube_node *node, const char *text);
/* A text as a new string; NULL when it is none. */
char *kube_doc_text(const struct kube_doc *doc, const struct kube_node *node);
/* A whole number that fits; false when it is none. */
bool kube_doc_integer(const struct kube_doc *doc, const struct kube_node *node, int64_t *out);
/* Are both the same, members in the same order? NULL is the same as NULL. */
bool kube_doc_same(const struct kube_doc *a, const struct kube_node *node_a,
    const struct kube_doc *b, const struct kube_node *node_b);

/* The node after NODE and all that is in it. */
static inline const struct kube_node *kube_doc_next(
    const struct kube_doc *doc, const struct kube_node *node)
{
	return doc->nodes + node->next;
}

/* ITEM goes over a list; LIST may be NULL, or something else, which has none. */
#define KUBE_DOC_EACH(doc, list, item)                                                             \
	for (const struct kube_node *item = (list) && (list)->type == KUBE_LIST ? (list) + 1       \
	                                                                        : NULL;            \
	     item && item < kube_doc_next(doc, list); item = kube_doc_next(doc, item))

/* KEY goes over the members of an object; the value is KEY + 1. */
#define KUBE_DOC_EACH_KEY(doc, object, key)                                                        \
	for (const struct kube_node *key =                                                         \
	         (object) && (object)->type == KUBE_OBJECT ? (object) + 1 : NULL;                  \
	     key && key < kube_doc_next(doc, object); key = kube_doc_next(doc, key + 1))

/* The members of an object as kubectl has them: sorted by key, each once. */
struct kube_member {
	const char *key; /* not terminated */
	size_t len;
	const struct kube_node *value;
};

/* A new array (free()), or NULL when it has none; COUNT is how many. */
struct kube_member *kube_doc_members(
    const struct kube_doc *doc, const struct kube_node *object, size_t *count);

#endif
