/*
 * The grammar of langdef.md by recursive descent; operators by precedence climbing.
 *
 * Invariant: `levels` counts the open nestings, so that the parser's own stack
 * stays small whatever the text is; what it builds is bounded by ast.c.
 */
#include "parse.h"

#include <string.h>

#include "expr/utf8.h"
#include "fsops/mem.h"
#include "fsops/text.h"
#include "lex.h"

struct parser {
	struct build *build;
	struct lexer lexer;
	struct token token; /* the next one, not consumed */
	int levels;
};

static struct node *parse_expr(struct parser *p);

static int advance(struct parser *p)
{
	return lex_next(&p->lexer, &p->token);
}

/* Consume the next token if it is KIND. 1 yes, 0 no, -1 what follows is no token. */
static int accept(struct parser *p, enum token_kind kind)
{
	if (p->token.kind != kind)
		return 0;
	return advance(p) < 0 ? -1 : 1;
}

static struct node *fail(struct parser *p, struct place place, const char *why)
{
	expr_error_set(p->build->error, EXPR_ERROR_COMPILE, place, "%s", why);
	return NULL;
}

/* The next token is not what the grammar wants. */
static struct node *unexpected(struct parser *p, const char *wanted)
{
	struct place place = p->token.place;

	if (p->token.kind == TOKEN_END)
		expr_error_set(p->build->error, EXPR_ERROR_COMPILE, place,
		    "the expression ends where %s should be", wanted);
	else
		expr_error_set(p->build->error, EXPR_ERROR_COMPILE, place,
		    "unexpected '%.*s', %s should be here",
		    place.length > 40 ? 40 : (int)place.length, p->lexer.text + place.offset,
		    wanted);
	return NULL;
}

static int expect(struct parser *p, enum token_kind kind, const char *wanted)
{
	if (p->token.kind != kind) {
		unexpected(p, wanted);
		return -1;
	}
	return advance(p);
}

static struct node *literal(struct parser *p, struct place place, struct expr_value value)
{
	struct node *node = node_new(p->build, NODE_LITERAL, place, 0);

	if (node)
		node->value = value;
	return node;
}

/* What is left out when it is an optional without a value. */
static struct node *maybe(struct parser *p, struct place place, struct node *value)
{
	return node_make(p->build, NODE_MAYBE, place, 1, &value);
}

/* An item of a list: `e`, or `?e`. */
static struct node *parse_item(struct parser *p)
{
	struct place place = p->token.place;
	int optional = accept(p, TOKEN_QUESTION);

	if (optional < 0)
		return NULL;
	return optional ? maybe(p, place, parse_expr(p)) : parse_expr(p);
}

/* Expressions up to CLOSE, which is consumed; where TRAILING, a comma may end them and a
 * question mark may stand before each. */
static int parse_list(
    struct parser *p, enum token_kind close, const char *wanted, bool trailing, struct nodes *out)
{
	int more;

	while (p->token.kind != close) {
		if (nodes_add(out, trailing ? parse_item(p) : parse_expr(p)) < 0)
			return -1;
		more = accept(p, TOKEN_COMMA);
		if (more < 0)
			return -1;
		if (more == 0)
			break;
		if (p->token.kind == close && !trailing) {
			unexpected(p, "another argument");
			return -1;
		}
	}
	return expect(p, close, wanted);
}

/* A call of NAME; the opening parenthesis is the next token. TARGET may be NULL. */
static struct node *parse_call(struct parser *p, struct token *name, struct node *target)
{
	struct nodes args = {0};
	struct node *node = NULL;

	if (target && nodes_add(&args, target) < 0)
		goto out;
	if (advance(p) < 0 || parse_list(p, TOKEN_CLOSE, "',' or ')'", false, &args) < 0)
		goto out;
	node = node_make(p->build, NODE_CALL, name->place, args.count, args.items);
	if (!node)
		goto out;
	node->name = name->value.as.text.data;
	node->name_len = name->value.as.text.len;
	node->receiver = target != NULL;
	node = macro_expand(p->build, node);
out:
	nodes_release(&args);
	return node;
}

static struct node *parse_list_literal(struct parser *p)
{
	struct place place = p->token.place;
	struct nodes items = {0};
	struct node *node = NULL;

