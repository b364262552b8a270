/* YAML to nodes: places, limits, and what is said of text that does not parse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/node.h"

/* All problems as "line:col: text" lines. */
static char *problems_text(struct problems *list)
{
	struct buf buf;

	buf_init(&buf, BUF_TEXT_MAX);
	problems_sort(list);
	for (size_t i = 0; i < list->count; i++)
		buf_addf(&buf, "%s%d:%d: %s", i ? "\n" : "", list->items[i].line,
		    list->items[i].col, list->items[i].text);
	problems_release(list);
	return buf_detach(&buf);
}

static struct document *parse(const char *text, struct problems *list)
{
	return document_parse("t.yaml", text, strlen(text), list);
}

static struct document *parse_good(const char *text)
{
	struct problems list = {0};
	struct document *document = parse(text, &list);

	if (list.count)
		fail_msg("%s\n%s", text, problems_text(&list));
	assert_non_null(document);
	return document;
}

static void every_node_knows_its_place(void **state)
{
	struct document *document = parse_good("# c\nü: 1\nlist:\n  - a\n  - {k: 'v'}\n");
	const struct node *root = document->root;
	const struct node *list = node_get(root, "list");

	(void)state;
	assert_int_equal(root->kind, NODE_MAP);
	assert_int_equal(root->pos.line, 2);
	assert_int_equal(root->keys[1]->pos.line, 3);
	assert_int_equal(root->items[0]->pos.col, 4);
	assert_int_equal(list->items[0]->pos.line, 4);
	assert_int_equal(list->items[0]->pos.col, 5);
	assert_int_equal(node_get(list->items[1], "k")->pos.col, 9);
	assert_string_equal(list->pos.file, "t.yaml");
	assert_null(node_get(root, "no"));
	assert_null(node_get(list, "k"));
	document_free(document);
}

static const struct {
	const char *yaml;
	const char *json;
} core_schema[] = {
    {"[1, -2, +3, 0x1f, 0o17, 010]", "[1,-2,3,31,15,10]"},
    {"[1.5, .5, 1., 1e3, -1.5E-1]", "[1.5,0.5,1.0,1000.0,-0.15]"},
    {"[true, True, FALSE, yes, no, on, off]", "[true,true,false,\"yes\",\"no\",\"on\",\"off\"]"},
    {"[~, null, Null, '', 'null', ]", "[null,null,null,\"\",\"null\"]"},
    {"[.inf, -.inf, .nan, 1_000, 09:00, 1e, 0x, 0o8, '1', \"2\", -, +, 1.2.3]",
        "[\".inf\",\"-.inf\",\".nan\",\"1_000\",\"09:00\",\"1e\",\"0x\",\"0o8\",\"1\",\"2\",\"-\","
        "\"+\",\"1."
        "2.3\"]"},
    {"[9223372036854775807, 9223372036854775808]", "[9223372036854775807,\"9223372036854775808\"]"},
    {"a: !!str 5", "{\"a\":\"5\"}"},
    {"a: |\n 5", "{\"a\":\"5\"}"},
    {"a: &x [1]\nb: *x", "{\"a\":[1],\"b\":[1]}"},
    {"a: &x 1\nb: &x 2\nc: *x", "{\"a\":1,\"b\":2,\"c\":2}"},
    {"\xEF\xBB\xBF"
     "a: 1\r\nb: 2\r\n",
        "{\"a\":1,\"b\":2}"},
};

static void scalars_follow_the_core_schema(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(core_schema); i++) {
		struct document *document = parse_good(core_schema[i].yaml);
		json_t *json = node_to_json(document->root);
		char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15));

		assert_string_equal(text, core_schema[i].json);
		free(text);
		json_decref(json);
		document_free(document);
	}
}

