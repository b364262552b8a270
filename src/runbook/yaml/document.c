/*
 * YAML text to a tree of nodes, by libyaml's events.
 *
 * Invariant: the builder's `pending` holds the finished nodes of all open containers, `frames`
 * says where each container's begin; a node is complete (its weight set) before anything
 * refers to it. All memory of the tree is in the document's blocks and dies with it.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "advice.h"
#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/node.h"
#include "runbook/names.h"

#define BLOCK_SIZE ((size_t)16 * 1024)
#define PAIRS_MAX  24 /* keys of a map that are compared with each other */
#define BOM        "\xEF\xBB\xBF"

struct document_block {
	struct document_block *next;
	size_t used;
	size_t size;
	max_align_t memory[];
};

struct frame {
	struct node *node;
	size_t begin; /* its first node in `pending` */
};

struct builder {
	yaml_parser_t parser;
	struct document *document;
	struct problems *list;
	struct frame frames[NODE_DEPTH_MAX];
	size_t depth;
	struct node **pending;
	size_t pending_count;
	size_t weight;        /* of all that is finished */
	struct names anchors; /* to nodes; an open one has no weight yet */
};

/* Zeroed memory that lives as long as the document. */
static void *block_alloc(struct document *document, size_t size)
{
	struct document_block *block = document->blocks;
	void *memory;

	size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
	if (!block || block->size - block->used < size) {
		size_t room = size > BLOCK_SIZE / 4 ? size : BLOCK_SIZE;

		block = mem_alloc(sizeof(*block) + room);
		block->size = room;
		block->next = document->blocks;
		document->blocks = block;
	}
	memory = (char *)block->memory + block->used;
	block->used += size;
	return memory;
}

static struct pos pos_of(const struct builder *b, yaml_mark_t mark)
{
	return (struct pos){b->document->file, (int)mark.line + 1, (int)mark.column + 1};
}

/* A problem after which the rest of the file cannot be read. */
__attribute__((format(printf, 3, 4))) static int refuse(
    struct builder *b, yaml_mark_t mark, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	problem_add(b->list, PROBLEM_ERROR, pos_of(b, mark), "%s", text);
	return -1;
}

static struct node *new_node(struct builder *b, enum node_kind kind, yaml_mark_t mark)
{
	struct node *node = block_alloc(b->document, sizeof(*node));

	node->kind = kind;
	node->pos = pos_of(b, mark);
	node->document = b->document;
	node->height = 1;
	return node;
}

static void name_anchor(struct builder *b, const yaml_char_t *anchor, struct node *node)
{
	char *name;

	if (!anchor)
		return;
	name = block_alloc(b->document, strlen((const char *)anchor) + 1);
	memcpy(name, anchor, strlen((const char *)anchor));
	names_set(&b->anchors, name, node);
}

/* Hang a finished node (or one that an alias stands for) into the open container. */
static int attach(struct builder *b, struct node *node, yaml_mark_t mark)
{
	b->weight += node->weight;
	if (b->weight > NODES_MAX)
		return refuse(b, mark,
		    "the file holds more than %d values (aliases counted as often as they are "
		    "used); make it smaller",
		    NODES_MAX);
	if (b->depth + (size_t)node->height > NODE_DEPTH_MAX)
		return refuse(b, mark, "more than %d levels inside each other", NODE_DEPTH_MAX);
	if (!b->depth) {
		b->document->root = node;
		return 0;
	}
	MEM_PUSH_ROOM(b->pending, b->pending_count);
	b->pending[b->pending_count++] = node;
	return 0;
}

static bool wants_key(const struct builder *b)
{
	const struct frame *top = b->depth ? &b->frames[b->depth - 1] : NULL;

	return top && top->node->kind == NODE_MAP && (b->pending_count - top->begin) % 2 == 0;
}

/* A tag that changes nothing that matters here: `!!str` makes a text of what looks like a number. */
static void check_tag(
    struct builder *b, const yaml_char_t *tag, struct node *node, yaml_mark_t mark)
{
	bool text =
	    tag && node->kind == NODE_SCALAR && strcmp((const char *)tag, YAML_STR_TAG) == 0;

	if (text && node->style == NODE_PLAIN)
		node->style = NODE_QUOTED;
	if (tag && !text)
		problem_add(b->list, PROBLEM_ERROR, pos_of(b, mark),
		    "a text that begins with '!' must be quoted (YAML takes '%s' for a tag)", tag);
}

