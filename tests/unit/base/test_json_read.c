/* JSON from outside: what is read, as what, and what is said of the rest. */
#include <float.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>

#include <cmocka.h>

#include "fsops/buf.h"
#include "fsops/json_read.h"
#include "fsops/mem.h"

#define MAX ((size_t)64 * 1024)

static json_t *read_text(const char *text, size_t len, struct err *err)
{
	/* Exactly as long, so that a sanitizer sees what looks behind it. */
	char *copy = malloc(len ? len : 1);
	json_t *value;

	*err = (struct err){0};
	memcpy(copy, text, len);
	value = json_read("stdout", copy, len, MAX, err);
	free(copy);
	return value;
}

static const struct {
	const char *text;
	const char *again; /* as it is written again */
} good[] = {
    {"9223372036854775807", "9223372036854775807"},
    {"-9223372036854775808", "-9223372036854775808"},
    {"9223372036854775808", "9.2233720368547758e18"},
    {"-9223372036854775809", "-9.2233720368547758e18"},
    {"[18446744073709551615,true]", "[1.8446744073709552e19,true]"},
    {"{\"a\":123456789012345678901234567890}", "{\"a\":1.2345678901234568e29}"},
    {"[1e400,-1e400,1E+400]",
        "[1.7976931348623157e308,-1.7976931348623157e308,1.7976931348623157e308]"},
    {"[1e308,1e-400]", "[1e308,0.0]"},
    {"\"18446744073709551615 1e400\"", "\"18446744073709551615 1e400\""},
    {"{\"18446744073709551615\":1}", "{\"18446744073709551615\":1}"},
    {"\"\\\\\" ", "\"\\\\\""},
    {"\"x\\u0000y\"", "\"x\\u0000y\""},
    {"\xEF\xBB\xBF{\"a\":1}", "{\"a\":1}"},
    {" \r\n\t[]\n", "[]"},
    {"\"\\ud83d\\ude00\"", "\"\xF0\x9F\x98\x80\""},
    {"null", "null"},
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct err err;
		json_t *value = read_text(good[i].text, strlen(good[i].text), &err);
		char *again = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

		if (!again)
			fail_msg("%s: %s", good[i].text, err.text);
		assert_string_equal(again, good[i].again);
		free(again);
		json_decref(value);
	}
}

#define TEXT(text) text, sizeof(text) - 1

static const struct {
	const char *text;
	size_t len;
	const char *why;
} bad[] = {
    {TEXT(""), "stdout is not JSON: it is empty"},
    {TEXT(" \n"), "it is empty"},
    {TEXT("\xEF\xBB\xBF"), "it is empty"},
    {TEXT("\xFF\xFE{\0}\0"), "it is in UTF-16 or UTF-32"},
    {TEXT("\xFE\xFF\0{\0}"), "it is in UTF-16 or UTF-32"},
    {TEXT("{\0}\0"), "it is in UTF-16 or UTF-32"},
    {TEXT("{\"a\":1}\nx"), "line 2, column 1 (byte 9): end of file expected near 'x'"},
    {TEXT("\xEF\xBB\xBF[1,]"), "line 1, column 4 (byte 7): unexpected token near ']'"},
    {TEXT("[\"\xC3\xA4\", x]"), "line 1, column 7 (byte 8): invalid token near 'x'"},
    {TEXT("[18446744073709551615,\n 1e400, x]"),
        "line 2, column 9 (byte 32): invalid token near 'x'"},
    {TEXT("[18446744073709551615 x"), "line 1, column 23 (byte 23): "},
    {TEXT("[NaN]"), "invalid token near 'NaN'"},
    {TEXT("[Infinity]"), "invalid token near 'Infinity'"},
    {TEXT("[01]"), "invalid token near '0'"},
    {TEXT("[01e400]"), "invalid token near '0'"},
    {TEXT("[1.e400]"), "invalid token"},
    {TEXT("[+99999999999999999999]"), "invalid token near '+'"},
    {TEXT("[-]"), "invalid token near '-'"},
    {TEXT("{\"a\":1,\"a\":2}"), "(byte 10): duplicate object key near '\"a\"'"},
    {TEXT("{\"a\\u0000b\":1}"), "NUL byte in object key not supported"},
    {TEXT("[\"\\ud83d\"]"), "invalid Unicode"},
    {TEXT("[\"\\ude00\"]"), "invalid Unicode"},
    {TEXT("[\"\xFF\"]"), "unable to decode byte 0xff"},
    {TEXT("[\"a\0b\"]"), "control character 0x0"},
    {TEXT("[1,2\0]"), "line 1, column 5 (byte 5): a zero byte"},
    {TEXT("{\"a\": 1"), "'}' expected near end of file"},
    {TEXT("\""), "premature end of input"},
    {TEXT("\"\\"), "invalid escape"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct err err;
		json_t *value = read_text(bad[i].text, bad[i].len, &err);

		if (value || !strstr(err.text, bad[i].why))
			fail_msg("case %zu, '%s' wanted: %s", i, bad[i].why, err.text);
		assert_int_equal(err.kind, ERR_INPUT);
	}
}

