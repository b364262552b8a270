/* Text for people: made harmless, measured, cut, folded, in tables; what is kept of an output. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "ui/kept.h"
#include "ui/look.h"
#include "ui/safe.h"
#include "ui/table.h"

static const struct {
	const char *in;
	const char *out;
} harmless[] = {
    {"plain text", "plain text"}, {"\x1b[2J\x1b[31mred", "\\x1b[2J\\x1b[31mred"},
    {"\x1b]0;title\x07", "\\x1b]0;title\\x07"}, {"a\rb", "a\\x0db"}, {"a\bb\x7f", "a\\x08b\\x7f"},
    {"two\nlines", "two\\nlines"}, {"a\tb", "a       b"}, {"1234567\tb", "1234567 b"},
    {"größer – 日本 ✓", "größer – 日本 ✓"}, {"\xff\xfe", "\\xff\\xfe"}, {"\xc3", "\\xc3"},
    {"\xc0\xaf", "\\xc0\\xaf"},          /* overlong */
    {"\xed\xa0\x80", "\\xed\\xa0\\x80"}, /* a surrogate */
    {"\xc2\x9b"
     "31m",
        "\\x9b31m"}, /* CSI in one byte, as UTF-8 */
    {"a\xe2\x80\xae"
     "b",
        "a\\u202eb"}, /* right-to-left override */
    {"a\xe2\x80\x8b"
     "b",
        "a\\u200bb"}, /* zero-width space */
    {"a\xf3\xa0\x81\x81"
     "b",
        "a\\ue0041b"}, /* tag characters */
};

static void nothing_moves_the_cursor(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(harmless); i++) {
		struct buf out;

		buf_init(&out, BUF_TEXT_MAX);
		safe_adds(&out, harmless[i].in);
		assert_string_equal(out.data, harmless[i].out);
		buf_release(&out);
	}
}

static void nuls_are_shown(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, BUF_TEXT_MAX);
	safe_add(&out, "a\0b", 3);
	assert_string_equal(out.data, "a\\x00b");
	buf_release(&out);
}

