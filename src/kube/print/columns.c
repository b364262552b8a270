/* `-o custom-columns=…`. Invariant: a cell shows what fmt.Sprint() makes of what its path finds. */
#include <stdlib.h>
#include <string.h>

#include "fsops/kube_jsonpath.h"
#include "fsops/kube_print.h"
#include "fsops/mem.h"

struct column {
	char *heading;
	struct kube_jsonpath *path;
};

struct kube_columns {
	struct column *list;
	size_t count;
};

void kube_columns_free(struct kube_columns *columns)
{
	if (!columns)
		return;
	for (size_t i = 0; i < columns->count; i++) {
		free(columns->list[i].heading);
		kube_jsonpath_free(columns->list[i].path);
	}
	free(columns->list);
	free(columns);
}

struct kube_columns *kube_columns_read(const char *text)
{
	struct kube_columns *columns = mem_alloc(sizeof(*columns));

	for (;; text++) {
		size_t len = strcspn(text, ",");
		size_t heading = strcspn(text, ":");
		struct column *column;

		if (heading >= len) {
			kube_columns_free(columns);
			return NULL;
		}
		MEM_PUSH_ROOM(columns->list, columns->count);
		column = &columns->list[columns->count++];
		column->heading = mem_textn(text, heading);
		column->path = kube_jsonpath_read_relaxed(text + heading + 1, len - heading - 1);
		if (!column->path) {
			kube_columns_free(columns);
			return NULL;
		}
		text += len;
		if (!*text)
			return columns;
	}
}

void kube_columns_print_headings(const struct kube_columns *columns, struct kube_tabs *tabs)
{
	for (size_t i = 0; i < columns->count; i++) {
		if (i)
			kube_tabs_add(tabs, "\t", 1);
		kube_tabs_add(tabs, columns->list[i].heading, strlen(columns->list[i].heading));
	}
	kube_tabs_add(tabs, "\n", 1);
}

/* ---- fmt.Sprint() ---- */

static int add_sprint(const struct kube_doc *doc, const struct kube_node *node, struct buf *out);

/* "map[a:1 b:[2 3]]" */
static int add_map(const struct kube_doc *doc, const struct kube_node *object, struct buf *out)
{
	struct kube_members members = {0};
	int result = 0;

	buf_adds(out, "map[");
	kube_doc_members(doc, object, &members);
	for (size_t i = 0; i < members.count && result == 0; i++) {
		if (i)
			buf_addc(out, ' ');
		buf_add(out, members.list[i].key, members.list[i].len);
		buf_addc(out, ':');
		result = add_sprint(doc, members.list[i].value, out);
	}
	free(members.list);
	buf_addc(out, ']');
	return result;
}

static int add_slice(const struct kube_doc *doc, const struct kube_node *list, struct buf *out)
{
	bool first = true;

	buf_addc(out, '[');
	KUBE_DOC_EACH(doc, list, item)
	{
		if (!first)
			buf_addc(out, ' ');
		first = false;
		if (add_sprint(doc, item, out) < 0)
			return -1;
	}
	return buf_addc(out, ']');
}

static int add_sprint(const struct kube_doc *doc, const struct kube_node *node, struct buf *out)
{
	switch (node->type) {
	case KUBE_NULL:
		return buf_adds(out, "<nil>");
	case KUBE_TRUE:
		return buf_adds(out, "true");
	case KUBE_FALSE:
		return buf_adds(out, "false");
	case KUBE_NUMBER:
		return kube_print_number(doc, node, false, out);
	case KUBE_TEXT:
		return buf_add(out, doc->text + node->at, node->len);
	case KUBE_LIST:
		return add_slice(doc, node, out);
	default:
		return add_map(doc, node, out);
	}
}

/* ---- rows ---- */

/* printers.EscapeTerminal() */
static void add_escaped(struct kube_tabs *tabs, const char *text, size_t len)
{
	for (const char *end = text + len; text < end; text++) {
		if (*text == '\x1b')
			kube_tabs_add(tabs, "^[", 2);
		else if (*text == '\r')
			kube_tabs_add(tabs, "\\r", 2);
		else
			kube_tabs_add(tabs, text, 1);
	}
}

static int add_cell(const struct column *column, const struct kube_doc *doc,
    const struct kube_node *object, struct kube_tabs *tabs)
{
	struct kube_jsonpath_values found = {0};
	int result = kube_jsonpath_find(column->path, doc, object, &found);
	struct buf cell;

	buf_init(&cell, SIZE_MAX / 8);
	for (size_t i = 0; i < found.count && result == 0; i++) {
		if (i)
			buf_addc(&cell, ',');
		result = found.list[i].node ? add_sprint(doc, found.list[i].node, &cell) : -1;
	}
	if (result == 0 && !found.count)
		kube_tabs_add(tabs, "<none>", 6);
	else if (result == 0)
		add_escaped(tabs, cell.data, cell.len);
	buf_release(&cell);
	free(found.list);
	return result;
}

int kube_columns_print(const struct kube_columns *columns, const struct kube_doc *doc,
    const struct kube_node *object, struct kube_tabs *tabs)
{
	for (size_t i = 0; i < columns->count; i++) {
		if (i)
			kube_tabs_add(tabs, "\t", 1);
		if (add_cell(&columns->list[i], doc, object, tabs) < 0)
			return -1;
	}
	kube_tabs_add(tabs, "\n", 1);
	return 0;
}
