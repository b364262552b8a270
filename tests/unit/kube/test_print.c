/* What is printed of answers: JSON as Go writes it, tables as text/tabwriter lays them out, names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsops/kube_print.h"
#include "fsops/mem.h"

static const struct kube_object_style plain = {0};

static int read_doc(struct kube_doc *doc, const char *text)
{
	return kube_doc_read(doc, mem_text(text), strlen(text), NULL);
}

/* TEXT as `-o json` shows it; NULL: it is none, or cannot be shown. */
static char *shown(const char *text)
{
	struct kube_doc doc;
	struct buf out;
	char *result = NULL;

	buf_init(&out, 65536);
	if (read_doc(&doc, text) == 0 && kube_print_json(&doc, doc.nodes, 0, &plain, &out) == 0)
		result = buf_detach(&out);
	buf_release(&out);
	kube_doc_release(&doc);
	return result;
}

static const struct {
	const char *text;
	const char *shown; /* NULL: an error */
} values[] = {
    {"{}", "{}"},
    {" [ ] ", "[]"},
    {"[{},[]]", "[\n    {},\n    []\n]"},
    {"{\"b\":1,\"a\":{\"d\":null,\"c\":[true,false]}}",
        "{\n    \"a\": {\n        \"c\": [\n            true,\n            false\n        ],\n"
        "        \"d\": null\n    },\n    \"b\": 1\n}"},
    {"{\"a\":1,\"a\":2}", "{\n    \"a\": 2\n}"},
    {"{\"a\":1,\"ab\":2,\"\":3,\"B\":4}",
        "{\n    \"\": 3,\n    \"B\": 4,\n    \"a\": 1,\n    \"ab\": 2\n}"},
    {"\"<a>&'/\"", "\"\\u003ca\\u003e\\u0026'/\""},
    {"\"\\u2028\\u2029\\u2027\"", "\"\\u2028\\u2029\xe2\x80\xa7\""},
    {"\"\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\\\"\\\\\\/\"",
        "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\\"\\\\/\""},
    {"\"\\ud83d\\ude00\\u00e9\"", "\"\xf0\x9f\x98\x80\xc3\xa9\""},
    {"\"\\ud83dx\\ude00\\ud83d\"", "\"\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd\""},
    {"\"\\ud83d\\u0041\"", "\"\xef\xbf\xbd"
                           "A\""},
    {"\"\\u0000\"", "\"\\u0000\""},
    {"0", "0"},
    {"-0", "0"},
    {"1.0", "1"},
    {"-1.50", "-1.5"},
    {"1e2", "100"},
    {"1E-7", "1e-7"},
    {"0.000001", "0.000001"},
    {"1.5e-10", "1.5e-10"},
    {"1e20", "100000000000000000000"},
    {"1e21", "1e+21"},
    {"1.25e300", "1.25e+300"},
    {"0.1", "0.1"},
    {"0.30000000000000004", "0.30000000000000004"},
    {"9223372036854775807", "9223372036854775807"},
    {"9223372036854775808", "9223372036854776000"},
    {"12345678901234567890", "12345678901234567000"},
    {"1e400", NULL},
    {"01", NULL},
    {"1.", NULL},
    {"+1", NULL},
    {"{\"a\":1,}", NULL},
    {"[1 2]", NULL},
    {"{a:1}", NULL},
    {"\"\n\"", NULL},
    {"\"\\x\"", NULL},
    {"\"\\u12g4\"", NULL},
    {"\"", NULL},
    {"\"\\", NULL},
    {"\"\xff\"", NULL},
    {"\"\xc0\x80\"", NULL},
    {"\"\xed\xa0\x80\"", NULL},
    {"\"\xf4\x90\x80\x80\"", NULL},
    {"\"\xe2\x80", NULL},
    {"{} {}", NULL},
    {"", NULL},
    {"nul", NULL},
};

static void test_json(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		char *found = shown(values[i].text);

		if (!found != !values[i].shown || (found && strcmp(found, values[i].shown) != 0))
			fail_msg("%s: %s", values[i].text, found ? found : "an error");
		free(found);
	}
}

static void test_deep(void **state)
{
	char text[2 * KUBE_DOC_DEPTH_MAX + 3];
	struct kube_doc doc;

	(void)state;
	memset(text, '[', KUBE_DOC_DEPTH_MAX);
	memset(text + KUBE_DOC_DEPTH_MAX, ']', KUBE_DOC_DEPTH_MAX);
	assert_int_equal(kube_doc_read(&doc, mem_textn(text, 2 * KUBE_DOC_DEPTH_MAX),
	                     2 * KUBE_DOC_DEPTH_MAX, NULL),
	    0);
	kube_doc_release(&doc);
	memset(text, '[', KUBE_DOC_DEPTH_MAX + 1);
	memset(text + KUBE_DOC_DEPTH_MAX + 1, ']', KUBE_DOC_DEPTH_MAX + 1);
	assert_int_equal(kube_doc_read(&doc, mem_textn(text, 2 * KUBE_DOC_DEPTH_MAX + 2),
	                     2 * KUBE_DOC_DEPTH_MAX + 2, NULL),
	    -1);
	kube_doc_release(&doc);
}

