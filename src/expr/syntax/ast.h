/*
 * A compiled expression: a tree of nodes, all in one arena.
 *
 * The parser makes NODE_NAME, NODE_CALL and NODE_MACRO; check.c turns every name
 * into a type, a bound variable (NODE_SLOT) or a variable of the caller
 * (NODE_ROOT), and gives each call its overloads. After that nothing changes.
 */
#ifndef EXPR_AST_H
#define EXPR_AST_H

#include "expr/error.h"
#include "expr/value.h"

enum node_kind {
	NODE_LITERAL,    /* value */
	NODE_NAME,       /* name, absolute; none after check.c */
	NODE_ROOT,       /* index: which of expr->roots; value: the type of that name, or null */
	NODE_SLOT,       /* index: which bound variable */
	NODE_SELECT,     /* kids[0].name */
	NODE_HAS,        /* has(kids[0].name) */
	NODE_INDEX,      /* kids[0][kids[1]] */
	NODE_MAY_SELECT, /* kids[0].?name, an optional */
	NODE_MAY_INDEX,  /* kids[0][?kids[1]], an optional */
	NODE_LIST,       /* [kids…] */
	NODE_MAP,        /* {kids[0]: kids[1], …} */
	NODE_MAYBE,      /* the value kids[0] of an item `?e` or an entry `?k: e` */
	NODE_NOT,
	NODE_NEGATE,
	NODE_BINARY, /* op */
	NODE_AND,    /* kids[0] && kids[1] && … */
	NODE_OR,
	NODE_CHOICE, /* kids[0] ? kids[1] : kids[2] */
	NODE_CALL,   /* name(kids…), or with `receiver` kids[0].name(kids[1]…) */
	NODE_MACRO,  /* macro of kids[0]; the other kids with the slots from `index` on bound */
	NODE_KINDS   /* how many */
};

enum op {
	OP_EQUAL,
	OP_UNEQUAL,
	OP_LESS,
	OP_LESS_EQUAL,
	OP_MORE,
	OP_MORE_EQUAL,
	OP_IN,
	OP_ADD,
	OP_SUBTRACT,
	OP_MULTIPLY,
	OP_DIVIDE,
	OP_REMAINDER,
	OPS
};

#define MACRO_VARS_MAX 2 /* variables that one macro binds */

struct overload;
struct macro;
struct regex;

struct node {
	enum node_kind kind;
	enum op op;
	struct place place; /* what an error is blamed on: a name, an operator, a literal */
	size_t depth;       /* 1 for a leaf */
	struct node **kids;
	size_t count;
	size_t index;
	const char *name; /* of a field, function, or macro */
	size_t name_len;
	const char *vars[MACRO_VARS_MAX]; /* that a macro binds */
	bool absolute;                    /* .name: never a bound variable */
	bool receiver;
	struct expr_value value;
	const struct macro *macro;
	const struct overload *const
	    *overloads; /* of a call, those with its name, form and count */
	size_t overload_count;
	const struct regex *regex; /* of a call whose pattern is a literal, compiled */
};

struct expr {
	size_t len; /* of the source */
	struct node *top;
	const char **roots; /* the variables it names, each once */
	size_t root_count;
	size_t root_room;
	size_t slots; /* bound variables at the same time */
	bool secret;
	struct arena arena; /* the last: it begins as it is, all before it as zero */
};

/* The ceiling for a compiled expression; far over what EXPR_SOURCE_MAX bytes can need. */
#define AST_MEMORY_MAX (32 * 1024 * 1024)

/* What builds: the expression being built and where errors go. */
struct build {
	struct expr *expr;
	struct expr_error *error;
};

/* A node with room for COUNT kids (to be filled in by node_adopt); NULL when too large. */
struct node *node_new(struct build *build, enum node_kind kind, struct place place, size_t count);

/* Give NODE its kids and so its depth; NULL when they are NULL or nested too deep. */
struct node *node_adopt(struct build *build, struct node *node, struct node *const *kids);

/* node_new and node_adopt in one. */
struct node *node_make(struct build *build, enum node_kind kind, struct place place, size_t count,
    struct node *const *kids);

/* A growing list of nodes while it is not known how many there are; malloc'ed. */
struct nodes {
	struct node **items;
	size_t count;
};

/* Always 0, or -1 when NODE is NULL. */
int nodes_add(struct nodes *nodes, struct node *node);
void nodes_release(struct nodes *nodes);

/* The static path of a chain of selects (and indexes by string literals) down to a
 * NODE_ROOT or NODE_NAME, outermost last; returns how many parts, 0 when it is no such
 * chain or longer than MAX. PLACES (NULL allowed) gets where each part is written. */
size_t node_path(const struct expr *expr, const struct node *node, const char **parts,
    struct place *places, size_t max);

#endif
