/* kubectl: which commands are known whole, and what their words mean, as pflag reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/kubectl/native.h"
#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/text.h"

static bool read_text(struct native *native, const char *text)
{
	struct words words;
	char *argv[64] = {0};
	bool known;

	assert_int_equal(words_split(text, &words, NULL), 0);
	assert_true(words.count < COUNT_OF(argv));
	for (size_t i = 0; i < words.count; i++)
		argv[i] = words.items[i];
	known = native_read(native, argv);
	words_release(&words);
	return known;
}

static const struct {
	const char *words;
	const char *args; /* with a blank between; NULL: not known */
	enum native_flag flag;
	const char *value; /* NULL: not there */
} cases[] = {
    {"get pods", "pods", NATIVE_NAMESPACE, NULL},
    {"get pods -n x", "pods", NATIVE_NAMESPACE, "x"},
    {"get pods -nx", "pods", NATIVE_NAMESPACE, "x"},
    {"get pods -n=x", "pods", NATIVE_NAMESPACE, "x"},
    {"get -n x pods web", "pods web", NATIVE_NAMESPACE, "x"},
    {"-n x get pods", "pods", NATIVE_NAMESPACE, "x"},
    {"--context a --namespace=y get pods", "pods", NATIVE_NAMESPACE, "y"},
    {"get pods --namespace x --namespace y", "pods", NATIVE_NAMESPACE, "y"},
    {"get pods --namespace=", "pods", NATIVE_NAMESPACE, ""},
    {"get pods --namespace", NULL, 0, NULL},
    {"get pods -n", NULL, 0, NULL},
    {"get pods -A", "pods", NATIVE_ALL_NAMESPACES, "true"},
    {"get pods -A=false", "pods", NATIVE_ALL_NAMESPACES, "false"},
    {"get pods -A=0", "pods", NATIVE_ALL_NAMESPACES, "false"},
    {"get pods -A=maybe", NULL, 0, NULL},
    {"get pods -An x", "pods", NATIVE_NAMESPACE, "x"},
    {"get pods -Anx", "pods", NATIVE_NAMESPACE, "x"},
    {"get pods -Aw", NULL, 0, NULL},
    {"get pods --all-namespaces false", "pods false", NATIVE_ALL_NAMESPACES, "true"},
    {"get pods --no-headers=T", "pods", NATIVE_NO_HEADERS, "true"},
    {"get pods -o json", "pods", NATIVE_OUTPUT, "json"},
    {"get pods -ojson", "pods", NATIVE_OUTPUT, "json"},
    {"get pods -o=wide", "pods", NATIVE_OUTPUT, "wide"},
    {"get pods -o yaml", NULL, 0, NULL},
    {"get pods -o JSON", NULL, 0, NULL},
    {"get pods --output", NULL, 0, NULL},
    {"get pods --Output=json", NULL, 0, NULL},
    {"get pods --out=json", NULL, 0, NULL},
    {"get pod web -o jsonpath={.metadata.name}", "pod web", NATIVE_OUTPUT,
        "jsonpath={.metadata.name}"},
    {"get pod/web -o 'jsonpath={.data.tls\\.crt}'", "pod/web", NATIVE_OUTPUT,
        "jsonpath={.data.tls\\.crt}"},
    {"get pods -o jsonpath={.items}", "pods", NATIVE_OUTPUT, "jsonpath={.items}"},
    {"get pods -l app=web", "pods", NATIVE_SELECTOR, "app=web"},
    {"get pods -l=app=web", "pods", NATIVE_SELECTOR, "app=web"},
    {"get pods -lapp=web", "pods", NATIVE_SELECTOR, "app=web"},
    {"get pods -l 'app in (a,b)'", "pods", NATIVE_SELECTOR, "app in (a,b)"},
    {"get pods -l ' app=web'", NULL, 0, NULL},
    {"get pods web -l app=web", NULL, 0, NULL},
    {"get pod/web -l app=web", NULL, 0, NULL},
    {"get pod/web -l ''", "pod/web", NATIVE_SELECTOR, ""},
    {"get pods -L a,b -L c", "pods", NATIVE_LABEL_COLUMNS, "a,b,c"},
    {"get pods -L '\"a,b\"'", NULL, 0, NULL},
    {"get pods --chunk-size 0", "pods", NATIVE_CHUNK_SIZE, "0"},
    {"get pods --chunk-size=07", NULL, 0, NULL},
    {"get pods --chunk-size=0x10", NULL, 0, NULL},
    {"get pods -- -n", "pods -n", NATIVE_NAMESPACE, NULL},
    {"get -- pods web", "pods web", 0, NULL},
    {"get pods -o json --show-labels", NULL, 0, NULL},
    {"get pods -o json --show-labels=false", "pods", NATIVE_OUTPUT, "json"},
    {"get", NULL, 0, NULL},
    {"get pods,", NULL, 0, NULL},
    {"get ,pods", NULL, 0, NULL},
    {"get pods ''", NULL, 0, NULL},
    {"get pods ..", NULL, 0, NULL},
    {"get pods a%2fb", NULL, 0, NULL},
    {"get pod/a svc", NULL, 0, NULL},
    {"get pod/a/b", NULL, 0, NULL},
    {"get pod/", NULL, 0, NULL},
    {"get /a", NULL, 0, NULL},
    {"get po\\\"ds", NULL, 0, NULL},
    {"get 'pods,a\\b'", NULL, 0, NULL},
    {"get p\xc3\xb6"
     "d",
        NULL, 0, NULL},
    {"get p\xc3\xb6"
     "d/a",
        NULL, 0, NULL},
    {"get pod,svc/a", NULL, 0, NULL},
    {"get pods,services a b", "pods,services a b", 0, NULL},
    {"get pods -w", NULL, 0, NULL},
    {"get pods --raw=/api", NULL, 0, NULL},
    {"get -f x.yaml", NULL, 0, NULL},
    {"delete pods", NULL, 0, NULL},

    {"rollout status deployment/web", "deployment/web", NATIVE_TIMEOUT, NULL},
    {"rollout -n x status deployment web", "deployment web", NATIVE_NAMESPACE, "x"},
    {"rollout status deploy/web --timeout=1m30s", "deploy/web", NATIVE_TIMEOUT, "1m30s"},
    {"rollout status deploy/web -w=false", "deploy/web", NATIVE_WATCH, "false"},
    {"rollout status deploy/web --timeout=90", NULL, 0, NULL},
    {"rollout status deploy/web --timeout=-1s", NULL, 0, NULL},
    {"rollout status deploy/web deploy/api", NULL, 0, NULL},
    {"rollout status deployment", NULL, 0, NULL},
    {"rollout status deployment/web --revision=2", NULL, 0, NULL},
    {"rollout --watch status deployment/web", NULL, 0, NULL},
    {"rollout history deployment/web", "deployment/web", NATIVE_NAMESPACE, NULL},
    {"rollout history deployment/web --revision=2", NULL, 0, NULL},
    {"rollout undo deployment/web", NULL, 0, NULL},
    {"rollout status", NULL, 0, NULL},
    {"rollout", NULL, 0, NULL},
    {"logs web -f", "web", NATIVE_FOLLOW, "true"},
    {"logs -pc main web", "web", NATIVE_CONTAINER, "main"},
    {"logs web main", "web main", NATIVE_CONTAINER, NULL},
    {"logs web main -c main", NULL, 0, NULL},
    {"logs web -c main --all-containers", NULL, 0, NULL},
    {"logs -l app=web --tail=-1", "", NATIVE_TAIL, "-1"},
    {"logs -l app=web web", NULL, 0, NULL},
    {"logs web --tail=-2", NULL, 0, NULL},
    {"logs web --since=1.5h", "web", NATIVE_SINCE, "1.5h"},
    {"logs web --since-time=2026-01-02T03:04:05Z", "web", NATIVE_SINCE_TIME,
        "2026-01-02T03:04:05Z"},
    {"logs web --since-time=2026-01-02T03:04:05+01:00", NULL, 0, NULL},
    {"logs web --since=1h --since-time=2026-01-02T03:04:05Z", NULL, 0, NULL},
    {"logs web --ignore-errors", NULL, 0, NULL},
    {"logs job/a/b", NULL, 0, NULL},
    {"logs", NULL, 0, NULL},
    {"top pods", "", NATIVE_SELECTOR, NULL},
    {"top po web", "web", NATIVE_SELECTOR, NULL},
    {"top pod -l app=web,tier!=x", "", NATIVE_SELECTOR, "app=web,tier!=x"},
    {"top pod -l 'app in (web)'", NULL, 0, NULL},
    {"top pod -l app", NULL, 0, NULL},
    {"top pod -l app=web,", NULL, 0, NULL},
    {"top pod web -A", NULL, 0, NULL},
    {"top pod --sort-by=cpu", "", NATIVE_SORT_BY, "cpu"},
    {"top pod --sort-by=name", NULL, 0, NULL},
    {"top nodes --containers", NULL, 0, NULL},
    {"top", NULL, 0, NULL},
    {"wait --for=condition=Ready pod/a node/b", "pod/a node/b", NATIVE_FOR, "condition=Ready"},
    {"wait --for condition=Ready=false pod a b", "pod a b", NATIVE_FOR, "condition=Ready=false"},
    {"wait --for=condition=Ready pod -l app=web", "pod", NATIVE_SELECTOR, "app=web"},
    {"wait --for=condition=Ready pod", NULL, 0, NULL},
    {"wait --for=condition=Ready pod --all", "pod", NATIVE_ALL, "true"},
    {"wait --for=condition=Ready pod --all=false", NULL, 0, NULL},
    {"wait --for=condition=Ready pod --all -l app=web", NULL, 0, NULL},
    {"wait --for=condition=Ready pod/a --all", NULL, 0, NULL},
    {"wait --for=condition= pod/a", NULL, 0, NULL},
    {"wait --for=delete pod/a", "pod/a", NATIVE_FOR, "delete"},
    {"wait --for=delete pod -l app=web", "pod", NATIVE_SELECTOR, "app=web"},
    {"wait --for=delete", NULL, 0, NULL},
    {"wait --for=delete=x pod/a", NULL, 0, NULL},
    {"wait --for=create pod/a", "pod/a", NATIVE_FOR, "create"},
    {"wait --for=create pod/a pod/b", NULL, 0, NULL},
    {"wait --for=create pod -l app=web", NULL, 0, NULL},
    {"wait --for=jsonpath={.a} pod/a", "pod/a", NATIVE_FOR, "jsonpath={.a}"},
    {"wait --for=jsonpath={.a[0]} pod/a", NULL, 0, NULL},
    {"wait --for=ready pod/a", NULL, 0, NULL},
    {"wait --for=condition=Ready pod/a --timeout=0", NULL, 0, NULL},
    {"wait pod/a", NULL, 0, NULL},
    {"cluster-info", "", 0, NULL},
    {"cluster-info dump", NULL, 0, NULL},
    {"auth can-i get pods", "get pods", NATIVE_QUIET, NULL},
    {"auth can-i get pods -qA", "get pods", NATIVE_QUIET, "true"},
    {"auth can-i get pods --subresource=log", "get pods", NATIVE_SUBRESOURCE, "log"},
    {"auth can-i get /healthz", "get /healthz", 0, NULL},
    {"auth can-i get /healthz --subresource=a", NULL, 0, NULL},
    {"auth can-i get 'pods a'", NULL, 0, NULL},
    {"auth can-i get p\xc3\xb6"
     "ds",
        NULL, 0, NULL},
    {"auth can-i get ''", NULL, 0, NULL},
    {"auth can-i get", NULL, 0, NULL},
    {"auth can-i --list", NULL, 0, NULL},
    {"auth can-i get pods --no-headers", NULL, 0, NULL},
    {"auth whoami", "", NATIVE_OUTPUT, NULL},
    {"auth whoami -o json", "", NATIVE_OUTPUT, "json"},
    {"auth whoami -o yaml", NULL, 0, NULL},
    {"auth reconcile -f x", NULL, 0, NULL},
    {"api-resources", "", NATIVE_NAMESPACED, NULL},
    {"api-resources --namespaced=false", "", NATIVE_NAMESPACED, "false"},
    {"api-resources --verbs=get,list --verbs=watch", "", NATIVE_VERBS, "get,list,watch"},
    {"api-resources -o name --sort-by=kind", "", NATIVE_SORT_BY, "kind"},
    {"api-resources --sort-by=verbs", NULL, 0, NULL},
    {"api-resources -o json", NULL, 0, NULL},
    {"api-resources --cached", NULL, 0, NULL},
    {"api-resources pods", NULL, 0, NULL},
    {"version", NULL, 0, NULL},

    {"-o json get pods", NULL, 0, NULL},
    {"pods get", NULL, 0, NULL},
    {"", NULL, 0, NULL},
};

