/* kubectl: argv, effects, the object that is named, and what it says when it fails. */
#include "command_fake.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

extern const struct adapter adapter_kubectl;

static const struct {
	const char *words;
	enum effect effect;
} effects[] = {
    {"get pods", EFFECT_READ},
    {"get pods -o json -l app=web", EFFECT_READ},
    {"get ${kind}", EFFECT_READ},
    {"-n kube-system get pods", EFFECT_READ},
    {"--namespace=x get pods", EFFECT_READ},
    {"--namespace delete get pods", EFFECT_READ},
    {"describe pod -l app=web", EFFECT_READ},
    {"logs deployment/web --tail=100", EFFECT_READ},
    {"logs -f web", EFFECT_READ},
    {"top pods", EFFECT_READ},
    {"wait --for=condition=ready pod -l app=web", EFFECT_READ},
    {"rollout status deployment/web --timeout=100s", EFFECT_READ},
    {"rollout -n x history deployment/web", EFFECT_READ},
    {"rollout restart deployment/web", EFFECT_CHANGE},
    {"rollout undo deployment/web", EFFECT_CHANGE},
    {"rollout ${what} deployment/web", EFFECT_CHANGE},
    {"rollout --what status deployment/web", EFFECT_CHANGE},
    {"auth can-i delete pods", EFFECT_READ},
    {"auth reconcile -f x", EFFECT_CHANGE},
    {"config view", EFFECT_READ},
    {"config use-context x", EFFECT_CHANGE},
    {"cluster-info", EFFECT_READ},
    {"cluster-info dump --output-directory=/x", EFFECT_CHANGE},
    {"cluster-info dump --output-directory=-", EFFECT_READ},
    {"kustomize . -o /x", EFFECT_CHANGE},
    {"kustomize . --output=/x", EFFECT_CHANGE},
    {"kustomize .", EFFECT_READ},
    {"get pods --profile=cpu --profile-output=/x", EFFECT_CHANGE},
    {"diff -f x.yaml", EFFECT_READ},
    {"port-forward svc/grafana 3000:3000", EFFECT_READ},
    {"apply view-last-applied deployment/web", EFFECT_READ},

    {"apply -f x.yaml", EFFECT_CHANGE},
    {"apply -f x.yaml --dry-run=server", EFFECT_READ},
    {"apply -f x.yaml --dry-run=client", EFFECT_READ},
    {"apply -f x.yaml --dry-run=none", EFFECT_CHANGE},
    {"apply -f x.yaml --dry-run", EFFECT_CHANGE},
    {"apply -f x.yaml --dry-run client", EFFECT_CHANGE},
    {"apply -f x.yaml --dry-run=${how}", EFFECT_CHANGE},
    {"apply -f x.yaml --dry-run=client --dry-run=none", EFFECT_CHANGE},
    {"apply -f x.yaml --prune --all", EFFECT_DESTROY},
    {"apply -f x.yaml --force", EFFECT_DESTROY},
    {"apply -f x.yaml --force=false", EFFECT_CHANGE},
    {"replace -f x.yaml", EFFECT_CHANGE},
    {"replace --force -f x.yaml", EFFECT_DESTROY},
    {"patch deployment web -p '{}'", EFFECT_CHANGE},
    {"set image deployment/web web=web:v2", EFFECT_CHANGE},
    {"label pod web a=b", EFFECT_CHANGE},
    {"cordon node-1", EFFECT_CHANGE},
    {"uncordon node-1", EFFECT_CHANGE},
    {"create job --from=cronjob/backup backup-1", EFFECT_CHANGE},
    {"run tmp --image=busybox", EFFECT_CHANGE},
    {"exec deployment/web -- ls", EFFECT_UNSTATED},
    {"exec deployment/web -- ls --dry-run=client", EFFECT_UNSTATED},
    {"exec deployment/web --dry-run=client -- ls", EFFECT_UNSTATED},
    {"exec deployment/web -- rm x", EFFECT_CHANGE},
    {"exec deployment/web -- /bin/rm x", EFFECT_CHANGE},
    {"exec deployment/web -- ${what} x", EFFECT_CHANGE},
    {"exec deployment/web ls", EFFECT_CHANGE},
    {"debug node/n --image=busybox", EFFECT_CHANGE},
    {"certificate approve x", EFFECT_CHANGE},
    {"proxy", EFFECT_CHANGE},
    {"cp web:/a b", EFFECT_CHANGE},
    {"taint nodes n a=b:NoSchedule", EFFECT_CHANGE},
    {"taint nodes n a=b:NoExecute", EFFECT_DESTROY},
    {"taint nodes n a=b:${effect}", EFFECT_DESTROY},

    {"scale deployment web --replicas=5", EFFECT_CHANGE},
    {"scale deployment web --replicas 5", EFFECT_CHANGE},
    {"scale deployment web --replicas=0", EFFECT_DESTROY},
    {"scale deployment web --replicas 0", EFFECT_DESTROY},
    {"scale deployment web --replicas=00", EFFECT_DESTROY},
    {"scale deployment web --replicas=${n}", EFFECT_DESTROY},
    {"scale deployment web --replicas=1${n}", EFFECT_DESTROY},
    {"scale deployment web --replicas=0 --dry-run=server", EFFECT_READ},

    {"delete pod web", EFFECT_DESTROY},
    {"delete pod web --dry-run=server", EFFECT_READ},
    {"drain node-1", EFFECT_DESTROY},
    {"-n x delete pod web", EFFECT_DESTROY},
    {"--what get delete pod web", EFFECT_DESTROY},
    {"--what get pods", EFFECT_DESTROY},
    {"${verb} pods", EFFECT_DESTROY},
    {"de${x} pods", EFFECT_DESTROY},
    {"--context x", EFFECT_DESTROY},

    {"frobnicate pods", EFFECT_UNSTATED},
    {"frobnicate pods --dry-run=client", EFFECT_UNSTATED},
    {"edit deployment web", EFFECT_CHANGE},
};

