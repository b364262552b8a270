/*
 * Fuzzing of what an API server says it has: its answers in the order in which they were asked for, with byte 0x1e
 * between; one that is no JSON is a refusal.
 *
 * Invariant: whoever waits is told once. A kind has all its texts, and is found by its plural with its group and
 * version.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "fsops/mem.h"
#include "kube/private.h"

#define BETWEEN '\x1e'

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- The API server that is asked --- */

struct kube_request {
	struct kube_request *next;
	kube_got_fn *got;
	void *ctx;
};

static struct kube_request *asked; /* the first one first */

void kube_use(struct kube *kube)
{
	kube->users++;
}

void kube_unuse(struct kube *kube)
{
	kube->users--;
}

struct kube_request *kube_get_raw(struct kube *kube, struct kube_caller *caller, const char *path,
    const char *accept, kube_got_fn *got, void *ctx)
{
	struct kube_request **link = &asked;

	(void)kube;
	(void)caller;
	(void)accept;
	if (strncmp(path, "/api", 4) != 0)
		abort();
	while (*link)
		link = &(*link)->next;
	*link = mem_alloc(sizeof(**link));
	**link = (struct kube_request){.got = got, .ctx = ctx};
	return *link;
}

static struct kube_request take_out(struct kube_request *request)
{
	struct kube_request **link = &asked;
	struct kube_request copy = *request;

	while (*link != request)
		link = &(*link)->next;
	*link = request->next;
	free(request);
	return copy;
}

void kube_cancel(struct kube_request *request)
{
	if (request)
		take_out(request);
}

static void answer(const char *text, size_t len)
{
	struct kube_request request = take_out(asked);
	json_t *object = json_loadb(text, len, 0, NULL);
	const struct kube_reply done = {
	    .end = KUBE_DONE, .status = 200, .reason = "", .message = ""};
	const struct kube_reply refused = {.end = KUBE_REFUSED,
	    .status = 404,
	    .reason = "NotFound",
	    .message = "",
	    .line = "line"};

	request.got(request.ctx, object, object ? &done : &refused);
	json_decref(object);
}

/* --- Who waits --- */

static void check_kind(const struct kube_kinds *kinds, const struct kube_kind *kind)
{
	const char *const texts[] = {kind->group, kind->version, kind->plural, kind->singular,
	    kind->kind, kind->names, kind->verbs, kind->categories};
	char *name = mem_printf("%s.%s.%s", kind->plural, kind->version, kind->group);
	const struct kube_kind *found = kube_kinds_find(kinds, name);

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (!texts[i])
			abort();
	/* Names with a "." in them, or too long for one, are nobody's. */
	if (*kind->plural && !strpbrk(kind->plural, ".") && !strpbrk(kind->version, ".") &&
	    strlen(name) < 64 && (!found || strcmp(found->group, kind->group) != 0))
		abort();
	free(name);
}

static void on_ready(void *ctx, const struct kube_reply *reply)
{
	size_t *times = ctx;

	(void)reply;
	++*times;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *end = text + size;
	size_t times = 0;
	struct kube kube = {.users = 0};
	struct kube_seeker seeker = {.ready = on_ready, .ctx = &times};
	const struct kube_kinds *kinds;

	kube_discovery_ask(&kube, &seeker);
	while (asked && text < end) {
		const char *next = memchr(text, BETWEEN, (size_t)(end - text));
		size_t len = (size_t)((next ? next : end) - text);

		answer(text, len);
		text += len + (next != NULL);
	}
	if (times != !asked || kube.users)
		abort();
	kinds = kube_discovery_kinds(&kube);
	for (size_t i = 0; kinds && i < kinds->count; i++)
		check_kind(kinds, kinds->items[i]);
	kube_discovery_free(kube.discovery);
	if (asked)
		abort();
	return 0;
}
