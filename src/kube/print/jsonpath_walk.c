/* Going along kubectl's JSONPath. Invariant: what kubectl calls an error, and what it does in no certain order, ends
 * it with -1. */
#include <stdlib.h>
#include <string.h>

#include "fsops/kube_print.h"
#include "fsops/mem.h"
#include "jsonpath.h"

typedef struct kube_jsonpath_value value_t;
typedef struct kube_jsonpath_values values_t;

static void push(values_t *values, const value_t *value)
{
	MEM_PUSH_ROOM(values->list, values->count);
	values->list[values->count++] = *value;
}

static void push_node(values_t *values, const struct kube_node *node)
{
	push(values, &(value_t){.node = node});
}

/* Null is passed over by all but filters. */
static bool is_nothing(const value_t *value)
{
	return value->node && value->node->type == KUBE_NULL;
}

static enum kube_type_of type_of(const value_t *value)
{
	return value->node ? value->node->type : value->type;
}

/* ---- steps ---- */

static const struct kube_node *member(
    const struct kube_doc *doc, const struct kube_node *object, const struct jsonpath_node *field)
{
	const struct kube_node *found = NULL;

	KUBE_DOC_EACH_KEY(doc, object, key)
	if (key->len == field->len && memcmp(doc->text + key->at, field->text, key->len) == 0)
		found = key + 1;
	return found;
}

static void walk_field(const struct kube_doc *doc, const struct jsonpath_node *field,
    const values_t *from, values_t *to)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct kube_node *found = member(doc, from->list[i].node, field);

		if (found)
			push_node(to, found);
	}
}

/* Of an object with several members kubectl has them in any order; of a text, its bytes. */
static int walk_star(const struct kube_doc *doc, const values_t *from, values_t *to)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct kube_node *node = from->list[i].node;

		if (type_of(&from->list[i]) == KUBE_TEXT ||
		    (node && node->type == KUBE_OBJECT && node->count > 1))
			return -1;
		KUBE_DOC_EACH_KEY(doc, node, key)
		push_node(to, key + 1);
		KUBE_DOC_EACH(doc, node, item)
		push_node(to, item);
	}
	return 0;
}

/* Where a slice of LEN items begins and ends, as kubectl counts; -1: out of bounds. */
static int bounds(const struct jsonpath_node *slice, int64_t len, int64_t *begin, int64_t *end)
{
	*begin = slice->slice[0].known ? slice->slice[0].value : 0;
	if (*begin < 0)
		*begin += len;
	*end = slice->slice[1].known ? slice->slice[1].value : len;
	if (*end < 0 || (*end == 0 && slice->single))
		*end += len;
	if (*begin == *end)
		return 0;
	return *begin < 0 || *begin >= len || *end < 0 || *end > len || *begin > *end ? -1 : 0;
}

static int walk_slice(const struct kube_doc *doc, const struct jsonpath_node *slice,
    const values_t *from, values_t *to)
{
	int64_t step = slice->slice[2].known ? slice->slice[2].value : 1;

	for (size_t i = 0; i < from->count; i++) {
		const struct kube_node *list = from->list[i].node;
		int64_t begin, end, at = 0;

		if (is_nothing(&from->list[i]))
			continue;
		if (!list || list->type != KUBE_LIST ||
		    bounds(slice, list->count, &begin, &end) < 0)
			return -1;
		if (begin == end) /* the rest is forgotten, too */
			return 0;
		if (step <= 0)
			return -1;
		KUBE_DOC_EACH(doc, list, item)
		{
			if (at >= begin && at < end && (at - begin) % step == 0)
				push_node(to, item);
			at++;
		}
	}
	return 0;
}

static int walk_all(const struct kube_doc *doc, const struct jsonpath_node *nodes,
    const values_t *from, values_t *to);

static int walk_union(const struct kube_doc *doc, const struct jsonpath_node *node,
    const values_t *from, values_t *to)
{
	for (const struct jsonpath_node *part = node->inner; part; part = part->next)
		if (walk_all(doc, part->inner, from, to) < 0)
			return -1;
	return 0;
}

/* ---- filters ---- */

enum sort_of { SORT_NONE, SORT_BOOL, SORT_INTEGER, SORT_DOUBLE, SORT_TEXT };

struct operand {
	enum sort_of sort;
	const char *text;
	size_t len;
	int64_t integer; /* a truth, too */
};

static struct operand operand_of(const struct kube_doc *doc, const value_t *value)
{
	struct operand operand = {.text = value->text, .len = value->len};