static enum node_style style_of(const yaml_event_t *event)
{
	switch (event->data.scalar.style) {
	case YAML_SINGLE_QUOTED_SCALAR_STYLE:
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
		return NODE_QUOTED;
	case YAML_LITERAL_SCALAR_STYLE:
	case YAML_FOLDED_SCALAR_STYLE:
		return NODE_BLOCK;
	default:
		return NODE_PLAIN;
	}
}

static int on_scalar(struct builder *b, const yaml_event_t *event)
{
	struct node *node = new_node(b, NODE_SCALAR, event->start_mark);
	const char *text = (const char *)event->data.scalar.value;

	node->style = style_of(event);
	node->weight = 1;
	node->len = (uint32_t)event->data.scalar.length;
	node->text = block_alloc(b->document, node->len + 1);
	memcpy(node->text, text, node->len);
	check_tag(b, event->data.scalar.tag, node, event->start_mark);
	if (strlen(node->text) != node->len) {
		NODE_PROBLEM(b->list, node, "a text must not hold a NUL character (\\0)");
		node->len = (uint32_t)strlen(node->text);
	}
	if (wants_key(b) && node->style == NODE_PLAIN && strcmp(node->text, "<<") == 0)
		NODE_PROBLEM(b->list, node,
		    "merge keys ('<<') are not supported; write the keys out, or give the whole "
		    "value as an alias");
	name_anchor(b, event->data.scalar.anchor, node);
	return attach(b, node, event->start_mark);
}

static int on_alias(struct builder *b, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	const struct node *node = names_get(&b->anchors, name);

	if (!node)
		return refuse(b, event->start_mark,
		    "there is no '&%s' before this '*%s' (a text that begins with '*' must be "
		    "quoted)",
		    name, name);
	if (!node->weight)
		return refuse(b, event->start_mark, "'*%s' stands inside what it stands for", name);
	if (wants_key(b) && node->kind != NODE_SCALAR)
		return refuse(
		    b, event->start_mark, "a key must be text, not %s", node_kind_name(node));
	return attach(b, (struct node *)node, event->start_mark);
}

static int on_open(struct builder *b, enum node_kind kind, const yaml_event_t *event)
{
	bool list = kind == NODE_LIST;
	struct node *node = new_node(b, kind, event->start_mark);

	if (wants_key(b))
		return refuse(
		    b, event->start_mark, "a key must be text, not %s", node_kind_name(node));
	if (b->depth == NODE_DEPTH_MAX)
		return refuse(
		    b, event->start_mark, "more than %d levels inside each other", NODE_DEPTH_MAX);
	check_tag(b, list ? event->data.sequence_start.tag : event->data.mapping_start.tag, node,
	    event->start_mark);
	name_anchor(
	    b, list ? event->data.sequence_start.anchor : event->data.mapping_start.anchor, node);
	b->frames[b->depth++] = (struct frame){node, b->pending_count};
	return 0;
}

/* The first of the keys before I that is the same, or NULL. SEEN is for large maps, where looking at
 * each pair would take for ever. */
static const struct node *same_key(const struct node *map, size_t i, struct names *seen)
{
	const struct node *key = map->keys[i];

	if (map->count > PAIRS_MAX)
		return names_put(seen, key->text, key);
	for (size_t j = 0; j < i; j++)
		if (map->keys[j]->len == key->len && strcmp(map->keys[j]->text, key->text) == 0)
			return map->keys[j];
	return NULL;
}

/* Each key once: a later one of the same name is reported and left out. */
static void check_keys(struct builder *b, struct node *map)
{
	struct names seen = {0};
	size_t kept = 0;

	for (size_t i = 0; i < map->count; i++) {
		const struct node *first = same_key(map, i, &seen);

		if (first)
			NODE_PROBLEM(b->list, map->keys[i],
			    "the key '%s' is given twice; first in line %d", map->keys[i]->text,
			    first->pos.line);
		else
			kept++;
		map->keys[kept - 1] = first ? map->keys[kept - 1] : map->keys[i];
		map->items[kept - 1] = first ? map->items[kept - 1] : map->items[i];
	}
	map->count = kept;
	names_release(&seen);
}

