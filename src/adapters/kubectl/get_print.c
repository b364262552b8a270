/* What `kubectl get` prints. Invariant: as kubectl, byte for byte. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/kube_print.h"
#include "fsops/mem.h"
#include "get.h"

/* ---- objects ---- */

/* The objects of a list mostly have no kind of their own: it is the list's, without "List". */
static struct kube_object_style style_of(const struct get *get, const struct get_piece *piece)
{
	const struct kube_doc *doc = &piece->doc;
	const struct kube_node *kind = kube_doc_get(doc, doc->nodes, "kind");
	const struct kube_node *version = kube_doc_get(doc, doc->nodes, "apiVersion");
	struct kube_object_style style = {
	    .managed_fields = native_on(&get->api->native, NATIVE_SHOW_MANAGED_FIELDS)};

	if (piece->list && kind && version && kind->type == KUBE_TEXT && kind->len > 4) {
		style.kind = *kind;
		style.kind.len -= 4;
		style.version = *version;
		style.typed = true;
	}
	return style;
}

/* One step of "{.a.b\.c}", from *AT on, which goes behind it; NULL: there is nothing of that name. */
static const struct kube_node *step(
    const struct kube_doc *doc, const struct kube_node *object, const char **at)
{
	struct buf name;

	buf_init(&name, BUF_TEXT_MAX);
	for (; **at && **at != '.' && **at != '}'; (*at)++) {
		*at += **at == '\\';
		buf_addc(&name, **at);
	}
	object = kube_doc_get(doc, object, name.data);
	buf_release(&name);
	return object;
}

/* A text, a number, or nothing when it is not there; of what else it may be kubectl knows how it looks. */
static int print_path(struct get *get, const struct kube_doc *doc, const struct kube_node *object)
{
	const char *at = strchr(native_value(&get->api->native, NATIVE_OUTPUT), '{') + 1;

	while (object && *at == '.') {
		if (object->type != KUBE_OBJECT)
			return -1;
		at++;
		object = step(doc, object, &at);
	}
	if (!object)
		return 0;
	if (object->type == KUBE_TEXT)
		return buf_add(&get->printed, doc->text + object->at, object->len);
	return object->type == KUBE_NUMBER && !memchr(doc->text + object->at, '.', object->len)
	           ? kube_print_number(doc, object, false, &get->printed)
	           : -1;
}

static int print_object(struct get *get, const struct get_piece *piece,
    const struct kube_node *object, const struct kube_object_style *style)
{
	bool alone = get->by_name && get->ask_count == 1;

	if (!kube_doc_get(&piece->doc, object, "kind") !=
	    !kube_doc_get(&piece->doc, object, "apiVersion"))
		return -1;
	if (get->style == GET_PATH)
		return print_path(get, &piece->doc, object);
	if (get->style == GET_NAME)
		return kube_print_name(&piece->doc, object, style, &get->printed);
	if (!alone) {
		if (!get->shown)
			kube_print_list_begin(&get->printed);
		kube_print_list_each(get->shown, &get->printed);
	}
	get->shown++;
	if (kube_print_json(&piece->doc, object, alone ? 0 : 2, style, &get->printed) < 0)
		return -1;
	if (alone)
		buf_addc(&get->printed, '\n');
	return 0;
}

int get_print_objects(struct get *get, const struct get_piece *piece)
{
	const struct kube_doc *doc = &piece->doc;
	const struct kube_node *items = kube_doc_get(doc, doc->nodes, "items");
	struct kube_object_style style = style_of(get, piece);

	if (!piece->list)
		return items ? -1 : print_object(get, piece, doc->nodes, &style);
	if (!items || items->type == KUBE_NULL)
		return style.typed ? 0 : -1;
	if (!style.typed || items->type != KUBE_LIST)
		return -1;
	KUBE_DOC_EACH(doc, items, item)
	if (item->type != KUBE_OBJECT || print_object(get, piece, item, &style) < 0)
		return -1;
	return 0;
}

static void end_objects(struct get *get)
{
	bool alone = get->by_name && get->ask_count == 1;

	if (get->style != GET_JSON || alone)
		return;
	if (!get->shown) {
		if (native_on(&get->api->native, NATIVE_IGNORE_NOT_FOUND))
			return;
		kube_print_list_begin(&get->printed);
	}
	kube_print_list_end(get->shown, &get->printed);
}

/* ---- tables ---- */

