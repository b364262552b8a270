/*
 * Looking into Kubernetes objects: what is not there, or of another type, is null.
 *
 *	struct expr_value name = object_field2(&object, "metadata", "name");
 *	if (object_is(name, "backend"))
 *		…
 */
#ifndef EXPR_OBJECT_H
#define EXPR_OBJECT_H

#include "expr/calc.h"

/* The member NAME of MAP. */
struct expr_value object_field(const struct expr_value *map, const char *name);

/* The member INNER of the member OUTER. */
struct expr_value object_field2(const struct expr_value *map, const char *outer, const char *inner);

/* An annotation or label, by KIND "annotations" or "labels". */
struct expr_value object_mark(const struct expr_value *object, const char *kind, const char *name);

/* Whether VALUE is this text. */
bool object_is(struct expr_value value, const char *text);

/* Whether both are the same text. */
bool object_same(struct expr_value a, struct expr_value b);

/* Whether A and B are in one namespace, as far as both say theirs. */
bool object_beside(const struct expr_value *a, const struct expr_value *b);

/*
 * The items of VALUE, a list or what `kubectl get … -o json` answers, which must be of
 * the KIND ("ReplicaSet") or not say theirs. Another value is an error that names CALLER,
 * the function that was called.
 */
int object_items(struct calc *calc, const char *caller, const char *kind,
    const struct expr_value *value, struct expr_value *out);

/* A map with these members. */
struct object_member {
	const char *name;
	struct expr_value value;
};
int object_make(
    struct calc *calc, const struct object_member *members, size_t count, struct expr_value *out);

#endif
