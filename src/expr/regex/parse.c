/*
 * The syntax of RE2, by recursive descent.
 *
 * Invariant: a piece is nested at most some REGEX_DEPTH_MAX groups deep, and
 * every class in it is in the arena: nothing is left to free.
 */
#include "parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "expr/utf8.h"
#include "fsops/mem.h"

/* Pieces while it is not known how many; malloc'ed. */
struct pieces {
	struct piece **items;
	size_t count;
};

static struct piece *parse_choice(struct pattern *p);

static struct piece *piece_new(struct pattern *p, enum piece_kind kind)
{
	struct piece *piece = arena_alloc(p->arena, sizeof(*piece));

	if (piece)
		*piece = (struct piece){.kind = kind};
	else
		pattern_fail(p, "the pattern is too large");
	return piece;
}

static int pieces_add(struct pieces *pieces, struct piece *piece)
{
	if (!piece)
		return -1;
	MEM_PUSH_ROOM(pieces->items, pieces->count);
	pieces->items[pieces->count++] = piece;
	return 0;
}

/* One piece of KIND with all of them as kids, or the only one itself. */
static struct piece *pieces_take(struct pattern *p, struct pieces *pieces, enum piece_kind kind)
{
	struct piece *piece;

	if (pieces->count == 1)
		return pieces->items[0];
	piece = piece_new(p, pieces->count ? kind : PIECE_EMPTY);
	if (!piece)
		return NULL;
	piece->count = pieces->count;
	piece->kids = arena_alloc(p->arena, pieces->count * sizeof(struct piece *));
	if (!piece->kids)
		return NULL;
	if (pieces->count)
		memcpy(piece->kids, pieces->items, pieces->count * sizeof(struct piece *));
	return piece;
}

/* BUILD, which is released, as a piece. */
static struct piece *class_piece(struct pattern *p, struct class_build *build, bool negated)
{
	struct piece *piece = piece_new(p, PIECE_CLASS);

	if (piece && !class_take(build, p->arena, negated, &piece->class)) {
		pattern_fail(p, "the pattern is too large");
		piece = NULL;
	}
	class_release(build);
	return piece;
}

static struct piece *literal_piece(struct pattern *p, uint32_t code)
{
	struct class_build build = {0};

	if (p->flags & FLAG_FOLD)
		class_add_folded(&build, code, code);
	else
		class_add(&build, code, code);
	return class_piece(p, &build, false);
}

static struct piece *assert_piece(struct pattern *p, enum assertion assertion)
{
	struct piece *piece = piece_new(p, PIECE_ASSERT);

	if (piece)
		piece->assertion = assertion;
	return piece;
}

static struct piece *any_piece(struct pattern *p)
{
	struct class_build build = {0};

	class_add(&build, 0, UTF8_LAST);
	if (!(p->flags & FLAG_DOT_ALL)) {
		class_release(&build);
		class_add(&build, '\n', '\n');
	}
	return class_piece(p, &build, !(p->flags & FLAG_DOT_ALL));
}

/* One item of a bracket expression that is more than a character: [:alpha:], \d, \pL. */
static int parse_set(struct pattern *p, struct class_build *build)
{
	const char *end;

	if (pattern_starts(p, "[:")) {
		end = strstr(p->at, ":]");
		if (!end || !class_add_posix(build, p->at + 2, (size_t)(end - p->at) - 2))
			return pattern_fail(p, "unknown class after '['");
		p->at = end + 2;
		return 1;
	}
	if (p->at[0] == '\\' && class_add_perl(build, p->at[1])) {
		p->at += 2;
		return 1;
	}
	if (pattern_starts(p, "\\p") || pattern_starts(p, "\\P"))
		return escape_category(p, build) < 0 ? -1 : 1;
	return 0;
}

static int parse_range(struct pattern *p, struct class_build *build)
{
	uint32_t low, high;

	if (escape_char(p, &low) < 0)
		return -1;
	high = low;
	if (p->at[0] == '-' && p->at[1] && p->at[1] != ']') {
		p->at++;
		if (escape_char(p, &high) < 0)
			return -1;
	}
	if (high < low)
		return pattern_fail(p, "a range in brackets runs backwards");
	if (p->flags & FLAG_FOLD)
		class_add_folded(build, low, high);
	else
		class_add(build, low, high);
	return 0;
}

