/* The interface of src/expr: static checks, paths, secrets, limits, scopes. What
 * expressions give is tests/expr/ and test_expr_cases.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsops/buf.h"
#include "fsops/expr.h"

static struct expr_error error;

static struct expr *compile(const char *text, const struct expr_names *names)
{
	return expr_compile(text, strlen(text), names, &error);
}

/* Names as an engine would have them: results.database has rows and count. */

static bool known(void *ctx, const char *name)
{
	(void)ctx;
	return strcmp(name, "results") == 0 || strcmp(name, "replicas") == 0 ||
	       strcmp(name, "list") == 0;
}

static int field(void *ctx, const char *const *path, size_t count)
{
	(void)ctx;
	if (strcmp(path[0], "results") != 0)
		return -1;
	if (count == 2)
		return strcmp(path[1], "database") == 0 ? 1 : strcmp(path[1], "free") == 0 ? -1 : 0;
	return strcmp(path[2], "rows") == 0 ? -1 : strcmp(path[2], "count") == 0;
}

static size_t list(void *ctx, const char *const *path, size_t count, const char **out, size_t max)
{
	static const char *const roots[] = {"results", "replicas", "list"};
	static const char *const fields[] = {"rows", "count"};

	(void)ctx;
	(void)path;
	assert_true(max >= 3);
	memcpy(out, count == 0 ? roots : fields, count == 0 ? sizeof(roots) : sizeof(fields));
	if (count == 1)
		out[0] = "database";
	return count == 0 ? 3 : 2;
}

static const struct expr_names names = {.known = known, .field = field, .list = list};

/* TEXT is wrong at OFFSET, and the error has WHY in it. */
static void wrong(const char *text, size_t offset, size_t length, const char *why)
{
	struct expr *expr = compile(text, &names);

	if (expr)
		fail_msg("%s: compiles", text);
	if (!strstr(error.text, why) || error.offset != offset || error.length != length)
		fail_msg("%s: @%zu+%zu %s", text, error.offset, error.length, error.text);
	assert_int_equal(error.kind, EXPR_ERROR_COMPILE);
}

static void right(const char *text)
{
	struct expr *expr = compile(text, &names);

	if (!expr)
		fail_msg("%s: @%zu %s", text, error.offset, error.text);
	expr_free(expr);
}

static void test_names(void **state)
{
	(void)state;
	right("replicas > 1");
	right("results.database.rows[0].id == 1");
	right("results['database'].count");
	right("[1].map(x, x + replicas)");
	right("[1].map(reslts, reslts)");
	right("list.map(x, x)");
	right("type(replicas) == int");
	right("type(replicas) == google.protobuf.Timestamp");
	right("math.least(replicas, 2)");
	right("replicas.anything.at.all");
	wrong("1 + replicsa", 4, 8, "no such variable: 'replicsa'; did you mean 'replicas'?");
	wrong("zzzzzz", 0, 6, "no such variable: 'zzzzzz'");
	wrong("[1].map(x, x) == y", 17, 1, "no such variable: 'y'");
	wrong("[1].map(x, .x)", 12, 1, "no such variable: 'x'");
	wrong("size + 1", 0, 4, "'size' is a function, not a variable");
	wrong("has(nope.x)", 4, 4, "no such variable: 'nope'");
}

static void test_fields(void **state)
{
	(void)state;
	right("results.free.whatever");
	right("results[replicas]");
	right("has(results.database.count)");
	right("results.database.rows.map(r, r.nothing)");
	wrong("results.databse.rows", 8, 7,
	    "'results' has no field 'databse'; did you mean 'database'?");
	wrong("1 + results.database.cuont", 21, 5,
	    "'database' has no field 'cuont'; did you mean 'count'?");
	wrong("results['x'].rows", 8, 3, "'results' has no field 'x'");
	wrong("has(results.database.nope)", 21, 4, "has no field 'nope'");
	wrong("true || results.database.nope", 25, 4, "has no field 'nope'");
	wrong("results.database.nope.more", 17, 4, "has no field 'nope'");
}

static void test_functions_checked(void **state)
{
	(void)state;
	wrong("'a'.startsWit('b')", 4, 9,
	    "no such function: startsWit(); did you mean 'startsWith'?");
	wrong("math.flor(1.0)", 5, 4, "did you mean 'math.floor'?");
	wrong("matches('a')", 0, 7, "matches()");
	wrong("1 +\n'a'.size(1)", 8, 4, "size() takes no arguments, not 1");
	wrong("'a'.matches('[')", 12, 3, "the pattern is wrong");
	wrong("duration('5x') > duration('1s')", 9, 4, "'5x' is no duration");
}

