/* Head and tail of an output: what is passed on, and that no part of a secret is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/run/output.h"
#include "fsops/mem.h"

#define SECRET "c29tZS1zZWNyZXQtdG9rZW4tb2YtYS1wZXJzb24"

static void on_output(void *ctx, enum child_stream stream, const char *text, size_t len)
{
	assert_int_equal(stream, CHILD_STDOUT);
	buf_add(ctx, text, len);
}

/* LEN bytes of lines, with SECRET in each 100th. */
static char *make_text(size_t len)
{
	struct buf text;

	buf_init(&text, len + 200);
	for (size_t i = 0; text.len < len; i++)
		buf_addf(&text, "line %zu %s and more\n", i, i % 100 == 0 ? SECRET : "without");
	return buf_detach(&text);
}

/* What is passed on of TEXT, which comes in pieces of PIECE bytes. */
static char *passed(const struct redact *redact, const char *text, size_t piece)
{
	struct output output;
	struct buf out;
	size_t len = strlen(text);

	buf_init(&out, SIZE_MAX / 8);
	output_init(&output, redact, on_output, &out);
	for (size_t at = 0; at < len; at += piece)
		output_add(&output, CHILD_STDOUT, text + at, len - at < piece ? len - at : piece);
	output_finish(&output);
	output_release(&output);
	return buf_detach(&out);
}

static bool ends_with(const char *text, const char *end, size_t len)
{
	size_t whole = strlen(text);

	return whole >= len && memcmp(text + whole - len, end, len) == 0;
}

/* The beginning and the end are those of the whole text when it is masked, and between them is the note. */
static void check(const struct redact *redact, const char *text, size_t piece)
{
	char *masked = redact_text(redact, text, strlen(text));
	char *found = passed(redact, text, piece);
	const char *note = strstr(found, " bytes left out ");
	size_t len = strlen(masked);

	assert_null(strstr(found, "c29tZS1z"));
	assert_null(strstr(found, "YS1wZXJzb24"));
	if (!note) {
		assert_string_equal(found, masked);
	} else {
		assert_int_equal(strncmp(found, masked, OUTPUT_HEAD), 0);
		assert_true(ends_with(found, masked + len - OUTPUT_TAIL, OUTPUT_TAIL));
		assert_int_equal(note[strlen(" bytes left out …\n")], masked[len - OUTPUT_TAIL]);
	}
	free(masked);
	free(found);
}

static const size_t sizes[] = {100, OUTPUT_HEAD, OUTPUT_HEAD + OUTPUT_TAIL - 100,
    OUTPUT_HEAD + OUTPUT_TAIL + 100, OUTPUT_HEAD + 2 * OUTPUT_TAIL, 1000000, 2000000};
static const size_t pieces[] = {1000, 65537, 5000000};

static void test_head_and_tail(void **state)
{
	struct redact *redact = redact_new();

	(void)state;
	for (int secrets = 0; secrets < 2; secrets++) {
		for (size_t i = 0; i < COUNT_OF(sizes); i++) {
			char *text = make_text(sizes[i]);

			/* Without a secret to look for nothing is masked: then there must be none. */
			for (char *at = text; !secrets && (at = strstr(at, SECRET));)
				memset(at, 'x', strlen(SECRET));
			for (size_t j = 0; j < COUNT_OF(pieces); j++)
				check(redact, text, pieces[j]);
			free(text);
		}
		redact_add(redact, SECRET);
	}
	redact_free(redact);
}

/* Wherever what is masked at the end begins, it is within one: nothing of that is passed on. */
static void test_nothing_but_secrets(void **state)
{
	struct redact *redact = redact_new();
	struct buf text;

	(void)state;
	redact_add(redact, SECRET);
	buf_init(&text, SIZE_MAX / 8);
	while (text.len < 9000000)
		buf_addf(&text, "%s,\n", SECRET);
	for (size_t piece = 60000; piece < 64000; piece += 1001) {
		char *found = passed(redact, text.data, piece);

		assert_non_null(strstr(found, " bytes left out "));
		assert_null(strstr(found, "zb24"));
		assert_null(strstr(found, "c29t"));
		free(found);
	}
	buf_release(&text);
	redact_free(redact);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_head_and_tail),
	    cmocka_unit_test(test_nothing_but_secrets),
	};

	return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
