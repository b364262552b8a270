/*
 * The macros: what they are called, how they are written, and making a node of one.
 *
 * Invariant: a NODE_MACRO has as many arguments and names of variables as its row says.
 */
#include "macro.h"

#include <string.h>

#include "expr/eval.h"
#include "fsops/mem.h"
#include "fsops/text.h"
#include "parse.h"

static const struct macro macros[] = {
    {"all", 1, 2, 2, macro_all, "all(x, x > 0)",
        "whether the condition holds for every item, or every position and item (key and value): "
        "list.all(x, x > 0), list.all(i, x, x > i)"},
    {"all", 2, 3, 3, macro_all, "all(i, x, x > i)", NULL},
    {"exists", 1, 2, 2, macro_exists, "exists(x, x > 0)",
        "whether it holds for at least one: list.exists(x, x > 0), map.exists(k, v, v > 0)"},
    {"exists", 2, 3, 3, macro_exists, "exists(i, x, x > i)", NULL},
    {"exists_one", 1, 2, 2, macro_exists_one, "exists_one(x, x > 0)",
        "whether it holds for exactly one: list.exists_one(x, x > 0), map.exists_one(k, v, v > 0)"},
    {"exists_one", 2, 3, 3, macro_exists_one, "exists_one(i, x, x > i)", NULL},
    {"existsOne", 1, 2, 2, macro_exists_one, "existsOne(x, x > 0)", "the same as exists_one"},
    {"existsOne", 2, 3, 3, macro_exists_one, "existsOne(i, x, x > i)", NULL},
    {"filter", 1, 2, 2, macro_filter, "filter(x, x > 0)",
        "the items it holds for: list.filter(x, x > 0)"},
    {"map", 1, 2, 3, macro_map, "map(x, x * 2) or map(x, x > 0, x * 2)",
        "a new item for each (that a condition holds for): list.map(x, x > 0, x * 2)"},
    {"sortBy", 1, 2, 2, macro_sort_by, "sortBy(x, x.name)",
        "the items in the order of a key: list.sortBy(x, x.name)"},
    {"transformList", 2, 3, 4, macro_map,
        "transformList(i, x, x + i) or transformList(i, x, x > i, x + i)",
        "a list of a new item for each position and item, or key and value (that a condition holds "
        "for): map.transformList(k, v, v > 0, k)"},
    {"transformMap", 2, 3, 4, macro_transform_map,
        "transformMap(k, v, v + 1) or transformMap(k, v, v > 0, v + 1)",
        "a map of the same keys (that a condition holds for) with new values: "
        "map.transformMap(k, v, v > 0, v + 1)"},
    {"transformMapEntry", 2, 3, 4, macro_transform_entry,
        "transformMapEntry(k, v, {v: k}) or transformMapEntry(k, v, v > 0, {v: k})",
        "a map of the entries that are made of each: map.transformMapEntry(k, v, {v: k})"},
    {"cel.bind", 1, 3, 3, macro_bind, "cel.bind(x, size(list), x * x)",
        "an expression with a value that has a name, worked out when it is needed: "
        "cel.bind(x, size(list), x * x)"},
    {"optMap", 1, 2, 2, macro_opt_map, "optMap(x, x + 1)",
        "of an optional: a new value for its value, as an optional: a.?b.optMap(x, x + 1)"},
    {"optFlatMap", 1, 2, 2, macro_opt_flat_map, "optFlatMap(x, x.?name)",
        "of an optional: the optional that is made of its value: a.?b.optFlatMap(x, x.?name)"},
    {"or", 0, 1, 1, macro_or, "a.?b.or(a.?c)",
        "the optional itself if it has a value, else another: a.?b.or(a.?c)"},
    {"orValue", 0, 1, 1, macro_or_value, "a.?b.orValue(0)",
        "the value of an optional, or another: a.?b.orValue(0)"},
};

const struct macro *macro_table(size_t *count)
{
	*count = COUNT_OF(macros);
	return macros;
}

int eval_macro(struct calc *calc, const struct node *node, struct expr_value *out)
{
	return node->macro->run(calc, node, out);
}

static struct node *misused(struct build *build, const struct node *node, const char *how)
{
	expr_error_set(build->error, EXPR_ERROR_COMPILE, node->place, "%s() %s", node->name, how);
	return NULL;
}

static struct node *expand_has(struct build *build, struct node *node)
{
	struct node *field = node->count == 1 ? node->kids[0] : NULL;

	if (!field || field->kind != NODE_SELECT)
		return misused(build, node, "takes one field: has(a.b)");
	field->kind = NODE_HAS;
	return field;
}

/* Of "cel.bind" the length of "cel", which is no value; 0 of a macro of values. */
static size_t space_len(const struct macro *macro)
{
	const char *dot = strchr(macro->name, '.');

	return dot ? (size_t)(dot - macro->name) : 0;
}

/* Whether NODE, a call with a receiver, is of MACRO, whatever its arguments are. */
static bool is_called(const struct node *node, const struct macro *macro)
{
	const struct node *receiver = node->kids[0];
	size_t len = space_len(macro);

	if (len == 0)
		return text_same(macro->name, node->name);
	return text_same(macro->name + len + 1, node->name) && receiver->kind == NODE_NAME &&
	       receiver->name_len == len && strncmp(receiver->name, macro->name, len) == 0;
}

/* Say how a call of FIRST, and the macros of the same name after it, is written. */
static struct node *wrong_count(
    struct build *build, const struct node *node, const struct macro *first)
{
	const struct macro *second =
	    first + 1 < macros + COUNT_OF(macros) && is_called(node, first + 1) ? first + 1 : NULL;

	expr_error_set(build->error, EXPR_ERROR_COMPILE, node->place, "%s() is written %s%s%s",
	    node->name, first->usage, second ? " or " : "", second ? second->usage : "");
	return NULL;
}

/* The macro that NODE calls; *KNOWN is one with its name, whatever the arguments. */
static const struct macro *find(const struct node *node, const struct macro **known)
{
	size_t args = node->count - 1;

	*known = NULL;
	for (size_t i = 0; i < COUNT_OF(macros); i++) {
		if (!is_called(node, &macros[i]))
			continue;
		if (!*known)
			*known = &macros[i];
		if (args >= macros[i].min_args && args <= macros[i].max_args)
			return &macros[i];
	}
	return NULL;
}

/* The first arguments are names: take them out. */
static int take_vars(struct build *build, struct node *node, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct node *var = node->kids[1 + i];

		if (var->kind != NODE_NAME || var->absolute) {
			misused(build, node, "needs the name of a variable first, like x");
			return -1;
		}
		if (i > 0 && strcmp(node->vars[0], var->name) == 0)
			return expr_error_set(build->error, EXPR_ERROR_COMPILE, var->place,
			    "both variables of %s() are called '%s'", node->name, var->name);
		node->vars[i] = var->name;
	}
	node->count -= count;
	memmove(&node->kids[1], &node->kids[1 + count], (node->count - 1) * sizeof(node->kids[0]));
	return 0;
}

struct node *macro_expand(struct build *build, struct node *node)
{
	const struct macro *known;
	const struct macro *macro = node->receiver ? find(node, &known) : NULL;

	if (!node->receiver && strcmp(node->name, "has") == 0)
		return expand_has(build, node);
	if (!macro)
		return node->receiver && known ? wrong_count(build, node, known) : node;
	if (take_vars(build, node, macro->vars) < 0)
		return NULL;
	node->kind = NODE_MACRO;
	node->macro = macro;
	if (space_len(macro) > 0) {
		node->kids++;
		node->count--;
	}
	return node;
}
