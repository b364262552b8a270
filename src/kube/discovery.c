/*
 * What the API server has, asked as kubectl does (k8s.io/client-go/discovery): all in two answers
 * (apidiscovery.k8s.io), or from an older server one for each version of each group.
 *
 * Invariant: a kind that was handed out stays as it is until the kube ends, however often it is asked anew. A group
 * that does not answer (an API service that is down) has no kinds; the others do.
 */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "private.h"

/* More than this an API server does not have; what is over is not known. */
#define SLOTS_MAX 1000
#define KINDS_MAX 20000

#define JSON_TYPE "application/json"

static const char accept_all[] =
    JSON_TYPE ";g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList," JSON_TYPE
              ";g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList," JSON_TYPE;

/* A kind for good. */
struct kept {
	struct kept *next;
	struct kube_kind kind;
};

/* One version of one group, and what it has. */
struct slot {
	struct kube_discovery *discovery;
	char *group;
	char *version;
	struct kube_request *request; /* set while it is asked for */
	struct kube_kinds kinds;
};

/* The core, and the groups. */
enum root { ROOT_CORE, ROOT_GROUPS, ROOTS };

struct kube_discovery {
	struct kube *kube;
	struct kept *kept;
	struct kube_kinds kinds;
	bool there;
	bool partial; /* of what is there some is missing */
	bool missing; /* the same of what is asked for now */
	bool asking;
	size_t open; /* requests under way */
	struct kube_request *roots[ROOTS];
	struct slot **slots[ROOTS];
	size_t slot_count[ROOTS];
	struct kube_caller caller; /* those who wait may give up; the answer serves others too */
	struct kube_seeker *seekers;
	struct kube_seeker *telling;
};

/* --- Kinds --- */

static bool same(const struct kube_kind *a, const struct kube_kind *b)
{
	return a->namespaced == b->namespaced && a->next == b->next &&
	       strcmp(a->plural, b->plural) == 0 && strcmp(a->group, b->group) == 0 &&
	       strcmp(a->version, b->version) == 0 && strcmp(a->kind, b->kind) == 0 &&
	       strcmp(a->singular, b->singular) == 0 && strcmp(a->names, b->names) == 0 &&
	       strcmp(a->verbs, b->verbs) == 0 && strcmp(a->categories, b->categories) == 0;
}

static const struct kube_kind *keep(struct kube_discovery *discovery, const struct kube_kind *kind)
{
	struct kept *kept = discovery->kept;

	while (kept && !same(&kept->kind, kind))
		kept = kept->next;
	if (kept)
		return &kept->kind;
	kept = mem_alloc(sizeof(*kept));
	kept->next = discovery->kept;
	kept->kind = (struct kube_kind){
	    .group = mem_text(kind->group),
	    .version = mem_text(kind->version),
	    .plural = mem_text(kind->plural),
	    .singular = mem_text(kind->singular),
	    .kind = mem_text(kind->kind),
	    .names = mem_text(kind->names),
	    .verbs = mem_text(kind->verbs),
	    .categories = mem_text(kind->categories),
	    .namespaced = kind->namespaced,
	    .next = kind->next,
	};
	discovery->kept = kept;
	return &kept->kind;
}

static void free_kept(struct kept *kept)
{
	char *const texts[] = {(char *)kept->kind.group, (char *)kept->kind.version,
	    (char *)kept->kind.plural, (char *)kept->kind.singular, (char *)kept->kind.kind,
	    (char *)kept->kind.names, (char *)kept->kind.verbs, (char *)kept->kind.categories};

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		free(texts[i]);
	free(kept);
}

/* Texts with a blank between; owned. */
static char *joined(const json_t *list)
{
	struct buf text;
	size_t i;
	json_t *item;

	buf_init(&text, BUF_TEXT_MAX);
	json_array_foreach(list, i, item)
		buf_addf(&text, "%s%s", text.len ? " " : "",
		    json_is_string(item) ? json_string_value(item) : "");
	return buf_detach(&text);
}