static const struct {
	const char *yaml;
	const char *problems;
} mistakes[] = {
    {"", "1:1: the file is empty"},
    {"# nothing\n", "1:1: the file is empty"},
    {"a:\n\tb: c\n", "2:1: a tab cannot be used for indentation; use spaces"},
    {"a:\n  b: 1\n\tc: 2\n", "3:1: a tab cannot be used for indentation; use spaces"},
    {"a: b: c\n",
        "1:5: ': ' is not allowed here: quote the text if it belongs to it, else check the "
        "indentation"},
    {"a: 'x\nb: 2\n", "1:4: this quote is never closed"},
    {"a: \"\\q\"\n",
        "1:5: no such escape in a \"…\" text: write '\\\\' for a backslash, or use '…' "
        "quotes"},
    {"a: > 5%\n", "1:4: a text that begins with '>' or '|' must be quoted, as in \"> 5%\""},
    {"a: !1..5\n",
        "1:4: a text that begins with '!' must be quoted (YAML takes '!1..5' for a tag)"},
    {"a: !e!x y\n", "1:4: a text that begins with '!' must be quoted"},
    {"a: !x [1]\n", "1:4: a text that begins with '!' must be quoted (YAML takes '!x' for a tag)"},
    {"a: @x\n", "1:4: a text cannot begin with this character unless it is quoted"},
    {"a: *x\n",
        "1:4: there is no '&x' before this '*x' (a text that begins with '*' must be quoted)"},
    {"a: * x\n", "1:4: a text that begins with '*' must be quoted"},
    {"a: & x\n", "1:4: a text that begins with '&' must be quoted"},
    {"%x: 1\n", "1:1: a line that begins with '%' must be quoted"},
    {"a: {b: ${x}}\n", "1:9: a text with '{' inside {…} must be quoted, as in \"${name}\""},
    {"a: {b: c[0]}\n", "1:9: a text with '[' inside {…} must be quoted, as in \"items[0]\""},
    {"a: [${x}]\n", "1:6: a text with '{' inside […] must be quoted, as in \"${name}\""},
    {"a: [1, 2\nb: 3\n", "2:2: the list that '[' began is not closed with ']' before this"},
    {"a: {b: 1\nc: 3\n", "2:2: the map that '{' began is not closed with '}' before this"},
    {"a: 1\nb\nc: 2\n",
        "2:1: a key needs ': ' after it: add the colon and a blank, or check the indentation"},
    {"a: - b\n", "1:4: a list cannot begin here: put '- ' on a line of its own"},
    {"a:\n  - b: 1\n c: 2\n", "3:2: this is not a key of the map that it stands in: check the "
                              "indentation and the quotes before it"},
    {"- a\nb: 1\n",
        "2:1: the list ends here, but this is not a key beside it: check the indentation"},
    {"a: }\n", "1:4: there is no value here"},
    {"a: 1\n---\nb: 1\n", "2:1: a second document begins here ('---'); a file holds one"},
    {"a: 1\n...\nb: 1\n", "3:1: a second document begins here; a file holds one"},
    {"a: x\nb: \xff\n",
        "2:4: this is not UTF-8 (invalid leading UTF-8 octet); save the file as UTF-8"},
    {"\xFE\xFF", "1:1: this is not UTF-8 (invalid leading UTF-8 octet); save the file as UTF-8"},
    {"a:\n  x\x01\n", "2:4: a control character (code 1) is not allowed here; remove it"},
    {"a: \"x\\0y\"\n", "1:4: a text must not hold a NUL character (\\0)"},
    {"? [a]\n: x\n", "1:3: a key must be text, not a list"},
    {"a: &x [1]\n? *x\n: x\n", "2:3: a key must be text, not a list"},
    {"a: &x [*x]\n", "1:8: '*x' stands inside what it stands for"},
    {"a: &x {b: 1}\nc:\n  <<: *x\n", "3:3: merge keys ('<<') are not supported; write the keys "
                                     "out, or give the whole value as an "
                                     "alias"},
    {"a: 1\nb: 2\na: 3\nb: 4\n", "3:1: the key 'a' is given twice; first in line 1\n"
                                 "4:1: the key 'b' is given twice; first in line 2"},
};

static void mistakes_are_told_with_their_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
		struct problems list = {0};
		struct document *document = parse(mistakes[i].yaml, &list);
		char *text = problems_text(&list);

		assert_string_equal(text, mistakes[i].problems);
		free(text);
		document_free(document);
	}
}

static void a_nul_byte_is_refused(void **state)
{
	struct problems list = {0};
	struct document *document = document_parse("t.yaml", "a: x\0y\n", 7, &list);
	char *text = problems_text(&list);

	(void)state;
	assert_string_equal(
	    text, "1:5: a control character (code 0) is not allowed here; remove it");
	free(text);
	document_free(document);
}

static void expect_problem(const char *yaml, const char *problem)
{
	struct problems list = {0};
	struct document *document = parse(yaml, &list);
	char *text = problems_text(&list);

	assert_string_equal(text, problem);
	assert_null(document);
	free(text);
}

