/* The objects of `kubectl get`. Invariant: as kubectl prints them, byte for byte; what came of a list before it broke
 * off is printed, as kubectl does it, and of a page nothing before it is whole. */
#include <stdlib.h>
#include <string.h>

#include "fsops/kube_print.h"
#include "fsops/mem.h"
#include "get.h"

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

static int print_object(struct get *get, const struct kube_doc *doc, const struct kube_node *object,
    const struct kube_object_style *style)
{
	if (object->type != KUBE_OBJECT ||
	    !kube_doc_get(doc, object, "kind") != !kube_doc_get(doc, object, "apiVersion"))
		return -1;
	switch (get->style) {
	case GET_PATH:
		return print_path(get, doc, object);
	case GET_NAME:
		return kube_print_name(doc, object, style, &get->printed);
	default:
		return print_json(get, doc, object, style);
	}
}

int get_print_one(struct get *get)
{
	struct kube_object_style style = style_of(get, NULL);
	size_t len = get->body.len;
	struct kube_doc doc;
	int result = -1;

	if (kube_doc_read(&doc, buf_detach(&get->body), len, NULL) == 0 &&
	    !kube_doc_get(&doc, doc.nodes, "items") &&
	    !kube_doc_is(&doc, kube_doc_get(&doc, doc.nodes, "kind"), "Status")) /* a refusal */
		result = print_object(get, &doc, doc.nodes, &style);
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
		    print_object(get, &items->item, items->item.nodes, &style) < 0)
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

int get_print_end(struct get *get)
{
	if (get->style == GET_TABLE)
		return get_print_tables(get);
	if (get->style != GET_JSON || is_alone(get))
		return 0;
	if (!get->shown) {
		if (native_on(&get->api->native, NATIVE_IGNORE_NOT_FOUND))
			return 0;
		kube_print_list_begin(&get->printed);
	}
	kube_print_list_end(get->shown, &get->printed);
	return 0;
}