/* Paths, joined by '.', each ended by ' '. */
static void add_path(void *ctx, const char *const *parts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_addf(ctx, "%s%s", i ? "." : "", parts[i]);
	buf_addc(ctx, ' ');
}

static void paths(const char *text, const char *expected)
{
	struct expr *expr = compile(text, NULL);
	struct buf found;

	assert_non_null(expr);
	buf_init(&found, 10000);
	expr_each_path(expr, add_path, &found);
	assert_string_equal(found.data, expected);
	buf_release(&found);
	expr_free(expr);
}

static void test_paths(void **state)
{
	(void)state;
	paths("1 + 2", "");
	paths("a", "a ");
	paths("a.b.c", "a.b.c ");
	paths(".a.b", "a.b ");
	paths("results.database.rows[0].id + n", "results.database.rows n ");
	paths("results['database'].rows", "results.database.rows ");
	paths("a[b.c].d", "a b.c ");
	paths("has(a.b.c)", "a.b.c ");
	paths("a.b.filter(x, x.c == d.e).size() > 0", "a.b d.e ");
	paths("a.map(a, a.b)", "a ");
	paths("a.map(x, .x.y)", "a x.y ");
	paths("[a, {b: c}]", "a b c ");
	paths("math.least(a.b, 1)", "a.b ");
	paths("a.matches(b)", "a b ");
	paths("a ? b : c && d || !e", "a b c d e ");
	paths("a.b + a.b", "a.b a.b ");
}

static void test_secret(void **state)
{
	struct expr *secret = compile("[1].map(x, 'a' + random_base64(12))", NULL);
	struct expr *plain = compile("'random_base64'", NULL);

	(void)state;
	assert_true(expr_is_secret(secret));
	assert_false(expr_is_secret(plain));
	expr_free(secret);
	expr_free(plain);
}

static void test_function_table(void **state)
{
	size_t count;
	const struct expr_function *functions = expr_functions(&count);

	(void)state;
	assert_true(count > 90);
	for (size_t i = 0; i < count; i++) {
		assert_non_null(functions[i].help);
		assert_true(functions[i].global || functions[i].receiver);
		assert_true(
		    functions[i].max_args < 0 || functions[i].max_args >= functions[i].min_args);
		if (i)
			assert_true(strcmp(functions[i - 1].name, functions[i].name) < 0);
	}
}

/* OPEN count times, MIDDLE, and CLOSE as often. */
static struct expr *compile_nest(const char *open, const char *middle, const char *close, int count)
{
	struct buf text;
	struct expr *expr;

	buf_init(&text, 1024 * 1024);
	for (int i = 0; i < count; i++)
		buf_adds(&text, open);
	buf_adds(&text, middle);
	for (int i = 0; i < count; i++)
		buf_adds(&text, close);
	expr = expr_compile(text.data, text.len, NULL, &error);
	buf_release(&text);
	return expr;
}