/* More keys than are sorted by hand. */
static void test_many_keys(void **state)
{
	struct buf text, want;
	char *found;

	(void)state;
	buf_init(&text, 65536);
	buf_init(&want, 65536);
	for (int i = 99; i >= 0; i--)
		buf_addf(&text, "%s\"k%02d\":%d", i == 99 ? "{" : ",", i, i);
	buf_adds(&text, ",\"k50\":7}");
	for (int i = 0; i < 100; i++)
		buf_addf(&want, "%s\n    \"k%02d\": %d", i ? "," : "{", i, i == 50 ? 7 : i);
	buf_adds(&want, "\n}");
	found = shown(text.data);
	assert_string_equal(found, want.data);
	free(found);
	buf_release(&text);
	buf_release(&want);
}

/* The items of a page, one after the other, then what stands around them. */
static const struct {
	const char *text;
	const char *read; /* NULL: an error */
} pages[] = {
    {"{}", " {}"},
    {"{\"kind\":\"L\",\"items\":[]}", " {kind,items}"},
    {"{\"items\":[1,{\"a\":[2]},\"x\"],\"kind\":\"L\"}", "1 {a} x {items,kind}"},
    {" { \"items\" : [ 1 , 2 ] , \"b\" : { } } ", "1 2 {items,b}"},
    {"{\"items\":null,\"b\":1}", " {items,b}"},
    {"{\"items\":{\"c\":1}}", " {items}"},
    {"{\"a\":{\"items\":[1]}}", " {a}"},
    {"{\"items\":[1],\"items\":[2]}", NULL},
    {"{\"items\":[1,]}", NULL},
    {"{\"items\":[,1]}", NULL},
    {"{\"items\":[1}", NULL},
    {"{\"items\":[1]", NULL},
    {"{\"items\":[1],}", NULL},
    {"{\"items\":[1]}}", NULL},
    {"{\"items\":[1", NULL},
    {"[1]", NULL},
    {"", NULL},
};

static void add_node(const struct kube_doc *doc, const struct kube_node *node, struct buf *out)
{
	bool first = true;

	if (node->type != KUBE_OBJECT) {
		buf_add(out, doc->text + node->at, node->len);
		return;
	}
	buf_addc(out, '{');
	KUBE_DOC_EACH_KEY(doc, node, key)
	{
		buf_addf(out, "%s%.*s", first ? "" : ",", (int)key->len, doc->text + key->at);
		first = false;
	}
	buf_addc(out, '}');
}

static int read_items(struct kube_items *items, char *text, struct buf *out)
{
	int more = kube_items_begin(items, text, strlen(text), NULL);

	if (more < 0)
		return -1;
	while ((more = kube_items_next(items, NULL)) > 0) {
		add_node(&items->item, items->item.nodes, out);
		buf_addc(out, ' ');
	}
	return more;
}

static void test_items(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(pages); i++) {
		char *text = mem_text(pages[i].text);
		struct kube_items items;
		struct buf out;
		int result;

		buf_init(&out, 65536);
		result = read_items(&items, text, &out);
		if (result == 0) {
			if (!out.len)
				buf_addc(&out, ' ');
			add_node(&items.head, items.head.nodes, &out);
		}
		if ((result < 0) != !pages[i].read ||
		    (pages[i].read && strcmp(out.data, pages[i].read) != 0))
			fail_msg("%s: %d %s", pages[i].text, result, out.data);
		kube_items_release(&items);
		buf_release(&out);
		free(text);
	}
}

#define OBJECT                                                                                     \
	"{\"metadata\":{\"name\":\"web\",\"managedFields\":[1]},\"spec\":{\"metadata\":"           \
	"{\"managedFields\":2}}}"

