/* Tables of the API server as kubectl prints them. Invariant: a row has the cells that the server gave, behind and
 * before it the columns that were asked for; headings come once for tables with the same columns. */
#include "fsops/kube_print.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

static const struct kube_node *columns_of(const struct kube_doc *doc)
{
	return kube_doc_get(doc, doc->nodes, "columnDefinitions");
}

const struct kube_node *kube_table_rows(const struct kube_doc *doc)
{
	return kube_doc_get(doc, doc->nodes, "rows");
}

bool kube_table_known(const struct kube_doc *doc)
{
	const struct kube_node *version = kube_doc_get(doc, doc->nodes, "apiVersion");
	const struct kube_node *rows = kube_table_rows(doc);

	return kube_doc_is(doc, kube_doc_get(doc, doc->nodes, "kind"), "Table") &&
	       (kube_doc_is(doc, version, "meta.k8s.io/v1") ||
	           kube_doc_is(doc, version, "meta.k8s.io/v1beta1")) &&
	       columns_of(doc) && columns_of(doc)->type == KUBE_LIST &&
	       (!rows || rows->type == KUBE_LIST || rows->type == KUBE_NULL);
}

static bool is_shown(const struct kube_table_printer *printer, const struct kube_doc *doc,
    const struct kube_node *column)
{
	int64_t priority = 0;

	kube_doc_integer(doc, kube_doc_get(doc, column, "priority"), &priority);
	return printer->style.wide || priority == 0;
}

/* ---- the headings ---- */

/* strings.ToUpper() of what headings are made of; other letters than ASCII's are as they are. */
static void add_heading(struct kube_tabs *tabs, const char *text, size_t len, bool *first)
{
	if (!*first)
		kube_tabs_add(tabs, "\t", 1);
	*first = false;
	for (size_t i = 0; i < len; i++) {
		char c = (char)toupper((unsigned char)text[i]);

		kube_tabs_add(tabs, &c, 1);
	}
}

static void add_headings(
    struct kube_table_printer *printer, const struct kube_doc *doc, struct kube_tabs *tabs)
{
	const struct kube_table_style *style = &printer->style;
	bool first = true;

	if (style->namespaces)
		add_heading(tabs, "NAMESPACE", 9, &first);
	KUBE_DOC_EACH(doc, columns_of(doc), column)
	{
		const struct kube_node *name = kube_doc_get(doc, column, "name");

		if (is_shown(printer, doc, column))
			add_heading(
			    tabs, name ? doc->text + name->at : "", name ? name->len : 0, &first);
	}
	for (size_t i = 0; i < style->label_count; i++) {
		const char *slash = strrchr(style->labels[i], '/');
		const char *name = slash ? slash + 1 : style->labels[i];

		add_heading(tabs, name, strlen(name), &first);
	}
	if (style->show_labels)
		add_heading(tabs, "LABELS", 6, &first);
	kube_tabs_add(tabs, "\n", 1);
}

/* ---- a row ---- */

static void end_cell(struct kube_tabs *tabs, bool *first)
{
	if (!*first)
		kube_tabs_add(tabs, "\t", 1);
	*first = false;
}

static int add_cell(
    struct kube_tabs *tabs, const struct kube_doc *doc, const struct kube_node *cell)
{
	struct buf number;
	int result = 0;

	switch (cell->type) {
	case KUBE_NULL:
		return 0;
	case KUBE_TRUE:
		kube_tabs_add(tabs, "true", 4);
		return 0;
	case KUBE_FALSE:
		kube_tabs_add(tabs, "false", 5);
		return 0;
	case KUBE_TEXT:
		kube_tabs_cell(tabs, doc->text + cell->at, cell->len);
		return 0;
	case KUBE_NUMBER:
		buf_init(&number, 400);
		result = kube_print_number(doc, cell, false, &number);
		kube_tabs_add(tabs, number.data, number.len);
		buf_release(&number);
		return result;
	default:
		return -1;
	}
}

static void add_text(
    struct kube_tabs *tabs, const struct kube_doc *doc, const struct kube_node *node)
{
	if (node && node->type == KUBE_TEXT)
		kube_tabs_cell(tabs, doc->text + node->at, node->len);
}

