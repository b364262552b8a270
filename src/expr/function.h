/*
 * The functions that expressions can call, as tables of overloads.
 *
 * The form of an overload is its argument types, a letter each, with the
 * receiver's in front of a dot: "s.si" is string.name(string, int), "m" is
 * name(map). Letters:
 *
 *	n null     b bool      i int        u uint      d double   # any number
 *	s string   y bytes     l list       m map       * anything
 *	t timestamp            r duration   q quantity  T type
 *	o optional   p IP      c CIDR       h URL       f name format   v semver
 *	x a string that is a regular expression: a literal is compiled once
 *	! (first) a call with a literal argument is tried when the expression is
 *	  compiled, and its error is a mistake of the expression
 *	+ (last) the argument before it may be repeated
 */
#ifndef EXPR_FUNCTION_H
#define EXPR_FUNCTION_H

#include "calc.h"

/* ARGS has the receiver first. Fill *OUT and return 0, or fail by calc_fail(). */
typedef int function_fn(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out);

struct overload {
	const char *name; /* "size", "math.least" */
	const char *form;
	function_fn *run;
	const char *help; /* one line, in the first overload of a name; NULL in the others */
};

/* One table per file of lib/; each ends with a row without a name. */
extern const struct overload lib_base[];
extern const struct overload lib_convert[];
extern const struct overload lib_text[];
extern const struct overload lib_edit[];
extern const struct overload lib_format[];
extern const struct overload lib_regex[];
extern const struct overload lib_list[];
extern const struct overload lib_sets[];
extern const struct overload lib_math[];
extern const struct overload lib_bits[];
extern const struct overload lib_time[];
extern const struct overload lib_encode[];
extern const struct overload lib_quantity[];
extern const struct overload lib_optional[];
extern const struct overload lib_network[];
extern const struct overload lib_url[];
extern const struct overload lib_names[];
extern const struct overload lib_semver[];
extern const struct overload lib_ready[];
extern const struct overload lib_releases[];
extern const struct overload lib_managers[];

/* More overloads of one name, form and count there are not. */
#define OVERLOADS_MAX 24

/* The overloads of NAME for that form and number of arguments (the receiver is one). */
size_t function_find(const char *name, bool receiver, size_t count, const struct overload **out);

/* What is known of NAME, a macro or function, or NULL. */
const struct expr_function *function_named(const char *name);

/* Whether a function's name begins with NAME and a dot. */
bool function_is_namespace(const char *name);

/* Add "; did you mean" for a name that is near to NAME. */
void function_suggest(struct expr_error *error, const char *name, bool receiver);

/* Which argument is a regular expression; COUNT when none is. */
size_t function_pattern(const struct overload *overload, size_t count);

/* The value of a call with these arguments: by the overload that takes their types. */
int function_call(struct calc *calc, const struct node *node, const struct expr_value *args,
    struct expr_value *out);

#endif