	switch (type_of(value)) {
	case KUBE_TRUE:
	case KUBE_FALSE:
		operand.sort = SORT_BOOL;
		operand.integer = type_of(value) == KUBE_TRUE;
		break;
	case KUBE_NUMBER:
		operand.sort = SORT_INTEGER;
		operand.integer = value->number;
		if (value->node && !kube_doc_integer(doc, value->node, &operand.integer))
			operand.sort = SORT_DOUBLE;
		break;
	case KUBE_TEXT:
		operand.sort = SORT_TEXT;
		if (value->node) {
			operand.text = doc->text + value->node->at;
			operand.len = value->node->len;
		}
		break;
	default:
		break;
	}
	return operand;
}

/* Below, at or above 0. */
static int order_of(const struct operand *a, const struct operand *b)
{
	int order;

	if (a->sort != SORT_TEXT)
		return (a->integer > b->integer) - (a->integer < b->integer);
	order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);
	return order ? order : (a->len > b->len) - (a->len < b->len);
}

/* 1: it holds; -1: they can't be compared, or not here. */
static int compare(enum jsonpath_compare how, const struct operand *a, const struct operand *b)
{
	bool equal = how == JSONPATH_EQUAL || how == JSONPATH_NOT_EQUAL;
	int order;

	if (a->sort != b->sort || a->sort == SORT_NONE || a->sort == SORT_DOUBLE ||
	    (a->sort == SORT_BOOL && !equal))
		return -1;
	order = order_of(a, b);
	switch (how) {
	case JSONPATH_EQUAL:
		return order == 0;
	case JSONPATH_NOT_EQUAL:
		return order != 0;
	case JSONPATH_LESS:
		return order < 0;
	case JSONPATH_LESS_EQUAL:
		return order <= 0;
	case JSONPATH_GREATER:
		return order > 0;
	default:
		return order >= 0;
	}
}

/* Does ITEM pass? -1: as compare(). */
static int passes(
    const struct kube_doc *doc, const struct jsonpath_node *filter, const struct kube_node *item)
{
	value_t value = {.node = item};
	const values_t only = {&value, 1};
	values_t left = {0}, right = {0};
	int result = walk_all(doc, filter->inner, &only, &left);

	if (result == 0 && filter->compare == JSONPATH_EXISTS) {
		result = left.count > 0;
	} else if (result == 0 && left.count) {
		result = walk_all(doc, filter->more, &only, &right);
		if (left.count > 1 || right.count > 1)
			result = -1;
		if (result == 0 && right.count) {
			struct operand a = operand_of(doc, left.list);
			struct operand b = operand_of(doc, right.list);

			result = compare(filter->compare, &a, &b);
		}
	}
	free(left.list);
	free(right.list);
	return result;
}

static int walk_filter(const struct kube_doc *doc, const struct jsonpath_node *filter,
    const values_t *from, values_t *to)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct kube_node *list = from->list[i].node;

		if (!list || list->type != KUBE_LIST)
			return -1;
		KUBE_DOC_EACH(doc, list, item)
		{
			int passed = passes(doc, filter, item);

			if (passed < 0)
				return -1;
			if (passed)
				push_node(to, item);
		}
	}
	return 0;
}

/* ---- all ---- */

/* What stands in the path itself, as often as there is something before it. */
static void walk_literal(const struct jsonpath_node *node, const values_t *from, values_t *to)
{
	static const enum kube_type_of types[] = {[JSONPATH_TEXT] = KUBE_TEXT,
	    [JSONPATH_NUMBER] = KUBE_NUMBER,
	    [JSONPATH_TRUE] = KUBE_TRUE,
	    [JSONPATH_FALSE] = KUBE_FALSE};
	value_t value = {.text = node->text,
	    .len = node->len,
	    .type = types[node->kind],
	    .number = node->number};
	size_t count = node->kind == JSONPATH_TEXT ? 1 : from->count;

	for (size_t i = 0; i < count; i++)
		push(to, &value);
}

static int walk_one(const struct kube_doc *doc, const struct jsonpath_node *node,
    const values_t *from, values_t *to)
{
	switch (node->kind) {
	case JSONPATH_FIELD:
		walk_field(doc, node, from, to);
		return 0;
	case JSONPATH_STAR:
		return walk_star(doc, from, to);
	case JSONPATH_SLICE:
		return walk_slice(doc, node, from, to);
	case JSONPATH_UNION:
		return walk_union(doc, node, from, to);
	case JSONPATH_FILTER:
		return walk_filter(doc, node, from, to);
	default:
		walk_literal(node, from, to);
		return 0;
	}
}

