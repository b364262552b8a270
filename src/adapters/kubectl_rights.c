/*
 * What an account must be allowed for a kubectl command: a table of verbs.
 *
 * Invariant: nothing is added for a command that is understood in part only. What kubectl asks of the
 * server for each verb was looked at with the client itself (tests/e2e/test_schedule_kubernetes.py).
 */
#include "fsops/rights.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "kubectl.h"
#include "kubectl_types.h"

#define METRICS "metrics.k8s.io"

#define GET    RIGHT_GET
#define LIST   RIGHT_LIST
#define WATCH  RIGHT_WATCH
#define CREATE RIGHT_CREATE
#define UPDATE RIGHT_UPDATE
#define PATCH  RIGHT_PATCH
#define DELETE RIGHT_DELETE
/* Get when the command names its objects, list when it selects them. */
#define READ (1u << RIGHT_VERBS)
/* The same for pods, which TYPE/NAME selects too. */
#define READ_PODS (1u << (RIGHT_VERBS + 1))

const char *const right_verbs[RIGHT_VERBS] = {
    "get", "list", "watch", "create", "update", "patch", "delete"};

/* A row that fits adds VERBS on RESOURCE. A verb without any row is not known. */
static const struct rule {
	const char *verb;
	const char *second; /* NULL: whatever follows. Else the type stands one word later */
	const char *type;   /* only for objects of this type; NULL: any */
	const char *flag;   /* only with this flag, or with "!" without it; NULL: always */
	/* "." the command's own type; "./scale" a part of it; "%" the same in METRICS; "?" its own when
	 * it is written TYPE/NAME; "*pods" in the whole cluster; "ns:pods" in that namespace; NULL:
	 * nothing is needed. */
	const char *resource;
	unsigned verbs;
} rules[] = {
    {"get", NULL, NULL, NULL, ".", READ},
    {"get", NULL, NULL, "--watch", ".", LIST | WATCH},
    {"get", NULL, NULL, "--watch-only", ".", LIST | WATCH},

    {"describe", NULL, NULL, NULL, ".", READ | GET},
    {"describe", NULL, "!secrets nodes", NULL, "events", LIST},
    {"describe", NULL, "deployments", NULL, "replicasets", LIST},
    {"describe", NULL, "replicasets", NULL, "pods", LIST},
    {"describe", NULL, "statefulsets", NULL, "pods", LIST},
    {"describe", NULL, "daemonsets", NULL, "pods", LIST},
    {"describe", NULL, "jobs", NULL, "pods", LIST},
    {"describe", NULL, "persistentvolumeclaims", NULL, "pods", LIST},
    {"describe", NULL, "services", NULL, "endpoints", GET | LIST},
    {"describe", NULL, "serviceaccounts", NULL, "secrets", LIST},
    {"describe", NULL, "namespaces", NULL, "*resourcequotas", LIST},
    {"describe", NULL, "namespaces", NULL, "*limitranges", LIST},
    {"describe", NULL, "nodes", NULL, "*pods", LIST},
    {"describe", NULL, "nodes", NULL, "*events", LIST},
    {"describe", NULL, "nodes", NULL, "kube-node-lease:leases", GET},

    {"logs", NULL, NULL, NULL, "?", GET},
    {"logs", NULL, NULL, NULL, "pods", READ_PODS},
    {"logs", NULL, NULL, NULL, "pods/log", GET},
    {"top", NULL, NULL, NULL, "%", READ},
    {"top", NULL, "nodes", NULL, "nodes", READ},
    {"wait", NULL, NULL, NULL, ".", READ | LIST | WATCH},
    {"events", NULL, NULL, NULL, "events", LIST},
    {"events", NULL, NULL, "--watch", "events", WATCH},
    {"cluster-info", NULL, NULL, "--namespace", "services", LIST},
    {"cluster-info", NULL, NULL, "!--namespace", "kube-system:services", LIST},

    {"rollout", "status", NULL, NULL, ".", GET | LIST | WATCH},
    {"rollout", "history", NULL, NULL, ".", GET},
    {"rollout", "history", "deployments", NULL, "replicasets", LIST},
    {"rollout", "history", "statefulsets", NULL, "controllerrevisions", LIST},
    {"rollout", "history", "daemonsets", NULL, "controllerrevisions", LIST},
    {"rollout", "undo", NULL, NULL, ".", GET | PATCH},
    {"rollout", "undo", "deployments", NULL, "replicasets", LIST},
    {"rollout", "undo", "statefulsets", NULL, "controllerrevisions", LIST},
    {"rollout", "undo", "daemonsets", NULL, "controllerrevisions", LIST},
    {"rollout", "restart", NULL, NULL, ".", READ | PATCH},
    {"rollout", "pause", NULL, NULL, ".", READ | PATCH},
    {"rollout", "resume", NULL, NULL, ".", READ | PATCH},

    {"scale", NULL, NULL, NULL, ".", READ},
    {"scale", NULL, NULL, "!--current-replicas", "./scale", PATCH},
    {"scale", NULL, NULL, "--current-replicas", "./scale", GET | UPDATE},
    {"set", "image", NULL, NULL, ".", READ | PATCH},
    {"set", "env", NULL, NULL, ".", READ | PATCH},
    {"set", "resources", NULL, NULL, ".", READ | PATCH},
    {"label", NULL, NULL, NULL, ".", READ | PATCH},
    {"annotate", NULL, NULL, NULL, ".", READ | PATCH},
    {"patch", NULL, NULL, NULL, ".", READ | PATCH},
    {"delete", NULL, NULL, NULL, ".",
        GET | DELETE | LIST | WATCH}, /* it waits until they are gone */

    {"create", "job", NULL, NULL, "jobs", CREATE},
    {"create", "job", NULL, "--from", "cronjobs", GET},
    {"create", "secret", NULL, NULL, "secrets", CREATE},
    {"create", "configmap", NULL, NULL, "configmaps", CREATE},
    {"create", "namespace", NULL, NULL, "namespaces", CREATE},

    {"taint", NULL, NULL, NULL, ".", READ | PATCH},
    {"cordon", NULL, NULL, NULL, "nodes", READ | PATCH},
    {"uncordon", NULL, NULL, NULL, "nodes", READ | PATCH},
    {"drain", NULL, NULL, NULL, "nodes", READ | PATCH},
    {"drain", NULL, NULL, NULL, "*pods", GET | LIST},
    {"drain", NULL, NULL, NULL, "*pods/eviction", CREATE},
    {"drain", NULL, NULL, NULL, "*daemonsets", GET},
    {"drain", NULL, NULL, "--disable-eviction", "*pods", DELETE},

    {"exec", NULL, NULL, NULL, "?", GET},
    {"exec", NULL, NULL, NULL, "pods", READ_PODS},
    {"exec", NULL, NULL, NULL, "pods/exec", GET | CREATE},
    {"port-forward", NULL, NULL, NULL, "?", GET},
    {"port-forward", NULL, NULL, NULL, "pods", GET | LIST},
    {"port-forward", NULL, NULL, NULL, "pods/portforward", GET | CREATE},

    {"version", NULL, NULL, NULL, NULL, 0},
    {"api-resources", NULL, NULL, NULL, NULL, 0},
    {"api-versions", NULL, NULL, NULL, NULL, 0},
    {"explain", NULL, NULL, NULL, NULL, 0},
    {"config", NULL, NULL, NULL, NULL, 0},
    {"options", NULL, NULL, NULL, NULL, 0},
    {"help", NULL, NULL, NULL, NULL, 0},
    {"auth", "can-i", NULL, NULL, NULL, 0},
    {"auth", "whoami", NULL, NULL, NULL, 0},
};

