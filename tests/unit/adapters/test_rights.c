/* What an account must be allowed for a kubectl command, from its words alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/rights.h"
#include "fsops/text.h"

/* "shop pods get,list; * nodes list" */
static char *rights_text(const struct rights *rights)
{
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	for (size_t i = 0; i < rights->count; i++) {
		const struct right *right = &rights->items[i];
		const char *before = "";

		buf_addf(&text, "%s%s %s%s%s ", i ? "; " : "",
		    right->namespace ? right->namespace : "*", right->group,
		    *right->group ? "/" : "", right->resource);
		for (size_t v = 0; v < RIGHT_VERBS; v++) {
			if (!(right->verbs & 1u << v))
				continue;
			buf_addf(&text, "%s%s", before, right_verbs[v]);
			before = ",";
		}
	}
	return buf_detach(&text);
}

static int add(struct rights *rights, const char *command, struct err *err)
{
	struct words words = {0};
	int result;

	assert_int_equal(words_split(command, &words, err), 0);
	words.items = mem_grow(words.items, words.count + 1, sizeof(*words.items));
	words.items[words.count] = NULL;
	result = rights_add(rights, words.items, err);
	words_release(&words);
	return result;
}

static const struct {
	const char *command;
	const char *rights;
} cases[] = {
    {"get pods", "shop pods list"},
    {"get po web", "shop pods get"},
    {"get pods web -l app=x", "shop pods list"},
    {"get pods -w", "shop pods list,watch"},
    {"get pods -A", "* pods list"},
    {"get pods -nother", "other pods list"},
    {"get pods -n=other", "other pods list"},
    {"get nodes -n other", "* nodes list"},
    {"get svc/a deploy/b", "shop services get; shop apps/deployments get"},
    {"get deployments.apps,deployments.v1.apps", "shop apps/deployments list"},
    {"-n other get pods -- -n third", "other pods list"},
    {"--context prod get secrets", "shop secrets list"},
    {"logs web", "shop pods get; shop pods/log get"},
    {"logs -f deploy/web", "shop apps/deployments get; shop pods list; shop pods/log get"},
    {"logs -l app=x", "shop pods list; shop pods/log get"},
    {"top no", "* metrics.k8s.io/nodes list; * nodes list"},
    {"describe secret a", "shop secrets get"},
    {"scale deploy web --replicas=2",
        "shop apps/deployments get; shop apps/deployments/scale patch"},
    {"delete job x", "shop batch/jobs get,list,watch,delete"},
    {"rollout undo sts/db", "shop apps/statefulsets get,patch; shop apps/controllerrevisions list"},
    {"cluster-info", "kube-system services list"},
    {"auth can-i list pods", ""},
    {"config view", ""},
};

static void rights_follow_from_the_words(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct rights rights = {.context = "prod", .namespace = "shop"};
		struct err err = {0};
		char *text = add(&rights, cases[i].command, &err) < 0 ? mem_text(err.text)
		                                                      : rights_text(&rights);

		if (strcmp(text, cases[i].rights) != 0) {
			print_error(
			    "%s:\n  %s, not\n  %s\n", cases[i].command, text, cases[i].rights);
			wrong++;
		}
		free(text);
		rights_release(&rights);
	}
	assert_int_equal(wrong, 0);
}

static const char *const untold[] = {"", "apply -f x", "get -f x", "get --raw /", "get",
    "get widgets", "get pods.other.io", "get ${kind}", "get pods -n ${ns}", "get pods -n ''",
    "get ,pods", "--odd get pods", "run x", "frobnicate", "auth reconcile", "rollout",
    "get pods --context test", "get pods --kubeconfig x", "get pods/a widgets/b", "-n"};

static void what_is_not_told_adds_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(untold); i++) {
		struct rights rights = {.context = "prod", .namespace = "shop"};
		struct err err = {0};

		if (add(&rights, untold[i], &err) == 0 || rights.count || err.kind != ERR_UNKNOWN)
			fail_msg("'%s' was taken for told", untold[i]);
		rights_release(&rights);
	}
}

static void rights_of_several_commands_are_joined(void **state)
{
	struct rights rights = {.namespace = "shop"};
	struct err err;
	char *text;

	(void)state;
	assert_int_equal(add(&rights, "get pods", &err), 0);
	assert_int_equal(add(&rights, "get pod web", &err), 0);
	assert_int_equal(add(&rights, "get pods -n b", &err), 0);
	text = rights_text(&rights);
	assert_string_equal(text, "shop pods get,list; b pods list");
	free(text);
	rights_release(&rights);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rights_follow_from_the_words),
	    cmocka_unit_test(what_is_not_told_adds_nothing),
	    cmocka_unit_test(rights_of_several_commands_are_joined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
