/*
 * Fuzzing of what kubectl would print of an answer: the input's first byte says how, its rest is the answer.
 *
 * Invariant: an answer that jansson reads is read. Printed as JSON it is the same value and has each key once. A table
 * has a line for each of its rows.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "fsops/kube_print.h"
#include "fsops/mem.h"

#define MAX ((size_t)64 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- As values --- */

/* Whole numbers that jansson has no room for are read as others. */
static json_t *read_json(const char *text, size_t len)
{
	const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
	json_t *value = json_loadb(text, len, flags, NULL);

	return value ? value : json_loadb(text, len, flags | JSON_DECODE_INT_AS_REAL, NULL);
}

static bool is_same(const json_t *a, const json_t *b);

static bool has_same_members(const json_t *a, const json_t *b)
{
	const char *key;
	json_t *member;

	json_object_foreach((json_t *)(uintptr_t)a, key, member)
		if (!is_same(member, json_object_get(b, key)))
			return false;
	return json_object_size(a) == json_object_size(b);
}

static bool has_same_items(const json_t *a, const json_t *b)
{
	size_t i;
	json_t *item;

	json_array_foreach(a, i, item)
		if (!is_same(item, json_array_get(b, i)))
			return false;
	return json_array_size(a) == json_array_size(b);
}

/* json_equal(), but 1 and 1.0 are the same: Go writes the second as the first. */
static bool is_same(const json_t *a, const json_t *b)
{
	if (json_is_object(a) && json_is_object(b))
		return has_same_members(a, b);
	if (json_is_array(a) && json_is_array(b))
		return has_same_items(a, b);
	if (json_is_number(a) && json_is_number(b) && (json_is_real(a) || json_is_real(b)))
		return json_number_value(a) == json_number_value(b);
	return json_equal(a, b);
}

/* --- Reading --- */

static int read_doc(struct kube_doc *doc, const char *text, size_t len)
{
	struct err err = {0};
	char *copy = mem_alloc(len + 1);
	int result;

	memcpy(copy, text, len);
	result = kube_doc_read(doc, copy, len, &err); /* transferred */
	if (result < 0 && !strstr(err.text, "byte "))
		abort(); /* no place */
	return result;
}

/* May what jansson has read be refused? */
static bool may_refuse(const char *text, size_t len)
{
	size_t depth = 0;

	for (size_t i = 0; i < len; i++)
		depth += text[i] == '[' || text[i] == '{';
	/* jansson passes over a zero byte behind a number. */
	return depth > KUBE_DOC_DEPTH_MAX || memchr(text, 0, len);
}

/* --- As JSON --- */

static void print(const struct kube_doc *doc, const struct kube_node *object,
    const struct kube_object_style *style, struct buf *out)
{
	buf_init(out, MAX);
	if (kube_print_json(doc, object, 0, style, out) < 0)
		buf_clear(out); /* a number that Go doesn't read */
}

static void check_bytes(const struct buf *out)
{
	for (size_t i = 0; i < out->len; i++)
		if ((unsigned char)out->data[i] < ' ' && out->data[i] != '\n')
			abort();
}

/* -0e1 is -0, which is 0: what was printed twice stays as it is. */
static void check_again(const struct buf *out, bool more)
{
	const struct kube_object_style all = {.managed_fields = true};
	struct buf again;
	struct kube_doc doc;

	if (read_doc(&doc, out->data, out->len) < 0)
		abort();
	print(&doc, doc.nodes, &all, &again);
	if (more)
		check_again(&again, false);
	else if (again.len != out->len || memcmp(again.data, out->data, out->len) != 0)
		abort();
	kube_doc_release(&doc);
	buf_release(&again);
}

static void check_keys(const struct buf *out)
{
	const size_t flags =
	    JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL | JSON_REJECT_DUPLICATES;
	json_t *value = json_loadb(out->data, out->len, flags, NULL);

	/* It takes no key with a zero byte in it. */
	if (!value && !strstr(out->data, "\\u0000"))
		abort();
	json_decref(value);
}

static void print_object(const struct kube_doc *doc, const struct kube_node *object,
    const struct kube_object_style *style)
{
	struct buf out, name;

	print(doc, object, style, &out);
	if (out.len) {
		check_bytes(&out);
		check_again(&out, true);
		check_keys(&out);
	}
	buf_init(&name, MAX);
	if (kube_print_name(doc, object, style, &name) == 0 && !strchr(name.data, '/'))
		abort();
	buf_release(&name);
	buf_release(&out);
}

/* The items of a list have its kind. */
static void print_items(const struct kube_doc *doc, bool managed_fields)
{
	const struct kube_node *kind = kube_doc_get(doc, doc->nodes, "kind");
	const struct kube_node *version = kube_doc_get(doc, doc->nodes, "apiVersion");

	KUBE_DOC_EACH(doc, kube_doc_get(doc, doc->nodes, "items"), item)
	{
		struct kube_object_style style = {.managed_fields = managed_fields};

		if (kind && version && kind->type == KUBE_TEXT) {
			style.typed = true;
			style.kind = *kind;
			style.version = *version;
		}
		print_object(doc, item, &style);
	}
}

static void check_value(const struct kube_doc *doc, const json_t *value)
{
	const struct kube_object_style all = {.managed_fields = true};
	struct buf out;
	json_t *printed;

	print(doc, doc->nodes, &all, &out);
	printed = read_json(out.data, out.len);
	if (out.len && (!printed || !is_same(value, printed)))
		abort();
	json_decref(printed);
	buf_release(&out);
}

/* --- As a table --- */

static size_t count_lines(const struct buf *out)
{
	size_t count = 0;

	for (size_t i = 0; i < out->len; i++)
		count += out->data[i] == '\n';
	return count;
}

static void print_table(const struct kube_doc *doc, uint8_t how)
{
	static char app[] = "app", zone[] = "example.com/zone";
	static char *const labels[] = {app, zone};
	struct kube_table_printer printer = {.style = {.wide = how & 1,
	                                         .no_headers = how & 2,
	                                         .show_labels = how & 4,
	                                         .namespaces = how & 8,
	                                         .kind = how & 16 ? "deployment.apps" : NULL,
	                                         .labels = labels,
	                                         .label_count = how & 32 ? COUNT_OF(labels) : 0}};
	const struct kube_node *rows = kube_doc_get(doc, doc->nodes, "rows");
	struct kube_tabs tabs;
	struct buf out;

	if (!kube_table_known(doc))
		return;
	kube_tabs_init(&tabs, MAX);
	buf_init(&out, MAX);
	/* Twice, as one piece behind another: the headings come once. */
	if (kube_table_print(&printer, doc, &tabs) == 0 &&
	    kube_table_print(&printer, doc, &tabs) == 0) {
		kube_tabs_flush(&tabs, &out);
		if (rows && count_lines(&out) < 2 * (size_t)rows->count)
			abort();
	}
	buf_release(&out);
	kube_tabs_release(&tabs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	json_t *value;
	struct kube_doc doc;

	if (!size)
		return 0;
	value = read_json(text, size - 1);
	if (read_doc(&doc, text, size - 1) == 0) {
		print_object(
		    &doc, doc.nodes, &(struct kube_object_style){.managed_fields = data[0] & 1});
		print_items(&doc, data[0] & 1);
		print_table(&doc, data[0]);
		if (value)
			check_value(&doc, value);
	} else if (value && !may_refuse(text, size - 1)) {
		abort();
	}
	json_decref(value);
	kube_doc_release(&doc);
	return 0;
}
