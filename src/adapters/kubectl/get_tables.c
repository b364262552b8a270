/* The tables of `kubectl get`. Invariant: as kubectl prints them, byte for byte. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/kube_print.h"
#include "fsops/mem.h"
#include "get.h"

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

/* The rows of a table in their order; 1: there is nothing to sort by. */
static int sort_rows(const struct get *get, const struct kube_doc *table, struct get_order *order)
{
	int result = 0;

	KUBE_DOC_EACH(table, kube_table_rows(table), row)
	{
		const struct kube_node *object = kube_doc_get(table, row, "object");

		if (result < 0 || !object || object->type != KUBE_OBJECT)
			return -1;
		result = get_order_add(order, get->sort, table, object, row);
	}
	if (result < 0)
		return -1;
	return order->found ? get_order_sort(order) : 1;
}

/* kubectl says nothing of a table that it has nothing to sort by. */
static int print_sorted(struct layout *layout, const struct kube_doc *table)
{
	struct get_order order = {0};
	int result = sort_rows(layout->get, table, &order);

	if (result == 0) {
		const struct kube_node **rows = mem_alloc(order.count * sizeof(*rows));

		for (size_t i = 0; i < order.count; i++)
			rows[i] = order.keys[i].what;
		layout->printer.rows = rows;
		result = kube_table_print(&layout->printer, table, &layout->tabs);
		layout->printer.rows = NULL;
		free(rows);
	}
	get_order_release(&order);
	return result < 0 ? -1 : 0;
}

static int print_piece(struct layout *layout, const struct kube_doc *table)
{
	const struct kube_node *rows = kube_table_rows(table);

	if (!kube_table_known(table))
		return -1;
	if (layout->get->sort && rows && rows->type == KUBE_LIST && rows->count > 1)
		return print_sorted(layout, table);
	return kube_table_print(&layout->printer, table, &layout->tabs);
}

static int print_pieces(struct layout *layout)
{
	const struct get *get = layout->get;
	const struct kube_kind *last = NULL;

	/* Of several it sorts the tables themselves, which have no such field. */
	if (get->sort && get->piece_count > 1)
		return -1;
	for (size_t i = 0; i < get->piece_count; i++) {
		const struct get_piece *piece = &get->pieces[i];

		if (piece->kind != last)
			new_printer(layout, piece->kind, !last);
		last = piece->kind;
		if (print_piece(layout, &piece->doc) < 0)
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

int get_print_tables(struct get *get)
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