static void aliases_are_counted_as_often_as_used(void **state)
{
	struct buf bomb;

	(void)state;
	buf_init(&bomb, BUF_TEXT_MAX);
	buf_adds(&bomb, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 9; i++)
		buf_addf(&bomb, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n",
		    i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	expect_problem(bomb.data,
	    "5:38: the file holds more than 100000 values (aliases counted as "
	    "often as they are used); make it smaller");
	buf_release(&bomb);
}

static void depth_is_bounded(void **state)
{
	struct buf deep;

	(void)state;
	buf_init(&deep, BUF_TEXT_MAX);
	for (int i = 0; i < 65; i++)
		buf_addc(&deep, '[');
	expect_problem(deep.data, "1:65: more than 64 levels inside each other");
	buf_clear(&deep);
	buf_adds(&deep, "a0: &a0 [x]\n"); /* two levels; each alias adds one, the root another */
	for (int i = 1; i < 70; i++)
		buf_addf(&deep, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	expect_problem(deep.data, "63:12: more than 64 levels inside each other");
	buf_release(&deep);
}

static void size_is_bounded(void **state)
{
	char *text = mem_alloc(DOCUMENT_MAX + 2);
	struct problems list = {0};
	char *problems;

	(void)state;
	memset(text, '#', DOCUMENT_MAX + 1);
	assert_null(document_parse("t.yaml", text, DOCUMENT_MAX + 1, &list));
	problems = problems_text(&list);
	assert_string_equal(problems, "0:0: the text is over 1048576 bytes, the most that is read");
	free(problems);
	free(text);
}

static void files_that_cannot_be_read(void **state)
{
	struct problems list = {0};
	char *text;

	(void)state;
	assert_null(document_load("/nonexistent/x.yaml", &list));
	assert_null(document_load("/tmp", &list));
	assert_null(document_load("/dev/null", &list));
	text = problems_text(&list);
	assert_string_equal(text,
	    "0:0: unable to read '/dev/null': it is a special file, not a file\n"
	    "0:0: unable to open '/nonexistent/x.yaml': No such file or directory\n"
	    "0:0: unable to read '/tmp': it is a directory, not a file");
	free(text);
}

/* The scalar under the key `k`; '@' in its text stands for the byte asked about. */
static const struct {
	const char *yaml;
	int line;
	int col;
} places[] = {
    {"k: ab@c\n", 1, 6},
    {"k: -@\n", 1, 5},
    {"k: ü@\n", 1, 5},
    {"k: ab\n  cd @e\n", 2, 6},
    {"k: ab  \n\n\n  cd @e\n", 4, 6},
    {"k: ab\r\n  c@d\r\n", 2, 4},
    {"k: 'it''s @'\n", 1, 11},
    {"k: 'a\n\n  b ''@'\n", 3, 7},
    {"k: \"\\x41\\u00e9\\n\\\"@\"\n", 1, 19},
    {"k: \"\\U0001F600\\N\\_\\L\\P@x\"\n", 1, 23},
    {"k: \"a \\\n   b @\"\n", 2, 6},
    {"k: \"a \\\n\n   b @\"\n", 3, 6},
    {"k: &x 'ab@'\n", 1, 10},
    {"k: !!str ab@\n", 1, 12},
    {"k: |\n  ab\n  c@d\n", 3, 4},
    {"k: |-\n  ab\n\n   c@d\n", 4, 5},
    {"k: | # comment 1\n\n    ab\n    c@d\n", 4, 6},
    {"k: |2+\n    ab\n  c@d\n\n", 3, 4},
    {"k: >\n  ab\n  c@d\n", 3, 4},
    {"k: >\n  ab\n\n\n  c@d\n", 5, 4},
    {"k: >\n\n  ab\n    more\n  c@d\n", 5, 4},
    {"k: >\n  ab\n    mo@re\n  cd\n", 3, 7},
    {"k: >-\n  ab\n\n    more\n\n  c@d\n", 6, 4},
    {"k: |1+\n \n  ba@\n", 3, 5},
    {"k: !!str\n  |\n   m@\n", 3, 5},
    {"k: &a # c\n  m@\n", 2, 4},
    {"k: &a :m@\n", 1, 9},
    {"k: x\xE2\x80\xA8  y@\n", 2, 4},
    {"k: &a\n\xEF\xBB\xBF  y@\n", 2, 5},
    {"- a\n- k: |\n    x\n    y@\n", 4, 6},
    {"k: |\r\n  ab\r\n  c@d\r\n", 3, 4},
};

static const struct node *find_k(const struct node *root)
{
	return node_get(root->kind == NODE_LIST ? root->items[1] : root, "k");
}

static void bytes_of_a_scalar_are_found_in_the_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		struct document *document = parse_good(places[i].yaml);
		const struct node *node = find_k(document->root);
		struct pos pos = node_pos_at(node, strcspn(node->text, "@"));

		if (pos.line != places[i].line || pos.col != places[i].col)
			fail_msg("%s: %d:%d, not %d:%d", places[i].yaml, pos.line, pos.col,
			    places[i].line, places[i].col);
		document_free(document);
	}
}

static void the_end_of_a_text_has_a_place(void **state)
{
	struct document *document = parse_good("a: 'x '\nb: |\n  xy\n\nc: x\n");
	struct pos a = node_pos_at(node_get(document->root, "a"), 2);
	struct pos b = node_pos_at(node_get(document->root, "b"), 3);
	struct pos c = node_pos_at(node_get(document->root, "c"), 99);

	(void)state;
	assert_int_equal(a.col, 7);
	assert_int_equal(b.line, 3);
	assert_int_equal(b.col, 5);
	assert_int_equal(c.line, 5);
	assert_int_equal(c.col, 5);
	document_free(document);
}

