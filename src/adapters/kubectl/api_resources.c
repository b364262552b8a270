/*
 * `kubectl api-resources`: what discovery tells (k8s.io/kubectl/pkg/cmd/apiresources). Invariant: the server is asked
 * each time; and when a part of it does not answer, kubectl says so.
 */
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "fsops/kube_print.h"
#include "fsops/mem.h"
#include "fsops/text.h"

struct api_resources {
	struct api *api;
	struct kube_find *find;
};

/* One line, and what it is sorted by. */
struct row {
	const struct kube_kind *kind;
	const char *by;
	size_t at; /* among all, as they came */
};

/* ---- which ---- */

/* Are all of WORDS ("get,list"; NULL: none) among HAVE ("create get list")? */
static bool has_all(const char *have, const char *words)
{
	bool all = true;

	while (words && *words && all) {
		size_t len = strcspn(words, ",");
		char *word = mem_textn(words, len);

		all = text_has_word(have, word);
		free(word);
		words += len + (words[len] == ',');
	}
	return all;
}

static bool is_wanted(const struct native *native, const struct kube_kind *kind)
{
	const char *group = native_value(native, NATIVE_API_GROUP);

	return *kind->verbs && (!group || strcmp(group, kind->group) == 0) &&
	       (!native_value(native, NATIVE_NAMESPACED) ||
	           native_on(native, NATIVE_NAMESPACED) == kind->namespaced) &&
	       has_all(kind->verbs, native_value(native, NATIVE_VERBS)) &&
	       has_all(kind->categories, native_value(native, NATIVE_CATEGORIES));
}

/* ---- in which order ---- */

static const char *sorted_by(const struct native *native, const struct kube_kind *kind)
{
	const char *by = native_value(native, NATIVE_SORT_BY);

	if (!by || !*by)
		return kind->group;
	return strcmp(by, "kind") == 0 ? kind->kind : kind->plural;
}

static int by_order(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = strcmp(x->by, y->by);

	if (!order)
		order = strcmp(x->kind->plural, y->kind->plural);
	return order ? order : (x->at > y->at) - (x->at < y->at);
}

/* A new array. */
static struct row *make_rows(
    const struct native *native, const struct kube_kind *kinds, size_t *count)
{
	struct row *rows = NULL;

	*count = 0;
	for (; kinds; kinds = kinds->next) {
		if (!is_wanted(native, kinds))
			continue;
		MEM_PUSH_ROOM(rows, *count);
		rows[*count] = (struct row){kinds, sorted_by(native, kinds), *count};
		(*count)++;
	}
	if (rows)
		qsort(rows, *count, sizeof(*rows), by_order);
	return rows;
}

/* ---- how ---- */

/* Words with a comma between. */
static void add_words(struct buf *out, const char *words)
{
	for (; *words; words++)
		buf_addc(out, *words == ' ' ? ',' : *words);
}

static void add_row(struct buf *out, const struct kube_kind *kind, bool wide)
{
	buf_addf(out, "%s\t", kind->plural);
	add_words(out, kind->names);
	buf_addf(out, "\t%s%s%s\t%s\t%s", kind->group, *kind->group ? "/" : "", kind->version,
	    kind->namespaced ? "true" : "false", kind->kind);
	if (wide) {
		buf_addc(out, '\t');
		add_words(out, kind->verbs);
		buf_addc(out, '\t');
		add_words(out, kind->categories);
	}
	buf_addc(out, '\n');
}

static void add_name(struct buf *out, const struct kube_kind *kind)
{
	buf_addf(out, "%s%s%s\n", kind->plural, *kind->group ? "." : "", kind->group);
}

static void print(struct api *api, const struct kube_kind *kinds)
{
	const char *output = native_value(&api->native, NATIVE_OUTPUT);
	bool wide = output && strcmp(output, "wide") == 0;
	bool names = output && strcmp(output, "name") == 0;
	size_t count;
	struct row *rows = make_rows(&api->native, kinds, &count);
	struct kube_tabs tabs;
	struct buf text, out;

	buf_init(&text, API_KEPT_MAX);
	buf_init(&out, API_KEPT_MAX);
	kube_tabs_init(&tabs, API_KEPT_MAX);
	if (!names && !native_on(&api->native, NATIVE_NO_HEADERS))
		buf_addf(&text, "NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND%s\n",
		    wide ? "\tVERBS\tCATEGORIES" : "");
	for (size_t i = 0; i < count; i++) {
		if (names)
			add_name(&text, rows[i].kind);
		else
			add_row(&text, rows[i].kind, wide);
	}
	kube_tabs_add(&tabs, text.data, text.len);
	kube_tabs_flush(&tabs, &out);
	api_print(api, out.data, out.len);
	kube_tabs_release(&tabs);
	buf_release(&out);
	buf_release(&text);
	free(rows);
}

/* ---- its life ---- */

static void on_found(void *ctx, const struct kube_found *found)
{
	struct api_resources *own = ctx;

	own->find = NULL;
	if (!found->kinds || found->partial) {
		api_leave(own->api);
		return;
	}
	print(own->api, found->kinds);
	api_end(own->api, 0);
}

static void *start(struct api *api)
{
	struct api_resources *own = mem_alloc(sizeof(*own));

	own->api = api;
	own->find = kube_find_all(api->kube, &api->caller, on_found, own);
	return own;
}

static void stop(void *state)
{
	struct api_resources *own = state;

	kube_find_cancel(own->find);
	own->find = NULL;
}

static void free_resources(void *state)
{
	stop(state);
	free(state);
}

const struct api_form api_api_resources = {.start = start, .stop = stop, .free = free_resources};
