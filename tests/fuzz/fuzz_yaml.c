/*
 * Fuzzing the loader: any bytes as a runbook and as a platform. Nothing may crash, leak or run for
 * long, and a character of a scalar's text must be found at its place in the file.
 */
#include <stdlib.h>
#include <string.h>

#include "../unit/fake_adapters.h"
#include "runbook/catalog/catalog.h"
#include "runbook/yaml/place.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A visible character of the text must be the one that stands at its place in the file, unless an
 * escape stands there. */
static void check_places(const struct node *node)
{
	size_t most =
	    node->document->len < 400 ? node->len : 1; /* each costs a walk from the start */

	for (size_t i = 0; i < most; i++) {
		struct pos pos = node_pos_at(node, i);
		char c = *place_text(node->document, pos);

		if (pos.line < node->pos.line)
			abort();
		if (node->text[i] <= ' ' || node->text[i] > '~' || c == node->text[i])
			continue;
		if (node->style != NODE_QUOTED || c != '\\')
			abort();
	}
	node_pos_at(node, node->len);
}

static void visit(const struct node *node)
{
	struct problems list = {0};

	if (node->kind == NODE_SCALAR) {
		check_places(node);
		json_decref(node_want_words(node, "x", &list));
	}
	for (size_t i = 0; i < node->count; i++)
		visit(node->items[i]);
	problems_release(&list);
}

static void decode(const struct node *root)
{
	struct catalog *catalog = mem_alloc(sizeof(*catalog));
	struct runbook *runbook = mem_alloc(sizeof(*runbook));
	struct problems list = {0};
	struct decode d = {.list = &list, .catalog = catalog};

	catalog->platform = mem_alloc(sizeof(*catalog->platform));
	catalog->index = mem_alloc(sizeof(*catalog->index));
	catalog->runbooks = mem_alloc(sizeof(*catalog->runbooks));
	catalog->runbooks[catalog->runbook_count++] = runbook;
	platform_decode(&d, root, catalog->platform);
	runbook_decode(&d, root, runbook);
	if (!runbook->name)
		runbook->name = mem_text("x");
	runbook->file = mem_text("x.yaml");
	platform_check(catalog, &list);
	runbook_check(catalog, runbook, &list);
	problems_release(&list);
	catalog_free(catalog);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problems list = {0};
	struct document *document = document_parse("x.yaml", (const char *)data, size, &list);

	if (document) {
		json_decref(node_to_json(document->root));
		if (document->root->weight < 300)
			visit(document->root);
		decode(document->root);
	} else if (!list.errors) {
		abort(); /* refused without a word */
	}
	document_free(document);
	problems_release(&list);
	return 0;
}
