/*
 * From the tree of a pattern to a program.
 *
 * Invariant: the program has at most REGEX_PROGRAM_MAX instructions, whatever
 * repeats are nested; both that and linear time bound the work of a search.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expr/utf8.h"
#include "fsops/mem.h"
#include "program.h"

struct compiler {
	struct instruction *program; /* malloc'ed while it grows */
	size_t count;
	size_t visits; /* also of pieces that emit nothing, which could be repeated for ever */
};

static int emit_piece(struct compiler *c, const struct piece *piece);

/* The place of the new instruction, or -1. */
static int emit(struct compiler *c, struct instruction instruction)
{
	if (c->count >= REGEX_PROGRAM_MAX)
		return -1;
	MEM_PUSH_ROOM(c->program, c->count);
	c->program[c->count] = instruction;
	return (int)c->count++;
}

static int emit_jump(struct compiler *c, enum instruction_kind kind)
{
	return emit(c, (struct instruction){.kind = kind});
}

/* A split that prefers FIRST. */
static void aim(struct compiler *c, int split, bool first_is_to, size_t to, size_t other)
{
	c->program[split].as.jump.to = (uint32_t)(first_is_to ? to : other);
	c->program[split].as.jump.other = (uint32_t)(first_is_to ? other : to);
}

static int emit_class(struct compiler *c, const struct piece *piece)
{
	if (piece->class.count == 1)
		return emit(
		    c, (struct instruction){.kind = DO_RANGE, .as.range = piece->class.ranges[0]});
	return emit(c, (struct instruction){.kind = DO_CLASS, .as.class = &piece->class});
}

static int emit_assert(struct compiler *c, const struct piece *piece)
{
	return emit(c, (struct instruction){.kind = DO_ASSERT, .as.assertion = piece->assertion});
}

static int emit_row(struct compiler *c, const struct piece *piece)
{
	for (size_t i = 0; i < piece->count; i++)
		if (emit_piece(c, piece->kids[i]) < 0)
			return -1;
	return 0;
}

/* split A, next; A; jump end; next: … */
static int emit_choice(struct compiler *c, const struct piece *piece)
{
	int *ends = mem_alloc(piece->count * sizeof(ends[0]));
	int result = 0;

	for (size_t i = 0; i < piece->count && result >= 0; i++) {
		bool last = i + 1 == piece->count;
		int split = last ? 0 : emit_jump(c, DO_SPLIT);

		result = split < 0 ? -1 : emit_piece(c, piece->kids[i]);
		if (result < 0 || last)
			break;
		ends[i] = emit_jump(c, DO_JUMP);
		result = ends[i];
		if (result >= 0)
			aim(c, split, true, (size_t)split + 1, c->count);
	}
	for (size_t i = 0; i + 1 < piece->count && result >= 0; i++)
		c->program[ends[i]].as.jump.to = (uint32_t)c->count;
	free(ends);
	return result;
}

/* start: split body, end; body; jump start; end: */
static int emit_forever(struct compiler *c, const struct piece *piece)
{
	int split = emit_jump(c, DO_SPLIT);
	int back;

	if (split < 0 || emit_piece(c, piece->kids[0]) < 0)
		return -1;
	back = emit_jump(c, DO_JUMP);
	if (back < 0)
		return -1;
	c->program[back].as.jump.to = (uint32_t)split;
	aim(c, split, piece->greedy, (size_t)split + 1, c->count);
	return 0;
}

/* x{0,3} is (x(x(x)?)?)?: each may be left out with all that follow. */
static int emit_optional(struct compiler *c, const struct piece *piece, int times)
{
	int *splits = mem_alloc((size_t)times * sizeof(splits[0]));
	int result = 0;

	for (int i = 0; i < times && result >= 0; i++) {
		splits[i] = emit_jump(c, DO_SPLIT);
		result = splits[i] < 0 ? -1 : emit_piece(c, piece->kids[0]);
	}
	for (int i = 0; i < times && result >= 0; i++)
		aim(c, splits[i], piece->greedy, (size_t)splits[i] + 1, c->count);
	free(splits);
	return result;
}

