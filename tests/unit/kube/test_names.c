/* What the names of kinds mean, which proxy stands before a server, and how paths and queries are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "kube/private.h"

static const struct kube_kind pods = {.group = "",
    .version = "v1",
    .plural = "pods",
    .singular = "pod",
    .kind = "Pod",
    .names = "po",
    .categories = "all",
    .namespaced = true};
static const struct kube_kind hpas = {.group = "autoscaling",
    .version = "v2",
    .plural = "horizontalpodautoscalers",
    .singular = "horizontalpodautoscaler",
    .kind = "HorizontalPodAutoscaler",
    .names = "hpa",
    .categories = "all"};
static const struct kube_kind old_hpas = {.group = "autoscaling",
    .version = "v1",
    .plural = "horizontalpodautoscalers",
    .singular = "horizontalpodautoscaler",
    .kind = "HorizontalPodAutoscaler",
    .names = "hpa",
    .categories = "all"};
static const struct kube_kind pod_metrics = {.group = "metrics.k8s.io",
    .version = "v1beta1",
    .plural = "pods",
    .singular = "",
    .kind = "PodMetrics",
    .names = "",
    .categories = ""};
static const struct kube_kind apps = {.group = "argoproj.io",
    .version = "v1alpha1",
    .plural = "applications",
    .singular = "application",
    .kind = "Application",
    .names = "app apps",
    .categories = "all argo"};

static const struct kube_kind *items[] = {&pods, &hpas, &old_hpas, &pod_metrics, &apps};
static const struct kube_kinds kinds = {.items = items, .count = COUNT_OF(items)};

static const struct {
	const char *name;
	const struct kube_kind *kind;
} meanings[] = {
    {"pods", &pods},
    {"pod", &pods},
    {"po", &pods},
    {"Pod", &pods},
    {"PODS", &pods},
    {"PO", NULL},
    {"pods.metrics.k8s.io", &pod_metrics},
    {"pods.v1beta1.metrics.k8s.io", &pod_metrics},
    {"PodMetrics", &pod_metrics},
    {"pods.metrics", &pod_metrics},
    {"hpa", &hpas},
    {"hpa.autoscaling", &hpas},
    {"hpa.v1.autoscaling", &old_hpas},
    {"horizontalpodautoscalers.v2.autoscaling", &hpas},
    {"horizontalpodautoscalers.v3.autoscaling", NULL},
    {"apps", &apps},
    {"app.argoproj.io", &apps},
    {"app.argo", &apps},
    {"app.other", NULL},
    {"nope", NULL},
    {"", NULL},
    {".", NULL},
};

static void names_mean_what_kubectl_takes_them_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(meanings); i++) {
		const struct kube_kind *kind = kube_kinds_find(&kinds, meanings[i].name);

		if (kind != meanings[i].kind)
			fail_msg("'%s' is %s.%s", meanings[i].name, kind ? kind->plural : "nothing",
			    kind ? kind->group : "");
	}
	assert_true(kube_kind_has_category(&apps, "argo"));
	assert_false(kube_kind_has_category(&apps, "arg"));
	assert_false(kube_kind_has_category(&apps, ""));
}

static void stable_kinds_need_no_question(void **state)
{
	const struct kube_kind *kind = kube_kinds_find(kube_stable(), "deploy");

	(void)state;
	assert_string_equal(kind->plural, "deployments");
	assert_string_equal(kind->group, "apps");
	assert_ptr_equal(kind, kube_kinds_find(kube_stable(), "deployments.v1.apps"));
	assert_null(kube_kinds_find(kube_stable(), "deployments.v1beta1.apps"));
	assert_null(kube_kinds_find(kube_stable(), "cronjobs"));
}

static void paths_and_queries(void **state)
{
	struct buf query;
	char *path;

	(void)state;
	buf_init(&query, BUF_TEXT_MAX);
	kube_query_add(&query, "labelSelector", "app=a b,tier in (x,y)");
	kube_query_add(&query, "limit", "500");
	assert_string_equal(query.data, "labelSelector=app%3Da+b%2Ctier+in+%28x%2Cy%29&limit=500");
	path = kube_path(&pods, "shop", "a/b", "log", query.data);
	assert_string_equal(path, "/api/v1/namespaces/shop/pods/a%2Fb/"
	                          "log?labelSelector=app%3Da+b%2Ctier+in+%28x%2Cy%29&limit=500");
	free(path);
	path = kube_path(&hpas, "shop", NULL, NULL, NULL);
	assert_string_equal(
	    path, "/apis/autoscaling/v2/horizontalpodautoscalers"); /* of no namespace */
	free(path);
	buf_release(&query);
}