/* ---- a command ---- */

#define TYPES_MAX 32

struct command {
	char *const *words;
	struct kubectl_places places;
	const char *namespace; /* NULL: all */
	const struct kube_type *types[TYPES_MAX];
	size_t type_count;
	bool written; /* as TYPE/NAME */
	bool named;   /* its objects, and not selected */
};

static const char *word_at(const struct command *command, size_t at)
{
	return kubectl_place(&command->places, at);
}

static bool fits_verb(const struct command *command, const struct rule *rule)
{
	const char *verb = word_at(command, 0);
	const char *second = word_at(command, 1);

	if (!verb || strcmp(rule->verb, verb) != 0)
		return false;
	return !rule->second || (second && strcmp(rule->second, second) == 0);
}

/* "-n shop", "-nshop", "--namespace shop"; the last one counts. */
static const char *namespace_flag(char *const *words)
{
	const char *value = kubectl_flag(words, "--namespace");

	for (; *words && strcmp(*words, "--") != 0; words++)
		if (strncmp(*words, "-n", 2) == 0)
			value = (*words)[2] ? *words + 2 + ((*words)[2] == '=') : words[1];
	return value;
}

static int find_namespace(struct command *command, const char *otherwise, struct err *err)
{
	const char *value = namespace_flag(command->words);

	if (kubectl_has_flag(command->words, "--all-namespaces", "-A"))
		return 0;
	command->namespace = value ? value : otherwise;
	if (!*command->namespace || strstr(command->namespace, "${"))
		return err_set(err, ERR_UNKNOWN, "its namespace is not known yet");
	return 0;
}