static int emit_repeat(struct compiler *c, const struct piece *piece)
{
	for (int i = 0; i < piece->least; i++)
		if (emit_piece(c, piece->kids[0]) < 0)
			return -1;
	if (piece->most == REPEAT_FOREVER)
		return emit_forever(c, piece);
	return emit_optional(c, piece, piece->most - piece->least);
}

static int emit_empty(struct compiler *c, const struct piece *piece)
{
	(void)c;
	(void)piece;
	return 0;
}

typedef int emit_fn(struct compiler *c, const struct piece *piece);

static emit_fn *const emits[] = {
    [PIECE_EMPTY] = emit_empty,
    [PIECE_CLASS] = emit_class,
    [PIECE_ASSERT] = emit_assert,
    [PIECE_ROW] = emit_row,
    [PIECE_CHOICE] = emit_choice,
    [PIECE_REPEAT] = emit_repeat,
};

static int emit_piece(struct compiler *c, const struct piece *piece)
{
	if (++c->visits > 10 * REGEX_PROGRAM_MAX)
		return -1;
	return emits[piece->kind](c, piece);
}

static void add_first(struct regex *regex, struct range range)
{
	char bytes[UTF8_MAX];
	uint8_t low, high;

	utf8_encode(range.low, bytes);
	low = (uint8_t)bytes[0];
	utf8_encode(range.high, bytes);
	high = (uint8_t)bytes[0];
	for (unsigned i = low; i <= high; i++)
		regex->first[i] = true;
}

/* What a match can begin with; false when it may be empty, so that nothing can be skipped.
 * STACK has room for two per instruction. */
static bool find_first(struct regex *regex, uint32_t *stack, bool *seen)
{
	size_t depth = 0;

	stack[depth++] = 0;
	while (depth > 0) {
		uint32_t at = stack[--depth];
		const struct instruction *in = &regex->program[at];

		if (seen[at])
			continue;
		seen[at] = true;
		if (in->kind == DO_MATCH || in->kind == DO_ASSERT)
			return false;
		if (in->kind == DO_RANGE)
			add_first(regex, in->as.range);
		for (size_t i = 0; in->kind == DO_CLASS && i < in->as.class->count; i++)
			add_first(regex, in->as.class->ranges[i]);
		if (in->kind == DO_SPLIT)
			stack[depth++] = in->as.jump.other;
		if (in->kind == DO_SPLIT || in->kind == DO_JUMP)
			stack[depth++] = in->as.jump.to;
	}
	return true;
}

static void analyse(struct regex *regex)
{
	bool *seen = mem_alloc(regex->count * sizeof(seen[0]));
	uint32_t *stack = mem_alloc((2 * regex->count + 2) * sizeof(stack[0]));

	memset(regex->first, 0, sizeof(regex->first));
	regex->can_skip = find_first(regex, stack, seen);
	regex->anchored = regex->program[0].kind == DO_ASSERT &&
	                  regex->program[0].as.assertion == ASSERT_TEXT_START;
	free(stack);
	free(seen);
}

const struct regex *regex_compile(
    struct arena *arena, const char *pattern, size_t len, struct regex_error *error)
{
	const struct piece *piece = regex_parse(arena, pattern, len, error);
	struct compiler c = {0};
	struct regex *regex = NULL;

	if (!piece)
		return NULL;
	if (emit_piece(&c, piece) >= 0 && emit_jump(&c, DO_MATCH) >= 0)
		regex = arena_alloc(arena, sizeof(*regex));
	if (regex) {
		regex->count = c.count;
		regex->program = arena_alloc(arena, c.count * sizeof(c.program[0]));
	}
	if (regex && regex->program) {
		memcpy(regex->program, c.program, c.count * sizeof(c.program[0]));
		analyse(regex);
	} else {
		regex = NULL;
		snprintf(error->text, sizeof(error->text),
		    "the pattern is too large (%d instructions)", REGEX_PROGRAM_MAX);
	}
	free(c.program);
	return regex;
}
