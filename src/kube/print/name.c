/* `-o name`. Invariant: a line for each object. */
#include "fsops/kube_print.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ASCII: kinds and groups are. */
static void add_lower(const char *text, struct buf *out)
{
	for (; *text; text++)
		buf_addc(out, (char)tolower((unsigned char)*text));
}

bool kube_has_kind(const struct kube_doc *doc, const struct kube_node *object)
{
	const struct kube_node *kind = kube_doc_get(doc, object, "kind");

	return kind && kind->type == KUBE_TEXT && kind->len;
}

int kube_print_name(const struct kube_doc *doc, const struct kube_node *object,
    const struct kube_object_style *style, struct buf *out)
{
	bool own = !style->typed || kube_has_kind(doc, object);
	char *kind = kube_doc_text(doc, own ? kube_doc_get(doc, object, "kind") : &style->kind);
	char *version =
	    kube_doc_text(doc, own ? kube_doc_get(doc, object, "apiVersion") : &style->version);
	char *name = kube_doc_text(doc, kube_doc_at(doc, object, "metadata.name"));
	char *slash = version ? strchr(version, '/') : NULL;
	int result = kind && *kind && version ? 0 : -1;

	if (result == 0) {
		add_lower(kind, out);
		if (slash) {
			*slash = '\0';
			buf_addf(out, ".%s", version);
		}
		buf_addf(out, "/%s\n", name && *name ? name : "<unknown>");
	}
	free(kind);
	free(version);
	free(name);
	return result;
}