	if (advance(p) == 0 && parse_list(p, TOKEN_CLOSE_LIST, "',' or ']'", true, &items) == 0)
		node = node_make(p->build, NODE_LIST, place, items.count, items.items);
	nodes_release(&items);
	return node;
}

/* `k: v` or `?k: v`. */
static int parse_entry(struct parser *p, struct nodes *out)
{
	struct place place = p->token.place;
	int optional = accept(p, TOKEN_QUESTION);
	struct node *value;

	if (optional < 0 || nodes_add(out, parse_expr(p)) < 0 || expect(p, TOKEN_COLON, "':'") < 0)
		return -1;
	value = parse_expr(p);
	return nodes_add(out, optional ? maybe(p, place, value) : value);
}

static int parse_entries(struct parser *p, struct nodes *out)
{
	while (p->token.kind != TOKEN_CLOSE_MAP) {
		int more;

		if (parse_entry(p, out) < 0)
			return -1;
		more = accept(p, TOKEN_COMMA);
		if (more < 0)
			return -1;
		if (more == 0)
			break;
	}
	return expect(p, TOKEN_CLOSE_MAP, "',' or '}'");
}

static struct node *parse_map_literal(struct parser *p)
{
	struct place place = p->token.place;
	struct nodes entries = {0};
	struct node *node = NULL;

	if (advance(p) == 0 && parse_entries(p, &entries) == 0)
		node = node_make(p->build, NODE_MAP, place, entries.count, entries.items);
	nodes_release(&entries);
	return node;
}

static struct node *parse_group(struct parser *p)
{
	struct node *node;

	if (advance(p) < 0)
		return NULL;
	node = parse_expr(p);
	if (!node || expect(p, TOKEN_CLOSE, "')'") < 0)
		return NULL;
	return node;
}

/* true, false and null, which look like names. */
static bool word_value(const char *name, struct expr_value *out)
{
	if (text_same(name, "true") || text_same(name, "false"))
		*out = cel_bool(name[0] == 't');
	else if (text_same(name, "null"))
		*out = cel_null();
	else
		return false;
	return true;
}

static struct node *reserved_word(struct parser *p, const struct token *name)
{
	expr_error_set(p->build->error, EXPR_ERROR_COMPILE, name->place, "'%s' is a reserved word",
	    name->value.as.text.data);
	return NULL;
}

static struct node *parse_name(struct parser *p, bool absolute)
{
	struct token name = p->token;
	struct expr_value value;
	struct node *node;

	if (advance(p) < 0)
		return NULL;
	if (!absolute && word_value(name.value.as.text.data, &value))
		return literal(p, name.place, value);
	if (lex_is_reserved(name.value.as.text.data))
		return reserved_word(p, &name);
	if (p->token.kind == TOKEN_OPEN)
		return parse_call(p, &name, NULL);
	node = node_new(p->build, NODE_NAME, name.place, 0);
	if (!node)
		return NULL;
	node->name = name.value.as.text.data;
	node->name_len = name.value.as.text.len;
	node->absolute = absolute;
	return node;
}

static struct node *parse_absolute(struct parser *p)
{
	if (advance(p) < 0)
		return NULL;
	if (p->token.kind != TOKEN_NAME)
		return unexpected(p, "a name");
	return parse_name(p, true);
}

/* A number as it stands; the sign of an int is parse_unary's. */
static struct node *parse_number(struct parser *p, bool negative)
{
	struct token number = p->token;
	uint64_t limit = (uint64_t)INT64_MAX + negative;

	if (advance(p) < 0)
		return NULL;
	if (number.value.type == VALUE_DOUBLE)
		return literal(p, number.place,
		    cel_double(negative ? -number.value.as.real : number.value.as.real));
	if (!number.is_int)
		return literal(p, number.place, number.value);
	if (number.value.as.natural > limit)
		return fail(
		    p, number.place, "the number is over 64 bits; an unsigned one ends in 'u'");
	return literal(p, number.place,
	    cel_int(negative ? (int64_t)(0 - number.value.as.natural)
	                     : (int64_t)number.value.as.natural));
}

static struct node *parse_text(struct parser *p)
{
	struct token text = p->token;

	return advance(p) < 0 ? NULL : literal(p, text.place, text.value);
}

