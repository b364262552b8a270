/* prometheus: one number, several, none, and what is no number. */
#include "web_fake.h"

extern const struct adapter adapter_prometheus;

static struct server prom;
static struct server web;

static void query(const char *text, const char *wants)
{
	char *target = mem_printf("{\"url\":\"http://127.0.0.1:%d/base/\"}", prom.port);
	char *args = mem_printf("{\"query\":\"%s\"}", text);

	run_call(&adapter_prometheus, args, target, wants);
	free(args);
	free(target);
}

static bool value_is_null(void)
{
	return json_is_null(json_object_get(last.result, "value"));
}

static void test_parse(void **state)
{
	char *text = parse_text(&adapter_prometheus, "'sum(rate(a{b=\"${c}\"}[5m]))'");

	(void)state;
	assert_string_equal(text, "{\"query\":\"sum(rate(a{b=\\\"${c}\\\"}[5m]))\"}");
	free(text);
	text = parse_text(&adapter_prometheus, "' '");
	assert_has(text, "needs a PromQL query");
	free(text);
	text = parse_text(&adapter_prometheus, "[a]");
	assert_has(text, "prometheus");
	free(text);
}

static const struct embed_case embed_cases[] = {
    {{"wa{b=\"", "fx\"} or up{c=\"y", "w\"}"}, "a{b=\"x\\\"} or up{c=\\\"y\"}"},
    {{"wa{b='", "fx'y\"z", "w'}"}, "a{b='x\\'y\"z'}"},
    {{"wa{b=\"", "fx\\", "w\"}"}, "a{b=\"x\\\\\"}"},
    {{"wa{b=\"", "s\"\n", "w\"}"}, "a{b=\"\\\"\\n\"}"},
    {{"wa{b=`", "f\\\"", "w`}"}, "a{b=`\\\"`}"},
    {{"wa{b=`", "f`", "w`}"}, "in backquotes"},
    {{"wa{b=`", "s`", "w`}"}, "in backquotes"},
    {{"wa{b=\"\\\"", "f\"", "w\"}"}, "a{b=\"\\\"\\\"\"}"},
    {{"wa{b=\"\\", "f\"", "w\"}"}, "outside of quotes"},
    {{"wa{b=\"'\"}[", "f5m", "w]"}, "a{b=\"'\"}[5m]"},
    {{"wa > ", "n-1e+20"}, "a > -1e+20"},
    {{"wa > ", "f-1"}, "outside of quotes"},
    {{"wa > ", "f"}, "outside of quotes"},
    {{"wa > ", "s-1 or b"}, "a > -1 or b"},
    {{"wa{", "sb=\"", "f\"", "w\"}"}, "a{b=\"\\\"\"}"},
    {{"wa # it's \"\n + b{c=\"", "f\"", "w\"}"}, "a # it's \"\n + b{c=\"\\\"\"}"},
    {{"wa # ", "fb\n+ c"}, "outside of quotes"},
    {{"wa{b=\"#", "f\"", "w\"}"}, "a{b=\"#\\\"\"}"},
};

static void test_embed(void **state)
{
	const char *plain;

	(void)state;
	check_embed(&adapter_prometheus, embed_cases, COUNT_OF(embed_cases));
	free(embed_text(&adapter_prometheus, (const char *const[]){"wa[", "u${x}", NULL}, &plain));
	assert_string_equal(plain, "A-Za-z0-9_:.");
	free(embed_text(
	    &adapter_prometheus, (const char *const[]){"wa{b=\"", "u${x}", NULL}, &plain));
	assert_non_null(strchr(plain, '*'));
	assert_null(strpbrk(plain, "\"'`\\"));
}

static void test_describe(void **state)
{
	char *line = describe_text(
	    &adapter_prometheus, "{\"query\":\"up{a='b'}\"}", "{\"url\":\"http://p:9090/\"}");

	(void)state;
	assert_string_equal(line, "curl -sS --fail --data-urlencode 'query=up{a='\\''b'\\''}'"
	                          " http://p:9090/api/v1/query");
	free(line);
	assert_int_equal(adapter_prometheus.effect(NULL), EFFECT_READ);
}

