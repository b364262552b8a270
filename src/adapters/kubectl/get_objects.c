/* The objects of `kubectl get`. Invariant: as kubectl prints them, byte for byte; what came of a list before it broke
 * off is printed, as kubectl does it, and of a page nothing before it is whole. */
#include <stdlib.h>
#include <string.h>

#include "fsops/kube_print.h"
#include "fsops/mem.h"
#include "get.h"

#define PATH_LIST_BEGIN "{\"apiVersion\":\"v1\",\"items\":["
#define PATH_LIST_END   "],\"kind\":\"List\",\"metadata\":{\"resourceVersion\":\"\"}}"

/* The objects of a list mostly have no kind of their own: it is the list's, without "List". */
static struct kube_object_style style_of(const struct get *get, const struct kube_doc *list)
{
	const struct kube_node *kind = list ? kube_doc_get(list, list->nodes, "kind") : NULL;
	const struct kube_node *version =
	    list ? kube_doc_get(list, list->nodes, "apiVersion") : NULL;
	struct kube_object_style style = {
	    .managed_fields = native_on(&get->api->native, NATIVE_SHOW_MANAGED_FIELDS)};

	if (kind && version && kind->type == KUBE_TEXT && kind->len > 4 &&
	    memcmp(list->text + kind->at + kind->len - 4, "List", 4) == 0) {
		style.kind = *kind;
		style.kind.len -= 4;
		style.version = *version;
		style.typed = true;
	}
	return style;
}

static bool is_alone(const struct get *get)
{
	return get->by_name && get->ask_count == 1;
}

static int print_json(struct get *get, const struct kube_doc *doc, const struct kube_node *object,
    const struct kube_object_style *style)
{
	if (!is_alone(get)) {
		if (!get->shown)
			kube_print_list_begin(&get->printed);
		kube_print_list_each(get->shown, &get->printed);
	}
	get->shown++;
	if (kube_print_json(doc, object, is_alone(get) ? 0 : 2, style, &get->printed) < 0)
		return -1;
	if (is_alone(get))
		buf_addc(&get->printed, '\n');
	return 0;
}

/* A list of all is one value: it is put together, and read again at the end. */
static int print_path(struct get *get, const struct kube_doc *doc, const struct kube_node *object,
    const struct kube_object_style *style)
{
	if (is_alone(get))
		return kube_jsonpath_print(get->path, doc, object, &get->printed);
	buf_adds(&get->printed, get->shown++ ? "," : PATH_LIST_BEGIN);
	return kube_print_copy(doc, object, style, &get->printed);
}

static int print_columns(
    struct get *get, const struct kube_doc *doc, const struct kube_node *object)
{
	if (!get->shown++ && !native_on(&get->api->native, NATIVE_NO_HEADERS))
		kube_columns_print_headings(get->columns, &get->tabs);
	return kube_columns_print(get->columns, doc, object, &get->tabs);
}

static int print_object(struct get *get, const struct kube_doc *doc, const struct kube_node *object,
    const struct kube_object_style *style)
{
	switch (get->style) {
	case GET_PATH:
		return print_path(get, doc, object, style);
	case GET_NAME:
		return kube_print_name(doc, object, style, &get->printed);
	case GET_COLUMNS:
		return print_columns(get, doc, object);
	default:
		return print_json(get, doc, object, style);
	}
}

/* A document of its own, with a kind. NULL: it can't be one. */
static struct kube_doc *copy(const struct kube_doc *doc, const struct kube_node *object,
    const struct kube_object_style *style)
{
	struct kube_doc *made = mem_alloc(sizeof(*made));
	struct buf text;
	size_t len;

	buf_init(&text, KUBE_ANSWER_MAX);
	if (kube_print_copy(doc, object, style, &text) < 0)
		text.full = true;
	len = text.len;
	if (!text.full && kube_doc_read(made, buf_detach(&text), len, NULL) == 0)
		return made;
	buf_release(&text);
	kube_doc_release(made);
	free(made);
	return NULL;
}

static int keep(struct get *get, struct kube_doc *doc)
{
	if (!doc)
		return -1;
	MEM_PUSH_ROOM(get->kept_docs, get->kept_count);
	get->kept_docs[get->kept_count++] = doc; /* transferred */
	return 0;
}

/* Printed, or kept to be sorted. Columns are of what has its kind. */
static int take_object(struct get *get, const struct kube_doc *doc, const struct kube_node *object,
    const struct kube_object_style *style)
{
	struct kube_doc *own;
	int result;

	if (object->type != KUBE_OBJECT ||
	    !kube_doc_get(doc, object, "kind") != !kube_doc_get(doc, object, "apiVersion"))
		return -1;
	if (get->sort && !is_alone(get))
		return keep(get, copy(doc, object, style));
	if (get->style != GET_COLUMNS || !style->typed)
		return print_object(get, doc, object, style);
	own = copy(doc, object, style);
	result = own ? print_object(get, own, own->nodes, style) : -1;
	if (own)
		kube_doc_release(own);
	free(own);
	return result;
}