static void effects_of_verbs(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(effects); i++) {
		struct trial trial;

		trial_set(&trial, &adapter_kubectl, effects[i].words);
		if (adapter_kubectl.effect(trial.args) != effects[i].effect)
			fail_msg("'%s' is %s, not %s", effects[i].words,
			    effect_name(adapter_kubectl.effect(trial.args)),
			    effect_name(effects[i].effect));
		trial_release(&trial);
	}
}

static const struct {
	const char *words;
	const char *command; /* with context prod and namespace shop */
} commands[] = {
    {"get pods", "kubectl --context prod --namespace shop get pods"},
    {"get pods -n other", "kubectl --context prod get pods -n other"},
    {"get pods -nother", "kubectl --context prod get pods -nother"},
    {"get pods --namespace=other", "kubectl --context prod get pods --namespace=other"},
    {"get pods --namespace other", "kubectl --context prod get pods --namespace other"},
    {"get pods -A", "kubectl --context prod get pods -A"},
    {"get pods --all-namespaces", "kubectl --context prod get pods --all-namespaces"},
    {"get pods --context=dev", "kubectl --namespace shop get pods --context=dev"},
    {"exec web -- ls -n", "kubectl --context prod --namespace shop exec web -- ls -n"},
    {"get pods -l 'app in (a, b)'",
        "kubectl --context prod --namespace shop get pods -l 'app in (a, b)'"},
    {"[get, pods, -o, 'jsonpath={.items[*].metadata.name}']",
        "kubectl --context prod --namespace shop get pods -o 'jsonpath={.items[*].metadata.name}'"},
    {"get pod ${pod}", "kubectl --context prod --namespace shop get pod '${pod}'"},
};

static void the_target_is_put_in_front(void **state)
{
	json_t *target = json_pack("{s:s, s:s}", "namespace", "shop", "context", "prod");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		struct trial trial;
		char *command;

		trial_set(&trial, &adapter_kubectl, commands[i].words);
		command = describe_args(&adapter_kubectl, trial.args, target);
		assert_string_equal(command, commands[i].command);
		free(command);
		command = describe_args(&adapter_kubectl, trial.args, NULL);
		assert_memory_equal(command, "kubectl ", 8);
		assert_null(strstr(command, "prod"));
		free(command);
		trial_release(&trial);
	}
	json_decref(target);
}