/* "a=1,b=2" */
static void add_all_labels(
    struct kube_tabs *tabs, const struct kube_doc *doc, const struct kube_node *labels)
{
	struct kube_members members = {0};

	kube_doc_members(doc, labels, &members);
	for (size_t i = 0; i < members.count; i++) {
		if (i)
			kube_tabs_add(tabs, ",", 1);
		kube_tabs_cell(tabs, members.list[i].key, members.list[i].len);
		kube_tabs_add(tabs, "=", 1);
		add_text(tabs, doc, members.list[i].value);
	}
	if (!members.count)
		kube_tabs_add(tabs, "<none>", 6);
	free(members.list);
}

static void add_labels(struct kube_table_printer *printer, const struct kube_doc *doc,
    const struct kube_node *metadata, struct kube_tabs *tabs, bool *first)
{
	const struct kube_table_style *style = &printer->style;
	const struct kube_node *labels = kube_doc_get(doc, metadata, "labels");

	for (size_t i = 0; i < style->label_count; i++) {
		end_cell(tabs, first);
		add_text(tabs, doc, kube_doc_get(doc, labels, style->labels[i]));
	}
	if (style->show_labels) {
		end_cell(tabs, first);
		if (metadata)
			add_all_labels(tabs, doc, labels);
	}
}

/* The first that is one: what a kind goes before. */
static const struct kube_node *name_column(const struct kube_doc *doc)
{
	KUBE_DOC_EACH(doc, columns_of(doc), column)
	if (kube_doc_is(doc, kube_doc_get(doc, column, "format"), "name") &&
	    kube_doc_is(doc, kube_doc_get(doc, column, "type"), "string"))
		return column;
	return NULL;
}

static int add_cells(struct kube_table_printer *printer, const struct kube_doc *doc,
    const struct kube_node *row, struct kube_tabs *tabs, bool *first)
{
	const struct kube_node *columns = columns_of(doc);
	const struct kube_node *column = columns + 1;
	const struct kube_node *name = printer->style.kind ? name_column(doc) : NULL;

	KUBE_DOC_EACH(doc, kube_doc_get(doc, row, "cells"), cell)
	{
		if (column >= kube_doc_next(doc, columns))
			break;
		if (is_shown(printer, doc, column)) {
			end_cell(tabs, first);
			if (column == name) {
				kube_tabs_cell(
				    tabs, printer->style.kind, strlen(printer->style.kind));
				kube_tabs_add(tabs, "/", 1);
			}
			if (add_cell(tabs, doc, cell) < 0)
				return -1;
		}
		column = kube_doc_next(doc, column);
	}
	return 0;
}

static int add_row(struct kube_table_printer *printer, const struct kube_doc *doc,
    const struct kube_node *row, struct kube_tabs *tabs)
{
	const struct kube_node *metadata =
	    kube_doc_get(doc, kube_doc_get(doc, row, "object"), "metadata");
	bool first = true;

	if (printer->style.namespaces) {
		end_cell(tabs, &first);
		add_text(tabs, doc, kube_doc_get(doc, metadata, "namespace"));
	}
	if (add_cells(printer, doc, row, tabs, &first) < 0)
		return -1;
	add_labels(printer, doc, metadata, tabs, &first);
	kube_tabs_add(tabs, "\n", 1);
	return 0;
}

int kube_table_print(
    struct kube_table_printer *printer, const struct kube_doc *doc, struct kube_tabs *tabs)
{
	const struct kube_node *rows = kube_table_rows(doc);
	bool same = printer->last &&
	            kube_doc_same(doc, columns_of(doc), printer->last, columns_of(printer->last));
	bool headers = !printer->style.no_headers && !(printer->printed_headers && same);

	if (!same)
		printer->printed_headers = false;
	printer->last = doc;
	if (!rows || rows->type != KUBE_LIST || rows->count == 0)
		return 0;
	printer->printed_headers = true;
	if (headers)
		add_headings(printer, doc, tabs);
	for (size_t i = 0; printer->rows && i < rows->count; i++)
		if (add_row(printer, doc, printer->rows[i], tabs) < 0)
			return -1;
	if (printer->rows)
		return 0;
	KUBE_DOC_EACH(doc, rows, row)
	if (add_row(printer, doc, row, tabs) < 0)
		return -1;
	return 0;
}