static struct node *parse_primary(struct parser *p)
{
	switch (p->token.kind) {
	case TOKEN_NUMBER:
		return parse_number(p, false);
	case TOKEN_TEXT:
		return parse_text(p);
	case TOKEN_NAME:
		return parse_name(p, false);
	case TOKEN_DOT:
		return parse_absolute(p);
	case TOKEN_OPEN:
		return parse_group(p);
	case TOKEN_OPEN_LIST:
		return parse_list_literal(p);
	case TOKEN_OPEN_MAP:
		return parse_map_literal(p);
	default:
		return unexpected(p, "a value");
	}
}

/* ".name", ".?name" or ".name(…)" after TARGET; the dot is the next token. */
static struct node *parse_select(struct parser *p, struct node *target)
{
	struct token name;
	struct node *node;
	int optional;

	if (advance(p) < 0 || (optional = accept(p, TOKEN_QUESTION)) < 0)
		return NULL;
	name = p->token;
	if (name.kind != TOKEN_NAME && name.kind != TOKEN_QUOTED)
		return unexpected(p, "a name");
	if (name.kind == TOKEN_NAME && lex_is_keyword(name.value.as.text.data))
		return reserved_word(p, &name);
	if (advance(p) < 0)
		return NULL;
	if (p->token.kind == TOKEN_OPEN && name.kind == TOKEN_NAME && !optional)
		return parse_call(p, &name, target);
	node =
	    node_make(p->build, optional ? NODE_MAY_SELECT : NODE_SELECT, name.place, 1, &target);
	if (node) {
		node->name = name.value.as.text.data;
		node->name_len = name.value.as.text.len;
	}
	return node;
}

static struct node *parse_index(struct parser *p, struct node *target)
{
	struct place place = p->token.place;
	struct node *kids[2] = {target, NULL};
	int optional;

	if (advance(p) < 0 || (optional = accept(p, TOKEN_QUESTION)) < 0)
		return NULL;
	kids[1] = parse_expr(p);
	if (!kids[1])
		return NULL;
	place.length = p->token.place.offset + 1 - place.offset;
	if (expect(p, TOKEN_CLOSE_LIST, "']'") < 0)
		return NULL;
	return node_make(p->build, optional ? NODE_MAY_INDEX : NODE_INDEX, place, 2, kids);
}

static struct node *parse_members(struct parser *p, struct node *node)
{
	while (node) {
		if (p->token.kind == TOKEN_DOT)
			node = parse_select(p, node);
		else if (p->token.kind == TOKEN_OPEN_LIST)
			node = parse_index(p, node);
		else if (p->token.kind == TOKEN_OPEN_MAP &&
		         (node->kind == NODE_NAME || node->kind == NODE_SELECT))
			return fail(p, p->token.place,
			    "there are no message types here; a map is written {'name': value}");
		else
			return node;
	}
	return NULL;
}

static struct node *too_deep(struct parser *p)
{
	expr_error_set(p->build->error, EXPR_ERROR_LIMIT, p->token.place,
	    "the expression is nested more than %d levels deep", EXPR_DEPTH_MAX);
	return NULL;
}

static bool is_signed_number(const struct token *token)
{
	return token->kind == TOKEN_NUMBER && (token->is_int || token->value.type == VALUE_DOUBLE);
}

static struct node *parse_unary(struct parser *p)
{
	enum node_kind kind = p->token.kind == TOKEN_NOT ? NODE_NOT : NODE_NEGATE;
	struct place place = p->token.place;
	struct node *node;

	if (p->token.kind != TOKEN_NOT && p->token.kind != TOKEN_MINUS)
		return parse_members(p, parse_primary(p));
	if (p->levels >= EXPR_DEPTH_MAX)
		return too_deep(p);
	if (advance(p) < 0)
		return NULL;
	if (kind == NODE_NEGATE && is_signed_number(&p->token))
		return parse_members(p, parse_number(p, true));
	p->levels++;
	node = parse_unary(p);
	p->levels--;
	return node_make(p->build, kind, place, 1, &node);
}

struct binary {
	enum token_kind token;
	int level; /* higher binds tighter */
	enum node_kind kind;
	enum op op;
};