static void test_objects(void **state)
{
	static const char list[] = "{\"kind\":\"DeploymentList\",\"apiVersion\":\"apps/v1\","
	                           "\"items\":[" OBJECT "]}";
	struct kube_doc doc;
	struct kube_object_style style = {.typed = true};
	const struct kube_node *item;
	struct buf out;

	(void)state;
	buf_init(&out, 65536);
	assert_int_equal(read_doc(&doc, list), 0);
	item = kube_doc_get(&doc, doc.nodes, "items") + 1;
	style.kind = *kube_doc_get(&doc, doc.nodes, "kind");
	style.kind.len -= 4;
	style.version = *kube_doc_get(&doc, doc.nodes, "apiVersion");
	assert_int_equal(kube_print_json(&doc, item, 0, &style, &out), 0);
	assert_string_equal(out.data,
	    "{\n    \"apiVersion\": \"apps/v1\",\n    \"kind\": \"Deployment\",\n"
	    "    \"metadata\": {\n        \"name\": \"web\"\n    },\n    \"spec\": {\n"
	    "        \"metadata\": {\n            \"managedFields\": 2\n        }\n    }\n}");
	buf_clear(&out);
	assert_int_equal(kube_print_name(&doc, item, &style, &out), 0);
	assert_string_equal(out.data, "deployment.apps/web\n");
	buf_clear(&out);
	assert_int_equal(kube_print_name(&doc, item, &plain, &out), -1);
	buf_release(&out);
	kube_doc_release(&doc);
}

/* An item's own version does not count without a kind. */
static void test_versions(void **state)
{
	static const char list[] = "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"items\":["
	                           "{\"z\":1,\"kind\":\"\",\"apiVersion\":\"v2\"}]}";
	struct kube_doc doc;
	struct kube_object_style style = {.typed = true};
	struct buf out;

	(void)state;
	buf_init(&out, 65536);
	assert_int_equal(read_doc(&doc, list), 0);
	style.kind = *kube_doc_get(&doc, doc.nodes, "kind");
	style.kind.len -= 4;
	style.version = *kube_doc_get(&doc, doc.nodes, "apiVersion");
	assert_int_equal(
	    kube_print_json(&doc, kube_doc_get(&doc, doc.nodes, "items") + 1, 0, &style, &out), 0);
	assert_string_equal(
	    out.data, "{\n    \"apiVersion\": \"v1\",\n    \"kind\": \"Pod\",\n    \"z\": 1\n}");
	buf_release(&out);
	kube_doc_release(&doc);
}

/* Once more written and read, as it is in a list, it is no float. */
static void test_minus_zero(void **state)
{
	struct kube_doc doc;
	struct buf out;

	(void)state;
	assert_int_equal(read_doc(&doc, "[-0.0,-0,-0e1,-0.5,-1]"), 0);
	buf_init(&out, 1024);
	assert_int_equal(kube_print_json(&doc, doc.nodes, 0, &plain, &out), 0);
	assert_string_equal(out.data, "[\n    -0,\n    0,\n    -0,\n    -0.5,\n    -1\n]");
	buf_clear(&out);
	assert_int_equal(kube_print_json(&doc, doc.nodes, 1, &plain, &out), 0);
	assert_string_equal(
	    out.data, "[\n        0,\n        0,\n        0,\n        -0.5,\n        -1\n    ]");
	buf_release(&out);
	kube_doc_release(&doc);
}

static void test_list_of_none(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 65536);
	kube_print_list_begin(&out);
	kube_print_list_end(0, &out);
	assert_string_equal(out.data, "{\n    \"apiVersion\": \"v1\",\n    \"items\": [],\n"
	                              "    \"kind\": \"List\",\n    \"metadata\": {\n"
	                              "        \"resourceVersion\": \"\"\n    }\n}\n");
	buf_release(&out);
}

static const struct {
	const char *text;
	const char *laid_out;
} tabs_cases[] = {
    {"", ""},
    {"a\n", "a\n"},
    {"a\tb\n", "a     b\n"},
    {"abc\tb\nabcd\tc\n", "abc    b\nabcd   c\n"},
    {"a\t\tb\n", "a           b\n"},
    {"a\t\n", "a     \n"},
    /* A line without the cell begins a new block. */
    {"a\tb\nlonger word\nabcdef\tb\n", "a     b\nlonger word\nabcdef   b\n"},
    {"a\tb\tc\nabcdef\tb\nab\tbcdefgh\tc\n",
        "a        b     c\nabcdef   b\nab       bcdefgh   c\n"},
    {"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\tb\n", "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9   b\n"},
    {"a\vb\fc", "a     b\nc"},
};

static void test_tabs(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(tabs_cases); i++) {
		struct kube_tabs tabs;
		struct buf out;

		buf_init(&out, 4096);
		kube_tabs_init(&tabs, 4096);
		kube_tabs_add(&tabs, tabs_cases[i].text, strlen(tabs_cases[i].text));
		kube_tabs_flush(&tabs, &out);
		assert_string_equal(out.data, tabs_cases[i].laid_out);
		kube_tabs_release(&tabs);
		buf_release(&out);
	}
}

#define TABLE(columns, rows)                                                                       \
	"{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/v1\",\"columnDefinitions\":[" columns    \
	"],\"rows\":[" rows "]}"
#define COLUMN(name, format, priority)                                                             \
	"{\"name\":\"" name "\",\"type\":\"string\",\"format\":\"" format                          \
	"\",\"priority\":" priority "}"
