/*
 * The Common Expression Language (CEL) on JSON values.
 *
 * The language is what cel-spec doc/langdef.md says, without protobuf messages:
 * a JSON object is a map, a JSON integer an int, a JSON real a double. Names are
 * the caller's: this library knows nothing of what they mean.
 *
 *	struct expr_error error;
 *	struct expr *expr = expr_compile(text, strlen(text), &names, &error);
 *	json_t *value;
 *	if (!expr)
 *		return …;                    // error.offset says where, error.text what
 *	if (expr_eval(expr, &scope, &value, &error) == 0)
 *		json_decref(value);
 *	expr_free(expr);
 *
 * A compiled expression does not change: it can be evaluated any number of times,
 * with other scopes too. An evaluation has no side effects, cannot run for ever
 * and cannot use memory without bound: the ceilings below are errors of the kind
 * EXPR_ERROR_LIMIT, which no `||` and no `&&` hides.
 */
#ifndef FSOPS_EXPR_H
#define FSOPS_EXPR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef EXPR_STEPS_MAX
#define EXPR_STEPS_MAX 1000000 /* work in one evaluation; a node visited is one step */
#endif
#define EXPR_SOURCE_MAX      (64 * 1024)       /* bytes in one expression */
#define EXPR_DEPTH_MAX       200               /* levels of nesting in one expression */
#define EXPR_TEXT_MAX        (8 * 1024 * 1024) /* bytes in a string or bytes that an expression makes */
#define EXPR_LIST_MAX        200000            /* items in a list that an expression makes */
#define EXPR_MEMORY_MAX      (64 * 1024 * 1024) /* bytes that one evaluation may hold */
#define EXPR_VALUE_DEPTH_MAX 256  /* levels of lists and maps in a value, as JSON too */
#define EXPR_BIND_DEPTH_MAX  2000 /* levels of values of cel.bind() that need each other */
#define EXPR_NAMES_MAX       64   /* candidates asked for when a name is not known */

#define EXPR_ERROR_TEXT_MAX 512

enum expr_error_kind {
	EXPR_ERROR_NONE,
	EXPR_ERROR_COMPILE, /* the expression is wrong, whatever the values */
	EXPR_ERROR_EVAL,    /* the values do not fit: no such key, division by zero … */
	EXPR_ERROR_LIMIT,   /* a ceiling above was reached, when compiling or evaluating */
	EXPR_ERROR_UNKNOWN, /* the scope could not say what a name is; the text is the scope's `why` */
};

/* Where and why. The place is in bytes of the source text; length is at least 1
 * unless the place is the end of the text. The text is one sentence without a
 * full stop, and may end in "; did you mean 'x'?". */
struct expr_error {
	size_t offset;
	size_t length;
	enum expr_error_kind kind;
	char text[EXPR_ERROR_TEXT_MAX];
};

/*
 * A CEL value, small enough to be passed by value. Make one with the functions
 * below; the fields are this library's own.
 */
struct expr_value {
	uint8_t type;        /* enum value_type */
	uint8_t json : 1;    /* a list or map that is a jansson one: as.json */
	uint8_t owned : 1;   /* as.json is given away to whom the value is given */
	uint8_t written : 1; /* see expr_value_written() */
	uint8_t secret : 1;  /* a text that a secret went into */
	uint8_t literal : 1; /* it stands in the expression */
	uint16_t depth;      /* levels of a list, map or optional that an expression made */
	int32_t nanos;       /* of a timestamp or duration */
	union {
		bool truth;
		int64_t number; /* int; seconds of a timestamp or duration */
		uint64_t natural;
		double real;
		struct {
			const char *data;
			size_t len;
		} text;
		json_t *json;
		const struct value_list *list;
		const struct value_map *map;
		const struct quantity *quantity;
		const struct expr_value *inner;
		const struct network *network;
		const struct url *url;
		const struct name_format *format;
		const struct semver *semver;
		const struct node *later;
	} as;
};

/* Wrap JSON without copying. The JSON is borrowed: it must live, unchanged, until
 * the evaluation ends. NULL is CEL's null. */
struct expr_value expr_value_json(json_t *borrowed);

/* The same for what a person wrote as a variable: each text in it stays a string, and is taken for
 * the number or the truth that it is (plain.h) where a string has no use: `x > 3`, `x + 1`,
 * `x == 3`, `int(x)`, `x ? …`. */
struct expr_value expr_value_written(json_t *borrowed);

/* The same as expr_value_json(), but the reference is given away: for a `lookup` that makes the JSON
 * only now. The evaluation drops it. */
struct expr_value expr_value_own(json_t *owned);

/* Outside the years 0001 to 9999, or ±9223372036 seconds (292 years) for a duration, the
 * value is clamped. NANOS is 0..999999999 (a duration may have a negative one,
 * of the same sign as its seconds). */
struct expr_value expr_value_timestamp(int64_t seconds, int32_t nanos);
struct expr_value expr_value_duration(int64_t seconds, int32_t nanos);

struct expr_text {
	const char *data;
	size_t len;
	bool secret;  /* a secret went into it, as is known from how it was made */
	bool literal; /* it stands in the expression: not cut out of anything */
};

/* Where names come from at evaluation; a name that was found is not asked for again. */
struct expr_scope {
	/* Fill *OUT and return 0. Or return -1: the name's value is not known, and
	 * WHY (of WHY_SIZE bytes, "" when untouched) says the reason in one sentence:
	 * a dry run, a step that did not run. MUST NOT evaluate with this scope. */
	int (*lookup)(
	    void *ctx, const char *name, struct expr_value *out, char *why, size_t why_size);
	void *ctx;

