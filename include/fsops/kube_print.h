/*
 * What kubectl 1.32 prints of answers of the API server, byte for byte.
 */
#ifndef FSOPS_KUBE_PRINT_H
#define FSOPS_KUBE_PRINT_H

#include <stdbool.h>
#include <stddef.h>

#include "fsops/buf.h"
#include "fsops/kube_doc.h"

/*
 * --- print/json.c ---
 */

/* What of an object is shown besides what it holds. */
struct kube_object_style {
	bool managed_fields; /* --show-managed-fields */
	/* Items of a list mostly have no kind of their own and get these, which are of the same document; then a
	 * version of their own does not count. */
	bool typed;
	struct kube_node kind;
	struct kube_node version;
};

/* OBJECT as `-o json` shows it, with four blanks for each of DEPTH levels before all lines but the first; no newline
 * at its end. -1: a number in it is beyond what Go reads. */
int kube_print_json(const struct kube_doc *doc, const struct kube_node *object, int depth,
    const struct kube_object_style *style, struct buf *out);

/* NODE as json.Marshal() writes it; -1: as of kube_print_json(). */
int kube_print_compact(const struct kube_doc *doc, const struct kube_node *node, struct buf *out);
/* OBJECT, an item of a list, to be read again, as kubectl does it: all that is in it, with a kind; numbers as Go writes
 * them, so that one million with an exponent is a whole one. -1: the same. */
int kube_print_copy(const struct kube_doc *doc, const struct kube_node *object,
    const struct kube_object_style *style, struct buf *out);

/* What goes around the objects of a list: begin, then each() before each object at depth 2, then end. */
void kube_print_list_begin(struct buf *out);
void kube_print_list_each(size_t before, struct buf *out);
void kube_print_list_end(size_t count, struct buf *out);

/* A number as fmt.Sprint() shows what JSON has become in Go; -1: beyond what Go reads. */
int kube_print_number(
    const struct kube_doc *doc, const struct kube_node *number, bool json, struct buf *out);

/*
 * --- print/name.c: `-o name` ---
 */

/* Has OBJECT a kind of its own? */
bool kube_has_kind(const struct kube_doc *doc, const struct kube_node *object);

/* "deployment.apps/web\n"; -1: it has no kind. */
int kube_print_name(const struct kube_doc *doc, const struct kube_node *object,
    const struct kube_object_style *style, struct buf *out);

/*
 * --- print/tabs.c: text/tabwriter with kubectl's settings (cells of at least six, three blanks between) ---
 *
 * Cells end with a tab, lines with a newline; a block of lines that have a cell in a column share its width.
 */
struct kube_tabs {
	struct buf text; /* the cells, one behind the other */
	struct kube_cell *cells;
	size_t cell_count;
	size_t *lines; /* the index of each line's first cell */
	size_t line_count;
	size_t width_min; /* kube_tabs_init() sets both; other commands have others */
	size_t padding;
};

void kube_tabs_init(struct kube_tabs *tabs, size_t max);
void kube_tabs_release(struct kube_tabs *tabs);
void kube_tabs_add(struct kube_tabs *tabs, const char *text, size_t len);
/* All lines laid out, to OUT; nothing is left. */
void kube_tabs_flush(struct kube_tabs *tabs, struct buf *out);

/*
 * --- print/columns.c: `-o custom-columns=NAME:.metadata.name,…` ---
 */
struct kube_columns;

/* NULL: nothing that is understood. */
struct kube_columns *kube_columns_read(const char *text);
void kube_columns_free(struct kube_columns *columns); /* NULL is allowed */
void kube_columns_print_headings(const struct kube_columns *columns, struct kube_tabs *tabs);
/* OBJECT has its kind. -1: nothing that is understood. */
int kube_columns_print(const struct kube_columns *columns, const struct kube_doc *doc,
    const struct kube_node *object, struct kube_tabs *tabs);

/*
 * --- print/go_sort.c: sort.Sort(), which leaves what is equal in an order of its own ---
 */
struct kube_go_sort {
	bool (*less)(void *ctx, size_t a, size_t b);
	void (*swap)(void *ctx, size_t a, size_t b);
	void *ctx;
};

void kube_go_sort(const struct kube_go_sort *sort, size_t count);

/*
 * --- print/table.c: what the server has made a table of ---
 */

struct kube_table_style {
	bool wide;
	bool no_headers;
	bool show_labels;
	bool namespaces;     /* a column NAMESPACE before all others */
	const char *kind;    /* "deployment.apps": goes before names; NULL: nothing does */
	char *const *labels; /* -L: columns of their own */
	size_t label_count;
};

/* One after the other, of one kind. */
struct kube_table_printer {
	struct kube_table_style style;
	const struct kube_doc *last; /* whose columns were last; borrowed */
	bool printed_headers;
	const struct kube_node *const
	    *rows; /* all of the document's in another order; NULL: as they stand there */
};

/* Its rows; NULL: none. */
const struct kube_node *kube_table_rows(const struct kube_doc *doc);
/* Is DOC a table that is understood here? */
bool kube_table_known(const struct kube_doc *doc);
/* DOC lives as long as PRINTER. -1: a cell in it is nothing that can be shown. */
int kube_table_print(
    struct kube_table_printer *printer, const struct kube_doc *doc, struct kube_tabs *tabs);

/* TEXT in a cell: to its first line's end, and without what a terminal obeys. */
void kube_tabs_cell(struct kube_tabs *tabs, const char *text, size_t len);

#endif