static void add_kind(struct slot *slot, const struct kube_kind *kind)
{
	if (slot->kinds.count >= KINDS_MAX) {
		slot->discovery->missing = true;
		return;
	}
	MEM_PUSH_ROOM(slot->kinds.items, slot->kinds.count);
	slot->kinds.items[slot->kinds.count++] = keep(slot->discovery, kind);
}

/* PLURAL with what ENTRY has in common between both forms of discovery. */
static void read_kind(struct slot *slot, const json_t *entry, const char *plural,
    const char *singular, const char *name, bool namespaced)
{
	char *names = joined(json_object_get(entry, "shortNames"));
	char *verbs = joined(json_object_get(entry, "verbs"));
	char *categories = joined(json_object_get(entry, "categories"));
	char *lower = mem_text(name ? name : "");

	for (char *c = lower; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
	/* One with a "/" is a part of another. */
	if (plural && name && !strchr(plural, '/'))
		add_kind(slot, &(struct kube_kind){
		                   .group = slot->group,
		                   .version = slot->version,
		                   .plural = plural,
		                   .singular = singular && *singular ? singular : lower,
		                   .kind = name,
		                   .names = names,
		                   .verbs = verbs,
		                   .categories = categories,
		                   .namespaced = namespaced,
		               });
	free(names);
	free(verbs);
	free(categories);
	free(lower);
}

/* --- Slots --- */

static struct slot *add_slot(
    struct kube_discovery *discovery, enum root root, const char *group, const char *version)
{
	struct slot *slot;

	if (discovery->slot_count[root] >= SLOTS_MAX) {
		discovery->missing = true;
		return NULL;
	}
	slot = mem_alloc(sizeof(*slot));
	*slot = (struct slot){
	    .discovery = discovery, .group = mem_text(group), .version = mem_text(version)};
	MEM_PUSH_ROOM(discovery->slots[root], discovery->slot_count[root]);
	discovery->slots[root][discovery->slot_count[root]++] = slot;
	return slot;
}

static void free_slots(struct kube_discovery *discovery)
{
	for (enum root root = 0; root < ROOTS; root++) {
		for (size_t i = 0; i < discovery->slot_count[root]; i++) {
			struct slot *slot = discovery->slots[root][i];

			kube_cancel(slot->request);
			free(slot->kinds.items);
			free(slot->group);
			free(slot->version);
			free(slot);
		}
		free(discovery->slots[root]);
		discovery->slots[root] = NULL;
		discovery->slot_count[root] = 0;
		kube_cancel(discovery->roots[root]);
		discovery->roots[root] = NULL;
	}
	discovery->open = 0;
}

/* --- The end --- */

static void tell(struct kube_discovery *discovery, const struct kube_reply *reply)
{
	struct kube *kube = discovery->kube;

	kube_use(kube);
	discovery->asking = false;
	discovery->telling = discovery->seekers;
	discovery->seekers = NULL;
	while (discovery->telling) {
		struct kube_seeker *seeker = discovery->telling;

		discovery->telling = seeker->next;
		seeker->ready(seeker->ctx, reply);
	}
	kube_unuse(kube);
}

static void finish(struct kube_discovery *discovery)
{
	struct kube_kinds kinds = {.items = NULL};

	for (enum root root = 0; root < ROOTS; root++)
		for (size_t i = 0; i < discovery->slot_count[root]; i++) {
			const struct kube_kinds *own = &discovery->slots[root][i]->kinds;

			for (size_t k = 0; k < own->count && kinds.count < KINDS_MAX; k++) {
				MEM_PUSH_ROOM(kinds.items, kinds.count);
				kinds.items[kinds.count++] = own->items[k];
			}
		}
	free(discovery->kinds.items);
	discovery->kinds = kinds;
	discovery->there = true;
	discovery->partial = discovery->missing || kinds.count == KINDS_MAX;
	free_slots(discovery);
	tell(discovery, NULL);
}

static void one_less(struct kube_discovery *discovery)
{
	if (--discovery->open == 0)
		finish(discovery);
}

/* --- One answer for each version of each group --- */

static void on_resources(void *ctx, json_t *object, const struct kube_reply *reply)
{
	struct slot *slot = ctx;
	size_t i;
	json_t *entry;

	slot->request = NULL;
	slot->discovery->missing = slot->discovery->missing || reply->end != KUBE_DONE;
	json_array_foreach(json_object_get(object, "resources"), i, entry)
		read_kind(slot, entry, value_get_text(entry, "name"),
		    value_get_text(entry, "singularName"), value_get_text(entry, "kind"),
		    json_is_true(json_object_get(entry, "namespaced")));
	one_less(slot->discovery);
}

static void ask_slot(
    struct kube_discovery *discovery, enum root root, const char *group, const char *version)
{
	struct slot *slot = version ? add_slot(discovery, root, group, version) : NULL;
	char *path;

	if (!slot)
		return;
	path = root == ROOT_CORE ? mem_printf("/api/%s", version)
	                         : mem_printf("/apis/%s/%s", group, version);
	discovery->open++;
	slot->request =
	    kube_get_raw(discovery->kube, &discovery->caller, path, NULL, on_resources, slot);
	free(path);
}

static void ask_core(struct kube_discovery *discovery, const json_t *object)
{
	size_t i;
	json_t *version;

	json_array_foreach(json_object_get(object, "versions"), i, version)
		ask_slot(discovery, ROOT_CORE, "", json_string_value(version));
}

/* The version that the server prefers comes first. */
static void ask_group(struct kube_discovery *discovery, const json_t *entry)
{
	const char *group = value_get_text(entry, "name");
	const char *preferred =
	    value_get_text(json_object_get(entry, "preferredVersion"), "version");
	size_t i;
	json_t *item;

	if (!group)
		return;
	ask_slot(discovery, ROOT_GROUPS, group, preferred);
	json_array_foreach(json_object_get(entry, "versions"), i, item) {
		const char *version = value_get_text(item, "version");

		if (version && (!preferred || strcmp(version, preferred) != 0))
			ask_slot(discovery, ROOT_GROUPS, group, version);
	}
}

/* --- All in one answer --- */

static void take_version(
    struct kube_discovery *discovery, enum root root, const char *group, const json_t *entry)
{
	const char *version = value_get_text(entry, "version");
	const char *freshness = value_get_text(entry, "freshness");
	struct slot *slot;
	size_t i;
	json_t *resource;

	if (!group || !version || (freshness && strcmp(freshness, "Stale") == 0)) {
		discovery->missing = true;
		return;
	}
	slot = add_slot(discovery, root, group, version);
	json_array_foreach(json_object_get(entry, "resources"), i, resource) {
		const char *scope = value_get_text(resource, "scope");

		if (slot)
			read_kind(slot, resource, value_get_text(resource, "resource"),
			    value_get_text(resource, "singularResource"),
			    value_get_text(json_object_get(resource, "responseKind"), "kind"),
			    scope && strcmp(scope, "Namespaced") == 0);
	}
}

static void take_group(struct kube_discovery *discovery, enum root root, const json_t *item)
{
	const json_t *about = json_object_get(item, "metadata");
	const char *group = value_get_text(about, "name");
	size_t i;
	json_t *entry;

	/* The core has no name. */
	json_array_foreach(json_object_get(item, "versions"), i, entry)
		take_version(discovery, root, root == ROOT_CORE && !group ? "" : group, entry);
}

static void take_root(struct kube_discovery *discovery, enum root root, const json_t *object)
{
	size_t i;
	json_t *item;

	json_array_foreach(json_object_get(object, "items"), i, item)
		take_group(discovery, root, item);
	if (root == ROOT_CORE)
		ask_core(discovery, object);
	json_array_foreach(json_object_get(object, "groups"), i, item)
		ask_group(discovery, item);
}

static void on_root(struct kube_discovery *discovery, enum root root, json_t *object,
    const struct kube_reply *reply)
{
	discovery->roots[root] = NULL;
	/* A server of other APIs only has no core. */
	if (reply->end != KUBE_DONE && !(root == ROOT_CORE && reply->status == 404)) {
		free_slots(discovery);
		tell(discovery, reply);
		return;
	}
	take_root(discovery, root, object);
	one_less(discovery);
}

static void on_core(void *ctx, json_t *object, const struct kube_reply *reply)
{
	on_root(ctx, ROOT_CORE, object, reply);
}

static void on_groups(void *ctx, json_t *object, const struct kube_reply *reply)
{
	on_root(ctx, ROOT_GROUPS, object, reply);
}

/* --- Asking --- */

/* Whatever is said meanwhile is for all who wait. */
static void on_said(void *ctx, const char *text, size_t len)
{
	struct kube_discovery *discovery = ctx;

	for (struct kube_seeker *seeker = discovery->seekers; seeker; seeker = seeker->next)
		kube_said(seeker->caller, text, len);
}

static void on_secret(void *ctx, const char *text)
{
	struct kube_discovery *discovery = ctx;

	for (struct kube_seeker *seeker = discovery->seekers; seeker; seeker = seeker->next)
		kube_secret(seeker->caller, text);
}

static struct kube_discovery *discovery_of(struct kube *kube)
{
	if (!kube->discovery) {
		kube->discovery = mem_alloc(sizeof(*kube->discovery));
		*kube->discovery = (struct kube_discovery){.kube = kube,
		    .caller = {.said = on_said, .secret = on_secret, .ctx = kube->discovery}};
	}
	return kube->discovery;
}

const struct kube_kinds *kube_discovery_kinds(const struct kube *kube)
{
	return kube->discovery && kube->discovery->there ? &kube->discovery->kinds : NULL;
}

bool kube_discovery_is_partial(const struct kube *kube)
{
	return kube->discovery && kube->discovery->partial;
}

void kube_discovery_ask(struct kube *kube, struct kube_seeker *seeker)
{
	struct kube_discovery *discovery = discovery_of(kube);
	struct kube_seeker **link = &discovery->seekers;

	while (*link)
		link = &(*link)->next;
	seeker->next = NULL;
	*link = seeker;
	if (discovery->asking)
		return;
	discovery->asking = true;
	discovery->missing = false;
	discovery->open = ROOTS;
	kube_caller_release(&discovery->caller);
	discovery->roots[ROOT_CORE] = kube_get_raw(
	    kube, &discovery->caller, "/api?timeout=32s", accept_all, on_core, discovery);
	discovery->roots[ROOT_GROUPS] = kube_get_raw(
	    kube, &discovery->caller, "/apis?timeout=32s", accept_all, on_groups, discovery);
}

static void take_out(struct kube_seeker **link, const struct kube_seeker *seeker)
{
	while (*link && *link != seeker)
		link = &(*link)->next;
	if (*link)
		*link = seeker->next;
}

void kube_discovery_forget(struct kube *kube, struct kube_seeker *seeker)
{
	struct kube_discovery *discovery = kube->discovery;

	if (!discovery)
		return;
	take_out(&discovery->seekers, seeker);
	take_out(&discovery->telling, seeker);
	/* Nobody waits for it any more. */
	if (discovery->asking && !discovery->seekers) {
		discovery->asking = false;
		free_slots(discovery);
	}
}

const struct kube_kind *kube_discovery_chain(
    struct kube *kube, const struct kube_kind *kind, const struct kube_kind *next)
{
	struct kube_kind copy = *kind;

	copy.next = next;
	return keep(discovery_of(kube), &copy);
}

void kube_discovery_free(struct kube_discovery *discovery)
{
	if (!discovery)
		return;
	free_slots(discovery);
	while (discovery->kept) {
		struct kept *kept = discovery->kept;

		discovery->kept = kept->next;
		free_kept(kept);
	}
	free(discovery->kinds.items);
	kube_caller_release(&discovery->caller);
	free(discovery);
}
