/* Paths and queries of the API, encoded as Go encodes them. */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "private.h"

/* What Go leaves in a part of a path. */
#define PATH_KEEP "$&+,:;=@"

static void add_part(struct buf *path, const char *text)
{
	char *encoded = web_encode(text, PATH_KEEP);

	buf_addf(path, "/%s", encoded);
	free(encoded);
}

char *kube_path(const struct kube_kind *kind, const char *namespace, const char *name,
    const char *sub, const char *query)
{
	struct buf path;

	buf_init(&path, BUF_TEXT_MAX);
	buf_adds(&path, *kind->group ? "/apis" : "/api");
	if (*kind->group)
		add_part(&path, kind->group);
	add_part(&path, kind->version);
	if (namespace && *namespace && kind->namespaced) {
		buf_adds(&path, "/namespaces");
		add_part(&path, namespace);
	}
	add_part(&path, kind->plural);
	if (name)
		add_part(&path, name);
	if (sub)
		add_part(&path, sub);
	if (query && *query)
		buf_addf(&path, "?%s", query);
	return buf_detach(&path);
}

/* In a query Go writes a blank as "+". */
static void add_encoded(struct buf *query, const char *text)
{
	char *encoded = web_encode(text, "");
	const char *at = encoded;

	while (*at) {
		bool blank = strncmp(at, "%20", 3) == 0;

		buf_addc(query, blank ? '+' : *at);
		at += blank ? 3 : 1;
	}
	free(encoded);
}

void kube_query_add(struct buf *query, const char *name, const char *value)
{
	if (query->len)
		buf_addc(query, '&');
	add_encoded(query, name);
	buf_addc(query, '=');
	add_encoded(query, value);
}