static void test_numbers(void **state)
{
	const json_t *series;

	(void)state;
	query("one", NULL);
	assert_null(last.why);
	assert_true(value_get_number(last.result, "value", 0) == 0.25);
	assert_string_equal(last.output.data, "{job=\"app\"} 0.25\n");
	series = json_array_get(json_object_get(last.result, "series"), 0);
	assert_string_equal(value_get_text(series, "job"), "app");
	assert_true(value_get_number(series, "value", 0) == 0.25);
	query("scalar", NULL);
	assert_null(last.why);
	assert_true(value_get_number(last.result, "value", 0) == 42);
	assert_string_equal(last.output.data, "42\n");
	query("string", NULL);
	assert_null(last.why);
	assert_string_equal(value_get_text(last.result, "value"), "hello");
}

static void test_several(void **state)
{
	const json_t *series;

	(void)state;
	query("two", NULL);
	assert_has(last.why, "2 series where one value is needed");
	assert_true(value_is_null());
	query("two", " series ");
	assert_null(last.why);
	series = json_object_get(last.result, "series");
	assert_int_equal(json_array_size(series), 2);
	assert_true(json_is_null(json_object_get(json_array_get(series, 1), "value")));
	query("matrix", " series ");
	assert_null(last.why);
	assert_true(value_get_number(last.result, "value", 0) == 3);
	series = json_array_get(json_object_get(last.result, "series"), 0);
	assert_int_equal(json_array_size(json_object_get(series, "values")), 2);
}

static const struct bad_case {
	const char *query;
	const char *why;
} bad_cases[] = {
    {"none", "no data: the query returned an empty vector"},
    {"nan", "the value is NaN"},
    {"inf", "the value is +Inf"},
    {"odd", "the one sample is no number"},
};

/* There is a result, and it is not good: `value` null makes a metric unknown. */
static void test_no_number(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad_cases); i++) {
		query(bad_cases[i].query, NULL);
		assert_non_null(last.result);
		assert_has(last.why, bad_cases[i].why);
		assert_has(last.why, bad_cases[i].query);
		assert_true(value_is_null());
	}
}

static void test_errors(void **state)
{
	(void)state;
	query("sum(", NULL);
	assert_failed(
	    ERR_REMOTE, "/base/: bad_data: 1:1: parse error: unexpected sum( (query: sum()");
	query("alien", NULL);
	assert_failed(ERR_REMOTE, "of a kind that is not known");
	query("html", NULL);
	assert_failed(ERR_REMOTE, "status 502, and not from a Prometheus");
	query("plain", NULL);
	assert_failed(ERR_REMOTE, "not what a Prometheus answers");
	run_call(
	    &adapter_prometheus, "{\"query\":\"up\"}", "{\"url\":\"http://127.0.0.1:1\"}", NULL);
	assert_failed(ERR_REMOTE, "prometheus http://127.0.0.1:1: connection refused");
}

/* All that has a meaning in a form arrives as it was written. */
static void test_encoding(void **state)
{
	(void)state;
	query("a + b & c%20=d \\u00e9 \\\"x\\\"", NULL);
	assert_failed(ERR_REMOTE, "unexpected a + b & c%20=d \xc3\xa9 \"x\"");
}

static void test_cancel(void **state)
{
	char *target = mem_printf("{\"url\":\"http://127.0.0.1:%d/hang\"}", web.port);

	(void)state;
	cancel_call(&adapter_prometheus, "{\"query\":\"up\"}", target, 0);
	cancel_call(&adapter_prometheus, "{\"query\":\"up\"}", target, 40);
	free(target);
}

static int setup(void **state)
{
	(void)state;
	loop = loop_new(&clock_system);
	server_start(&prom, "prometheus", NULL, NULL);
	server_start(&web, "web", NULL, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	server_stop(&prom);
	server_stop(&web);
	fake_reset(&last, NULL);
	buf_release(&last.output);
	loop_free(loop);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse),
	    cmocka_unit_test(test_describe),
	    cmocka_unit_test(test_embed),
	    cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_several),
	    cmocka_unit_test(test_no_number),
	    cmocka_unit_test(test_errors),
	    cmocka_unit_test(test_encoding),
	    cmocka_unit_test(test_cancel),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