/* A list's items may have a key twice; what leads to the list may not. */
static void test_twice(void **state)
{
	static const struct {
		const char *text;
		const char *why; /* NULL: none */
	} cases[] = {
	    {"[{\"a\":1,\"a\":2}]", NULL},
	    {"{\"l\":[[{\"a\":1,\"a\":2}],{\"b\":\"]\",\"b\":\"\\\"]\"}],\"m\":1}", NULL},
	    {"{\"l\":[1],\n\"l\":[2]}", "line 2, column 3 (byte 13): duplicate object key"},
	    {"{\"l\":[1],\"\\u006c\":[2]}", "duplicate object key"},
	    {"{\"d\":{\"l\":[\"]\"],\"l\":[]}}", "duplicate object key"},
	    {"{\"l\":[1e400],\"l\":[2]}", "(byte 16): duplicate object key"},
	    {"{\"l\":[1],\"l\"", "is not JSON"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = {0};
		const char *text = cases[i].text;
		json_t *value = json_read_last("stdin", text, strlen(text), MAX, &err);

		if (!value != !!cases[i].why || !strstr(err.text, cases[i].why ? cases[i].why : ""))
			fail_msg("case %zu, '%s' wanted: %s", i, cases[i].why, err.text);
		json_decref(value);
	}
}

/* COUNT times PIECE, and then END. */
static void refused_for(const char *piece, size_t count, const char *end, const char *why)
{
	struct buf text;
	struct err err;

	buf_init(&text, 2 * MAX);
	for (size_t i = 0; i < count; i++)
		buf_adds(&text, piece);
	buf_adds(&text, end);
	assert_null(read_text(text.data, text.len, &err));
	if (err.kind != ERR_LIMIT || !strstr(err.text, why))
		fail_msg("'%s' wanted: %s", why, err.text);
	buf_release(&text);
}

static void test_ceilings(void **state)
{
	(void)state;
	refused_for(" ", MAX, "1", "stdout is over 65536 bytes, the most that is read as JSON");
	refused_for(
	    "[", JSON_READ_DEPTH_MAX + 1, "", "nested over 200 levels deep (JSON_READ_DEPTH_MAX)");
	refused_for("[1,\n{\"a\":", JSON_READ_DEPTH_MAX / 2, "[",
	    "line 101, column 6 (byte 901): nested over");
	refused_for("{},", MAX / 4, "", "more values than 1 MiB can hold (JSON_READ_GROWTH)");
	refused_for("0,", MAX / 3, "", "more values than 1 MiB can hold (JSON_READ_GROWTH)");
}

/* {"0":0,…} of COUNT members. */
static json_t *read_members(int count, struct err *err)
{
	struct buf text;
	json_t *value;

	buf_init(&text, (size_t)count * 16);
	for (int i = 0; i < count; i++)
		buf_addf(&text, "%s\"%d\":0", i ? "," : "{", i);
	buf_addc(&text, '}');
	value = json_read("stdout", text.data, text.len, 64 * MAX, err);
	buf_release(&text);
	return value;
}

static void test_members(void **state)
{
	struct err err;
	json_t *value = read_members(JSON_READ_MEMBERS_MAX, &err);

	(void)state;
	assert_int_equal(json_object_size(value), JSON_READ_MEMBERS_MAX);
	json_decref(value);
	assert_null(read_members(JSON_READ_MEMBERS_MAX + 1, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_non_null(
	    strstr(err.text, "an object of over 200000 members (JSON_READ_MEMBERS_MAX)"));
}

static void test_deep_enough(void **state)
{
	char text[2 * JSON_READ_DEPTH_MAX];
	struct err err;
	json_t *value;

	(void)state;
	memset(text, '[', JSON_READ_DEPTH_MAX);
	memset(text + JSON_READ_DEPTH_MAX, ']', JSON_READ_DEPTH_MAX);
	value = read_text(text, sizeof(text), &err);
	assert_non_null(value);
	json_decref(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good),
	    cmocka_unit_test(test_bad),
	    cmocka_unit_test(test_twice),
	    cmocka_unit_test(test_ceilings),
	    cmocka_unit_test(test_members),
	    cmocka_unit_test(test_deep_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
