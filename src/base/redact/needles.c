/* Aho and Corasick's automaton. Invariant: node 0 is the root and stands for all of depth 1, too; a
 * node's children are the next node (`chained`) and those in the hash table (`branched`), so that the
 * long tails of needles, which have one child each, cost no table. */
#include "needles.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "private.h"

#define EDGES_FIRST 64
#define NODES_FIRST 64

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

void needles_init(struct needles *needles)
{
	*needles = (struct needles){.count = 1, .room = NODES_FIRST, .edge_room = EDGES_FIRST};
	needles->nodes = mem_alloc(needles->room * sizeof(*needles->nodes));
	needles->edges = mem_alloc(needles->edge_room * sizeof(*needles->edges));
}

/* The units are those of secrets. */
static void wipe(void *data, size_t size)
{
	explicit_bzero(data, size);
	free(data);
}

void needles_release(struct needles *needles)
{
	wipe(needles->nodes, needles->room * sizeof(*needles->nodes));
	wipe(needles->edges, needles->edge_room * sizeof(*needles->edges));
}

/* ---- edges ---- */

static uint64_t edge_key(uint32_t node, unsigned units)
{
	return (uint64_t)node << 16 | units;
}

static struct needle_edge *edge_place(const struct needles *needles, uint64_t key)
{
	/* Fibonacci hashing; the high bits are the mixed ones. */
	size_t at = (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> 32);

	for (;; at++) {
		struct needle_edge *edge = &needles->edges[at & (needles->edge_room - 1)];

		if (!edge->child || edge->key == key)
			return edge;
	}
}

static void grow_edges(struct needles *needles)
{
	struct needle_edge *old = needles->edges;
	size_t room = needles->edge_room;

	needles->edge_room *= 2;
	needles->edges = mem_alloc(needles->edge_room * sizeof(*needles->edges));
	for (size_t i = 0; i < room; i++)
		if (old[i].child)
			*edge_place(needles, old[i].key) = old[i];
	wipe(old, room * sizeof(*old));
}

static void add_edge(struct needles *needles, uint64_t key, uint32_t child)
{
	if (needles->edge_count * 2 >= needles->edge_room)
		grow_edges(needles);
	needles->edge_count++;
	*edge_place(needles, key) = (struct needle_edge){.key = key, .child = child};
}

uint32_t needles_child(const struct needles *needles, uint32_t at, uint8_t unit)
{
	const struct needle_node *node = &needles->nodes[at];

	if (node->chained && node[1].unit == unit)
		return at + 1;
	return node->branched ? edge_place(needles, edge_key(at, unit))->child : 0;
}

uint32_t needles_pair(const struct needles *needles, unsigned first, uint8_t second)
{
	unsigned bit = first << 8 | second;

	if (!(needles->pairs[bit >> 3] & 1U << (bit & 7)))
		return 0;
	return edge_place(needles, edge_key(0, bit))->child;
}

/* ---- needles ---- */

static uint32_t new_node(struct needles *needles, uint32_t parent, uint8_t unit)
{
	if (needles->count == needles->room) {
		struct needle_node *old = needles->nodes;

		needles->nodes = mem_alloc(2 * needles->room * sizeof(*old));
		memcpy(needles->nodes, old, needles->count * sizeof(*old));
		wipe(old, needles->room * sizeof(*old));
		needles->room *= 2;
	}
	needles->nodes[needles->count] = (struct needle_node){
	    .parent = parent,
	    .unit = unit,
	    .depth = parent ? needles->nodes[parent].depth + 1 : 2,
	};
	return (uint32_t)needles->count++;
}

/* Every two bytes that may be the first two units of a needle. */
static void add_wakes(struct needles *needles, const uint8_t *units)
{
	for (unsigned a = 0; a < 0x100; a++) {
		if (redact_units[a] != units[0])
			continue;
		for (unsigned b = 0; b < 0x100; b++)
			if (redact_units[b] == units[1] || redact_units[b] == UNIT_DROPPED)
				needles->wakes[(a << 8 | b) >> 3] |= (uint8_t)(1U << (b & 7));
	}
}

static uint32_t begin(struct needles *needles, const uint8_t *units)
{
	unsigned bit = (unsigned)units[0] << 8 | units[1];
	uint32_t node = needles_pair(needles, units[0], units[1]);

	if (node)
		return node;
	node = new_node(needles, 0, units[1]);
	add_edge(needles, edge_key(0, bit), node);
	needles->pairs[bit >> 3] |= (uint8_t)(1U << (bit & 7));
	needles->first[units[0]] = true;
	add_wakes(needles, units);
	return node;
}

