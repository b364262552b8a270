/*
 * kubectl: the client of Kubernetes, with the target's context and namespace.
 *
 * Invariant: one function makes the argv, for the dry run and for the run. A value that was filled
 * in is never an option: a word that begins with `${…}` may not begin with `-` afterwards.
 */
#include <stdlib.h>
#include <string.h>

#include "adapters/command/command.h"
#include "api.h"
#include "fsops/inherit.h"
#include "fsops/mem.h"
#include "fsops/text.h"
#include "fsops/value.h"
#include "kubectl.h"

/* Of `cp`: where in the words a file's name is filled in behind a folder, [[place, length of the folder]]. */
static json_t *copied_folders(const json_t *words)
{
	json_t *folders = json_array();
	const char *verb = json_string_value(json_array_get(words, 0));

	for (size_t i = 1; strcmp(verb, "cp") == 0 && i < json_array_size(words); i++) {
		size_t len = words_folder(json_string_value(json_array_get(words, i)));

		if (len)
			json_array_append_new(
			    folders, json_pack("[I, I]", (json_int_t)i, (json_int_t)len));
	}
	return folders;
}

static json_t *parse(const struct node *value, struct problems *list)
{
	json_t *words = node_want_words(value, "kubectl", list);

	if (!words)
		return NULL;
	if (strcmp(json_string_value(json_array_get(words, 0)), "kubectl") == 0) {
		NODE_PROBLEM(
		    list, value, "leave out the word 'kubectl': the adapter puts it there");
		json_decref(words);
		return NULL;
	}
	return json_pack("{s:o, s:o, s:o}", "words", words, "filled", words_filled(words, true),
	    "copied", copied_folders(words));
}

/* The target. */

static const struct node_key target_keys[] = {
    {"kubectl", WANT_MAP, true, "{context, namespace, kubeconfig}"},
    {"tunnel", WANT_TEXT, false, "of no use here: kubectl makes its own"},
    {ADAPTER_INHERIT, WANT_WORDS, false,
        "the environment variables that kubectl gets besides PATH, HOME and the like; default: "
        "all"},
    {NULL, WANT_ANY, false, NULL},
};

static const struct node_key kubectl_keys[] = {
    {"context", WANT_TEXT, false, "a context of the kubeconfig; without it the current one"},
    {"namespace", WANT_TEXT, false, "the namespace; without it the context's own"},
    {"kubeconfig", WANT_TEXT, false, "the file; without it kubectl's own rules"},
    {"native", WANT_BOOL, false,
        "false: reads are made by kubectl, too; without it by fsops itself where it can"},
    {NULL, WANT_ANY, false, NULL},
};

static json_t *target_parse(const struct node *map, struct problems *list)
{
	const struct node *own = node_get(map, "kubectl");
	json_t *target;

	if (node_check_map(map, target_keys, "a kubectl target", list) > 0 ||
	    node_check_map(own, kubectl_keys, "kubectl", list) > 0)
		return NULL;
	target = json_object();
	for (size_t i = 0; i < own->count; i++)
		json_object_set_new(target, own->keys[i]->text,
		    value_text(own->items[i]->text, own->items[i]->len));
	if (inherit_parse(node_get(map, ADAPTER_INHERIT), target, list) < 0) {
		json_decref(target);
		return NULL;
	}
	return target;
}

/* The argv. */

static const struct {
	const char *key;
	const char *flag;
	const char *also[2][2]; /* words of the runbook that say the same already: long, short */
} target_flags[] = {
    {"kubeconfig", "--kubeconfig", {{"--kubeconfig", NULL}}},
    {"context", "--context", {{"--context", NULL}}},
    {"namespace", "--namespace", {{"--namespace", "-n"}, {"--all-namespaces", "-A"}}},
};

static bool given(char *const *words, const char *const also[2][2])
{
	for (size_t i = 0; i < 2 && also[i][0]; i++)
		if (kubectl_has_flag(words, also[i][0], also[i][1]))
			return true;
	return false;
}

static char **make_argv(const json_t *args, const json_t *target)
{
	json_t *list = json_array();
	const json_t *own = json_object_get(args, "words");
	char **words = words_of(own);
	char **argv;

	json_array_append_new(list, json_string("kubectl"));
	for (size_t i = 0; i < COUNT_OF(target_flags); i++) {
		json_t *value = json_object_get(target, target_flags[i].key);

		if (!value || given(words, target_flags[i].also))
			continue;
		json_array_append_new(list, json_string(target_flags[i].flag));
		json_array_append(list, value);
	}
	json_array_extend(list, (json_t *)own);
	argv = words_of(list);
	json_decref(list);
	words_free(words);
	return argv;
}

static void describe(const json_t *args, const json_t *target, enum effect effect, struct buf *out)
{
	char **argv = make_argv(args, target);

	(void)effect;
	words_describe(argv, out);
	words_free(argv);
}

/* No value is an option, of kubectl or of the command that it runs in a container, nor the way out of a folder. */
static int check(const json_t *args, struct err *err)
{
	const json_t *words = json_object_get(args, "words");
	int result = words_check(words, json_object_get(args, "filled"), "kubectl", err);
	json_t *folder;
	size_t i;

	json_array_foreach(json_object_get(args, "copied"), i, folder) {
		size_t at = (size_t)json_integer_value(json_array_get(folder, 0));
		json_int_t len = json_integer_value(json_array_get(folder, 1));
		const char *word = json_string_value(json_array_get(words, at));

		if (result == 0 && word)
			result = words_stay(word, (size_t)len, err);
	}
	return result;
}

static enum effect effect(const json_t *args)
{
	char **words = words_of(json_object_get(args, "words"));
	enum effect effect = check(args, NULL) < 0 ? EFFECT_DESTROY : kubectl_effect(words);

