/*
 * A YAML document as a tree whose every node knows its line and column.
 * Made by document_load(); owned by its `struct document`; read-only after that.
 *
 * Limits: DOCUMENT_MAX bytes of text, NODES_MAX nodes after aliases are
 * followed (an "alias bomb" is an error), NODE_DEPTH_MAX levels, also through
 * aliases. An alias is the node that it stands for: one node can have several
 * parents, and its place is where it was written.
 */
#ifndef FSOPS_NODE_H
#define FSOPS_NODE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fsops/buf.h"
#include "fsops/err.h"

#define DOCUMENT_MAX   (1024 * 1024)
#define NODES_MAX      100000
#define NODE_DEPTH_MAX 64

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };
enum node_style { NODE_PLAIN, NODE_QUOTED, NODE_BLOCK };

/* Small, because a catalog has ten thousand of them. */
struct node {
	enum node_kind kind : 8;
	enum node_style style : 8; /* of a scalar */
	uint16_t height;           /* levels from here down, 1 for a scalar */
	uint32_t weight;           /* nodes from here down, aliases followed */
	uint32_t len;              /* of text */
	uint32_t count;            /* of items */
	struct pos pos;
	const struct document *document; /* that it belongs to */
	char *text;                      /* a scalar's text, NUL-terminated; NULL otherwise */
	struct node **keys;              /* a map's keys, all scalars; NULL otherwise */
	struct node **items;             /* a list's items or a map's values */
};

struct document_block;

struct document {
	char *file;
	char *text; /* as read; node_pos_at() looks into it */
	size_t len;
	struct node *root;
	struct document_block *blocks; /* the memory of all nodes */
};

/* Load FILE. Problems (not readable, does not parse, duplicate keys, limits) are
 * added to LIST, all that can be found. NULL when there is no tree at all. */
struct document *document_load(const char *file, struct problems *list);
/* The same of a file that CHECK finds good when it is open. */
struct document *document_load_checked(
    const char *file, buf_check_fn *check, const void *ctx, struct problems *list);
/* The same from text, for tests; FILE is the name used in problems. */
struct document *document_parse(
    const char *file, const char *text, size_t len, struct problems *list);
void document_free(struct document *document);

/* The value of a map's key, or NULL. */
const struct node *node_get(const struct node *map, const char *key);

/*
 * The place in the file of the byte at OFFSET of a scalar's text, past quotes, escapes,
 * folded lines and the indentation of block scalars: where a mistake in an expression is.
 * OFFSET may be the end of the text. Costs a walk through the file: for messages only.
 */
struct pos node_pos_at(const struct node *node, size_t offset);

/* A scalar that YAML reads as nothing at all: `key:`, `~`, `null`. */
bool node_is_null(const struct node *node);

/* "a list", "a map", "text", "nothing": for messages. */
const char *node_kind_name(const struct node *node);

/* The tree as JSON, scalars by the YAML 1.2 core schema (null, bool, int, float,
 * else text; quoted and block scalars are always text). A new reference. */
json_t *node_to_json(const struct node *node);

/* The same for what reaches commands as text: a plain scalar is a number or a truth only where
 * that would be written as the same characters, so that `3.10` and `00501` stay what they are. */
json_t *node_as_written(const struct node *node);

/* A scalar's text, or NULL after adding "WHAT must be text" to LIST. Borrowed. */
const char *node_want_text(const struct node *node, const char *what, struct problems *list);

/* Words (split as words_split() does) or a list of words as a JSON array of strings,
 * templates untouched. NULL after adding a problem. A new reference. */
json_t *node_want_words(const struct node *node, const char *what, struct problems *list);

/*
 * Check a map against a table of the keys it may have: unknown keys ("did you
 * mean"), wrong kinds, missing required ones. Returns the number of problems added.
 */
enum node_want {
	WANT_TEXT,  /* any scalar but null */
	WANT_WORDS, /* text, or a list of texts */
	WANT_LIST,
	WANT_MAP,
	WANT_BOOL,  /* true or false */
	WANT_COUNT, /* a whole number from 0 */
	WANT_SPAN,  /* a duration that clock_parse_span() takes */
	WANT_ANY,
};
struct node_key {
	const char *name; /* a table ends with NULL */
	enum node_want want;
	bool required;
	const char *help; /* one line, for the schema and messages */
};
int node_check_map(
    const struct node *map, const struct node_key *table, const char *what, struct problems *list);

/* One value against a WANT; KEY names it in the message. -1 after adding a problem. */
int node_check(
    const struct node *value, enum node_want want, const char *key, struct problems *list);

/* "unknown key 'x' in WHAT; did you mean 'y'?" at KEY; NAMES are those that may be there. */
void node_unknown_key(const struct node *key, const char *what, const char *const *names,
    size_t count, struct problems *list);

/* One problem at a node. */
#define NODE_PROBLEM(list, node, ...) problem_add((list), PROBLEM_ERROR, (node)->pos, __VA_ARGS__)

#endif
