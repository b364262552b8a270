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
