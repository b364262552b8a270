/* Nodes. Invariant: no node is deeper than EXPR_DEPTH_MAX, so recursion over a tree is safe. */
#include "ast.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

struct node *node_new(struct build *build, enum node_kind kind, struct place place, size_t count)
{
	struct node *node =
	    arena_alloc(&build->expr->arena, sizeof(*node) + count * sizeof(struct node *));

	if (!node) {
		expr_error_set(
		    build->error, EXPR_ERROR_LIMIT, place, "the expression is too large");
		return NULL;
	}
	*node = (struct node){.kind = kind,
	    .place = place,
	    .depth = 1,
	    .kids = (struct node **)(node + 1), /* they lie behind it */
	    .count = count};
	return node;
}

struct node *node_adopt(struct build *build, struct node *node, struct node *const *kids)
{
	if (!node)
		return NULL;
	for (size_t i = 0; i < node->count; i++) {
		if (!kids[i])
			return NULL;
		node->kids[i] = kids[i];
		if (kids[i]->depth >= node->depth)
			node->depth = kids[i]->depth + 1;
	}
	if (node->depth > EXPR_DEPTH_MAX) {
		expr_error_set(build->error, EXPR_ERROR_LIMIT, node->place,
		    "the expression is nested more than %d levels deep", EXPR_DEPTH_MAX);
		return NULL;
	}
	return node;
}

struct node *node_make(struct build *build, enum node_kind kind, struct place place, size_t count,
    struct node *const *kids)
{
	for (size_t i = 0; i < count; i++)
		if (!kids[i])
			return NULL;
	return node_adopt(build, node_new(build, kind, place, count), kids);
}

int nodes_add(struct nodes *nodes, struct node *node)
{
	if (!node)
		return -1;
	MEM_PUSH_ROOM(nodes->items, nodes->count);
	nodes->items[nodes->count++] = node;
	return 0;
}

void nodes_release(struct nodes *nodes)
{
	free(nodes->items);
	*nodes = (struct nodes){0};
}

/* The part that NODE adds to a path: the name of a field or a literal string index. */
static const char *path_part(const struct node *node)
{
	const struct node *index;

	if (node->kind == NODE_SELECT || node->kind == NODE_HAS || node->kind == NODE_MAY_SELECT)
		return node->name;
	if (node->kind != NODE_INDEX && node->kind != NODE_MAY_INDEX)
		return NULL;
	index = node->kids[1];
	if (index->kind != NODE_LITERAL || index->value.type != VALUE_STRING ||
	    strlen(index->value.as.text.data) != index->value.as.text.len)
		return NULL;
	return index->value.as.text.data;
}

static size_t path_length(const struct node *node)
{
	size_t length = 1;

	for (; path_part(node); node = node->kids[0])
		length++;
	return node->kind == NODE_ROOT || node->kind == NODE_NAME ? length : 0;
}

size_t node_path(const struct expr *expr, const struct node *node, const char **parts,
    struct place *places, size_t max)
{
	size_t length = path_length(node);

	if (length > max)
		return 0;
	for (size_t i = length; i-- > 0; node = i ? node->kids[0] : node) {
		parts[i] = i                         ? path_part(node)
		           : node->kind == NODE_ROOT ? expr->roots[node->index]
		                                     : node->name;
		if (places)
			places[i] = node->count == 2 ? node->kids[1]->place : node->place;
	}
	return length;
}