static const struct node_key table[] = {
    {"url", WANT_TEXT, true, "where"},
    {"method", WANT_TEXT, false, "how"},
    {"headers", WANT_MAP, false, "more"},
    {"follow", WANT_BOOL, false, "redirects"},
    {"times", WANT_COUNT, false, "how often"},
    {"every", WANT_SPAN, false, "how long between"},
    {"argv", WANT_WORDS, false, "words"},
    {"items", WANT_LIST, false, "things"},
    {"json", WANT_ANY, false, "anything"},
    {NULL, WANT_ANY, false, NULL},
};

static void check(const char *yaml, int count, const char *problems)
{
	struct problems list = {0};
	struct document *document = parse_good(yaml);
	char *text;

	assert_int_equal(node_check_map(document->root, table, "an http action", &list), count);
	text = problems_text(&list);
	assert_string_equal(text, problems);
	free(text);
	document_free(document);
}

static void maps_are_held_against_a_table(void **state)
{
	(void)state;
	check("{url: x, headers: {}, follow: true, times: 3, every: 1m30s, argv: [a], items: [], "
	      "json: [1]}",
	    0, "");
	check("{url: x, argv: a b}", 0, "");
	check("[a]", 1, "1:1: an http action must be a map, not a list");
	check("methd: x\nfollow: yes\ntimes: -1\nevery: 5\nheaders: x\nitems: {}\njson:\nzzz: 1\n",
	    9,
	    "1:1: unknown key 'methd' in an http action; did you mean 'method'?\n"
	    "1:1: an http action needs 'url' (where)\n"
	    "2:9: 'follow' must be true or false, not 'yes'\n"
	    "3:8: 'times' must be a whole number from 0 to 999999999, not '-1'\n"
	    "4:8: 'every' must be a duration up to 366d, such as 90s, 5m or 1h30m, not '5'\n"
	    "5:10: 'headers' must be a map, not 'x'\n"
	    "6:8: 'items' must be a list, not a map\n"
	    "7:6: 'json' must be given, not nothing\n"
	    "8:1: unknown key 'zzz' in an http action; it may have url, method, headers, follow, "
	    "times, every, argv, items, json");
}

static void words(const char *yaml, const char *expected)
{
	struct problems list = {0};
	struct document *document = parse_good(yaml);
	json_t *json = node_want_words(document->root, "'exec'", &list);
	char *text = json ? json_dumps(json, JSON_COMPACT) : problems_text(&list);

	assert_string_equal(text, expected);
	free(text);
	json_decref(json);
	problems_release(&list);
	document_free(document);
}

static void words_and_lists_of_words(void **state)
{
	(void)state;
	words("ls -l 'a b' ${x + 'y z'}", "[\"ls\",\"-l\",\"a b\",\"${x + 'y z'}\"]");
	words("[ls, -l, a b, 5, '']", "[\"ls\",\"-l\",\"a b\",\"5\",\"\"]");
	words("ls 'a", "1:1: 'exec': a ' quote is never closed");
	words("[a, [b], {c: d}]", "1:5: 'exec': a word must be text, not a list\n"
	                          "1:10: 'exec': a word must be text, not a map");
	words("{a: b}", "1:1: 'exec' must be words or a list of words, not a map");
	words("[]", "1:1: 'exec' is empty");
	words("~", "1:1: 'exec' must be words or a list of words, not nothing");
}

static void large_maps_are_quick(void **state)
{
	struct problems list = {0};
	struct document *document;
	struct buf text;

	(void)state;
	buf_init(&text, BUF_TEXT_MAX);
	for (int i = 0; i < 45000; i++)
		buf_addf(&text, "k%d: %d\n", i, i);
	buf_adds(&text, "k7: 1\n");
	document = parse(text.data, &list);
	assert_non_null(document);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.items[0].text, "the key 'k7' is given twice; first in line 8");
	problems_release(&list);
	document_free(document);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_node_knows_its_place),
	    cmocka_unit_test(scalars_follow_the_core_schema),
	    cmocka_unit_test(mistakes_are_told_with_their_place),
	    cmocka_unit_test(a_nul_byte_is_refused),
	    cmocka_unit_test(aliases_are_counted_as_often_as_used),
	    cmocka_unit_test(depth_is_bounded),
	    cmocka_unit_test(size_is_bounded),
	    cmocka_unit_test(files_that_cannot_be_read),
	    cmocka_unit_test(bytes_of_a_scalar_are_found_in_the_file),
	    cmocka_unit_test(the_end_of_a_text_has_a_place),
	    cmocka_unit_test(maps_are_held_against_a_table),
	    cmocka_unit_test(words_and_lists_of_words),
	    cmocka_unit_test(large_maps_are_quick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
