/*
 * The search: all the states the program can be in, one code point after another.
 *
 * Invariant: a list of states holds each instruction at most once, in the order
 * of preference; so a search takes at most (length of text) x (length of program)
 * steps, whatever the pattern is.
 */
#include "regex.h"

#include <string.h>

#include "expr/utf8.h"
#include "program.h"

struct thread {
	uint32_t at;  /* the instruction */
	size_t start; /* where its match began */
};

/* A set that keeps the order; `sparse` need not be initialised. */
struct threads {
	struct thread *dense;
	uint32_t *sparse;
	size_t count;
};

/* What is before and behind a place of the text. */
struct around {
	uint32_t before;
	uint32_t behind;
};

#define NOTHING UINT32_MAX /* the start or end of the text */

struct search {
	const struct regex *regex;
	const char *text;
	size_t len;
	size_t *budget;
	struct threads now;
	struct threads next;
	uint32_t *stack;
	bool found;
	struct regex_match match;
};

static bool has(const struct threads *threads, uint32_t at)
{
	uint32_t slot = threads->sparse[at];

	return slot < threads->count && threads->dense[slot].at == at;
}

static void put(struct threads *threads, uint32_t at, size_t start)
{
	threads->sparse[at] = (uint32_t)threads->count;
	threads->dense[threads->count++] = (struct thread){at, start};
}

static bool is_word(uint32_t code)
{
	return (code >= '0' && code <= '9') || (code >= 'A' && code <= 'Z') ||
	       (code >= 'a' && code <= 'z') || code == '_';
}

static bool holds(enum assertion assertion, struct around around)
{
	switch (assertion) {
	case ASSERT_TEXT_START:
		return around.before == NOTHING;
	case ASSERT_TEXT_END:
		return around.behind == NOTHING;
	case ASSERT_LINE_START:
		return around.before == NOTHING || around.before == '\n';
	case ASSERT_LINE_END:
		return around.behind == NOTHING || around.behind == '\n';
	case ASSERT_WORD:
		return is_word(around.before) != is_word(around.behind);
	default:
		return is_word(around.before) == is_word(around.behind);
	}
}

/* Add instruction AT and all that can be reached without reading, the preferred first.
 * Each is taken from the stack once, so the stack never holds more than two per instruction. */
static void follow(
    struct search *s, struct threads *threads, uint32_t at, size_t start, struct around around)
{
	size_t depth = 0;

	s->stack[depth++] = at;
	while (depth > 0) {
		const struct instruction *in;

		at = s->stack[--depth];
		if (has(threads, at))
			continue;
		put(threads, at, start);
		in = &s->regex->program[at];
		if (in->kind == DO_SPLIT)
			s->stack[depth++] = in->as.jump.other;
		if (in->kind == DO_SPLIT || in->kind == DO_JUMP)
			s->stack[depth++] = in->as.jump.to;
		else if (in->kind == DO_ASSERT && holds(in->as.assertion, around))
			s->stack[depth++] = at + 1;
	}
}

static uint32_t code_at(const struct search *s, size_t at, size_t *step)
{
	*step = 1;
	return at < s->len ? utf8_decode(s->text + at, s->len - at, step) : NOTHING;
}

/* The code point that ends just before AT. */
static uint32_t code_before(const struct search *s, size_t at)
{
	size_t start = at;
	size_t step;

	if (at == 0)
		return NOTHING;
	do
		start--;
	while (start > 0 && at - start < UTF8_MAX && ((uint8_t)s->text[start] & 0xC0) == 0x80);
	return utf8_decode(s->text + start, s->len - start, &step);
}

static bool reads(const struct instruction *in, uint32_t code)
{
	if (in->kind == DO_RANGE)
		return code >= in->as.range.low && code <= in->as.range.high;
	return in->kind == DO_CLASS && class_has(in->as.class, code);
}

/* Every state reads CODE, which is at AT; AROUND is what is around its end. A match cuts off the states
 * after it. */