static void test_depth(void **state)
{
	static const char *const nests[][3] = {
	    {"(", "1", ")"},
	    {"[", "1", "]"},
	    {"{1: ", "1", "}"},
	    {"!", "true", ""},
	    {"-", "x", ""},
	    {"- ", "1", ""},
	    {"true ? 1 : ", "1", ""},
	    {"true ? (", "1", ") : 2"},
	    {"", "x", ".y"},
	    {"", "x", "[0]"},
	    {"x[", "0", "]"},
	    {"size(", "x", ")"},
	    {"", "x", ".size()"},
	    {"1 + (", "1", ")"},
	    {"", "1", " + 1"},
	    {"", "1", " == 1"},
	    {"[1].map(x, ", "x", ")"},
	    {"", "x", ".map(x, x)"},
	    {"(", "", ""},
	    {"[", "", ""},
	    {"{", "", ""},
	    {"f(", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(nests) / sizeof(nests[0]); i++)
		for (int count = 1000; count <= 20000; count += 19000) {
			struct expr *expr =
			    compile_nest(nests[i][0], nests[i][1], nests[i][2], count);

			assert_null(expr);
			assert_int_equal(error.kind, EXPR_ERROR_LIMIT);
			assert_true(error.text[0] != '\0');
		}
	assert_non_null(
	    strstr(error.text, "EXPR_SOURCE_MAX") || strstr(error.text, "levels") ? "" : NULL);
}

/* COUNT times cel.bind(), each value with the one before it in 60 times OPEN and CLOSE. */
static struct expr *compile_binds(int count, const char *open, const char *close, const char *last)
{
	struct expr *expr;
	struct buf text;

	buf_init(&text, 1024 * 1024);
	for (int i = 0; i < count; i++) {
		buf_addf(&text, "cel.bind(x%d, ", i);
		for (int k = 0; k < 60; k++)
			buf_adds(&text, open);
		if (i)
			buf_addf(&text, "x%d", i - 1);
		else
			buf_addc(&text, '1');
		for (int k = 0; k < 60; k++)
			buf_adds(&text, close);
		buf_adds(&text, ", ");
	}
	buf_adds(&text, last);
	for (int i = 0; i < count; i++)
		buf_addc(&text, ')');
	expr = expr_compile(text.data, text.len, NULL, &error);
	buf_release(&text);
	if (!expr)
		fail_msg("%s", error.text);
	return expr;
}

static void test_binds_are_not_deep(void **state)
{
	static const struct {
		int count;
		const char *open, *close, *last, *why; /* NULL: it is true */
	} cases[] = {
	    {120, "[", "]", "x119 == x118", "(EXPR_BIND_DEPTH_MAX)"},
	    {120, "{1: ", "}", "x119 == x118", "(EXPR_BIND_DEPTH_MAX)"},
	    {120, "- ", "", "x119 == x118", "(EXPR_BIND_DEPTH_MAX)"},
	    {120, "- ", "", "x119 == x118 || true", "(EXPR_BIND_DEPTH_MAX)"},
	    {5, "[", "]", "x4 == x4", "(EXPR_VALUE_DEPTH_MAX)"},
	    {5, "{1: ", "}", "x4 == x4", "(EXPR_VALUE_DEPTH_MAX)"},
	    {5, "optional.of(", ")", "x4 == x4", "(EXPR_VALUE_DEPTH_MAX)"},
	    {5, "[", "]", "x3 == x3", NULL},
	    {5, "optional.of(", ")", "x3 == x3", NULL},
	    {30, "- ", "", "x29 == x29", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct expr *expr =
		    compile_binds(cases[i].count, cases[i].open, cases[i].close, cases[i].last);
		bool truth = false;
		int result = expr_eval_bool(expr, NULL, &truth, &error);

		expr_free(expr);
		if (!cases[i].why) {
			assert_true(result == 0 && truth);
			continue;
		}
		assert_int_equal(result, -1);
		assert_int_equal(error.kind, EXPR_ERROR_LIMIT);
		assert_non_null(strstr(error.text, cases[i].why));
	}
}

static void test_rows_are_not_deep(void **state)
{
	struct expr *expr = compile_nest("", "true", " && true", 5000);
	bool truth = false;

	(void)state;
	assert_non_null(expr);
	assert_int_equal(expr_eval_bool(expr, NULL, &truth, &error), 0);
	assert_true(truth);
	expr_free(expr);
}

static void test_too_long(void **state)
{
	struct expr *expr = compile_nest(" ", "1", " ", EXPR_SOURCE_MAX);

	(void)state;
	assert_null(expr);
	assert_int_equal(error.kind, EXPR_ERROR_LIMIT);
	assert_non_null(strstr(error.text, "EXPR_SOURCE_MAX"));
}

static void test_not_utf8(void **state)
{
	(void)state;
	assert_null(expr_compile("'\xff'", 3, NULL, &error));
	assert_int_equal(error.kind, EXPR_ERROR_COMPILE);
	assert_null(expr_compile("a\0b", 3, NULL, NULL));
}

struct asked {
	int times;
	json_t *value;
};

static int count_lookups(
    void *ctx, const char *name, struct expr_value *out, char *why, size_t size)
{
	struct asked *asked = ctx;

	(void)why;
	(void)size;
	asked->times++;
	if (strcmp(name, "x") != 0)
		return -1;
	*out = expr_value_own(json_incref(asked->value));
	return 0;
}

static void test_lookup_once(void **state)
{
	struct asked asked = {.value = json_pack("[i,i]", 1, 2)};
	struct expr_scope scope = {.lookup = count_lookups, .ctx = &asked};
	struct expr *expr = compile("x.map(i, x[0] + i + x.size())", NULL);
	json_t *value;

	(void)state;
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(expr_eval(expr, &scope, &value, &error), 0);
		assert_int_equal(asked.times, i);
		json_decref(value);
	}
	expr_free(expr);
	json_decref(asked.value);
}

/* Wrapped JSON comes back itself, also when it was given away. */
static void test_same_json(void **state)
{
	struct asked asked = {.value = json_pack("{s:{s:i}}", "a", "b", 1)};
	struct expr_scope scope = {.lookup = count_lookups, .ctx = &asked};
	struct expr *expr = compile("x.a", NULL);
	json_t *value;

	(void)state;
	assert_int_equal(expr_eval(expr, &scope, &value, &error), 0);
	assert_ptr_equal(value, json_object_get(asked.value, "a"));
	json_decref(value);
	expr_free(expr);
	json_decref(asked.value);
}

static void test_unknown_without_reason(void **state)
{
	struct asked asked = {0};
	struct expr_scope scope = {.lookup = count_lookups, .ctx = &asked};
	struct expr *expr = compile("1 + y", NULL);
	json_t *value;

	(void)state;
	assert_int_equal(expr_eval(expr, &scope, &value, &error), -1);
	assert_int_equal(error.kind, EXPR_ERROR_UNKNOWN);
	assert_string_equal(error.text, "the value of 'y' is not known");
	assert_int_equal(error.offset, 4);
	expr_free(expr);
}

static void test_not_a_bool(void **state)
{
	struct expr *expr = compile("'yes'", NULL);
	bool truth;

	(void)state;
	assert_int_equal(expr_eval_bool(expr, NULL, &truth, &error), -1);
	assert_int_equal(error.kind, EXPR_ERROR_EVAL);
	assert_string_equal(error.text, "the condition is string, not bool");
	assert_int_equal(expr_eval_bool(expr, NULL, &truth, NULL), -1);
	expr_free(expr);
}

static void test_moments(void **state)
{
	struct expr *stamp = compile("timestamp('2009-02-13T23:31:30.5Z')", NULL);
	struct expr *text = compile("'2009-02-13T23:31:30Z'", NULL);
	struct expr *span = compile("'1h'", NULL);
	int64_t seconds;
	int32_t nanos;

	(void)state;
	assert_int_equal(expr_eval_timestamp(stamp, NULL, &seconds, &nanos, &error), 0);
	assert_int_equal(seconds, 1234567890);
	assert_int_equal(nanos, 500000000);
	assert_int_equal(expr_eval_timestamp(text, NULL, &seconds, &nanos, &error), 0);
	assert_int_equal(seconds, 1234567890);
	assert_int_equal(expr_eval_duration(span, NULL, &seconds, &nanos, &error), 0);
	assert_int_equal(seconds, 3600);
	assert_int_equal(expr_eval_duration(stamp, NULL, &seconds, &nanos, &error), -1);
	assert_int_equal(expr_eval_timestamp(span, NULL, &seconds, &nanos, &error), -1);
	expr_free(stamp);
	expr_free(text);
	expr_free(span);
}

static int given_value(void *ctx, const char *name, struct expr_value *out, char *why, size_t size)
{
	(void)name;
	(void)why;
	(void)size;
	*out = *(const struct expr_value *)ctx;
	return 0;
}

/* VALUE as it comes out of an evaluation. */
static json_t *as_json(struct expr_value value)
{
	struct expr_scope scope = {.lookup = given_value, .ctx = &value};
	struct expr *expr = compile("x", NULL);
	json_t *out = NULL;

	assert_int_equal(expr_eval(expr, &scope, &out, &error), 0);
	expr_free(expr);
	return out;
}

static void test_clamped(void **state)
{
	json_t *late = as_json(expr_value_timestamp(INT64_MAX, 0));
	json_t *early = as_json(expr_value_timestamp(INT64_MIN, 0));
	json_t *wide = as_json(expr_value_duration(INT64_MAX, 5));
	json_t *null = as_json(expr_value_json(NULL));

	(void)state;
	assert_string_equal(json_string_value(late), "9999-12-31T23:59:59.999999999Z");
	assert_string_equal(json_string_value(early), "0001-01-01T00:00:00Z");
	assert_string_equal(json_string_value(wide), "9223372036s");
	assert_true(json_is_null(null));
	json_decref(late);
	json_decref(early);
	json_decref(wide);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_fields),
	    cmocka_unit_test(test_functions_checked),
	    cmocka_unit_test(test_paths),
	    cmocka_unit_test(test_secret),
	    cmocka_unit_test(test_function_table),
	    cmocka_unit_test(test_depth),
	    cmocka_unit_test(test_binds_are_not_deep),
	    cmocka_unit_test(test_rows_are_not_deep),
	    cmocka_unit_test(test_too_long),
	    cmocka_unit_test(test_not_utf8),
	    cmocka_unit_test(test_lookup_once),
	    cmocka_unit_test(test_same_json),
	    cmocka_unit_test(test_unknown_without_reason),
	    cmocka_unit_test(test_not_a_bool),
	    cmocka_unit_test(test_moments),
	    cmocka_unit_test(test_clamped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
