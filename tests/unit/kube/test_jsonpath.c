/* kubectl's JSONPath, what columns make of it, and the order in which Go sorts what is equal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsops/kube_jsonpath.h"
#include "fsops/kube_print.h"
#include "fsops/mem.h"

#define DATA                                                                                       \
	"{\"a\":{\"b\":\"x\",\"c.d\":\"dot\",\"e\\\\f\":\"no\",\"\":\"empty\"},\"n\":[1,2.50,1e6," \
	"12345678901234567890],"                                                                   \
	"\"t\":true,\"z\":null,\"l\":[{\"k\":\"p\",\"v\":1},{\"k\":\"q\",\"v\":2},{\"v\":3}],"     \
	"\"m\":{\"y\":[null,{\"i\":1,\"h\":\"<\"}],\"x\":2.0}}"

static const struct {
	const char *path;
	const char *printed; /* NULL: it is not known, or an error */
} paths[] = {
    {"text", "text"},
    {"{.a.b}", "x"},
    {"<{.a.b}>{\"\\n\"}", "<x>\n"},
    {"{ .a.b }", "x"},
    {"{$.a.b}{@.a.b}", "xx"},
    {"{.a.absent}{.absent.b}{.a.b.c}", ""},
    {"{.a.c\\.d}", "dot"},
    {"{.a['c\\.d']}", "dot"},
    {"{.a['c.d']}", ""},
    {"{.a['b']}", "x"},
    {"{['a']['b']}", "x"},
    {"{.a.}", "empty"},
    {"{.a['b','c\\.d']}", "x dot"},
    {"{.n}", "[1,2.5,1000000,12345678901234567000]"},
    {"{.n[*]}", "1 2.5 1e+06 1.2345678901234567e+19"},
    {"{.n[0]}{.n[-1]}", "11.2345678901234567e+19"},
    {"{.n[1:3]}", "2.5 1e+06"},
    {"{.n[:1]}|{.n[3:]}", "1|1.2345678901234567e+19"},
    {"{.n[::2]}|{.n[1::2]}", "1 1e+06|2.5 1.2345678901234567e+19"},
    {"{.n[-2:]}", "1e+06 1.2345678901234567e+19"},
    {"{.n[0:-3]}", "1"},
    {"{.n[0,1]}", "1 2.5"},
    {"{.n[2:2]}", ""},
    {"{.n[4]}", NULL},
    {"{.n[0:5]}", NULL},
    {"{.n[2:1]}", NULL},
    {"{.n[0:2:0]}", NULL},
    {"{.a[0]}", NULL},
    {"{.z[0]}{.z.a}", ""},
    {"{.z}{.t}", "nulltrue"},
    {"{.m}", "{\"x\":2,\"y\":[null,{\"h\":\"\\u003c\",\"i\":1}]}"},
    {"{.l[*].k}", "p q"},
    {"{.l[?(@.k==\"q\")].v}", "2"},
    {"{.l[?(@.k=='q')].v}", "2"},
    {"{.l[?(@.k!=\"q\")].v}", "1"},
    {"{.l[?(@.k)].v}", "1 2"},
    {"{.l[?(@.v>1)].v}", "2 3"},
    {"{.l[?( @.v >= 2 )].v}", "2 3"},
    {"{.l[?(@.v<2)].v}{.l[?(@.v<=2)].k}", "1p q"},
    {"{.l[?(@.v==@.v)].v}", "1 2 3"},
    {"{.l[?(@.k==1)].v}", NULL},
    {"{.l[?(@.v==1.5)].v}", NULL},
    {"{.l[?(@.k==q)].v}", NULL},
    {"{.a[?(@.k==1)].v}", NULL},
    {"{.l[*].*}", NULL},
    {"{.l[2].*}", "3"},
    {"{range .l[*]}{.k}={.v};{end}", "p=1;q=2;=3;"},
    {"{range .l[*]}{range .absent[*]}x{end}{.v}{end}.", "123."},
    {"{range .absent}{.a}{end}ok", "ok"},
    {"{range .absent}{[0]}{end}ok", NULL},
    {"{range .m.y[*]}{.i}{end}", NULL},
    {"{range .l[*]}{.k}", NULL},
    {"{.k}{end}", NULL},
    {"{..k}", NULL},
    {"{.a", NULL},
    {"{.a[}", NULL},
    {"{.a[x]}", NULL},
    {"{\"a}", NULL},
    {"{\"\\q\"}", NULL},
    {"{unknown}", NULL},
    {"{5}{-3}{true}", "5-3true"},
    {"{5.5}", NULL},
    {"", NULL},
};