/* Which proxy, by Go's rules. */
static const struct {
	const char *server;
	const char *own; /* proxy-url */
	const char *env; /* HTTPS_PROXY */
	const char *no;  /* NO_PROXY */
	const char *proxy;
} proxies[] = {
    {"https://api.example:6443", NULL, "http://p:3128", "", "http://p:3128"},
    {"https://api.example:6443", NULL, "p:3128", "", "http://p:3128"},
    {"https://api.example:6443", "socks5://q:1", "http://p:3128", "*", "socks5h://q:1"},
    {"https://api.example:6443", NULL, "http://p:3128", "other.example, api.example", NULL},
    {"https://api.example:6443", NULL, "http://p:3128", "example", NULL},
    {"https://api.example:6443", NULL, "http://p:3128", ".example", NULL},
    {"https://example:6443", NULL, "http://p:3128", ".example", "http://p:3128"},
    {"https://myexample:6443", NULL, "http://p:3128", "example", "http://p:3128"},
    {"https://api.example:6443", NULL, "http://p:3128", "api.example:443", "http://p:3128"},
    {"https://api.example:6443", NULL, "http://p:3128", "API.example:6443", NULL},
    {"https://api.example", NULL, "http://p:3128", "*.example:443", NULL},
    {"https://10.1.2.3:6443", NULL, "http://p:3128", "10.0.0.0/8", NULL},
    {"https://11.1.2.3:6443", NULL, "http://p:3128", "10.0.0.0/8", "http://p:3128"},
    {"https://10.1.2.3:6443", NULL, "http://p:3128", "10.1.2.3", NULL},
    {"https://[fd00::5]:6443", NULL, "http://p:3128", "fd00::/8", NULL},
    {"https://[fd00::5]:6443", NULL, "http://p:3128", "[fd00::5]:6443", NULL},
    {"https://127.0.0.5:6443", NULL, "http://p:3128", "", NULL},
    {"https://[::1]:6443", NULL, "http://p:3128", "", NULL},
    {"https://localhost:6443", NULL, "http://p:3128", "", NULL},
    {"http://api.example:8080", NULL, "http://p:3128", "", NULL}, /* that is HTTP_PROXY's */
};

static void proxies_are_go_s(void **state)
{
	struct loop *loop = loop_new(&clock_system);
	struct children *children = children_new(loop, NULL);
	bool known;

	(void)state;
	unsetenv("HTTP_PROXY");
	unsetenv("http_proxy");
	unsetenv("https_proxy");
	unsetenv("no_proxy");
	for (size_t i = 0; i < COUNT_OF(proxies); i++) {
		struct kube_config config = {
		    .server = (char *)proxies[i].server, .proxy = (char *)proxies[i].own};
		char *proxy;

		setenv("HTTPS_PROXY", proxies[i].env, 1);
		setenv("NO_PROXY", proxies[i].no, 1);
		proxy = kube_proxy(&config, children, NULL, &known);
		assert_true(known);
		if (!proxy != !proxies[i].proxy || (proxy && strcmp(proxy, proxies[i].proxy) != 0))
			fail_msg("%s with NO_PROXY=%s: %s", proxies[i].server, proxies[i].no,
			    proxy ? proxy : "none");
		free(proxy);
	}
	setenv("HTTPS_PROXY", "https://p:3128", 1);
	unsetenv("NO_PROXY");
	assert_null(kube_proxy(
	    &(struct kube_config){.server = (char *)"https://a"}, children, NULL, &known));
	assert_false(known);
	/* A variable that kubectl would not get. */
	assert_null(kube_proxy(&(struct kube_config){.server = (char *)"https://a"}, children,
	    (const char *const[]){"OTHER", NULL}, &known));
	assert_true(known);
	children_free(children);
	loop_free(loop);
}