static void objects_that_are_named(void **state)
{
	static const struct {
		const char *words;
		const char *object; /* NULL: none, or several */
	} cases[] = {
	    {"delete pod web", "web"},
	    {"delete pod/web", "web"},
	    {"delete -n x pod web --grace-period 0 --force", "web"},
	    {"delete deployment.apps/web --wait", "web"},
	    {"drain node-1 --ignore-daemonsets --delete-emptydir-data", "node-1"},
	    {"scale deployment web --replicas=0", "web"},
	    {"delete pod web db", NULL},
	    {"delete pod/web pod/db", NULL},
	    {"delete pods --all", NULL},
	    {"delete pods -l app=web", NULL},
	    {"delete -f x.yaml", NULL},
	    {"delete pods,services web", "web"},
	    {"delete pod ${pod}", NULL},
	    {"delete pod --what web", NULL},
	    {"delete", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct trial trial;
		char *object;

		trial_set(&trial, &adapter_kubectl, cases[i].words);
		object = adapter_kubectl.object(trial.args);
		if (!cases[i].object != !object || (object && strcmp(object, cases[i].object) != 0))
			fail_msg("'%s' names %s", cases[i].words, object ? object : "nothing");
		free(object);
		trial_release(&trial);
	}
}

static char *target_of(const char *yaml, char **why)
{
	struct problems problems = {0};
	struct document *document = document_parse("test", yaml, strlen(yaml), &problems);
	json_t *target = adapter_kubectl.target_parse(document->root, &problems);
	char *text = target ? json_dumps(target, JSON_SORT_KEYS | JSON_COMPACT) : NULL;

	assert_true((target != NULL) == (problems.errors == 0));
	*why = mem_text(problems.count ? problems.items[0].text : "");
	json_decref(target);
	problems_release(&problems);
	document_free(document);
	return text;
}

static void targets(void **state)
{
	static const struct {
		const char *yaml;
		const char *target; /* NULL: a problem that holds `why` */
		const char *why;
	} cases[] = {
	    {"{kubectl: {context: prod, namespace: shop}}",
	        "{\"context\":\"prod\",\"namespace\":\"shop\"}", ""},
	    {"{kubectl: {context: '${env.X}', kubeconfig: /k}}",
	        "{\"context\":\"${env.X}\",\"kubeconfig\":\"/k\"}", ""},
	    {"{kubectl: {}}", "{}", ""},
	    {"{kubectl: {contxt: prod}}", NULL, "did you mean 'context'"},
	    {"{kubectl: prod}", NULL, "must be a map"},
	    {"{kubectl: {context: [a]}}", NULL, "must be text"},
	    {"{kubectl: {}, region: x}", NULL, "region"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *why;
		char *target = target_of(cases[i].yaml, &why);

		if (cases[i].target)
			assert_string_equal(target, cases[i].target);
		else
			assert_non_null(strstr(why, cases[i].why));
		free(target);
		free(why);
	}
}

static void words_that_are_wrong(void **state)
{
	(void)state;
	check_problem(&adapter_kubectl, "kubectl get pods", "leave out the word");
	check_problem(&adapter_kubectl, "{a: b}", "words");
	check_problem(&adapter_kubectl, "[]", "empty");
}

/* Running, with a kubectl of our own in PATH. */

struct fake {
	char folder[32];
	char *file;
	struct loop *loop;
	struct children *children;
	char *path;
};

static void fake_begin(struct fake *fake, const char *script)
{
	int fd;

	*fake = (struct fake){.folder = "/tmp/fsops-test-XXXXXX"};
	assert_non_null(mkdtemp(fake->folder));
	fake->file = mem_printf("%s/kubectl", fake->folder);
	fd = open(fake->file, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	dprintf(fd, "#!/bin/sh\n%s\n", script);
	close(fd);
	fake->path = mem_printf("PATH=%s:%s", fake->folder, getenv("PATH"));
	putenv(fake->path);
	setenv("FSOPS_KUBECTL", "always", 1);
	fake->loop = loop_new(&clock_system);
	fake->children = children_new(fake->loop, NULL);
}

static void fake_end(struct fake *fake)
{
	setenv("PATH", fake->path + strlen("PATH=") + strlen(fake->folder) + 1, 1);
	free(fake->path);
	children_free(fake->children);
	loop_free(fake->loop);
	unlink(fake->file);
	rmdir(fake->folder);
	free(fake->file);
}

static void run_in(struct fake *fake, struct trial *trial)
{
	trial->call.loop = fake->loop;
	trial->call.children = fake->children;
	trial_start(trial);
	loop_run(fake->loop);
	assert_int_equal(trial->engine.outcomes, 1);
}

static void what_runs_is_what_was_described(void **state)
{
	struct fake fake;
	struct trial trial;

	(void)state;
	fake_begin(&fake, "printf '<%s>' kubectl \"$@\"");
	trial_set(&trial, &adapter_kubectl, "get pods -l 'app in (a, b)' ${name}");
	trial.target = json_pack("{s:s, s:s}", "namespace", "shop", "context", "prod");
	json_array_set_new(json_object_get(trial.args, "words"), 4, json_string("a b"));
	run_in(&fake, &trial);
	assert_string_equal(trial.engine.output.data,
	    "<kubectl><--context><prod><--namespace><shop><get><pods><-l><app in (a, b)><a b>");
	trial_release(&trial);
	fake_end(&fake);
}

static void check_sentence(const char *printed, const char *expected)
{
	char *script = mem_printf("cat >&2 <<'END'\n%s\nEND\nexit 1", printed);
	struct fake fake;
	struct trial trial;

	fake_begin(&fake, script);
	trial_set(&trial, &adapter_kubectl, "get pods");
	run_in(&fake, &trial);
	assert_string_equal(trial.engine.why, expected);
	trial_release(&trial);
	fake_end(&fake);
	free(script);
}

static void what_it_says_when_it_fails(void **state)
{
	(void)state;
	check_sentence("error: context \"nope\" does not exist",
	    "exit status 1: error: context \"nope\" does not exist: see `kubectl config "
	    "get-contexts`, and the target's context in platform.yaml");
	check_sentence("E1123 memcache.go:265] couldn't get current server API group list\n"
	               "The connection to the server 127.0.0.1:1 was refused - did you specify the "
	               "right host or port?",
	    "exit status 1: The connection to the server 127.0.0.1:1 was refused - did you specify "
	    "the right host or port?: is the API server up, and is this the right cluster?");
	check_sentence("error: unknown flag: --frob\nSee 'kubectl get --help' for usage.",
	    "exit status 1: error: unknown flag: --frob");
	check_sentence("Error from server (NotFound): pods \"web\" not found",
	    "exit status 1: Error from server (NotFound): pods \"web\" not found");
	check_sentence("Error from server (Forbidden): pods is forbidden: User \"u\" cannot list",
	    "exit status 1: Error from server (Forbidden): pods is forbidden: User \"u\" cannot "
	    "list: the user of the kubeconfig may not do this: ask for the role, or use another "
	    "context");
	check_sentence("W1129 05:58:54.911988    2591 reflector.go:539] failed to list: pods is "
	               "forbidden\n"
	               "error: timed out waiting for the condition",
	    "exit status 1: error: timed out waiting for the condition (failed to list: pods is "
	    "forbidden): the user of the kubeconfig may not do this: ask for the role, or use "
	    "another context");
}

static void warnings_are_no_failure(void **state)
{
	struct fake fake;
	struct trial trial;

	(void)state;
	fake_begin(&fake, "echo 'Warning: v1 Endpoints is deprecated' >&2");
	trial_set(&trial, &adapter_kubectl, "get endpoints");
	run_in(&fake, &trial);
	assert_string_equal(trial.engine.why, "");
	trial_release(&trial);
	fake_end(&fake);
}

static void a_value_is_never_an_option(void **state)
{
	struct fake fake;
	struct trial trial;

	(void)state;
	fake_begin(&fake, "echo it ran");
	trial_set(&trial, &adapter_kubectl, "get pod ${pod}");
	json_array_set_new(json_object_get(trial.args, "words"), 2, json_string("--all"));
	assert_int_equal(adapter_kubectl.effect(trial.args), EFFECT_DESTROY);
	run_in(&fake, &trial);
	assert_int_equal(trial.engine.kind, ERR_INPUT);
	assert_non_null(strstr(trial.engine.why, "'--all'"));
	trial_release(&trial);
	fake_end(&fake);
}

static void never_more_than_was_allowed(void **state)
{
	struct fake fake;
	struct trial trial;

	(void)state;
	fake_begin(&fake, "echo it ran");
	trial_set(&trial, &adapter_kubectl, "scale deployment web --replicas=0");
	trial.call.effect = EFFECT_CHANGE;
	run_in(&fake, &trial);
	assert_int_equal(trial.engine.kind, ERR_INPUT);
	assert_string_equal(trial.engine.why,
	    "with its values filled in the command would destroy, and only change was allowed");
	trial_release(&trial);
	fake_end(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(effects_of_verbs),
	    cmocka_unit_test(the_target_is_put_in_front),
	    cmocka_unit_test(objects_that_are_named),
	    cmocka_unit_test(targets),
	    cmocka_unit_test(words_that_are_wrong),
	    cmocka_unit_test(what_runs_is_what_was_described),
	    cmocka_unit_test(what_it_says_when_it_fails),
	    cmocka_unit_test(warnings_are_no_failure),
	    cmocka_unit_test(a_value_is_never_an_option),
	    cmocka_unit_test(never_more_than_was_allowed),
	};

	return cmocka_run_group_tests_name("kubectl", tests, NULL, NULL);
}