static void width_is_in_columns(void **state)
{
	static const struct {
		const char *text;
		int width;
	} cases[] = {{"", 0}, {"abc", 3}, {"größer", 6}, {"日本", 4}, {"e\xcc\x81", 1}, {"✓", 1}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(safe_width(cases[i].text, strlen(cases[i].text)), cases[i].width);
}

static void cut_at_a_width(void **state)
{
	static const struct {
		const char *in;
		int width;
		bool utf8;
		const char *out;
	} cases[] = {
	    {"abcdef", 6, true, "abcdef"},
	    {"abcdef", 4, true, "abc…"},
	    {"abcdef", 5, false, "ab..."},
	    {"日本語", 5, true, "日本…"},
	    {"日本語", 4, true, "日…"},
	    {"abcdef", 0, true, "abcdef"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buf out;

		buf_init(&out, BUF_TEXT_MAX);
		safe_add_cut(&out, cases[i].in, strlen(cases[i].in), cases[i].width, cases[i].utf8);
		assert_string_equal(out.data, cases[i].out);
		buf_release(&out);
	}
}

static void colours_take_no_columns(void **state)
{
	const struct look look = {.color = true, .utf8 = true, .width = 80};
	struct buf out;

	(void)state;
	buf_init(&out, BUF_TEXT_MAX);
	look_add(&out, &look, ROLE_OK, "well");
	buf_adds(&out, " and more");
	assert_int_equal(look_width(out.data, out.len), 13);
	look_cut(&out, 6);
	assert_int_equal(look_width(out.data, out.len), 6);
	assert_non_null(strstr(out.data, "\x1b[0m"));
	buf_release(&out);
}

static void no_colour_no_escapes(void **state)
{
	const struct look look = {0};
	struct buf out;

	(void)state;
	buf_init(&out, BUF_TEXT_MAX);
	for (int role = 0; role < ROLE_COUNT; role++)
		look_add(&out, &look, (enum role)role, "x");
	assert_null(strchr(out.data, '\x1b'));
	buf_release(&out);
}

static void table_aligns_columns(void **state)
{
	const struct look look = {0};
	struct table *table = table_new(&look, 3);
	struct buf out;

	(void)state;
	buf_init(&out, BUF_TEXT_MAX);
	table_align_right(table, 1);
	table_cell(table, ROLE_PLAIN, "größe");
	table_cell(table, ROLE_PLAIN, "8.1 %");
	table_cell(table, ROLE_PLAIN, "x\x1b");
	table_cell(table, ROLE_PLAIN, "b");
	table_cell(table, ROLE_PLAIN, "12.25 %");
	table_cell(table, ROLE_PLAIN, "");
	table_print(&out, table, "  ");
	assert_string_equal(out.data, "  größe    8.1 %  x\\x1b\n"
	                              "  b      12.25 %\n");
	table_free(table);
	buf_release(&out);
}

static void paragraphs_fold_at_blanks(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, BUF_TEXT_MAX);
	print_folded(&out, "one two three https://example.com/a/very/long/address four", 24, "");
	assert_string_equal(
	    out.data, "one two three\nhttps://example.com/a/very/long/address\nfour\n");
	buf_clear(&out);
	print_folded(&out, "not folded at all", 0, "> ");
	assert_string_equal(out.data, "> not folded at all\n");
	buf_release(&out);
}

/* What kept_walk() gives, as "line|line|+N|line". */
static void join_line(void *ctx, const char *line, size_t len)
{
	struct buf *out = ctx;

	buf_addf(out, "%s%.*s", out->len ? "|" : "", (int)len, line);
}

static void join_gap(void *ctx, size_t lines)
{
	struct buf *out = ctx;

	buf_addf(out, "%s+%zu", out->len ? "|" : "", lines);
}

static void outputs_keep_head_and_tail(void **state)
{
	static const struct {
		const char *text;
		size_t head, tail;
		const char *shown;
	} cases[] = {
	    {"", 2, 0, ""},
	    {"a\nb\n", 2, 0, "a|b"},
	    {"a\nb\nc", 2, 0, "a|b|+1"},
	    {"a\nb\nc\nd\ne\n", 1, 2, "a|+2|d|e"},
	    {"a\nb\nc\n", 1, 2, "a|b|c"},
	    {"a\r\nb\r\n", 5, 0, "a|b"},
	    {"a\n\nx", 5, 0, "a||x"},
	    {"a\nb\n", 0, 0, "+2"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct kept kept;
		struct buf out;

		kept_init(&kept, 1024);
		buf_init(&out, BUF_TEXT_MAX);
		kept_add(&kept, 1, cases[i].text, strlen(cases[i].text));
		kept_walk(&kept, cases[i].head, cases[i].tail, join_line, join_gap, &out);
		if (strcmp(out.data, cases[i].shown) != 0)
			fail_msg("'%s': %s", cases[i].text, out.data);
		buf_release(&out);
		kept_release(&kept);
	}
}

static void outputs_have_a_ceiling(void **state)
{
	struct kept kept;
	struct buf out;
	char line[64];

	(void)state;
	kept_init(&kept, 64);
	buf_init(&out, BUF_TEXT_MAX);
	for (int i = 0; i < 200000; i++) {
		snprintf(line, sizeof(line), "line %d\n", i);
		kept_add(&kept, 1, line, strlen(line));
	}
	assert_true(kept.head.cap + kept.tail.cap < 512 * 1024);
	assert_int_equal(kept_lines(&kept), 200000);
	kept_walk(&kept, 1, 2, join_line, join_gap, &out);
	assert_string_equal(out.data, "line 0|+199997|line 199998|line 199999");
	buf_release(&out);
	kept_release(&kept);
}

static void streams_do_not_share_a_line(void **state)
{
	struct kept kept;
	struct buf out;

	(void)state;
	kept_init(&kept, 1024);
	buf_init(&out, BUF_TEXT_MAX);
	kept_add(&kept, 1, "half", 4);
	kept_add(&kept, 2, "warning\n", 8);
	kept_add(&kept, 1, "rest", 4);
	kept_walk(&kept, 9, 0, join_line, join_gap, &out);
	assert_string_equal(out.data, "half|warning|rest");
	buf_release(&out);
	kept_release(&kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_moves_the_cursor),
	    cmocka_unit_test(nuls_are_shown),
	    cmocka_unit_test(width_is_in_columns),
	    cmocka_unit_test(cut_at_a_width),
	    cmocka_unit_test(colours_take_no_columns),
	    cmocka_unit_test(no_colour_no_escapes),
	    cmocka_unit_test(table_aligns_columns),
	    cmocka_unit_test(paragraphs_fold_at_blanks),
	    cmocka_unit_test(outputs_keep_head_and_tail),
	    cmocka_unit_test(outputs_have_a_ceiling),
	    cmocka_unit_test(streams_do_not_share_a_line),
	};

	return cmocka_run_group_tests_name("ui_text", tests, NULL, NULL);
}
