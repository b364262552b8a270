/* A path that was read: jsonpath.c reads it, jsonpath_walk.c goes along it. */
#ifndef FSOPS_KUBE_PRINT_JSONPATH_H
#define FSOPS_KUBE_PRINT_JSONPATH_H

#include "fsops/kube_jsonpath.h"

enum jsonpath_kind {
	JSONPATH_FIELD,
	JSONPATH_STAR,
	JSONPATH_SLICE,
	JSONPATH_UNION,
	JSONPATH_FILTER,
	JSONPATH_TEXT,
	JSONPATH_NUMBER,
	JSONPATH_TRUE,
	JSONPATH_FALSE,
	/* Not within actions: */
	JSONPATH_ACTION,
	JSONPATH_RANGE,
};

enum jsonpath_compare {
	JSONPATH_EXISTS,
	JSONPATH_EQUAL,
	JSONPATH_NOT_EQUAL,
	JSONPATH_LESS,
	JSONPATH_LESS_EQUAL,
	JSONPATH_GREATER,
	JSONPATH_GREATER_EQUAL,
};

/* A number of a slice that may not be there. */
struct jsonpath_number {
	bool known;
	int64_t value;
};

struct jsonpath_node {
	enum jsonpath_kind kind;
	char *text; /* a field, a text; owned */
	size_t len;
	int64_t number;
	struct jsonpath_number slice[3];
	bool single; /* the end of the slice was made up: it is an index */
	enum jsonpath_compare compare;
	/* Of an action what it does, of a union its parts (actions), of a range what is gone over, of a filter its left. */
	struct jsonpath_node *inner;
	struct jsonpath_node *more; /* of a range what is done for each, of a filter its right */
	struct jsonpath_node *next;
};

struct kube_jsonpath {
	struct jsonpath_node *nodes;
};

#endif
