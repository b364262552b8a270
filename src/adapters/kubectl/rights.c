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
#include "request.h"

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

static bool fits_verb(const struct request *request, const struct rule *rule)
{
	const char *verb = request_word(request, 0);
	const char *second = request_word(request, 1);

	if (!verb || strcmp(rule->verb, verb) != 0)
		return false;
	return !rule->second || (second && strcmp(rule->second, second) == 0);
}

/* What a rule says of the command's own type is looked for only when some rule says it. */
static bool speaks_of_type(const struct rule *rule)
{
	return rule->resource && strchr(".%", rule->resource[0]);
}

static int read_request(
    struct request *request, char *const *words, const struct rights *rights, struct err *err)
{
	const struct rule *known = NULL;
	bool typed = false;

	if (request_read(request, words, rights, err) < 0)
		return -1;
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		if (!fits_verb(request, &rules[i]))
			continue;
		known = &rules[i];
		typed = typed || speaks_of_type(known);
	}
	if (!known)
		return err_set(err, ERR_UNKNOWN, "what it touches cannot be told from its words");
	return request_objects(request, known->second ? 2 : 1, typed, err);
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
    struct rights *rights, const struct request *request, const struct rule *rule, unsigned verbs)
{
	for (size_t i = 0; i < request->type_count; i++) {
		const struct kube_type *type = request->types[i];

		if (rule->resource[0] == '?' && !request->written)
			continue;
		if (rule->resource[0] == '%')
			add_right(rights, type->in_cluster ? NULL : request->namespace, METRICS,
			    type->plural, verbs);
		else
			add_of_type(rights, type, rule->resource + 1, request->namespace, verbs);
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

/* "!secrets nodes": of any type but these. */
static bool fits_type(const struct request *request, const char *type)
{
	if (!type || *type != '!')
		return !type || request_has_type(request, type);
	for (size_t i = 0; i < request->type_count; i++)
		if (!strstr(type, request->types[i]->plural))
			return true;
	return false;
}

static bool fits_flag(const struct request *request, const char *flag)
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
	return kubectl_has_flag(request->words, name, letter) != without;
}

static bool fits(const struct request *request, const struct rule *rule)
{
	return fits_verb(request, rule) && fits_type(request, rule->type) &&
	       fits_flag(request, rule->flag);
}

static unsigned verbs_of(const struct request *request, const struct rule *rule)
{
	bool pods = !request->written || request_has_type(request, "pods");
	unsigned verbs = rule->verbs & ~(READ | READ_PODS);

	if (rule->verbs & READ)
		verbs |= request->named ? GET : LIST;
	if (rule->verbs & READ_PODS)
		verbs |= request->named && pods ? GET : LIST;
	return verbs;
}

int rights_add(struct rights *rights, char *const *words, struct err *err)
{
	struct request request;

	if (read_request(&request, words, rights, err) < 0)
		return -1;
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		const struct rule *rule = &rules[i];
		unsigned verbs = verbs_of(&request, rule);

		if (!rule->resource || !fits(&request, rule))
			continue;
		if (strchr(".%?", rule->resource[0]))
			add_own(rights, &request, rule, verbs);
		else
			add_fixed(rights, request.namespace, rule->resource, verbs);
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