static int add_type(struct command *command, const char *name, size_t len, struct err *err)
{
	const struct kube_type *type = kube_type_find(name, len);

	if (len == 3 && memcmp(name, "all", 3) == 0) {
		for (size_t i = 0; kube_types_all[i]; i++)
			if (add_type(command, kube_types_all[i], strlen(kube_types_all[i]), err) <
			    0)
				return -1;
		return 0;
	}
	if (!type)
		return err_set(err, ERR_UNKNOWN, "the type '%.*s' is not known", (int)len, name);
	if (command->type_count == TYPES_MAX)
		return err_set(err, ERR_UNKNOWN, "it names over %d types", TYPES_MAX);
	command->types[command->type_count++] = type;
	return 0;
}

/* "pods", "pods,services" */
static int add_types(struct command *command, const char *list, struct err *err)
{
	while (*list) {
		size_t len = strcspn(list, ",");

		if (add_type(command, list, len, err) < 0)
			return -1;
		list += len + (list[len] == ',');
	}
	return 0;
}

/* From the word at AT on; "pod/a svc/b" goes over several. */
static int find_types(struct command *command, size_t at, struct err *err)
{
	const char *word = word_at(command, at);

	if (!word)
		return err_set(err, ERR_UNKNOWN, "it does not say what it is about");
	command->written = strchr(word, '/');
	if (!command->written)
		return add_types(command, word, err);
	for (; (word = word_at(command, at)); at++)
		if (strchr(word, '/') && add_type(command, word, strcspn(word, "/"), err) < 0)
			return -1;
	return 0;
}

static bool selects(char *const *words)
{
	return kubectl_has_flag(words, "--selector", "-l") ||
	       kubectl_has_flag(words, "--field-selector", NULL) ||
	       kubectl_has_flag(words, "--all", NULL);
}

/* What a rule says of the command's own type is looked for only when some rule says it. */
static bool speaks_of_type(const struct rule *rule)
{
	return rule->resource && strchr(".%", rule->resource[0]);
}

static int read_objects(struct command *command, struct err *err)
{
	const struct rule *known = NULL;
	const char *word;
	bool types = false;
	size_t at;

	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		if (!fits_verb(command, &rules[i]))
			continue;
		known = &rules[i];
		types = types || speaks_of_type(known);
	}
	if (!known)
		return err_set(err, ERR_UNKNOWN, "what it touches cannot be told from its words");
	at = known->second ? 2 : 1;
	word = word_at(command, at);
	if ((types || (word && strchr(word, '/'))) && find_types(command, at, err) < 0)
		return -1;
	command->named =
	    !selects(command->words) && (command->written || word_at(command, types ? at + 1 : at));
	return 0;
}

/* What a file or a path of the API is about is not in the words. */
static int check_sources(const struct command *command, struct err *err)
{
	static const char *const sources[][2] = {
	    {"--filename", "-f"}, {"--kustomize", "-k"}, {"--raw", NULL}};
	const char *verb = word_at(command, 0);
	bool logs = verb && strcmp(verb, "logs") == 0;

	for (size_t i = 0; i < COUNT_OF(sources); i++)
		if (kubectl_has_flag(command->words, sources[i][0], logs ? NULL : sources[i][1]))
			return err_set(err, ERR_UNKNOWN, "%s says what it is about", sources[i][0]);
	return 0;
}

/* An account is good for one cluster, the one that it is in. */
static int check_cluster(char *const *words, const char *wanted, struct err *err)
{
	const char *context = kubectl_flag(words, "--context");

	if (kubectl_has_flag(words, "--kubeconfig", NULL))
		return err_set(err, ERR_UNKNOWN, "it is by a kubeconfig of its own");
	if (context && wanted && strcmp(context, wanted) != 0)
		return err_set(err, ERR_UNKNOWN, "it is for another cluster");
	return 0;
}

static int read_command(
    struct command *command, char *const *words, const struct rights *rights, struct err *err)
{
	*command = (struct command){.words = words};
	kubectl_places_find(words, &command->places);
	if (!word_at(command, 0))
		return err_set(err, ERR_UNKNOWN, "its first word is not sure");
	if (check_sources(command, err) < 0 || check_cluster(words, rights->context, err) < 0 ||
	    find_namespace(command, rights->namespace, err) < 0)
		return -1;
	return read_objects(command, err);
}

/* ---- adding ---- */

static bool same_place(
    const struct right *right, const char *namespace, const char *group, const char *resource)
{
	if (!right->namespace != !namespace || strcmp(right->resource, resource) != 0)
		return false;
	return strcmp(right->group, group) == 0 &&
	       (!namespace || strcmp(right->namespace, namespace) == 0);
}