/* What is told of an answer that says no. */
static const struct {
	int status;
	const char *path;
	const char *type;
	const char *body;
	const char *line;
} refusals[] = {
    {404, "/api/v1/namespaces/shop/pods/a", "application/json",
        "{\"kind\":\"Status\",\"reason\":\"NotFound\",\"message\":\"pods \\\"a\\\" not found\"}",
        "Error from server (NotFound): pods \"a\" not found"},
    {401, "/api/v1/pods", "application/json",
        "{\"kind\":\"Status\",\"reason\":\"Unauthorized\",\"message\":\"Unauthorized\"}",
        "error: You must be logged in to the server (Unauthorized)"},
    {401, "/api/v1/pods", "text/html", "<html>",
        "error: You must be logged in to the server (the server has asked for the client to "
        "provide credentials (get pods))"},
    {404, "/apis/apps/v1/namespaces/shop/deployments/web?x=1", "text/plain", "404 page not found\n",
        "Error from server (NotFound): the server could not find the requested resource (get "
        "deployments.apps web)"},
    {403, "/version", "text/plain", " no \n", "Error from server (Forbidden): no"},
    {429, "/api/v1/nodes", "text/plain", "",
        "Error from server (TooManyRequests): the server has received too many requests and has "
        "asked us to try again later (get nodes)"},
    {502, "/healthz", "text/html", "bad \"gateway\"",
        "Error from server (InternalError): an error on the server (\"bad \\\"gateway\\\"\") has "
        "prevented the request from succeeding"},
    {503, "/healthz", "application/json", "{",
        "Error from server (ServiceUnavailable): the server is currently unable to handle the "
        "request"},
    {418, "/healthz", "text/plain", "",
        "Error from server: the server responded with the status code 418 but did not return more "
        "information"},
};

static void refusals_are_told_in_kubectl_s_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		struct kube_status status;
		struct buf body;

		buf_init(&body, BUF_TEXT_MAX);
		buf_adds(&body, refusals[i].body);
		kube_status_read(&status, true, refusals[i].status, "GET", refusals[i].path,
		    refusals[i].type, &body);
		assert_string_equal(status.line, refusals[i].line);
		kube_status_release(&status);
		buf_release(&body);
	}
}

static void collect(void *ctx, const char *text, size_t len)
{
	buf_add(ctx, text, len);
}

static void warnings_are_told_once(void **state)
{
	struct buf said;
	struct kube_caller caller = {.said = collect, .ctx = &said};
	json_t *headers = json_pack("{s:s}", "warning",
	    "299 - \"v1 Old is deprecated, use \\\"New\\\"\", 299 - \"second\" \"Mon, 30 Nov 2026 "
	    "10:00:00 GMT\", 110 - \"stale\", 299 - \"second\", garbage");

	(void)state;
	buf_init(&said, BUF_TEXT_MAX);
	kube_tell_warnings(&caller, headers);
	kube_tell_warnings(&caller, headers);
	assert_string_equal(
	    said.data, "Warning: v1 Old is deprecated, use \"New\"\nWarning: second\n");
	kube_caller_release(&caller);
	json_decref(headers);
	buf_release(&said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_mean_what_kubectl_takes_them_for),
	    cmocka_unit_test(stable_kinds_need_no_question),
	    cmocka_unit_test(paths_and_queries),
	    cmocka_unit_test(proxies_are_go_s),
	    cmocka_unit_test(refusals_are_told_in_kubectl_s_words),
	    cmocka_unit_test(warnings_are_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