static struct piece *parse_brackets(struct pattern *p)
{
	struct class_build build = {0};
	const char *start;
	bool negated = p->at[1] == '^';

	p->at += 1 + negated;
	start = p->at;
	while (*p->at != ']' || p->at == start) {
		int result =
		    p->at < p->end ? parse_set(p, &build) : pattern_fail(p, "a '[' is not closed");

		if (result == 0)
			result = parse_range(p, &build);
		if (result < 0) {
			class_release(&build);
			return NULL;
		}
	}
	p->at++;
	return class_piece(p, &build, negated);
}

static struct piece *parse_escape(struct pattern *p)
{
	static const struct {
		char letter;
		enum assertion assertion;
	} assertions[] = {
	    {'A', ASSERT_TEXT_START},
	    {'z', ASSERT_TEXT_END},
	    {'b', ASSERT_WORD},
	    {'B', ASSERT_NOT_WORD},
	};
	struct class_build build = {0};
	uint32_t code;
	int set;

	for (size_t i = 0; i < COUNT_OF(assertions); i++)
		if (p->at[1] == assertions[i].letter) {
			p->at += 2;
			return assert_piece(p, assertions[i].assertion);
		}
	set = parse_set(p, &build);
	if (set > 0)
		return class_piece(p, &build, false);
	class_release(&build);
	if (set < 0 || escape_char(p, &code) < 0)
		return NULL;
	return literal_piece(p, code);
}

/* \Q…\E: everything between is itself. */
static int parse_quoted(struct pattern *p, struct pieces *row)
{
	uint32_t code;
	size_t step;

	for (p->at += 2; p->at < p->end && !pattern_starts(p, "\\E"); p->at += step) {
		code = utf8_decode(p->at, (size_t)(p->end - p->at), &step);
		if (pieces_add(row, literal_piece(p, code)) < 0)
			return -1;
	}
	p->at += p->at < p->end ? 2 : 0;
	return 0;
}

static struct piece *parse_group(struct pattern *p)
{
	unsigned flags = p->flags;
	struct piece *piece;
	int opened;

	if (++p->depth > REGEX_DEPTH_MAX) {
		pattern_fail(p, "groups are nested too deep");
		return NULL;
	}
	opened = group_open(p);
	if (opened < 0)
		return NULL;
	if (opened == GROUP_FLAGS_ONLY) {
		p->depth--;
		return piece_new(p, PIECE_EMPTY);
	}
	piece = parse_choice(p);
	if (piece && *p->at != ')') {
		pattern_fail(p, "a '(' is not closed");
		return NULL;
	}
	p->at++;
	p->depth--;
	p->flags = flags;
	return piece;
}

static struct piece *parse_atom(struct pattern *p)
{
	uint32_t code;
	size_t step;

	switch (*p->at) {
	case '(':
		return parse_group(p);
	case '[':
		return parse_brackets(p);
	case '\\':
		return parse_escape(p);
	case '.':
		p->at++;
		return any_piece(p);
	case '^':
		p->at++;
		return assert_piece(
		    p, p->flags & FLAG_LINES ? ASSERT_LINE_START : ASSERT_TEXT_START);
	case '$':
		p->at++;
		return assert_piece(p, p->flags & FLAG_LINES ? ASSERT_LINE_END : ASSERT_TEXT_END);
	default:
		code = utf8_decode(p->at, (size_t)(p->end - p->at), &step);
		p->at += step;
		return literal_piece(p, code);
	}
}

/* Digits up to over the limit; -1 when there are none. */
static int parse_number(const char **at)
{
	int number = 0;

	if (**at < '0' || **at > '9')
		return -1;
	for (; **at >= '0' && **at <= '9'; (*at)++)
		if (number <= REGEX_REPEAT_MAX)
			number = number * 10 + (**at - '0');
	return number;
}