static uint32_t go_on(struct needles *needles, uint32_t at, uint8_t unit)
{
	uint32_t child = needles_child(needles, at, unit);

	if (child)
		return child;
	child = new_node(needles, at, unit);
	if (child == at + 1) {
		needles->nodes[at].chained = true;
	} else {
		needles->nodes[at].branched = true;
		add_edge(needles, edge_key(at, unit), child);
	}
	return child;
}

static size_t span(const uint8_t *units, size_t count, size_t at, const char *chars)
{
	while (at < count && units[at] && strchr(chars, units[at]))
		at++;
	return at;
}

/* How many units say no more than where an address leads: "https://host/" of one that goes on behind that. A host may
 * be a user's name, or a secret of its own when nothing follows: then it is "https://" alone. */
static size_t public_units(const uint8_t *units, size_t count)
{
	size_t scheme = span(units, count, 0, LETTERS);
	size_t host;

	if (count - scheme < 3 || memcmp(units + scheme, "://", 3) != 0)
		return 0;
	scheme += 3;
	host = span(units, count, scheme, LETTERS "0123456789.-_:[]");
	return host + 1 < count && strchr("/?#", units[host]) ? host + 1 : scheme;
}

void needles_add(struct needles *needles, const uint8_t *units, size_t count, size_t len)
{
	uint32_t at = begin(needles, units);
	size_t open = public_units(units, count);

	needles->nodes[at].tells |= open < 2;
	for (size_t i = 2; i < count; i++) {
		at = go_on(needles, at, units[i]);
		needles->nodes[at].tells |= i >= open;
	}
	if (needles->nodes[at].end)
		return;
	needles->nodes[at].end = true;
	needles->nodes[at].secret = needles->secrets;
	if (count < NEEDLE_MIN)
		needles->nodes[at].least = (uint8_t)(len < UINT8_MAX ? len : UINT8_MAX);
	if (count > needles->longest)
		needles->longest = count;
	needles->stale = true;
}

bool needles_has(const struct needles *needles, const uint8_t *units, size_t count)
{
	uint32_t at = count >= NEEDLE_UNITS_MIN ? needles_pair(needles, units[0], units[1]) : 0;

	for (size_t i = 2; at && i < count; i++)
		at = needles_child(needles, at, units[i]);
	return at && needles->nodes[at].end;
}

/* ---- the other beginnings ---- */

static void find_fail(struct needles *needles, uint32_t at)
{
	struct needle_node *node = &needles->nodes[at];
	uint32_t fail = node->parent ? needles->nodes[node->parent].fail : 0;

	node->fail = node->parent ? needles_step(needles, fail, needles->nodes[node->parent].unit,
	                                node->unit)
	                          : 0;
	node->match = node->end ? node->depth : needles->nodes[node->fail].match;
	if (!node->end) {
		node->least = needles->nodes[node->fail].least;
		node->secret = needles->nodes[node->fail].secret;
	}
}

/* The nodes by depth: what a node falls back to is less deep, and must be known before it. */
void needles_build(struct needles *needles)
{
	size_t levels = needles->longest + 2;
	uint32_t *next =
	    mem_alloc(levels * sizeof(*next)); /* the place of the next of each depth */
	uint32_t *order = mem_alloc(needles->count * sizeof(*order));

	for (size_t i = 1; i < needles->count; i++)
		if (needles->nodes[i].depth + 1 < levels)
			next[needles->nodes[i].depth + 1]++;
	for (size_t i = 1; i < levels; i++)
		next[i] += next[i - 1];
	for (size_t i = 1; i < needles->count; i++)
		order[next[needles->nodes[i].depth]++] = (uint32_t)i;
	for (size_t i = 0; i + 1 < needles->count; i++)
		find_fail(needles, order[i]);
	free(next);
	free(order);
	needles->stale = false;
}

uint32_t needles_step(const struct needles *needles, uint32_t at, unsigned previous, uint8_t unit)
{
	while (at) {
		uint32_t child = needles_child(needles, at, unit);

		if (child)
			return child;
		at = needles->nodes[at].fail;
	}
	return needles_pair(needles, previous, unit);
}
