/* Looking at JSON that was read. Invariant: nothing here changes it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/kube_doc.h"
#include "fsops/mem.h"

/* ---- looking ---- */

bool kube_doc_is(const struct kube_doc *doc, const struct kube_node *node, const char *text)
{
	size_t len = strlen(text);

	return node && node->type == KUBE_TEXT && node->len == len &&
	       memcmp(doc->text + node->at, text, len) == 0;
}

const struct kube_node *kube_doc_get(
    const struct kube_doc *doc, const struct kube_node *object, const char *key)
{
	const struct kube_node *found = NULL;

	KUBE_DOC_EACH_KEY(doc, object, member)
	if (kube_doc_is(doc, member, key))
		found = member + 1;
	return found;
}

const struct kube_node *kube_doc_at(
    const struct kube_doc *doc, const struct kube_node *object, const char *path)
{
	while (object && *path) {
		size_t len = strcspn(path, ".");
		char *key = mem_textn(path, len);

		object = kube_doc_get(doc, object, key);
		free(key);
		path += len + (path[len] == '.');
	}
	return object;
}

char *kube_doc_text(const struct kube_doc *doc, const struct kube_node *node)
{
	return node && node->type == KUBE_TEXT ? mem_textn(doc->text + node->at, node->len) : NULL;
}

bool kube_doc_integer(const struct kube_doc *doc, const struct kube_node *node, int64_t *out)
{
	const char *text;
	char *end;

	if (!node || node->type != KUBE_NUMBER)
		return false;
	text = doc->text + node->at;
	if (memchr(text, '.', node->len) || memchr(text, 'e', node->len) ||
	    memchr(text, 'E', node->len))
		return false;
	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno == 0 && end == text + node->len;
}

bool kube_doc_same(const struct kube_doc *a, const struct kube_node *node_a,
    const struct kube_doc *b, const struct kube_node *node_b)
{
	size_t count;

	if (!node_a || !node_b)
		return node_a == node_b;
	count = (size_t)(kube_doc_next(a, node_a) - node_a);
	if (count != (size_t)(kube_doc_next(b, node_b) - node_b))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct kube_node *x = node_a + i, *y = node_b + i;

		if (x->type != y->type || x->len != y->len || x->count != y->count ||
		    memcmp(a->text + x->at, b->text + y->at, x->len) != 0)
			return false;
	}
	return true;
}

/* ---- members in order ---- */

static uint64_t begin_of(const char *key, size_t len)
{
	unsigned char c[sizeof(uint64_t)] = {0};

	memcpy(c, key, len < sizeof(c) ? len : sizeof(c));
	return (uint64_t)c[0] << 56 | (uint64_t)c[1] << 48 | (uint64_t)c[2] << 40 |
	       (uint64_t)c[3] << 32 | (uint64_t)c[4] << 24 | (uint64_t)c[5] << 16 |
	       (uint64_t)c[6] << 8 | (uint64_t)c[7];
}

static int by_key(const void *a, const void *b)
{
	const struct kube_member *x = a, *y = b;
	int order;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	order = memcmp(x->key, y->key, x->len < y->len ? x->len : y->len);
	if (order == 0 && x->len != y->len)
		order = x->len < y->len ? -1 : 1;
	if (order == 0)
		order = x->value < y->value ? -1 : 1;
	return order;
}

/* Few are sorted faster by moving each to its place. */
static void sort_members(struct kube_member *list, size_t count)
{
	if (count > 24) {
		qsort(list, count, sizeof(*list), by_key);
		return;
	}
	for (size_t i = 1; i < count; i++) {
		struct kube_member moved = list[i];
		size_t at = i;

		for (; at > 0 && by_key(&list[at - 1], &moved) > 0; at--)
			list[at] = list[at - 1];
		list[at] = moved;
	}
}

static bool same_key(const struct kube_member *a, const struct kube_member *b)
{
	return a->begin == b->begin && a->len == b->len && memcmp(a->key, b->key, a->len) == 0;
}

/* Of a key that is there twice the last counts. */
static size_t without_doubles(struct kube_member *list, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (i + 1 == count || !same_key(&list[i], &list[i + 1]))
			list[kept++] = list[i];
	}
	return kept;
}

static void make_room(struct kube_members *members, size_t more)
{
	if (members->room >= members->count + more)
		return;
	while (members->room < members->count + more)
		members->room = members->room ? members->room * 2 : 64;
	members->list = mem_grow(members->list, members->room, sizeof(*members->list));
}

size_t kube_doc_members(
    const struct kube_doc *doc, const struct kube_node *object, struct kube_members *members)
{
	struct kube_member *list;
	size_t count = 0;

	if (!object || object->type != KUBE_OBJECT)
		return 0;
	make_room(members, object->count);
	list = members->list + members->count;
	KUBE_DOC_EACH_KEY(doc, object, key)
	{
		const char *text = doc->text + key->at;

		list[count++] = (struct kube_member){
		    text, key->len, key->plain, begin_of(text, key->len), key + 1};
	}
	sort_members(list, count);
	count = without_doubles(list, count);
	members->count += count;
	return count;
}

size_t kube_members_put(
    struct kube_members *members, size_t count, const char *key, const struct kube_node *value)
{
	size_t len = strlen(key);
	struct kube_member added = {key, len, true, begin_of(key, len), value};
	size_t first = members->count - count;
	size_t at = members->count;

	for (size_t i = first; i < at; i++)
		if (same_key(&members->list[i], &added)) {
			members->list[i] = added;
			return 0;
		}
	make_room(members, 1);
	for (; at > first && by_key(&members->list[at - 1], &added) > 0; at--)
		members->list[at] = members->list[at - 1];
	members->list[at] = added;
	members->count++;
	return 1;
}