static char *printed(const char *text)
{
	struct kube_jsonpath *path = kube_jsonpath_read(text);
	struct kube_doc doc;
	struct buf out;
	char *result = NULL;

	buf_init(&out, 65536);
	assert_int_equal(kube_doc_read(&doc, mem_text(DATA), strlen(DATA), NULL), 0);
	if (path && kube_jsonpath_print(path, &doc, doc.nodes, &out) == 0)
		result = buf_detach(&out);
	buf_release(&out);
	kube_doc_release(&doc);
	kube_jsonpath_free(path);
	return result;
}

static void test_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		char *found = printed(paths[i].path);

		if (!found != !paths[i].printed || (found && strcmp(found, paths[i].printed) != 0))
			fail_msg("%s: %s", paths[i].path, found ? found : "not known");
		free(found);
	}
}

static const struct {
	const char *columns;
	const char *row; /* NULL: not known */
} columns[] = {
    {"B:.a.b", "B\nx\n"},
    {"B:a.b,C:{.a.b},D:{a.b}", "B     C     D\nx     x     x\n"},
    {"N:.n", "N\n[1 2.5 1e+06 1.2345678901234567e+19]\n"},
    {"N:.n[*]", "N\n1,2.5,1e+06,1.2345678901234567e+19\n"},
    {"M:.m,Z:.z,T:.t", "M                                 Z       T\nmap[x:2 y:[<nil> map[h:< "
                       "i:1]]]   <nil>   true\n"},
    {"X:.absent", "X\n<none>\n"},
    {":.a.b", "\nx\n"},
    {"A:.a:b", "A\n<none>\n"},
    {"A", NULL},
    {"A:", NULL},
    {"A:.a,", NULL},
    {"A:{.a}{.b}", NULL},
    {"A:..b", NULL},
    {"A:.n[9]", NULL},
};

static void test_columns(void **state)
{
	struct kube_doc doc;

	(void)state;
	assert_int_equal(kube_doc_read(&doc, mem_text(DATA), strlen(DATA), NULL), 0);
	for (size_t i = 0; i < COUNT_OF(columns); i++) {
		struct kube_columns *read = kube_columns_read(columns[i].columns);
		struct kube_tabs tabs;
		struct buf out;
		int result = -1;

		buf_init(&out, 65536);
		kube_tabs_init(&tabs, 65536);
		if (read) {
			kube_columns_print_headings(read, &tabs);
			result = kube_columns_print(read, &doc, doc.nodes, &tabs);
		}
		kube_tabs_flush(&tabs, &out);
		if (result != (columns[i].row ? 0 : -1) ||
		    (result == 0 && strcmp(out.data, columns[i].row) != 0))
			fail_msg("%s: %d %s", columns[i].columns, result, out.data);
		kube_tabs_release(&tabs);
		kube_columns_free(read);
		buf_release(&out);
	}
	kube_doc_release(&doc);
}

/* ---- sort.Sort() ---- */

struct pairs {
	unsigned key[100];
	unsigned was[100];
};

static bool pair_less(void *ctx, size_t a, size_t b)
{
	const struct pairs *pairs = ctx;

	return pairs->key[a] < pairs->key[b];
}

static void pair_swap(void *ctx, size_t a, size_t b)
{
	struct pairs *pairs = ctx;
	unsigned key = pairs->key[a], was = pairs->was[a];

	pairs->key[a] = pairs->key[b];
	pairs->was[a] = pairs->was[b];
	pairs->key[b] = key;
	pairs->was[b] = was;
}

static void test_sort(void **state)
{
	static const size_t counts[] = {0, 1, 2, 12, 13, 50, 100};

	(void)state;
	for (unsigned kind = 0; kind < 5; kind++)
		for (size_t c = 0; c < COUNT_OF(counts); c++) {
			struct pairs pairs;
			size_t count = counts[c];
			bool seen[100] = {false};

			for (unsigned i = 0; i < count; i++) {
				const unsigned keys[] = {
				    i, (unsigned)count - i, 7, i * 37 % 11, i % 2};

				pairs.key[i] = keys[kind];
				pairs.was[i] = i;
			}
			kube_go_sort(&(struct kube_go_sort){pair_less, pair_swap, &pairs}, count);
			for (size_t i = 0; i < count; i++) {
				assert_true(i == 0 || pairs.key[i - 1] <= pairs.key[i]);
				assert_false(seen[pairs.was[i]]);
				seen[pairs.was[i]] = true;
			}
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_paths),
	    cmocka_unit_test(test_columns),
	    cmocka_unit_test(test_sort),
	};

	return cmocka_run_group_tests_name("jsonpath", tests, NULL, NULL);
}