/* One after the other, what comes of the last behind what is in TO. */
static int walk_all(const struct kube_doc *doc, const struct jsonpath_node *nodes,
    const values_t *from, values_t *to)
{
	values_t now = {0};

	for (size_t i = 0; i < from->count; i++)
		push(&now, &from->list[i]);
	for (; nodes; nodes = nodes->next) {
		values_t next = {0};
		int result = walk_one(doc, nodes, &now, &next);

		free(now.list);
		now = next;
		if (result < 0) {
			free(now.list);
			return -1;
		}
	}
	for (size_t i = 0; i < now.count; i++)
		push(to, &now.list[i]);
	free(now.list);
	return 0;
}

int kube_jsonpath_find(const struct kube_jsonpath *path, const struct kube_doc *doc,
    const struct kube_node *data, struct kube_jsonpath_values *values)
{
	value_t value = {.node = data};

	if (path->nodes->kind != JSONPATH_ACTION || path->nodes->next)
		return -1;
	return walk_all(doc, path->nodes->inner, &(values_t){&value, 1}, values);
}

/* ---- what is printed ---- */

static int print_value(const struct kube_doc *doc, const value_t *value, struct buf *out)
{
	const struct kube_node *node = value->node;

	switch (type_of(value)) {
	case KUBE_NULL:
		return buf_adds(out, "null");
	case KUBE_TRUE:
		return buf_adds(out, "true");
	case KUBE_FALSE:
		return buf_adds(out, "false");
	case KUBE_NUMBER:
		return node ? kube_print_number(doc, node, false, out)
		            : buf_addf(out, "%lld", (long long)value->number);
	case KUBE_TEXT:
		return node ? buf_add(out, doc->text + node->at, node->len)
		            : buf_add(out, value->text, value->len);
	default:
		return kube_print_compact(doc, node, out);
	}
}

static int print_action(const struct kube_doc *doc, const struct jsonpath_node *action,
    const values_t *from, struct buf *out)
{
	values_t found = {0};
	int result = walk_all(doc, action->inner, from, &found);

	for (size_t i = 0; i < found.count && result == 0; i++) {
		if (i)
			buf_addc(out, ' ');
		result = print_value(doc, &found.list[i], out);
	}
	free(found.list);
	return result;
}

static int print_nodes(const struct kube_doc *doc, const struct jsonpath_node *nodes,
    const values_t *from, struct buf *out);

/* Would one of NODES take nothing at all for a list? Then kubectl breaks. */
static bool needs_list(const struct jsonpath_node *nodes)
{
	for (; nodes; nodes = nodes->next) {
		const struct jsonpath_node *first =
		    nodes->kind == JSONPATH_TEXT ? NULL : nodes->inner;

		if (first && (first->kind == JSONPATH_SLICE || first->kind == JSONPATH_FILTER ||
		                 first->kind == JSONPATH_UNION))
			return true;
		if (nodes->kind == JSONPATH_RANGE && needs_list(nodes->more))
			return true;
	}
	return false;
}

/* When there is nothing to go over, kubectl goes once over nothing at all; a null is that, too. */
static int print_range(const struct kube_doc *doc, const struct jsonpath_node *range,
    const values_t *from, struct buf *out)
{
	values_t found = {0};
	int result = walk_all(doc, range->inner, from, &found);

	if (!found.count && needs_list(range->more))
		result = -1;
	for (size_t i = 0; i < found.count && result == 0; i++)
		result = is_nothing(&found.list[i])
		             ? -1
		             : print_nodes(doc, range->more, &(values_t){&found.list[i], 1}, out);
	free(found.list);
	return result;
}

static int print_nodes(const struct kube_doc *doc, const struct jsonpath_node *nodes,
    const values_t *from, struct buf *out)
{
	int result = 0;

	for (; nodes && result == 0; nodes = nodes->next) {
		if (nodes->kind == JSONPATH_TEXT)
			result = buf_add(out, nodes->text, nodes->len);
		else if (nodes->kind == JSONPATH_RANGE)
			result = print_range(doc, nodes, from, out);
		else
			result = print_action(doc, nodes, from, out);
	}
	return result;
}

int kube_jsonpath_print(const struct kube_jsonpath *path, const struct kube_doc *doc,
    const struct kube_node *data, struct buf *out)
{
	value_t value = {.node = data};

	return print_nodes(doc, path->nodes, &(values_t){&value, 1}, out);
}
