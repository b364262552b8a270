/* The kubeconfig: how files are merged, what a context comes to, and what is left to kubectl. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsops/mem.h"
#include "kube/config.h"

static struct loop *loop;
static struct children *children;
static char folder[] = "/tmp/fsops-kubeconfig-XXXXXX";

static char *write_file(const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", folder, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return path;
}

/* What the files FIRST and SECOND (NULL: none) come to for CONTEXT. */
static int load(struct kube_config *config, const char *first, const char *second,
    const char *context, struct err *err)
{
	char *a = write_file("a.yaml", first);
	char *b = second ? write_file("b.yaml", second) : NULL;
	char *list = mem_printf("%s:%s/not-there%s%s", a, folder, b ? ":" : "", b ? b : "");
	int result;

	*config = (struct kube_config){.file_count = 0};
	setenv("KUBECONFIG", list, 1);
	result = kube_config_load(config, children, &(struct kube_spec){.context = context}, err);
	free(a);
	free(b);
	free(list);
	return result;
}

static void assert_unknown(const char *text, const char *part)
{
	struct kube_config config;
	struct err err;

	assert_int_equal(load(&config, text, NULL, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_UNKNOWN);
	if (!strstr(err.text, part))
		fail_msg("'%s' is not in '%s'", part, err.text);
	kube_config_release(&config);
}

#define CONTEXT "contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n"
#define CLUSTER "clusters: [{name: c, cluster: {server: 'https://a.example'}}]\n"
#define USER    "users: [{name: u, user: {token: t}}]\n"

static const char first[] =
    "apiVersion: v1\n"
    "kind: Config\n"
    "current-context: ''\n"
    "clusters:\n"
    "- name: c\n"
    "  cluster: {server: 'https://a.example:6443/', tls-server-name: other}\n"
    "users:\n"
    "- name: u\n"
    "  user: {token: abc}\n";

static const char second[] = "current-context: x\n"
                             "preferences: {}\n"
                             "clusters:\n"
                             "- name: c\n"
                             "  cluster: {server: 'https://b.example', proxy-url: 'http://p:1'}\n"
                             "users:\n"
                             "- name: u\n"
                             "  user: {username: b, password: p}\n"
                             "contexts:\n"
                             "- name: x\n"
                             "  context: {cluster: c, user: u, namespace: shop}\n";

static void of_two_entries_of_a_name_the_first_counts_whole(void **state)
{
	struct kube_config config;
	struct err err;

	(void)state;
	assert_int_equal(load(&config, first, second, NULL, &err), 0);
	assert_string_equal(config.server, "https://a.example:6443");
	assert_string_equal(config.tls_name, "other");
	assert_null(config.proxy);
	assert_string_equal(config.token, "abc");
	assert_null(config.user);
	assert_string_equal(config.namespace, "shop");
	kube_config_release(&config);
}

static void a_context_that_was_asked_for_must_be_there(void **state)
{
	struct kube_config config;
	struct err err;

	(void)state;
	assert_int_equal(load(&config, first, second, "nope", &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(err.text, "error: context \"nope\" does not exist");
	kube_config_release(&config);
}

static void relative_paths_are_those_beside_their_file(void **state)
{
	struct kube_config config;
	struct err err;
	char *ca, *token;

	(void)state;
	free(write_file("ca.pem", "x"));
	free(write_file("token", "t"));
	assert_int_equal(load(&config,
	                     CONTEXT "clusters: [{name: c, cluster: {server: 'https://a', "
	                             "certificate-authority: ./ca.pem}}]\n"
	                             "users: [{name: u, user: {tokenFile: sub/../token}}]\n",
	                     NULL, NULL, &err),
	    0);
	ca = mem_printf("%s/ca.pem", folder);
	token = mem_printf("%s/token", folder);
	assert_string_equal(config.ca_file, ca);
	assert_string_equal(config.token_file, token);
	assert_string_equal(config.namespace, "default");
	free(ca);
	free(token);
	kube_config_release(&config);
}

static void data_is_taken_out_of_base64(void **state)
{
	struct kube_config config;
	struct err err;

	(void)state;
	assert_int_equal(load(&config,
	                     CONTEXT USER "clusters: [{name: c, cluster: {server: 'https://a', "
	                                  "certificate-authority-data: aGVs\x0a"
	                                  "bG8=}}]\n",
	                     NULL, NULL, &err),
	    -1);
	kube_config_release(&config);
	assert_int_equal(load(&config,
	                     CONTEXT USER "clusters: [{name: c, cluster: {server: 'https://a', "
	                                  "certificate-authority-data: \"aGVs\\nbG8=\"}}]\n",
	                     NULL, NULL, &err),
	    0);
	assert_int_equal(config.ca.len, 5);
	assert_memory_equal(config.ca.data, "hello", 5);
	kube_config_release(&config);
}

static void what_a_login_plugin_is_told_stays_as_it_is(void **state)
{
	static const char text[] = "clusters:\n"
	                           "- name: c\n"
	                           "  cluster:\n"
	                           "    server: https://a.example\n"
	                           "    proxy-url: ~\n"
	                           "    extensions:\n"
	                           "    - name: client.authentication.k8s.io/exec\n"
	                           "      extension: {a: [~], b: ~, c: {d: ~}}\n" USER CONTEXT;
	struct kube_config config;
	struct err err;
	char *told;

	(void)state;
	assert_int_equal(load(&config, text, NULL, NULL, &err), 0);
	told = json_dumps(config.plugin_config, JSON_COMPACT);
	assert_string_equal(told, "{\"a\":[null],\"b\":null,\"c\":{\"d\":null}}");
	assert_null(config.proxy);
	free(told);
	kube_config_release(&config);
}

static void a_change_of_a_file_is_seen(void **state)
{
	struct kube_config config;
	struct err err;

	(void)state;
	assert_int_equal(load(&config, first, second, NULL, &err), 0);
	assert_true(kube_config_is_fresh(&config));
	free(write_file("not-there", CLUSTER));
	assert_false(kube_config_is_fresh(&config));
	kube_config_release(&config);
	assert_int_equal(load(&config, first, second, NULL, &err), 0);
	free(write_file("b.yaml", CLUSTER CONTEXT USER));
	assert_false(kube_config_is_fresh(&config));
	kube_config_release(&config);
}

static const struct {
	const char *text;
	const char *part; /* of the sentence that says why */
} unknown[] = {
    {CONTEXT USER "clusters: [{name: c, cluster: {server: 'https://a', new-key: 1}}]\n",
        "'new-key' is not known"},
    {CONTEXT CLUSTER "users: [{name: u, user: {auth-provider: {name: gcp}}}]\n", "'auth-provider'"},
    {CONTEXT CLUSTER "users: [{name: u, user: {token: 12}}]\n", "'token' is not of its kind"},
    {CONTEXT CLUSTER "users: [{name: u, user: {token: yes}}]\n", "not sure how it is read"},
    {CONTEXT CLUSTER "users: [{name: u, user: {token: 1_000}}]\n", "not sure how it is read"},
    {CONTEXT CLUSTER "users: [{name: u, user: {token: t, password: p}}]\n",
        "a token and a password"},
    {CONTEXT CLUSTER "users: [{name: u, user: {client-certificate: /not/there}}]\n",
        "client certificate"},
    {CONTEXT CLUSTER "users: [{name: u, user: {client-key-data: 'aGk'}}]\n", "not of its kind"},
    {CONTEXT CLUSTER "users: [{name: u, user: {as-groups: [a]}}]\n", "without being somebody"},
    {CONTEXT CLUSTER "users: [{name: u, user: {exec: {command: x, args: [1]}}}]\n",
        "'exec' is not of its kind"},
    {CONTEXT CLUSTER "users: [{name: u, user: {exec: {command: x, later: yy}}}]\n",
        "'later' is not known"},
    {CONTEXT CLUSTER USER "kind: List\n", "no Config"},
    {CONTEXT USER "clusters: [{name: c, cluster: {server: 'ftp://a'}}]\n", "address of its server"},
    {CONTEXT USER "clusters: [{name: c, cluster: {server: 'https://u:p@a'}}]\n",
        "address of its server"},
    {CONTEXT USER "clusters: [{name: c, cluster: {server: 'https://a', proxy-url: 'ftp://b'}}]\n",
        "address of its proxy"},
    {CONTEXT USER "clusters: [{name: c, cluster: {server: 'https://a', certificate-authority: "
                  "/not/there}}]\n",
        "authority cannot be used"},
    {CONTEXT USER "clusters: [{name: c, cluster: {}}, {name: c, cluster: {}}]\n",
        "has no name, or that of another"},
    {CONTEXT CLUSTER, "its user is not there"},
    {CLUSTER USER "current-context: x\n", "current context is not there"},
    {"clusters: {name: c}\n", "'clusters' is no list"},
    {"a: [\n", "kubeconfig"},
};

static void what_is_not_known_whole_is_left_to_kubectl(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(unknown); i++)
		assert_unknown(unknown[i].text, unknown[i].part);
}

static void without_any_context_it_is_this_machine(void **state)
{
	struct kube_config config;
	struct err err;

	(void)state;
	unsetenv("KUBERNETES_SERVICE_HOST");
	assert_int_equal(load(&config, "", NULL, NULL, &err), 0);
	assert_string_equal(config.server, "http://localhost:8080");
	assert_string_equal(config.namespace, "default");
	kube_config_release(&config);
}

static void the_account_of_a_pod(void **state)
{
	struct kube_config config = {.file_count = 0};
	struct err err;

	(void)state;
	free(write_file("token", "t"));
	free(write_file("ca.crt", "c"));
	free(write_file("namespace", "  shop\n"));
	assert_int_equal(kube_config_in_cluster(&config, folder, "fd00::1", "443", &err), 0);
	assert_string_equal(config.server, "https://[fd00::1]:443");
	assert_string_equal(config.namespace, "shop");
	assert_non_null(strstr(config.token_file, "/token"));
	kube_config_release(&config);
	config = (struct kube_config){.file_count = 0};
	assert_int_equal(
	    kube_config_in_cluster(&config, "/not/there", "10.0.0.1", "443", &err), -1);
	assert_string_equal(config.server, "https://10.0.0.1:443");
	kube_config_release(&config);
}

static int set_up(void **state)
{
	struct err err;

	(void)state;
	loop = loop_new(&clock_system);
	children = children_new(loop, &err);
	return mkdtemp(folder) && children ? 0 : -1;
}

static int tear_down(void **state)
{
	static const char *const names[] = {
	    "a.yaml", "b.yaml", "not-there", "ca.pem", "ca.crt", "token", "namespace"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char *path = mem_printf("%s/%s", folder, names[i]);

		unlink(path);
		free(path);
	}
	children_free(children);
	loop_free(loop);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(of_two_entries_of_a_name_the_first_counts_whole),
	    cmocka_unit_test(a_context_that_was_asked_for_must_be_there),
	    cmocka_unit_test(relative_paths_are_those_beside_their_file),
	    cmocka_unit_test(data_is_taken_out_of_base64),
	    cmocka_unit_test(what_is_not_known_whole_is_left_to_kubectl),
	    cmocka_unit_test(without_any_context_it_is_this_machine),
	    cmocka_unit_test(the_account_of_a_pod),
	    cmocka_unit_test(what_a_login_plugin_is_told_stays_as_it_is),
	    cmocka_unit_test(a_change_of_a_file_is_seen),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