	/* MAY. The steps that are left for this evaluation and those after it, which is what bounds the work of several
	 * that nothing comes between; never more than EXPR_STEPS_MAX for one. NULL: it is on its own. */
	size_t *steps_left;

	/* MAY, all three or none. Whether a secret can be seen in TEXT. */
	bool (*holds)(void *ctx, const struct expr_text *text);
	/* A function or operator made the text MADE from the COUNT texts of FROM: whether a
	 * secret went into it in a way that can no longer be seen by looking at it. */
	bool (*derived)(
	    void *ctx, const struct expr_text *from, size_t count, const struct expr_text *made);
	/* TEXT is a secret from now on; -1: it cannot be kept. */
	int (*keep)(void *ctx, const struct expr_text *text);
};

/* What may be named, for static checks. */
struct expr_names {
	/* MUST: whether a variable NAME exists. One that is called like a type (`list`)
	 * hides the type; without `expr_names` the scope is asked first. */
	bool (*known)(void *ctx, const char *name);

	/* MAY (NULL): whether PATH, e.g. {"results", "database", "rows"}, exists:
	 * 1 yes, 0 no, -1 cannot be said (nothing below it is asked about either).
	 * Asked for each prefix of two or more parts, shortest first. */
	int (*field)(void *ctx, const char *const *path, size_t count);

	/* MAY (NULL): the names below PATH (COUNT 0: the variables), at most MAX of
	 * them into OUT, borrowed until the next call; returns how many. For
	 * "did you mean". */
	size_t (*list)(
	    void *ctx, const char *const *path, size_t count, const char **out, size_t max);

	/* MAY (NULL): when PATH is a map, the field of it that is meant where somebody
	 * compares or counts with the map itself ("value"); else NULL. */
	const char *(*meant)(void *ctx, const char *const *path, size_t count);

	/* MAY (NULL): what somebody who names an unknown variable can do. */
	const char *advice;

	void *ctx;
};

struct expr; /* compiled */

/*
 * Compile LEN bytes of TEXT. The text is copied. NAMES is used only during the
 * call; NULL means that names are not checked. Returns what expr_free() takes, or
 * NULL with ERROR filled: the first mistake found, and its place.
 */
struct expr *expr_compile(
    const char *text, size_t len, const struct expr_names *names, struct expr_error *error);

/* NULL is allowed. */
void expr_free(struct expr *expr);

/*
 * Evaluate. SCOPE may be NULL when nothing is named. *OUT gets a new reference, the value as JSON:
 * timestamps as RFC 3339 strings in UTC, durations as CEL strings ("90s"), bytes as base64, int and uint
 * as integers (an uint over INT64_MAX as a decimal string), NaN and infinities as "NaN", "Infinity",
 * "-Infinity", types as their names, quantities as Kubernetes writes them; map keys that are not strings
 * become what string() makes of them. Wrapped JSON comes back as it is, not copied. Becoming JSON is part
 * of the evaluation and of its ceilings: a value that is long or deep as JSON is an EXPR_ERROR_LIMIT,
 * however little it took to write it down. Returns 0, or -1 with ERROR filled.
 */
int expr_eval(const struct expr *expr, const struct expr_scope *scope, json_t **out,
    struct expr_error *error);

/* The same for a condition: a value that is not a bool is an error that says what it was. */
int expr_eval_bool(
    const struct expr *expr, const struct expr_scope *scope, bool *out, struct expr_error *error);

/* The same for a point in time: a timestamp, or a string in RFC 3339. */
int expr_eval_timestamp(const struct expr *expr, const struct expr_scope *scope, int64_t *seconds,
    int32_t *nanos, struct expr_error *error);

/* The same for a span: a duration, or a string that duration() takes. */
int expr_eval_duration(const struct expr *expr, const struct expr_scope *scope, int64_t *seconds,
    int32_t *nanos, struct expr_error *error);

typedef void expr_path_fn(void *ctx, const char *const *parts, size_t count);

/*
 * Call FN for every path that starts at a variable, as long as it is written:
 * `results.database.rows[0].id + n` gives {results, database, rows} and {n};
 * an index by a string literal continues the path like a field. A variable that a
 * macro binds is none, `has(a.b)` gives {a, b}. The parts are borrowed for the
 * call. The same path may come more than once.
 */
void expr_each_path(const struct expr *expr, expr_path_fn *fn, void *ctx);

/* The same for the lists whose being empty makes a part of the expression true: `x.all(…)`, `!x.exists(…)`,
 * `x.size() == 0`. Not those that it also demands to have items (`x.size() > 0`). */
void expr_each_vacuous(const struct expr *expr, expr_path_fn *fn, void *ctx);

/* Whether the value must be masked wherever it is shown: it calls random_base64(). */
bool expr_is_secret(const struct expr *expr);

/* A function or macro that expressions may call. */
struct expr_function {
	const char *name; /* "size", "math.least" */
	bool global;      /* called as name(…) */
	bool receiver;    /* called as value.name(…); the counts are without the receiver */
	int min_args;
	int max_args;     /* -1: any number */
	const char *help; /* one line */
};

/* Every function and macro, by name; the table lives as long as the program. */
const struct expr_function *expr_functions(size_t *count);

#endif
