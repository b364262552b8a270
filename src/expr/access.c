/*
 * What a map holds under a key and a list at a position: a.b, a[b], a.?b, a[?b], has(a.b).
 *
 * Invariant: of an optional, each gives an optional again: nothing is missed in what is
 * not there.
 */
#include <math.h>

#include "eval.h"
#include "written.h"

static int no_such_key(struct calc *calc, const struct expr_value *key)
{
	switch (key->type) {
	case VALUE_STRING:
		return calc_fail(calc, "no such key: '%.*s'", CALC_SHOWN(calc, key));
	case VALUE_INT:
		return calc_fail(calc, "no such key: %lld", (long long)key->as.number);
	case VALUE_UINT:
		return calc_fail(calc, "no such key: %lluu", (unsigned long long)key->as.natural);
	case VALUE_BOOL:
		return calc_fail(calc, "no such key: %s", key->as.truth ? "true" : "false");
	default:
		return calc_fail(calc, "no such key: %g", key->as.real);
	}
}

static int missing(struct calc *calc, const struct expr_value *from, const struct expr_value *key)
{
	size_t count = cel_count(from);

	if (from->type == VALUE_MAP)
		return no_such_key(calc, key);
	return calc_fail(calc, "index out of bounds: %lld, the list has %zu item%s",
	    (long long)eval_position(key), count, count == 1 ? "" : "s");
}

/* What FROM, which has passed the checks, holds under KEY; *FOUND tells. */
static int look(struct calc *calc, const struct expr_value *from, const struct expr_value *key,
    struct expr_value *out, bool *found)
{
	int64_t position;

	if (from->type == VALUE_MAP)
		return calc_find(calc, from, key, out, found);
	position = eval_position(key);
	*found = position >= 0 && (uint64_t)position < cel_count(from);
	if (*found)
		*out = cel_item(from, (size_t)position);
	return 0;
}

typedef int fits_fn(struct calc *calc, const struct expr_value *from, const struct expr_value *key);

/* Whether FROM has fields. */
static int fits_field(
    struct calc *calc, const struct expr_value *from, const struct expr_value *key)
{
	const char *name = key->as.text.data;

	if (from->type == VALUE_MAP)
		return 0;
	if (calc->node->kind == NODE_HAS)
		return calc_fail(calc, "has() of '%s': the value before it is %s, not a map", name,
		    cel_type_name(from));
	return calc_fail(calc, "no such field '%s': the value before it is %s, not a map", name,
	    cel_type_name(from));
}

/* A number that can be a place in a list: an int, an uint, or a double that is whole. */
static bool is_position(const struct expr_value *key)
{
	return key->type == VALUE_INT || key->type == VALUE_UINT ||
	       (key->type == VALUE_DOUBLE && key->as.real == trunc(key->as.real) &&
	           fabs(key->as.real) < 1e18);
}

int64_t eval_position(const struct expr_value *key)
{
	if (key->type == VALUE_DOUBLE)
		return (int64_t)key->as.real;
	if (key->type == VALUE_UINT && key->as.natural > INT64_MAX)
		return INT64_MAX;
	return key->as.number;
}

static int fits_index(
    struct calc *calc, const struct expr_value *from, const struct expr_value *key)
{
	if (from->type == VALUE_LIST && is_position(key))
		return 0;
	if (from->type == VALUE_MAP && (cel_is_key(key) || key->type == VALUE_DOUBLE))
		return 0;
	return calc_no_overload(calc, "%s[%s]", cel_type_name(from), cel_type_name(key));
}

/* The value under KEY; an optional when one is ASKED for, or FROM is one. */
static int get(struct calc *calc, struct expr_value from, const struct expr_value *key,
    fits_fn *fits, bool asked, struct expr_value *out)
{
	bool inside = from.type == VALUE_OPTIONAL;
	struct expr_value plain;
	bool found = false;

	if (inside && !from.as.inner) {
		*out = from;
		return 0;
	}
	if (inside)
		from = *from.as.inner;
	plain = from.type == VALUE_LIST ? written_value(*key) : *key;
	if (fits(calc, &from, &plain) < 0 || look(calc, &from, &plain, out, &found) < 0)
		return -1;
	if (inside || asked)
		return calc_optional(calc, found ? out : NULL, out);
	return found ? 0 : missing(calc, &from, &plain);
}

int eval_select(struct calc *calc, const struct node *node, struct expr_value *out)
{
	struct expr_value from = {0};
	struct expr_value key = cel_string(node->name, node->name_len);

	if (calc_eval(calc, node->kids[0], &from) < 0)
		return -1;
	calc->node = node;
	return get(calc, from, &key, fits_field, node->kind == NODE_MAY_SELECT, out);
}

int eval_has(struct calc *calc, const struct node *node, struct expr_value *out)
{
	struct expr_value from = {0}, value;
	struct expr_value key = cel_string(node->name, node->name_len);

	if (calc_eval(calc, node->kids[0], &from) < 0)
		return -1;
	calc->node = node;
	if (get(calc, from, &key, fits_field, true, &value) < 0)
		return -1;
	*out = cel_bool(value.as.inner != NULL);
	return 0;
}

int eval_index(struct calc *calc, const struct node *node, struct expr_value *out)
{
	struct expr_value from = {0}, key = {0};

	if (calc_eval(calc, node->kids[0], &from) < 0 || calc_eval(calc, node->kids[1], &key) < 0)
		return -1;
	calc->node = node;
	return get(calc, from, &key, fits_index, node->kind == NODE_MAY_INDEX, out);
}
