/* kubectl wait: the words of --for, and when an object is so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/kubectl/wait_for.h"
#include "fsops/json_read.h"
#include "fsops/mem.h"

static const struct {
	const char *text;
	int kind; /* -1: not known */
	const char *path;
	const char *value;
} words[] = {
    {"delete", WAIT_DELETE, NULL, NULL},
    {"Delete", WAIT_DELETE, NULL, NULL},
    {"delete=x", -1, NULL, NULL},
    {"create", WAIT_CREATE, NULL, NULL},
    {"condition=Ready", WAIT_CONDITION, NULL, "true"},
    {"condition=Ready=False", WAIT_CONDITION, NULL, "False"},
    {"condition=Ready=", WAIT_CONDITION, NULL, ""},
    {"condition=", -1, NULL, NULL},
    {"condition==x", -1, NULL, NULL},
    {"condition=\xe2\x84\xaa", -1, NULL, NULL}, /* the sign of Kelvin, which is a "k" to Go */
    {"Condition=Ready", -1, NULL, NULL},
    {"jsonpath={.a}", WAIT_PATH, "[\"a\"]", NULL},
    {"jsonpath={.a.b}=c", WAIT_PATH, "[\"a\",\"b\"]", "c"},
    {"jsonpath={a.b}=c", WAIT_PATH, "[\"a\",\"b\"]", "c"},
    {"jsonpath=.a.b=c d", WAIT_PATH, "[\"a\",\"b\"]", "c d"},
    {"jsonpath=a=c", WAIT_PATH, "[\"a\"]", "c"},
    {"jsonpath={.a.x\\.y/z-1}='c'", WAIT_PATH, "[\"a\",\"x.y/z-1\"]", "c"},
    {"jsonpath={.a}=\"'c\"", WAIT_PATH, "[\"a\"]", "c"},
    {"jsonpath={.a}=", -1, NULL, NULL},
    {"jsonpath={.a}='\"", -1, NULL, NULL},
    {"jsonpath={.a}=b=c", -1, NULL, NULL},
    {"jsonpath={.a}==b", -1, NULL, NULL},
    {"jsonpath=", -1, NULL, NULL},
    {"jsonpath={}", -1, NULL, NULL},
    {"jsonpath={.a", -1, NULL, NULL},
    {"jsonpath={.a.}", -1, NULL, NULL},
    {"jsonpath={.a..b}", -1, NULL, NULL},
    {"jsonpath={.a[0]}", -1, NULL, NULL},
    {"jsonpath={.a.*}", -1, NULL, NULL},
    {"jsonpath={.0}", -1, NULL, NULL},
    {"jsonpath={.a\\}", -1, NULL, NULL},
    {"jsonpath={.a}x", -1, NULL, NULL},
    {"ready", -1, NULL, NULL},
    {"", -1, NULL, NULL},
};

static void test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		struct wait_for what;
		bool known = wait_for_read(&what, words[i].text);
		char *path = what.path ? json_dumps(what.path, JSON_COMPACT) : NULL;

		if (known != (words[i].kind >= 0))
			fail_msg("'%s' is %sknown", words[i].text, known ? "" : "not ");
		if (known) {
			assert_int_equal(what.kind, words[i].kind);
			assert_string_equal(path ? path : "", words[i].path ? words[i].path : "");
			assert_int_equal(!what.value, !words[i].value);
			if (what.value)
				assert_string_equal(what.value, words[i].value);
		}
		free(path);
		wait_for_release(&what);
	}
}

#define NESTED "jsonpath leads to a nested object or list which is not supported"

static const struct {
	const char *what;
	const char *object;
	enum wait_met met;
} objects[] = {
    {"condition=ready",
        "{\"status\": {\"conditions\": [{\"type\": \"Ready\", \"status\": \"True\"}]}}", WAIT_MET},
    {"condition=ready=false",
        "{\"status\": {\"conditions\": [{\"type\": \"Ready\", \"status\": \"True\"}]}}",
        WAIT_NOT_YET},
    {"condition=ready", "{}", WAIT_NOT_YET},
    {"condition=ready",
        "{\"metadata\": {\"generation\": 2}, \"status\": {\"observedGeneration\": 1, "
        "\"conditions\": [{\"type\": \"Ready\", \"status\": \"True\"}]}}",
        WAIT_NOT_YET},
    {"jsonpath={.a}", "{\"a\": {}}", WAIT_MET},
    {"jsonpath={.a}", "{\"a\": null}", WAIT_MET},
    {"jsonpath={.a}", "{\"b\": 1}", WAIT_NOT_YET},
    {"jsonpath={.a.b}", "{\"a\": [{\"b\": 1}]}", WAIT_NOT_YET},
    {"jsonpath={.a}=1", "{\"a\": 1}", WAIT_MET},
    {"jsonpath={.a}=1", "{\"a\": 1.0}", WAIT_MET},
    {"jsonpath={.a}=1.0", "{\"a\": 1.0}", WAIT_NOT_YET},
    {"jsonpath={.a}=true", "{\"a\": true}", WAIT_MET},
    {"jsonpath={.a}=false", "{\"a\": false}", WAIT_MET},
    {"jsonpath={.a}=<nil>", "{\"a\": null}", WAIT_MET},
    {"jsonpath={.a}= b", "{\"a\": \"b\\n\"}", WAIT_MET},
    {"jsonpath={.a}=B", "{\"a\": \"b\"}", WAIT_NOT_YET},
    {"jsonpath={.a}=b", "{\"a\": []}", WAIT_NEVER},
    {"jsonpath={.a}=b", "{\"a\": {\"b\": 1}}", WAIT_NEVER},
};

static void test_objects(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(objects); i++) {
		json_t *object = json_read(
		    "the object", objects[i].object, strlen(objects[i].object), 1 << 16, NULL);
		const char *why = "";
		struct wait_for what;
		enum wait_met met;

		assert_non_null(object);
		assert_true(wait_for_read(&what, objects[i].what));
		met = wait_for_met(&what, object, &why);
		if (met != objects[i].met)
			fail_msg("%s of %s: %d", objects[i].what, objects[i].object, (int)met);
		assert_string_equal(why, met == WAIT_NEVER ? NESTED : "");
		wait_for_release(&what);
		json_decref(object);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_objects),
	};

	return cmocka_run_group_tests_name("wait_for", tests, NULL, NULL);
}