static const struct binary binaries[] = {
    {TOKEN_OR, 1, NODE_OR, OPS},
    {TOKEN_AND, 2, NODE_AND, OPS},
    {TOKEN_LESS, 3, NODE_BINARY, OP_LESS},
    {TOKEN_LESS_EQUAL, 3, NODE_BINARY, OP_LESS_EQUAL},
    {TOKEN_MORE, 3, NODE_BINARY, OP_MORE},
    {TOKEN_MORE_EQUAL, 3, NODE_BINARY, OP_MORE_EQUAL},
    {TOKEN_EQUAL, 3, NODE_BINARY, OP_EQUAL},
    {TOKEN_UNEQUAL, 3, NODE_BINARY, OP_UNEQUAL},
    {TOKEN_NAME, 3, NODE_BINARY, OP_IN},
    {TOKEN_PLUS, 4, NODE_BINARY, OP_ADD},
    {TOKEN_MINUS, 4, NODE_BINARY, OP_SUBTRACT},
    {TOKEN_TIMES, 5, NODE_BINARY, OP_MULTIPLY},
    {TOKEN_DIVIDE, 5, NODE_BINARY, OP_DIVIDE},
    {TOKEN_REMAINDER, 5, NODE_BINARY, OP_REMAINDER},
};

static const struct binary *next_binary(const struct parser *p)
{
	for (size_t i = 0; i < COUNT_OF(binaries); i++) {
		if (binaries[i].token != p->token.kind)
			continue;
		if (p->token.kind != TOKEN_NAME || strcmp(p->token.value.as.text.data, "in") == 0)
			return &binaries[i];
	}
	return NULL;
}

static struct node *parse_binary(struct parser *p, int level);

/* a && b && c is one node with three kids, so that a long row is not deep. */
static struct node *parse_row(struct parser *p, struct node *first, const struct binary *binary)
{
	enum token_kind token = p->token.kind;
	struct place place = p->token.place;
	struct nodes kids = {0};
	struct node *node = NULL;
	int more;

	nodes_add(&kids, first);
	while ((more = accept(p, token)) > 0)
		if (nodes_add(&kids, parse_binary(p, binary->level + 1)) < 0)
			goto out;
	if (more == 0)
		node = node_make(p->build, binary->kind, place, kids.count, kids.items);
out:
	nodes_release(&kids);
	return node;
}

static struct node *parse_pair(struct parser *p, struct node *left, const struct binary *binary)
{
	struct place place = p->token.place;
	struct node *kids[2] = {left, NULL};
	struct node *node;

	if (advance(p) < 0)
		return NULL;
	kids[1] = parse_binary(p, binary->level + 1);
	node = node_make(p->build, NODE_BINARY, place, 2, kids);
	if (node)
		node->op = binary->op;
	return node;
}

static struct node *parse_binary(struct parser *p, int level)
{
	struct node *node = parse_unary(p);
	const struct binary *binary;

	while (node && (binary = next_binary(p)) && binary->level >= level)
		node = binary->kind == NODE_BINARY ? parse_pair(p, node, binary)
		                                   : parse_row(p, node, binary);
	return node;
}

static struct node *parse_choice(struct parser *p)
{
	struct node *kids[3] = {parse_binary(p, 1), NULL, NULL};
	struct place place = p->token.place;
	int more;

	if (!kids[0])
		return NULL;
	more = accept(p, TOKEN_QUESTION);
	if (more <= 0)
		return more < 0 ? NULL : kids[0];
	kids[1] = parse_binary(p, 1);
	if (!kids[1] || expect(p, TOKEN_COLON, "':'") < 0)
		return NULL;
	kids[2] = parse_expr(p);
	return node_make(p->build, NODE_CHOICE, place, 3, kids);
}

static struct node *parse_expr(struct parser *p)
{
	struct node *node = NULL;

	if (p->levels >= EXPR_DEPTH_MAX)
		return too_deep(p);
	p->levels++;
	node = parse_choice(p);
	p->levels--;
	return node;
}

struct node *expr_parse(struct build *build, const char *text, size_t len)
{
	struct parser p = {
	    .build = build,
	    .lexer = {.text = text,
	        .len = len,
	        .arena = &build->expr->arena,
	        .error = build->error},
	};
	struct node *node;

	if (!utf8_valid(text, len))
		return fail(&p, (struct place){0, len}, "the expression is not UTF-8");
	if (advance(&p) < 0)
		return NULL;
	node = parse_expr(&p);
	if (node && p.token.kind != TOKEN_END)
		return unexpected(&p, "an operator or the end");
	return node;
}