int get_print_one(struct get *get)
{
	struct kube_object_style style = style_of(get, NULL);
	size_t len = get->body.len;
	struct kube_doc doc;
	int result = -1;

	if (kube_doc_read(&doc, buf_detach(&get->body), len, NULL) == 0 &&
	    !kube_doc_get(&doc, doc.nodes, "items") && kube_has_kind(&doc, doc.nodes) &&
	    !kube_doc_is(&doc, kube_doc_get(&doc, doc.nodes, "kind"), "Status")) /* a refusal */
		result = take_object(get, &doc, doc.nodes, &style);
	kube_doc_release(&doc);
	return result;
}

/* What holds all items to be a list's, once it is whole. */
static bool is_list(const struct kube_items *items, bool typed)
{
	const struct kube_node *list = kube_doc_get(&items->head, items->head.nodes, "items");

	return typed && (!list || list->type == KUBE_NULL || items->had);
}

static int print_items(struct get *get, struct kube_items *items)
{
	struct kube_object_style style = style_of(get, &items->head);
	int more;

	/* In a list of a CRD's objects its kind stands behind them, and each has its own. */
	while ((more = kube_items_next(items, NULL)) > 0)
		if ((!style.typed && !kube_doc_get(&items->item, items->item.nodes, "kind")) ||
		    take_object(get, &items->item, items->item.nodes, &style) < 0)
			return -1;
	return more == 0 && is_list(items, style_of(get, &items->head).typed) ? 0 : -1;
}

int get_print_page(struct get *get, char **next)
{
	struct kube_items items;
	int result = -1;

	if (kube_items_begin(&items, get->body.data, get->body.len, NULL) == 0)
		result = print_items(get, &items);
	if (result == 0)
		*next = kube_doc_text(
		    &items.head, kube_doc_at(&items.head, items.head.nodes, "metadata.continue"));
	kube_items_release(&items);
	return result;
}

/* ---- the end ---- */

static int end_json(struct get *get)
{
	if (!get->shown)
		kube_print_list_begin(&get->printed);
	kube_print_list_end(get->shown, &get->printed);
	return 0;
}

/* So much is read and walked in one go; kubectl does it beside us. */
#define WALKED_MAX ((size_t)64 * 1024 * 1024)

/* What was put together is read again, and what its path finds is printed instead. */
static int end_path(struct get *get)
{
	struct kube_doc list;
	int result = -1;
	size_t len;

	if (!get->shown)
		buf_adds(&get->printed, PATH_LIST_BEGIN);
	buf_adds(&get->printed, PATH_LIST_END);
	len = get->printed.len;
	if (get->printed.full || len > WALKED_MAX)
		return -1;
	if (kube_doc_read(&list, buf_detach(&get->printed), len, NULL) == 0)
		result = kube_jsonpath_print(get->path, &list, list.nodes, &get->printed);
	kube_doc_release(&list);
	return result;
}

static int end_columns(struct get *get)
{
	if (!get->shown && !native_on(&get->api->native, NATIVE_NO_HEADERS))
		kube_columns_print_headings(get->columns, &get->tabs);
	kube_tabs_flush(&get->tabs, &get->printed);
	return get->tabs.text.full ? -1 : 0;
}

static void say_no_field(struct get *get)
{
	const char *path = native_value(&get->api->native, NATIVE_SORT_BY);
	size_t len = strlen(path);
	bool braces = *path == '{';
	char *line;

	/* As it reads it: "{.a.b}". */
	path += braces;
	len -= braces ? 2 : 0;
	len -= *path == '.';
	path += *path == '.';
	line = mem_printf(
	    "error: couldn't find any field with path \"{.%.*s}\" in the list of objects", (int)len,
	    path);

	get_add_error(get, line);
	free(line);
}

/* 1: there is nothing to sort by. */
static int print_sorted(struct get *get)
{
	struct kube_object_style style = style_of(get, NULL);
	struct get_order order = {0};
	int result = 0;

	for (size_t i = 0; i < get->kept_count && result == 0; i++)
		result = get_order_add(&order, get->sort, get->kept_docs[i],
		    get->kept_docs[i]->nodes, get->kept_docs[i]->nodes);
	if (result == 0 && order.count && !order.found)
		result = 1;
	else if (result == 0)
		result = get_order_sort(&order);
	for (size_t i = 0; i < order.count && result == 0; i++)
		result = print_object(get, order.keys[i].doc, order.keys[i].what, &style);
	get_order_release(&order);
	return result;
}

int get_print_end(struct get *get)
{
	int sorted;

	if (get->style == GET_TABLE)
		return get_print_tables(get);
	if (is_alone(get)) {
		kube_tabs_flush(&get->tabs, &get->printed);
		return 0;
	}
	sorted = get->sort ? print_sorted(get) : 0;
	if (sorted > 0) {
		say_no_field(get);
		return 0;
	}
	if (sorted < 0)
		return -1;
	if (!get->shown && get->style != GET_NAME &&
	    native_on(&get->api->native, NATIVE_IGNORE_NOT_FOUND))
		return 0;
	switch (get->style) {
	case GET_JSON:
		return end_json(get);
	case GET_PATH:
		return end_path(get);
	case GET_COLUMNS:
		return end_columns(get);
	default:
		return 0;
	}
}