/* The pending nodes of the open container become its items (and keys). */
static void take_pending(struct builder *b, const struct frame *frame)
{
	struct node *node = frame->node;
	struct node **from;
	size_t step = node->kind == NODE_MAP ? 2 : 1;

	node->count = (uint32_t)((b->pending_count - frame->begin) / step);
	node->items = block_alloc(b->document, node->count * sizeof(*node->items));
	if (node->kind == NODE_MAP)
		node->keys = block_alloc(b->document, node->count * sizeof(*node->keys));
	node->weight = 1;
	if (!node->count)
		return;
	from = b->pending + frame->begin;
	for (size_t i = 0; i < node->count * step; i++) {
		if (step == 2 && i % 2 == 0)
			node->keys[i / 2] = from[i];
		else
			node->items[i / step] = from[i];
		node->weight += from[i]->weight;
		if (from[i]->height >= node->height)
			node->height = from[i]->height + 1;
	}
	b->pending_count = frame->begin;
}

static int on_close(struct builder *b, const yaml_event_t *event)
{
	struct frame frame = b->frames[--b->depth];

	take_pending(b, &frame);
	if (frame.node->kind == NODE_MAP)
		check_keys(b, frame.node);
	b->weight -= frame.node->weight - 1; /* attach() counts the whole of it again */
	return attach(b, frame.node, event->start_mark);
}

static int on_event(struct builder *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return on_scalar(b, event);
	case YAML_ALIAS_EVENT:
		return on_alias(b, event);
	case YAML_SEQUENCE_START_EVENT:
		return on_open(b, NODE_LIST, event);
	case YAML_MAPPING_START_EVENT:
		return on_open(b, NODE_MAP, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_close(b, event);
	case YAML_DOCUMENT_START_EVENT:
		return b->document->root
		           ? refuse(b, event->start_mark,
		                 "a second document begins here ('---'); a file holds one")
		           : 0;
	default:
		return 0;
	}
}

/* All events of the stream, until its end or a problem after which nothing can be read. */
static int build(struct builder *b)
{
	yaml_event_t event;
	int result = 0;
	bool done = false;

	while (result == 0 && !done) {
		if (!yaml_parser_parse(&b->parser, &event)) {
			if (b->parser.error == YAML_MEMORY_ERROR)
				mem_exhausted();
			advice_add(&b->parser, b->document, b->list);
			return -1;
		}
		done = event.type == YAML_STREAM_END_EVENT;
		result = on_event(b, &event);
		yaml_event_delete(&event);
	}
	return result;
}

/* TEXT becomes the document's. */
static struct document *parse(const char *file, char *text, size_t len, struct problems *list)
{
	struct document *document = mem_alloc(sizeof(*document));
	struct builder b = {.document = document, .list = list};
	size_t skip = len >= strlen(BOM) && memcmp(text, BOM, strlen(BOM)) == 0 ? strlen(BOM) : 0;

	document->file = mem_text(file);
	memmove(text, text + skip, len - skip + 1);
	document->text = text; /* transferred */
	document->len = len - skip;
	if (!yaml_parser_initialize(&b.parser))
		mem_exhausted();
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
	    &b.parser, (const unsigned char *)document->text, document->len);
	if (build(&b) < 0)
		document->root = NULL;
	else if (!document->root)
		problem_add(list, PROBLEM_ERROR, (struct pos){file, 1, 1}, "the file is empty");
	yaml_parser_delete(&b.parser);
	names_release(&b.anchors);
	free(b.pending);
	if (document->root)
		return document;
	document_free(document);
	return NULL;
}

struct document *document_load(const char *file, struct problems *list)
{
	return document_load_checked(file, NULL, NULL, list);
}

struct document *document_load_checked(
    const char *file, buf_check_fn *check, const void *ctx, struct problems *list)
{
	struct buf text;
	struct err err;
	size_t len;

	if (buf_read_checked(&text, file, DOCUMENT_MAX, check, ctx, &err) < 0) {
		problem_add(list, PROBLEM_ERROR, (struct pos){file, 0, 0}, "%s", err.text);
		return NULL;
	}
	len = text.len;
	return parse(file, buf_detach(&text), len, list);
}

struct document *document_parse(
    const char *file, const char *text, size_t len, struct problems *list)
{
	char *copy;

	if (len > DOCUMENT_MAX) {
		problem_add(list, PROBLEM_ERROR, (struct pos){file, 0, 0},
		    "the text is over %d bytes, the most that is read", DOCUMENT_MAX);
		return NULL;
	}
	copy = mem_alloc(len + 1);
	memcpy(copy, text, len);
	return parse(file, copy, len, list);
}

void document_free(struct document *document)
{
	struct document_block *next;

	if (!document)
		return;
	for (struct document_block *block = document->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	free(document->file);
	free(document->text);
	free(document);
}
