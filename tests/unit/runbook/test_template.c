/* Templates: the pieces of a text, in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/template.h"

static int literal(void *ctx, const char *text, size_t len)
{
	return buf_addf(ctx, "[%.*s]", (int)len, text);
}

static int hole(void *ctx, const char *text, size_t len)
{
	return buf_addf(ctx, "<%.*s>", (int)len, text);
}

static const struct {
	const char *text;
	const char *pieces;
	bool open;
	bool single;
	bool any;
} cases[] = {
    {"", "", false, false, false},
    {"plain $x $ {y}", "[plain $x $ {y}]", false, false, false},
    {"${a}", "<a>", false, true, true},
    {"${}", "<>", false, true, true},
    {"x ${a}${b} y", "[x ]<a><b>[ y]", false, false, true},
    {"${a}${b}", "<a><b>", false, false, true},
    {"${ {'a': \"}\"}['a'] }", "< {'a': \"}\"}['a'] >", false, true, true},
    {"$${a}", "[${][a}]", false, false, true},
    {"$$${a}", "[$][${][a}]", false, false, true},
    {"a$${b} ${c}", "[a][${][b} ]<c>", false, false, true},
    {"x ${a", "[x ]", true, false, true},
    {"${'}", "", true, false, true},
    {"${a} ${", "<a>[ ]", true, false, true},
    {"$", "[$]", false, false, false},
    {"$$", "[$$]", false, false, false},
};

static void texts_are_cut_into_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buf out;
		int result;

		buf_init(&out, BUF_TEXT_MAX);
		result = template_each(cases[i].text, literal, hole, &out);
		assert_string_equal(out.data, cases[i].pieces);
		assert_int_equal(result, cases[i].open ? TEMPLATE_OPEN : 0);
		assert_int_equal(template_is_single(cases[i].text, NULL, NULL), cases[i].single);
		assert_int_equal(template_any(cases[i].text), cases[i].any);
		buf_release(&out);
	}
}

static void a_single_one_says_its_expression(void **state)
{
	const char *expr;
	size_t len;

	(void)state;
	assert_true(template_is_single("${a + 1}", &expr, &len));
	assert_int_equal(len, 5);
	assert_memory_equal(expr, "a + 1", 5);
}

static int stop(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	(void)text;
	return (int)len;
}

static void a_function_can_end_the_walk(void **state)
{
	(void)state;
	assert_int_equal(template_each("ab${xyz}${u}", NULL, stop, NULL), 3);
	assert_int_equal(template_each("ab${xyz}", stop, NULL, NULL), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_are_cut_into_pieces),
	    cmocka_unit_test(a_single_one_says_its_expression),
	    cmocka_unit_test(a_function_can_end_the_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
