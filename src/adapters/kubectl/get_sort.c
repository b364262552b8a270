/* `get --sort-by`: the order of what a path finds, as kubectl has it. Invariant: what kubectl can't compare, and what of
 * amounts is not exact here, is not sorted at all. */
#include <stdlib.h>
#include <string.h>

#include "amount.h"
#include "fsops/mem.h"
#include "get.h"

#define UNIT_LETTERS "eEinumkKMGTP"

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_UNKNOWN };

/* Is TEXT what Kubernetes takes for an amount, "10", "1.5Gi"? */
static enum answer is_amount(const char *text, struct amount *amount)
{
	static const char *const units[] = {
	    "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
	const char *at = text + (*text == '-' || *text == '+');
	bool known = false;
	size_t len;

	if (!*text)
		return ANSWER_NO;
	at += strspn(at, "0123456789");
	if (*at == '.')
		at += 1 + strspn(at + 1, "0123456789");
	len = strspn(at, UNIT_LETTERS);
	for (size_t i = 0; i < COUNT_OF(units); i++)
		known = known || strcmp(at, units[i]) == 0;
	if (!known) {
		/* "1e3": only after an e may come a number. */
		const char *power = at + len + (at[len] == '-' || at[len] == '+');

		return len == 1 && (*at == 'e' || *at == 'E') && *power &&
		               !power[strspn(power, "0123456789")]
		           ? ANSWER_UNKNOWN
		           : ANSWER_NO;
	}
	return amount_read(text, amount) ? ANSWER_YES : ANSWER_UNKNOWN;
}

static int order_of_texts(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order ? order : (a_len > b_len) - (a_len < b_len);
}

static bool texts_less(struct get_order *order, const struct get_key *a, const struct get_key *b)
{
	const char *x = a->doc->text + a->node->at, *y = b->doc->text + b->node->at;
	char *first = mem_textn(x, a->node->len), *second = mem_textn(y, b->node->len);
	struct amount m, n;
	enum answer is_first = is_amount(first, &m);
	enum answer is_second = is_first == ANSWER_NO ? ANSWER_NO : is_amount(second, &n);
	bool less;

	if (is_second == ANSWER_NO)
		less = order_of_texts(x, a->node->len, y, b->node->len) < 0;
	else if (is_first == ANSWER_YES && is_second == ANSWER_YES)
		less = m.whole < n.whole || (m.whole == n.whole && m.nano < n.nano);
	else
		less = order->failed = true;
	free(first);
	free(second);
	return less;
}

static bool numbers_less(struct get_order *order, const struct get_key *a, const struct get_key *b)
{
	int64_t m, n;

	/* Of those with a point kubectl compares doubles, and none with a whole one. */
	if (!kube_doc_integer(a->doc, a->node, &m) || !kube_doc_integer(b->doc, b->node, &n)) {
		order->failed = true;
		return false;
	}
	return m < n;
}

static bool key_less(void *ctx, size_t i, size_t j)
{
	struct get_order *order = ctx;
	const struct get_key *a = &order->keys[i], *b = &order->keys[j];
	bool null_a, null_b;

	if (order->failed || !a->node)
		return !order->failed;
	if (!b->node)
		return false;
	null_a = a->node->type == KUBE_NULL;
	null_b = b->node->type == KUBE_NULL;
	if (null_a || null_b)
		return null_a && !null_b;
	if (a->node->type != b->node->type ||
	    (a->node->type != KUBE_TEXT && a->node->type != KUBE_NUMBER)) {
		order->failed = true;
		return false;
	}
	return a->node->type == KUBE_TEXT ? texts_less(order, a, b) : numbers_less(order, a, b);
}

static void key_swap(void *ctx, size_t i, size_t j)
{
	struct get_order *order = ctx;
	struct get_key kept = order->keys[i];

	order->keys[i] = order->keys[j];
	order->keys[j] = kept;
}

int get_order_add(struct get_order *order, const struct kube_jsonpath *path,
    const struct kube_doc *doc, const struct kube_node *object, const struct kube_node *what)
{
	struct kube_jsonpath_values found = {0};
	struct get_key key = {.doc = doc, .what = what};
	int result = kube_jsonpath_find(path, doc, object, &found);

	if (found.count) {
		key.node = found.list[0].node;
		result = key.node ? result : -1;
		order->found = true;
	}
	free(found.list);
	MEM_PUSH_ROOM(order->keys, order->count);
	order->keys[order->count++] = key;
	return result;
}

int get_order_sort(struct get_order *order)
{
	kube_go_sort(&(struct kube_go_sort){key_less, key_swap, order}, order->count);
	return order->failed ? -1 : 0;
}

void get_order_release(struct get_order *order)
{
	free(order->keys);
	*order = (struct get_order){0};
}
