/* Text with a ceiling: what is formatted into it, and words for a shell. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>

#include <cmocka.h>

#include "fsops/buf.h"
#include "fsops/mem.h"

/* Texts of every length, so that some just fit into the room that there is and some just don't. */
static void test_formatted(void **state)
{
	(void)state;
	for (int len = 0; len < 200; len++) {
		char wanted[512];
		struct buf buf;

		snprintf(wanted, sizeof(wanted), "a%*d-%*db", len, 7, len, 8);
		buf_init(&buf, sizeof(wanted));
		assert_int_equal(buf_adds(&buf, "a"), 0);
		assert_int_equal(buf_addf(&buf, "%*d-", len, 7), 0);
		assert_int_equal(buf_addf(&buf, "%*d", len, 8), 0);
		assert_int_equal(buf_addc(&buf, 'b'), 0);
		assert_string_equal(buf.data, wanted);
		assert_int_equal(buf.len, strlen(wanted));
		buf_release(&buf);
	}
}

/* Over the ceiling nothing is added, though there was room for some of it. */
static void test_ceiling(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 8);
	assert_int_equal(buf_addf(&buf, "%s", "123456789"), -1);
	assert_string_equal(buf.data, "");
	assert_true(buf.full);
	buf_clear(&buf);
	assert_int_equal(buf_addf(&buf, "%d", 12345), 0);
	assert_int_equal(buf_addf(&buf, "%d", 6789), -1);
	assert_string_equal(buf.data, "12345");
	assert_int_equal(buf.len, 5);
	buf_clear(&buf);
	assert_int_equal(buf_addf(&buf, "%d", 12345678), 0);
	assert_string_equal(buf.data, "12345678");
	buf_release(&buf);
}

static const struct {
	const char *text;
	const char *word;
} words[] = {
    {"plain/word=1", "plain/word=1"},
    {"", "''"},
    {"two words", "'two words'"},
    {"'", "''\\'''"},
    {"it's", "'it'\\''s'"},
    {"''a''", "''\\'''\\''a'\\'''\\'''"},
};

static void test_shell_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		struct buf buf;

		buf_init(&buf, 100);
		assert_int_equal(buf_add_shell_word(&buf, words[i].text), 0);
		assert_string_equal(buf.data, words[i].word);
		buf_release(&buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_formatted),
	    cmocka_unit_test(test_ceiling),
	    cmocka_unit_test(test_shell_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
