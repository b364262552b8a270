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
	bool plain; /* a text that JSON, Go's too, writes as it is */
};

/* nodes[0] is the whole. What is in a list follows it; in an object each key (a text) goes before its value. */
struct kube_doc {
	char *text; /* owned */
	struct kube_node *nodes;
	size_t count;
	size_t room; /* for so many */
};

/* LEN bytes at TEXT and a NUL, which are taken, also when it fails. DOC is for kube_doc_release() in any case. */
int kube_doc_read(struct kube_doc *doc, char *text, size_t len, struct err *err);
void kube_doc_release(struct kube_doc *doc);

/*
 * An object with `items` (a page of a list), read an item at a time: all that is kept is one.
 *
 *	kube_items_begin(&items, text, len, &err);
 *	while ((more = kube_items_next(&items, &err)) > 0)    // -1: it is not JSON from there on
 *		… items.item.nodes …
 *	… items.head …                                        // whole now
 *	kube_items_release(&items);
 *
 * All are of one text, so that nodes of `head` may be kept beside an item.
 */
struct kube_items {
	struct kube_doc
	    head; /* what stands before the items, then all but these; `items` is empty in it */
	struct kube_doc item; /* its text is the head's */
	char *at;
	char *end;
	bool had;   /* items were found */
	bool more;  /* it stands between them */
	bool first; /* … before the first */
};

/* As kube_doc_read(), but TEXT stays the caller's. It is changed. */
int kube_items_begin(struct kube_items *items, char *text, size_t len, struct err *err);
int kube_items_next(struct kube_items *items, struct err *err);
void kube_items_release(struct kube_items *items);

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
	bool plain;     /* as of a node */
	uint64_t begin; /* its first eight bytes, as a number that is in the same order */
	const struct kube_node *value;
};

/* Those of objects in one another: each puts its own behind its parent's, and takes them off again. */
struct kube_members {
	struct kube_member *list; /* free() */
	size_t count;
	size_t room;
};

/* OBJECT's go to the end of MEMBERS; how many. What was in the list may be elsewhere now. */
size_t kube_doc_members(
    const struct kube_doc *doc, const struct kube_node *object, struct kube_members *members);
/* One more, or instead of another, at its place among the last COUNT; KEY is plain. How many more there are. */
size_t kube_members_put(
    struct kube_members *members, size_t count, const char *key, const struct kube_node *value);

#endif