static void add_right(struct rights *rights, const char *namespace, const char *group,
    const char *resource, unsigned verbs)
{
	for (size_t i = 0; i < rights->count; i++) {
		if (same_place(&rights->items[i], namespace, group, resource)) {
			rights->items[i].verbs |= verbs;
			return;
		}
	}
	MEM_PUSH_ROOM(rights->items, rights->count);
	rights->items[rights->count++] = (struct right){
	    .namespace = mem_text(namespace),
	    .group = mem_text(group),
	    .resource = mem_text(resource),
	    .verbs = verbs,
	};
}

/* TYPE, or the part of it that begins at SUB ("/scale"). */
static void add_of_type(struct rights *rights, const struct kube_type *type, const char *sub,
    const char *namespace, unsigned verbs)
{
	char *resource = mem_printf("%s%s", type->plural, sub);

	add_right(rights, type->in_cluster ? NULL : namespace, type->group, resource, verbs);
	free(resource);
}

static void add_own(
    struct rights *rights, const struct command *command, const struct rule *rule, unsigned verbs)
{
	for (size_t i = 0; i < command->type_count; i++) {
		const struct kube_type *type = command->types[i];

		if (rule->resource[0] == '?' && !command->written)
			continue;
		if (rule->resource[0] == '%')
			add_right(rights, type->in_cluster ? NULL : command->namespace, METRICS,
			    type->plural, verbs);
		else
			add_of_type(rights, type, rule->resource + 1, command->namespace, verbs);
	}
}

/* "pods/log", "*pods", "kube-system:services" */
static void add_fixed(
    struct rights *rights, const char *namespace, const char *resource, unsigned verbs)
{
	const char *colon = strchr(resource, ':');
	char *own = colon ? mem_textn(resource, (size_t)(colon - resource)) : NULL;
	const char *name = colon ? colon + 1 : resource + (*resource == '*');

	if (*resource == '*')
	namespace = NULL;
	add_of_type(rights, kube_type_find(name, strcspn(name, "/")), name + strcspn(name, "/"),
	    own ? own : namespace, verbs);
	free(own);
}

static bool has_type(const struct command *command, const char *plural)
{
	for (size_t i = 0; i < command->type_count; i++)
		if (strcmp(command->types[i]->plural, plural) == 0)
			return true;
	return false;
}

/* "!secrets nodes": of any type but these. */
static bool fits_type(const struct command *command, const char *type)
{
	if (!type || *type != '!')
		return !type || has_type(command, type);
	for (size_t i = 0; i < command->type_count; i++)
		if (!strstr(type, command->types[i]->plural))
			return true;
	return false;
}

static bool fits_flag(const struct command *command, const char *flag)
{
	bool without = flag && *flag == '!';
	const char *name = without ? flag + 1 : flag;
	const char *letter = NULL;

	if (!flag)
		return true;
	if (strcmp(name, "--watch") == 0)
		letter = "-w";
	else if (strcmp(name, "--namespace") == 0)
		letter = "-n";
	return kubectl_has_flag(command->words, name, letter) != without;
}

static bool fits(const struct command *command, const struct rule *rule)
{
	return fits_verb(command, rule) && fits_type(command, rule->type) &&
	       fits_flag(command, rule->flag);
}

static unsigned verbs_of(const struct command *command, const struct rule *rule)
{
	bool pods = !command->written || has_type(command, "pods");
	unsigned verbs = rule->verbs & ~(READ | READ_PODS);

	if (rule->verbs & READ)
		verbs |= command->named ? GET : LIST;
	if (rule->verbs & READ_PODS)
		verbs |= command->named && pods ? GET : LIST;
	return verbs;
}

int rights_add(struct rights *rights, char *const *words, struct err *err)
{
	struct command command;

	if (read_command(&command, words, rights, err) < 0)
		return -1;
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		const struct rule *rule = &rules[i];
		unsigned verbs = verbs_of(&command, rule);

		if (!rule->resource || !fits(&command, rule))
			continue;
		if (strchr(".%?", rule->resource[0]))
			add_own(rights, &command, rule, verbs);
		else
			add_fixed(rights, command.namespace, rule->resource, verbs);
	}
	return 0;
}

void rights_release(struct rights *rights)
{
	for (size_t i = 0; i < rights->count; i++) {
		free(rights->items[i].namespace);
		free(rights->items[i].group);
		free(rights->items[i].resource);
	}
	free(rights->items);
	rights->items = NULL;
	rights->count = 0;
}
