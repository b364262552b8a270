/*
 * Looking for the kind that a name means. Invariant: a name that is not found is looked for once more among what the
 * API server has now: a kind may have come since it was asked.
 */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "private.h"

struct kube_find {
	struct kube *kube;
	char *name; /* NULL: all of them */
	kube_found_fn *done;
	void *ctx;
	struct kube_seeker seeker;
	bool asking;
	struct loop_timer *timer;
};

static void find_free(struct kube_find *find)
{
	struct kube *kube = find->kube;

	if (find->asking)
		kube_discovery_forget(kube, &find->seeker);
	loop_cancel(find->timer);
	free(find->name);
	free(find);
	kube_unuse(kube);
}

static void end(struct kube_find *find, const struct kube_found *found)
{
	find->done(find->ctx, found);
	find_free(find);
}

static void end_unknown(struct kube_find *find)
{
	char *line = mem_printf("error: the server doesn't have a resource type \"%.*s\"",
	    (int)strcspn(find->name, "."), find->name);
	struct kube_found found = {.line = line, .unknown = true};

	err_set(&found.err, ERR_REMOTE, "%s", line);
	end(find, &found);
	free(line);
}

static void end_failed(struct kube_find *find, const struct kube_reply *reply)
{
	struct kube_found found = {.line = reply->line, .err = reply->err};

	end(find, &found);
}

/* --- Several at once --- */

static bool is_among(
    const struct kube_kind *const *kinds, size_t count, const struct kube_kind *kind)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(kinds[i]->plural, kind->plural) == 0 &&
		    strcmp(kinds[i]->group, kind->group) == 0)
			return true;
	return false;
}

/* Those of CATEGORY (NULL: all), each in the version that is preferred; NULL: none. */
static const struct kube_kind *chain(
    struct kube *kube, const struct kube_kinds *all, const char *category)
{
	const struct kube_kind **taken = mem_alloc((all->count + 1) * sizeof(*taken));
	const struct kube_kind *first = NULL;
	size_t count = 0;

	for (size_t i = 0; i < all->count; i++)
		if ((!category || kube_kind_has_category(all->items[i], category)) &&
		    !is_among(taken, count, all->items[i]))
			taken[count++] = all->items[i];
	while (count > 0)
		first = kube_discovery_chain(kube, taken[--count], first);
	free(taken);
	return first;
}

static const struct kube_kind *search(const struct kube_find *find)
{
	const struct kube_kinds *all = kube_discovery_kinds(find->kube);
	const struct kube_kind *kind;

	if (!all)
		return NULL;
	kind = chain(find->kube, all, find->name);
	return kind || !find->name ? kind : kube_kinds_find(all, find->name);
}

/* --- Asking --- */

static void on_ready(void *ctx, const struct kube_reply *reply)
{
	struct kube_find *find = ctx;
	struct kube_found found = {.kinds = NULL};

	find->asking = false;
	if (reply) {
		end_failed(find, reply);
		return;
	}
	found.kinds = search(find);
	found.partial = !find->name && kube_discovery_is_partial(find->kube);
	if (found.kinds || !find->name)
		end(find, &found);
	else
		end_unknown(find);
}

static void on_begin(void *ctx)
{
	struct kube_find *find = ctx;
	struct kube_found found = {
	    .kinds = find->name ? kube_kinds_find(kube_stable(), find->name) : NULL};

	find->timer = NULL;
	if (!found.kinds && find->name)
		found.kinds = search(find);
	if (found.kinds) {
		end(find, &found);
		return;
	}
	find->asking = true;
	kube_discovery_ask(find->kube, &find->seeker);
}

static struct kube_find *begin(
    struct kube *kube, struct kube_caller *caller, const char *name, kube_found_fn *done, void *ctx)
{
	struct kube_find *find = mem_alloc(sizeof(*find));

	*find = (struct kube_find){
	    .kube = kube,
	    .name = mem_text(name),
	    .done = done,
	    .ctx = ctx,
	    .seeker = {.caller = caller, .ready = on_ready, .ctx = find},
	    .timer = loop_after(kube->loop, 0, on_begin, find),
	};
	kube_use(kube);
	return find;
}

struct kube_find *kube_find(
    struct kube *kube, struct kube_caller *caller, const char *name, kube_found_fn *done, void *ctx)
{
	return begin(kube, caller, name, done, ctx);
}

struct kube_find *kube_find_all(
    struct kube *kube, struct kube_caller *caller, kube_found_fn *done, void *ctx)
{
	return begin(kube, caller, NULL, done, ctx);
}

void kube_find_cancel(struct kube_find *find)
{
	if (find)
		find_free(find);
}