static char *joined(const struct native *native)
{
	struct buf out;

	buf_init(&out, 1024);
	for (size_t i = 0; i < native->arg_count; i++)
		buf_addf(&out, "%s%s", i ? " " : "", native->args[i]);
	return buf_detach(&out);
}

static void test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct native native;
		bool known = read_text(&native, cases[i].words);
		char *args = joined(&native);
		const char *value = native_value(&native, cases[i].flag);

		if (known != (cases[i].args != NULL))
			fail_msg("'%s' is %sknown", cases[i].words, known ? "" : "not ");
		if (known) {
			assert_string_equal(args, cases[i].args);
			if (cases[i].value)
				assert_string_equal(value, cases[i].value);
			else if (cases[i].flag != NATIVE_NAMESPACE || !strstr(cases[i].words, "-n"))
				assert_null(value);
		}
		free(args);
		native_release(&native);
	}
}

static void test_on(void **state)
{
	struct native native;

	(void)state;
	assert_true(read_text(&native, "get pods -A --no-headers=false"));
	assert_true(native_on(&native, NATIVE_ALL_NAMESPACES));
	assert_false(native_on(&native, NATIVE_NO_HEADERS));
	assert_false(native_on(&native, NATIVE_SHOW_LABELS));
	native_release(&native);
}

static void test_too_many(void **state)
{
	char *argv[NATIVE_ARGS_MAX + 4] = {0};
	char get[] = "get", pod[] = "pod", name[] = "x";
	struct native native;

	(void)state;
	argv[0] = get;
	argv[1] = pod;
	for (size_t i = 2; i < NATIVE_ARGS_MAX + 1; i++)
		argv[i] = name;
	assert_true(native_read(&native, argv));
	native_release(&native);
	argv[NATIVE_ARGS_MAX + 1] = name;
	assert_false(native_read(&native, argv));
	native_release(&native);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_on),
	    cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests_name("native", tests, NULL, NULL);
}
