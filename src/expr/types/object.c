/* Kubernetes objects as values. Invariant: a member that is not there is null, never an error. */
#include "object.h"

#include <string.h>

struct expr_value object_field(const struct expr_value *map, const char *name)
{
	struct expr_value out = cel_null();

	if (map->type == VALUE_MAP)
		cel_field(map, name, strlen(name), &out);
	return out;
}

struct expr_value object_field2(const struct expr_value *map, const char *outer, const char *inner)
{
	struct expr_value middle = object_field(map, outer);

	return object_field(&middle, inner);
}

struct expr_value object_mark(const struct expr_value *object, const char *kind, const char *name)
{
	struct expr_value marks = object_field2(object, "metadata", kind);

	return object_field(&marks, name);
}

bool object_is(struct expr_value value, const char *text)
{
	return object_same(value, cel_string(text, strlen(text)));
}

bool object_same(struct expr_value a, struct expr_value b)
{
	return a.type == VALUE_STRING && b.type == VALUE_STRING && a.as.text.len == b.as.text.len &&
	       (a.as.text.len == 0 || memcmp(a.as.text.data, b.as.text.data, a.as.text.len) == 0);
}

bool object_beside(const struct expr_value *a, const struct expr_value *b)
{
	struct expr_value one = object_field2(a, "metadata", "namespace");
	struct expr_value other = object_field2(b, "metadata", "namespace");

	return one.type != VALUE_STRING || other.type != VALUE_STRING || object_same(one, other);
}

static int check_item(
    struct calc *calc, const char *caller, const char *kind, const struct expr_value *item)
{
	struct expr_value own = object_field(item, "kind");

	if (item->type != VALUE_MAP)
		return calc_fail(calc, "%s() needs a list of %ss; one item is a %s", caller, kind,
		    cel_type_name(item));
	if (own.type != VALUE_STRING || object_is(own, kind))
		return 0;
	return calc_fail(calc, "%s() needs a list of %ss; one item is a %.*s", caller, kind,
	    CALC_SHOWN(calc, &own));
}

int object_items(struct calc *calc, const char *caller, const char *kind,
    const struct expr_value *value, struct expr_value *out)
{
	*out = value->type == VALUE_LIST ? *value : object_field(value, "items");
	if (out->type != VALUE_LIST)
		return calc_fail(calc, "%s() needs a list of %ss; this %s has no items", caller,
		    kind, cel_type_name(value));
	if (calc_step(calc, cel_count(out)) < 0)
		return -1;
	for (size_t i = 0; i < cel_count(out); i++) {
		struct expr_value item = cel_item(out, i);

		if (check_item(calc, caller, kind, &item) < 0)
			return -1;
	}
	return 0;
}

int object_make(
    struct calc *calc, const struct object_member *members, size_t count, struct expr_value *out)
{
	struct map_build map = {0};

	for (size_t i = 0; i < count; i++) {
		struct value_entry entry = {
		    .key = cel_string(members[i].name, strlen(members[i].name)),
		    .value = members[i].value,
		};

		if (map_add(calc, &map, entry) < 0)
			return -1;
	}
	return map_take(calc, &map, out);
}