/* "deployment.apps", "pod" */
static char *kind_text(const struct kube_kind *kind)
{
	char *text = mem_printf("%s%s%s", kind->kind, *kind->group ? "." : "", kind->group);

	for (char *at = text; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return text;
}

static bool several_kinds(const struct get *get)
{
	for (size_t i = 1; i < get->piece_count; i++)
		if (get->pieces[i].kind != get->pieces[0].kind)
			return true;
	return false;
}

static size_t split_labels(char *list, char ***labels)
{
	size_t count = 0;

	*labels = NULL;
	for (char *at = list; at; count++) {
		MEM_PUSH_ROOM(*labels, count);
		(*labels)[count] = at;
		at = strchr(at, ',');
		if (at)
			*at++ = '\0';
	}
	return count;
}

struct layout {
	struct get *get;
	struct kube_tabs tabs;
	struct kube_table_printer printer;
	char *kind; /* of the printer's style */
	bool with_kind;
	bool separate; /* an empty line goes before what is printed next */
};

static void flush(struct layout *layout)
{
	struct buf *out = &layout->get->printed;

	if (layout->separate && layout->tabs.line_count > 1) {
		buf_addc(out, '\n');
		layout->separate = false;
	}
	kube_tabs_flush(&layout->tabs, out);
}

static void new_printer(struct layout *layout, const struct kube_kind *kind, bool first)
{
	struct kube_table_style *style = &layout->printer.style;
	const struct native *native = &layout->get->api->native;

	flush(layout);
	if (!first && !style->no_headers && layout->get->printed.len)
		layout->separate = true;
	free(layout->kind);
	layout->kind = layout->with_kind ? kind_text(kind) : NULL;
	style->kind = layout->kind;
	/* In kubectl the first kind that has namespaces sets it for all that follow. */
	if (native_on(native, NATIVE_ALL_NAMESPACES) && kind->namespaced)
		style->namespaces = true;
	layout->printer.last = NULL;
	layout->printer.printed_headers = false;
}

static int print_pieces(struct layout *layout)
{
	const struct get *get = layout->get;
	const struct kube_kind *last = NULL;

	for (size_t i = 0; i < get->piece_count; i++) {
		const struct get_piece *piece = &get->pieces[i];

		if (piece->kind != last)
			new_printer(layout, piece->kind, !last);
		last = piece->kind;
		if (!kube_table_known(&piece->doc) ||
		    kube_table_print(&layout->printer, &piece->doc, &layout->tabs) < 0)
			return -1;
	}
	flush(layout);
	return layout->tabs.text.full ? -1 : 0;
}

static void say_none(struct get *get)
{
	const struct native *native = &get->api->native;
	bool namespaced = !native_on(native, NATIVE_ALL_NAMESPACES);

	if (get->printed.len || get->error_count || native_on(native, NATIVE_IGNORE_NOT_FOUND))
		return;
	for (size_t i = 0; i < get->piece_count; i++)
		namespaced = namespaced && get->pieces[i].kind->namespaced;
	if (namespaced)
		buf_addf(
		    &get->errors, "No resources found in %s namespace.\n", get->api->namespace);
	else
		buf_adds(&get->errors, "No resources found\n");
}

static int end_tables(struct get *get)
{
	const struct native *native = &get->api->native;
	const char *output = native_value(native, NATIVE_OUTPUT);
	char *list = mem_text(native_value(native, NATIVE_LABEL_COLUMNS));
	char **labels;
	struct layout layout = {
	    .get = get, .with_kind = native_on(native, NATIVE_SHOW_KIND) || several_kinds(get)};
	int result;

	layout.printer.style = (struct kube_table_style){
	    .wide = output && *output,
	    .no_headers = native_on(native, NATIVE_NO_HEADERS),
	    .show_labels = native_on(native, NATIVE_SHOW_LABELS),
	};
	layout.printer.style.label_count = split_labels(list, &labels);
	layout.printer.style.labels = labels;
	kube_tabs_init(&layout.tabs, API_KEPT_MAX);
	result = print_pieces(&layout);
	if (result == 0)
		say_none(get);
	kube_tabs_release(&layout.tabs);
	free(layout.kind);
	free(labels);
	free(list);
	return result;
}

int get_print_end(struct get *get)
{
	if (get->style == GET_TABLE)
		return end_tables(get);
	end_objects(get);
	return 0;
}
