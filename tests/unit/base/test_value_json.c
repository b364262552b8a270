/* Values as JSON: as jansson writes them, but for the digits of reals. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>

#include <cmocka.h>

#include "fsops/mem.h"
#include "fsops/value.h"

static const char *const texts[] = {
    "null",
    "[true,false,null]",
    "{}",
    "[]",
    "[[],{},[[]],{\"a\":{}}]",
    "{\"b\":1,\"a\":{\"c\":[1,2,{\"d\":\"e\"}]}}",
    "[0,-1,9223372036854775807,-9223372036854775808]",
    "[0.1,-2.5,100.0,1e300,1e-7,3.9,1234567.25,0.0,-0.0,0.001,0.0001,12.34,7200.05,999999999.999,"
    "1e9,1.0005]",
    "\"\"",
    "\"plain\"",
    "\"a/b \\\"c\\\" \\\\ \\b\\f\\n\\r\\t \\u0001\\u001f\\u007f \\u0000.\"",
    "\"\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80\"",
    "{\"a \\\"key\\\"\\n\":\"\"}",
};

static void test_as_jansson(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		json_t *value = json_loads(texts[i], JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		char *wanted = json_dumps(value,
		    JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(value_digits(value)));
		char *text = value_to_json(value);

		assert_non_null(wanted);
		assert_string_equal(text, wanted);
		assert_int_equal(value_size(value), strlen(wanted));
		free(wanted);
		free(text);
		json_decref(value);
	}
}

/* Each real has its own digits, and is read back as it was. */
static void test_reals(void **state)
{
	json_t *value = json_pack("[f, f, f]", 0.1, 0.1 + 0.2, 3.9);
	char *text = value_to_json(value);
	json_t *again = json_loads(text, 0, NULL);

	(void)state;
	assert_string_equal(text, "[0.1,0.30000000000000004,3.9]");
	assert_true(json_equal(value, again));
	free(text);
	json_decref(again);
	json_decref(value);
}

static void test_ceiling(void **state)
{
	json_t *value = json_pack("{s:s}", "key", "value");
	struct buf out;

	(void)state;
	buf_init(&out, strlen("{\"key\":\"value\"}"));
	assert_int_equal(value_write(value, &out), 0);
	assert_int_equal(value_write(value, &out), -1);
	buf_release(&out);
	buf_init(&out, strlen("{\"key\":\"value\"}") - 1);
	assert_int_equal(value_write(value, &out), -1);
	buf_release(&out);
	json_decref(value);
}

static void test_nothing(void **state)
{
	(void)state;
	assert_null(value_to_json(NULL));
	assert_int_equal(value_size(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_as_jansson),
	    cmocka_unit_test(test_reals),
	    cmocka_unit_test(test_ceiling),
	    cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