	words_free(words);
	return effect;
}

static char *object(const json_t *args)
{
	char **words = words_of(json_object_get(args, "words"));
	char *name = kubectl_object(words);

	words_free(words);
	return name;
}

/* Running. */

/* command_fields, and more. */
static const struct adapter_field fields[] = {
    COMMAND_FIELDS,
    {"via", "string", "\"api\": the API server was asked; \"kubectl\": a kubectl was run"},
    {"unverified", "bool",
        "the API server was asked, and the kubeconfig has insecure-skip-tls-verify: it may be "
        "another; else not there"},
    {NULL, NULL, NULL},
};

static const char *const telling[] = {"error:", "Error", "The connection", "Unable to", NULL};

static const struct command_hint hints[] = {
    {"context \"", "see `kubectl config get-contexts`, and the target's context in platform.yaml"},
    {"context was not found",
        "see `kubectl config get-contexts`, and the target's context in platform.yaml"},
    {"placed before plugin name",
        "kubectl has no command of this name (a plug-in needs its own --context and --namespace)"},
    {"was refused", "is the API server up, and is this the right cluster?"},
    {"connection refused", "is the API server up, and is this the right cluster?"},
    {"no route to host", "is the network or the VPN to the cluster up?"},
    {"network is unreachable", "is the network or the VPN to the cluster up?"},
    {"i/o timeout", "is the network or the VPN to the cluster up?"},
    {"TLS handshake timeout", "the API server takes connections but does not answer"},
    {"no such host", "is the name of the API server in the kubeconfig right, and is DNS up?"},
    {"x509:", "is the certificate authority in the kubeconfig the cluster's own?"},
    {"Unauthorized", "the credentials in the kubeconfig are no longer good: log in again"},
    {"You must be logged in", "the credentials in the kubeconfig are no longer good: log in again"},
    {"orbidden", "the user of the kubeconfig may not do this: ask for the role, or use another "
                 "context"},
    {"namespaces \"", "see `kubectl get namespaces`, and the target's namespace in platform.yaml"},
    {"the server doesn't have a resource type",
        "is the word spelled right, and is its CRD installed?"},
    {"Metrics API not available", "metrics-server is not running in this cluster"},
    {NULL, NULL},
};

static const struct command_spec spec = {.telling = telling, .hints = hints, .via = "kubectl"};

/* At the end, where it counts instead of the same one before it; but "--" ends the flags. */
static char **with_flag(char **argv, const char *flag)
{
	size_t count = 0, at = 0;
	char **more;

	while (argv[count])
		count++;
	while (at < count && strcmp(argv[at], "--") != 0)
		at++;
	more = mem_alloc((count + 2) * sizeof(*more));
	memcpy(more, argv, at * sizeof(*more));
	more[at] = mem_text(flag);
	memcpy(more + at + 1, argv + at, (count - at) * sizeof(*more));
	more[count + 1] = NULL;
	free(argv);
	return more;
}

static void start_kubectl(struct call *call, const char *flag)
{
	struct command_spec own = spec;
	char **argv = make_argv(call->args, call->target);

	if (flag)
		argv = with_flag(argv, flag);
	own.argv = (const char *const *)argv;
	command_start(call, &own);
	words_free(argv);
}

/* FSOPS_KUBECTL=always and `native: false` of the target want a kubectl. */
static bool may_ask(const json_t *target)
{
	const char *always = getenv("FSOPS_KUBECTL");
	const char *own = value_get_text(target, "native");

	return !(always && strcmp(always, "always") == 0) && !(own && strcmp(own, "false") == 0);
}

static bool runs_program(const json_t *args, const json_t *target)
{
	struct native native = {0};
	char **argv = make_argv(args, target);
	bool known =
	    effect(args) == EFFECT_READ && may_ask(target) && native_read(&native, argv + 1);

	native_release(&native);
	words_free(argv);
	return !known;
}

/* Whoever turns the native way off must not be misunderstood. */
static int check_way(struct err *err)
{
	const char *always = getenv("FSOPS_KUBECTL");

	if (!always || !*always || strcmp(always, "always") == 0)
		return 0;
	return err_set(
	    err, ERR_INPUT, "the variable FSOPS_KUBECTL may be 'always', not '%s'", always);
}

static void start(struct call *call)
{
	enum effect made = effect(call->args);
	struct err err;
	char **argv;

	call->state = NULL;
	if (check_way(&err) < 0 || check(call->args, &err) < 0) {
		call_fail(call, err.kind, "%s", err.text);
		return;
	}
	if (made != EFFECT_UNSTATED && made > call->effect) {
		call_fail(call, ERR_INPUT,
		    "with its values filled in the command would %s, and only %s was allowed",
		    effect_name(made), effect_name(call->effect));
		return;
	}
	argv = make_argv(call->args, call->target);
	if (made != EFFECT_READ || call->stdin_text || !may_ask(call->target) ||
	    !api_start(call, argv + 1, &spec, start_kubectl))
		start_kubectl(call, NULL);
	words_free(argv);
}

const struct adapter adapter_kubectl = {
    .name = "kubectl",
    .help = "run kubectl with the target's context and namespace",
    .forms = "words, or a list of arguments, without the word kubectl",
    .fields = fields,
    .succeeds = "exit status 0",
    .command = true,
    .decides = "exit stderr",
    .process = true,
    .takes = ADAPTER_TEXT | ADAPTER_LIST,
    .target_kind = "kubectl",
    .target_keys = target_keys,
    .target_value_keys = kubectl_keys,
    .parse = parse,
    .target_parse = target_parse,
    .effect = effect,
    .check = check,
    .describe = describe,
    .runs_program = runs_program,
    .object = object,
    .start = start,
    .cancel = command_cancel,
    .release = command_release,
};