#define TWO COLUMN("Name", "name", "0") "," COLUMN("Node", "", "1")
#define META                                                                                       \
	"\"object\":{\"metadata\":{\"namespace\":\"shop\",\"labels\":{\"b\":\"2\",\"a\":\"1\"}}}"

static const struct {
	struct kube_table_style style;
	const char *tables[3];
	const char *printed; /* NULL: an error */
} tables[] = {
    {{0}, {TABLE(TWO, "{\"cells\":[\"web\",\"n\"]}")}, "NAME\nweb\n"},
    {{.wide = true}, {TABLE(TWO, "{\"cells\":[\"web\",\"n\"]}")}, "NAME   NODE\nweb    n\n"},
    {{.no_headers = true}, {TABLE(TWO, "{\"cells\":[\"web\",\"n\"]}")}, "web\n"},
    {{0}, {TABLE(TWO, "")}, ""},
    {{.kind = "pod"}, {TABLE(TWO, "{\"cells\":[\"web\"]}")}, "NAME\npod/web\n"},
    {{.namespaces = true, .show_labels = true},
        {TABLE(TWO, "{\"cells\":[\"web\",\"n\"]," META "}")},
        "NAMESPACE   NAME   LABELS\nshop        web    a=1,b=2\n"},
    {{.show_labels = true}, {TABLE(TWO, "{\"cells\":[\"web\",\"n\"]}")},
        "NAME   LABELS\nweb    \n"},
    /* Pages of one list share their headings, other columns get their own. */
    {{0}, {TABLE(TWO, "{\"cells\":[\"a\"]}"), TABLE(TWO, "{\"cells\":[\"b\"]}")}, "NAME\na\nb\n"},
    {{0}, {TABLE(TWO, ""), TABLE(TWO, "{\"cells\":[\"b\"]}")}, "NAME\nb\n"},
    {{0}, {TABLE(TWO, "{\"cells\":[\"a\"]}"), TABLE(COLUMN("X", "", "0"), "{\"cells\":[3]}")},
        "NAME\na\nX\n3\n"},
    {{0}, {TABLE(TWO, "{\"cells\":[\"a\",\"b\",\"more than columns\"]}")}, "NAME\na\n"},
    {{0}, {TABLE(TWO, "{\"cells\":[\"two\\nlines\"]}")}, "NAME\ntwo...\n"},
    {{0}, {TABLE(TWO, "{\"cells\":[\"\\u001b[1m\"]}")}, "NAME\n^[[1m\n"},
    {{0}, {TABLE(TWO, "{\"cells\":[{}]}")}, NULL},
};

static int print_tables(size_t at, struct kube_doc docs[3], struct buf *out)
{
	struct kube_table_printer printer = {.style = tables[at].style};
	struct kube_tabs tabs;
	int result = 0;

	kube_tabs_init(&tabs, 65536);
	for (size_t i = 0; i < 3 && tables[at].tables[i] && result == 0; i++) {
		assert_int_equal(read_doc(&docs[i], tables[at].tables[i]), 0);
		assert_true(kube_table_known(&docs[i]));
		result = kube_table_print(&printer, &docs[i], &tabs);
	}
	kube_tabs_flush(&tabs, out);
	kube_tabs_release(&tabs);
	return result;
}

static void test_tables(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		struct kube_doc docs[3] = {0};
		struct buf out;
		int result;

		buf_init(&out, 65536);
		result = print_tables(i, docs, &out);
		assert_int_equal(result, tables[i].printed ? 0 : -1);
		if (tables[i].printed)
			assert_string_equal(out.data, tables[i].printed);
		for (size_t d = 0; d < 3; d++)
			kube_doc_release(&docs[d]);
		buf_release(&out);
	}
}

static void test_what_is_no_table(void **state)
{
	static const char *const texts[] = {"[]", "{\"kind\":\"PodList\",\"apiVersion\":\"v1\"}",
	    "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/v2\",\"columnDefinitions\":[]}",
	    "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/v1\"}"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct kube_doc doc;

		assert_int_equal(read_doc(&doc, texts[i]), 0);
		assert_false(kube_table_known(&doc));
		kube_doc_release(&doc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_json),
	    cmocka_unit_test(test_deep),
	    cmocka_unit_test(test_many_keys),
	    cmocka_unit_test(test_items),
	    cmocka_unit_test(test_objects),
	    cmocka_unit_test(test_versions),
	    cmocka_unit_test(test_list_of_none),
	    cmocka_unit_test(test_tabs),
	    cmocka_unit_test(test_tables),
	    cmocka_unit_test(test_minus_zero),
	    cmocka_unit_test(test_what_is_no_table),
	};

	return cmocka_run_group_tests_name("print", tests, NULL, NULL);
}