/* {n}, {n,} or {n,m}; what is not of that form is an ordinary brace. */
static bool parse_counts(struct pattern *p, int *least, int *most)
{
	const char *at = p->at + 1;

	*least = *most = parse_number(&at);
	if (*least >= 0 && *at == ',') {
		at++;
		*most = *at == '}' ? REPEAT_FOREVER : parse_number(&at);
		if (*most < 0 && *at != '}')
			return false;
	}
	if (*least < 0 || *at != '}')
		return false;
	p->at = at + 1;
	return true;
}

/* Whether a repeat stands next; its bounds. */
static bool parse_repeat(struct pattern *p, int *least, int *most)
{
	static const struct {
		char sign;
		int least;
		int most;
	} repeats[] = {{'*', 0, REPEAT_FOREVER}, {'+', 1, REPEAT_FOREVER}, {'?', 0, 1}};

	if (*p->at == '{')
		return parse_counts(p, least, most);
	for (size_t i = 0; i < COUNT_OF(repeats); i++)
		if (*p->at == repeats[i].sign) {
			*least = repeats[i].least;
			*most = repeats[i].most;
			p->at++;
			return true;
		}
	return false;
}

static struct piece *repeat_piece(struct pattern *p, struct piece *atom, int least, int most)
{
	struct piece *piece;
	bool lazy = *p->at == '?';

	p->at += lazy;
	if (least > REGEX_REPEAT_MAX || most > REGEX_REPEAT_MAX || (most >= 0 && most < least)) {
		pattern_fail(p, "a repeat is backwards or over %d times", REGEX_REPEAT_MAX);
		return NULL;
	}
	piece = piece_new(p, PIECE_REPEAT);
	if (!piece)
		return NULL;
	piece->kids = arena_alloc(p->arena, sizeof(struct piece *));
	if (!piece->kids)
		return NULL;
	piece->kids[0] = atom;
	piece->count = 1;
	piece->least = least;
	piece->most = most;
	piece->greedy = lazy == ((p->flags & FLAG_UNGREEDY) != 0);
	return piece;
}

static struct piece *parse_repeated(struct pattern *p)
{
	int least, most;
	struct piece *atom;

	if (parse_repeat(p, &least, &most)) {
		pattern_fail(p, "a repeat has nothing to repeat");
		return NULL;
	}
	atom = parse_atom(p);
	if (!atom || !parse_repeat(p, &least, &most))
		return atom;
	atom = repeat_piece(p, atom, least, most);
	if (atom && parse_repeat(p, &least, &most)) {
		pattern_fail(p, "a repeat of a repeat needs a group");
		return NULL;
	}
	return atom;
}

static struct piece *parse_row(struct pattern *p)
{
	struct pieces row = {0};
	struct piece *piece = NULL;

	while (p->at < p->end && *p->at != '|' && *p->at != ')') {
		int result = pattern_starts(p, "\\Q") ? parse_quoted(p, &row)
		                                      : pieces_add(&row, parse_repeated(p));

		if (result < 0)
			goto out;
	}
	piece = pieces_take(p, &row, PIECE_ROW);
out:
	free(row.items);
	return piece;
}

static struct piece *parse_choice(struct pattern *p)
{
	struct pieces choice = {0};
	struct piece *piece = NULL;

	do {
		if (pieces_add(&choice, parse_row(p)) < 0)
			goto out;
	} while (*p->at == '|' && p->at++);
	piece = pieces_take(p, &choice, PIECE_CHOICE);
out:
	free(choice.items);
	return piece;
}

struct piece *regex_parse(
    struct arena *arena, const char *pattern, size_t len, struct regex_error *error)
{
	struct pattern p = {.arena = arena, .error = error};
	struct piece *piece;

	error->text[0] = '\0';
	if (len > REGEX_PATTERN_MAX || memchr(pattern, '\0', len)) {
		pattern_fail(&p, "the pattern is too long or has a NUL");
		return NULL;
	}
	p.at = arena_text(arena, pattern, len);
	if (!p.at) {
		pattern_fail(&p, "the pattern is too large");
		return NULL;
	}
	p.end = p.at + len;
	piece = parse_choice(&p);
	if (piece && p.at < p.end) {
		pattern_fail(&p, "a ')' has no '('");
		return NULL;
	}
	if (!piece && !error->text[0])
		pattern_fail(&p, "the pattern is too large");
	return piece;
}
