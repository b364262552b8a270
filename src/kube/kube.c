/*
 * API servers that are open. Invariant: one `struct kube` for each spec and state of its files; it lives as long as
 * somebody uses it, and those that can be found are in use by their loop.
 */
#include "fsops/kube.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "private.h"

/* Few: a list will do. */
static struct kube *kubes;

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_list(char *const *a, const char *const *b)
{
	if (!a || !b)
		return !a && !b;
	while (*a && *b && strcmp(*a, *b) == 0) {
		a++;
		b++;
	}
	return !*a && !*b;
}

static char **copy_list(const char *const *list)
{
	size_t count = 0;
	char **copy;

	if (!list)
		return NULL;
	while (list[count])
		count++;
	copy = mem_alloc((count + 1) * sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = mem_text(list[i]);
	return copy;
}

static void free_list(char **list)
{
	for (char **item = list; item && *item; item++)
		free(*item);
	free(list);
}

static struct kube *find(const struct loop *loop, const struct kube_spec *spec)
{
	struct kube *kube = kubes;

	while (kube && (kube->loop != loop || !same_text(kube->kubeconfig, spec->kubeconfig) ||
	                   !same_text(kube->context, spec->context) ||
	                   !same_list(kube->inherit, spec->inherit)))
		kube = kube->next;
	return kube;
}

static void kube_free(struct kube *kube)
{
	kube_login_free(kube->login);
	kube_discovery_free(kube->discovery);
	kube_config_release(&kube->config);
	free(kube->kubeconfig);
	free(kube->context);
	free_list(kube->inherit);
	free(kube);
}

void kube_use(struct kube *kube)
{
	kube->users++;
}

void kube_unuse(struct kube *kube)
{
	if (--kube->users == 0)
		kube_free(kube);
}

/* Nobody finds it any more; it goes with its last user. */
static void drop(struct kube *kube)
{
	struct kube **link = &kubes;

	while (*link != kube)
		link = &(*link)->next;
	*link = kube->next;
	kube_unuse(kube);
}

/* The loop ends. */
static void on_end(void *ctx)
{
	struct kube *next;

	for (struct kube *kube = kubes; kube; kube = next) {
		next = kube->next;
		if (kube->loop == ctx)
			drop(kube);
	}
}

static bool find_loop(const struct loop *loop)
{
	const struct kube *kube = kubes;

	while (kube && kube->loop != loop)
		kube = kube->next;
	return kube;
}

static int check_proxy(const struct kube *kube, struct err *err)
{
	bool known;

	free(kube_proxy(&kube->config, kube->children, (const char *const *)kube->inherit, &known));
	return known ? 0 : err_set(err, ERR_UNKNOWN, "its proxy is not of a kind known here");
}

static struct kube *kube_new(
    struct loop *loop, struct children *children, const struct kube_spec *spec, struct err *err)
{
	struct kube *kube = mem_alloc(sizeof(*kube));

	kube->loop = loop;
	kube->children = children;
	kube->kubeconfig = mem_text(spec->kubeconfig);
	kube->context = mem_text(spec->context);
	kube->inherit = copy_list(spec->inherit);
	if (kube_config_load(&kube->config, children, spec, err) == 0 &&
	    check_proxy(kube, err) == 0)
		kube->login = kube_login_new(kube, err);
	if (!kube->login) {
		kube_free(kube);
		return NULL;
	}
	if (!find_loop(loop))
		loop_at_end(loop, on_end, loop);
	kube->next = kubes;
	kubes = kube;
	kube_use(kube);
	return kube;
}

struct kube *kube_open(
    struct loop *loop, struct children *children, const struct kube_spec *spec, struct err *err)
{
	struct kube *kube = find(loop, spec);

	if (kube && !kube_config_is_fresh(&kube->config)) {
		drop(kube);
		kube = NULL;
	}
	if (!kube)
		kube = kube_new(loop, children, spec, err);
	if (kube)
		kube_use(kube);
	return kube;
}

void kube_close(struct kube *kube)
{
	if (kube)
		kube_unuse(kube);
}

const char *kube_namespace(const struct kube *kube)
{
	return kube->config.namespace;
}

const char *kube_server(const struct kube *kube)
{
	return kube->config.server;
}

bool kube_is_elsewhere(const struct kube *kube)
{
	return kube->elsewhere;
}

bool kube_insecure(const struct kube *kube)
{
	return kube->config.insecure;
}

char *kube_host(const struct kube *kube)
{
	const char *host = strstr(kube->config.server, "://") + strlen("://");

	return mem_textn(host, strcspn(host, "/"));
}