static void step_all(struct search *s, uint32_t code, size_t at, struct around around)
{
	s->next.count = 0;
	for (size_t i = 0; i < s->now.count; i++) {
		struct thread thread = s->now.dense[i];
		const struct instruction *in = &s->regex->program[thread.at];

		if (in->kind == DO_MATCH) {
			s->found = true;
			s->match = (struct regex_match){thread.start, at};
			return;
		}
		if (code != NOTHING && reads(in, code))
			follow(s, &s->next, thread.at + 1, thread.start, around);
	}
}

/* The next place where a match can begin. */
static size_t skip(const struct search *s, size_t at)
{
	if (s->regex->can_skip)
		while (at < s->len && !s->regex->first[(uint8_t)s->text[at]])
			at++;
	return at;
}

static bool spend(struct search *s, size_t work)
{
	*s->budget = work < *s->budget ? *s->budget - work : 0;
	return *s->budget > 0;
}

static void swap_lists(struct search *s)
{
	struct threads old = s->now;

	s->now = s->next;
	s->next = old;
}

/* The cursor: a place, the code point there, and the one before. */
struct cursor {
	size_t at;
	size_t step;
	uint32_t code;
	uint32_t before;
};

static struct cursor cursor_at(const struct search *s, size_t at)
{
	struct cursor cursor = {.at = at, .before = code_before(s, at)};

	cursor.code = code_at(s, at, &cursor.step);
	return cursor;
}

static struct cursor cursor_next(const struct search *s, const struct cursor *cursor)
{
	struct cursor next = {.at = cursor->at + cursor->step, .before = cursor->code};

	next.code = code_at(s, next.at, &next.step);
	return next;
}

/* ANY: the first match found will do, wherever it ends. */
static enum regex_result run(struct search *s, size_t first, bool any)
{
	struct cursor cursor = cursor_at(s, first);

	for (;;) {
		struct cursor next;
		size_t from = cursor.at;

		if (s->now.count == 0 && !s->found && skip(s, from) != from)
			cursor = cursor_at(s, skip(s, from));
		if (!s->found && (!s->regex->anchored || cursor.at == first))
			follow(
			    s, &s->now, 0, cursor.at, (struct around){cursor.before, cursor.code});
		if (s->now.count == 0)
			break;
		next = cursor_next(s, &cursor);
		step_all(s, cursor.code, cursor.at, (struct around){next.before, next.code});
		if (!spend(s, s->now.count + (cursor.at - from) / 16 + 1))
			return REGEX_LIMIT;
		if (cursor.at >= s->len || (any && s->found))
			break;
		swap_lists(s);
		cursor = next;
	}
	return s->found ? REGEX_FOUND : REGEX_NONE;
}

static bool prepare(struct threads *threads, struct arena *arena, size_t count)
{
	threads->dense = arena_alloc(arena, count * sizeof(threads->dense[0]));
	threads->sparse = arena_alloc(arena, count * sizeof(threads->sparse[0]));
	threads->count = 0;
	if (threads->sparse)
		memset(threads->sparse, 0, count * sizeof(threads->sparse[0]));
	return threads->dense && threads->sparse;
}

enum regex_result regex_search(const struct regex *regex, struct arena *arena, const char *text,
    size_t len, size_t from, size_t *budget, struct regex_match *match)
{
	struct arena_mark mark = arena_mark(arena);
	struct search s = {.regex = regex, .text = text, .len = len, .budget = budget};
	enum regex_result result = REGEX_LIMIT;

	s.stack = arena_alloc(arena, (2 * regex->count + 2) * sizeof(s.stack[0]));
	if (s.stack && prepare(&s.now, arena, regex->count) &&
	    prepare(&s.next, arena, regex->count))
		result = run(&s, from, match == NULL);
	if (match && result == REGEX_FOUND)
		*match = s.match;
	arena_rewind(arena, mark);
	return result;
}
