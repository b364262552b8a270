/* Go's sort.Sort(): pattern-defeating quicksort. Invariant: the same comparisons and swaps as Go 1.23 makes (kubectl
 * 1.32's; newer ones scatter with other numbers), so that equal things come out in the same order. */
#include <stdint.h>

#include "fsops/kube_print.h"

#define INSERTION_MAX 12
#define NINTHER_MIN   50
#define SHIFTING_MIN  50
#define STEPS_MAX     5
#define SWAPS_MAX     12

typedef const struct kube_go_sort sort_t;

static bool less(sort_t *sort, size_t a, size_t b)
{
	return sort->less(sort->ctx, a, b);
}

static void swap(sort_t *sort, size_t a, size_t b)
{
	sort->swap(sort->ctx, a, b);
}

static void by_insertion(sort_t *sort, size_t begin, size_t end)
{
	for (size_t i = begin + 1; i < end; i++)
		for (size_t j = i; j > begin && less(sort, j, j - 1); j--)
			swap(sort, j, j - 1);
}

/* ---- the heap, when pivots were bad too often ---- */

static void sift_down(sort_t *sort, size_t root, size_t end, size_t first)
{
	for (;;) {
		size_t child = 2 * root + 1;

		if (child >= end)
			return;
		if (child + 1 < end && less(sort, first + child, first + child + 1))
			child++;
		if (!less(sort, first + root, first + child))
			return;
		swap(sort, first + root, first + child);
		root = child;
	}
}

static void by_heap(sort_t *sort, size_t begin, size_t end)
{
	size_t count = end - begin;

	for (size_t i = (count - 1) / 2 + 1; i-- > 0;)
		sift_down(sort, i, count, begin);
	for (size_t i = count; i-- > 0;) {
		swap(sort, begin, begin + i);
		sift_down(sort, 0, i, begin);
	}
}

/* ---- the pivot ---- */

enum hint { HINT_NONE, HINT_INCREASING, HINT_DECREASING };

/* Puts the lesser first. */
static void order_two(sort_t *sort, size_t *a, size_t *b, int *swaps)
{
	size_t kept = *a;

	if (!less(sort, *b, *a))
		return;
	(*swaps)++;
	*a = *b;
	*b = kept;
}

static size_t median(sort_t *sort, size_t a, size_t b, size_t c, int *swaps)
{
	order_two(sort, &a, &b, swaps);
	order_two(sort, &b, &c, swaps);
	order_two(sort, &a, &b, swaps);
	return b;
}

static size_t choose_pivot(sort_t *sort, size_t begin, size_t end, enum hint *hint)
{
	size_t count = end - begin;
	size_t i = begin + count / 4, j = begin + count / 4 * 2, k = begin + count / 4 * 3;
	int swaps = 0;

	if (count >= NINTHER_MIN) {
		i = median(sort, i - 1, i, i + 1, &swaps);
		j = median(sort, j - 1, j, j + 1, &swaps);
		k = median(sort, k - 1, k, k + 1, &swaps);
	}
	j = median(sort, i, j, k, &swaps);
	*hint = swaps == 0 ? HINT_INCREASING : swaps == SWAPS_MAX ? HINT_DECREASING : HINT_NONE;
	return j;
}

static void reverse(sort_t *sort, size_t begin, size_t end)
{
	for (size_t i = begin, j = end - 1; i < j; i++, j--)
		swap(sort, i, j);
}

static unsigned bits_of(size_t value)
{
	unsigned bits = 0;

	for (; value; value >>= 1)
		bits++;
	return bits;
}

static void break_patterns(sort_t *sort, size_t begin, size_t end)
{
	size_t count = end - begin;
	uint64_t random = count;
	size_t middle = begin + count / 4 * 2;

	for (size_t at = middle - 1; at <= middle + 1; at++) {
		size_t other;

		random ^= random << 13;
		random ^= random >> 17;
		random ^= random << 5;
		other = (size_t)random & (((size_t)1 << bits_of(count)) - 1);
		if (other >= count)
			other -= count;
		swap(sort, at, begin + other);
	}
}

/* ---- parts ---- */

/* What is less than the pivot goes before it, the rest behind; where it is then. */
static size_t partition(sort_t *sort, size_t begin, size_t end, size_t pivot, bool *already)
{
	size_t i = begin + 1, j = end - 1;

	swap(sort, begin, pivot);
	while (i <= j && less(sort, i, begin))
		i++;
	while (i <= j && !less(sort, j, begin))
		j--;
	*already = i > j;
	while (i <= j) {
		swap(sort, i++, j--);
		while (i <= j && less(sort, i, begin))
			i++;
		while (i <= j && !less(sort, j, begin))
			j--;
	}
	swap(sort, j, begin);
	return j;
}

/* Nothing is less than the pivot: what is equal to it goes first; where the rest begins. */
static size_t partition_equal(sort_t *sort, size_t begin, size_t end, size_t pivot)
{
	size_t i = begin + 1, j = end - 1;

	swap(sort, begin, pivot);
	for (;;) {
		while (i <= j && !less(sort, begin, i))
			i++;
		while (i <= j && less(sort, begin, j))
			j--;
		if (i > j)
			return i;
		swap(sort, i++, j--);
	}
}

/* A few out of place are put right; false: it is not sorted yet. */
static bool sort_nearly_sorted(sort_t *sort, size_t begin, size_t end)
{
	size_t i = begin + 1;

	for (int step = 0; step < STEPS_MAX; step++) {
		while (i < end && !less(sort, i, i - 1))
			i++;
		if (i == end)
			return true;
		if (end - begin < SHIFTING_MIN)
			return false;
		swap(sort, i, i - 1);
		if (i - begin >= 2)
			for (size_t j = i - 1; j >= 1 && less(sort, j, j - 1); j--)
				swap(sort, j, j - 1);
		if (end - i >= 2)
			for (size_t j = i + 1; j < end && less(sort, j, j - 1); j++)
				swap(sort, j, j - 1);
	}
	return false;
}

struct state {
	unsigned limit;   /* so many bad pivots are left */
	bool balanced;    /* the last parts were */
	bool partitioned; /* there was nothing to swap */
};

static void sort_range(sort_t *sort, size_t begin, size_t end, unsigned limit)
{
	struct state state = {limit, true, true};

	while (end - begin > INSERTION_MAX) {
		size_t count = end - begin;
		enum hint hint;
		size_t pivot, middle;

		if (state.limit == 0) {
			by_heap(sort, begin, end);
			return;
		}
		if (!state.balanced) {
			break_patterns(sort, begin, end);
			state.limit--;
		}
		pivot = choose_pivot(sort, begin, end, &hint);
		if (hint == HINT_DECREASING) {
			reverse(sort, begin, end);
			pivot = end - 1 - (pivot - begin);
			hint = HINT_INCREASING;
		}
		if (state.balanced && state.partitioned && hint == HINT_INCREASING &&
		    sort_nearly_sorted(sort, begin, end))
			return;
		if (begin > 0 && !less(sort, begin - 1, pivot)) {
			begin = partition_equal(sort, begin, end, pivot);
			continue;
		}
		middle = partition(sort, begin, end, pivot, &state.partitioned);
		if (middle - begin < end - middle) {
			state.balanced = middle - begin >= count / 8;
			sort_range(sort, begin, middle, state.limit);
			begin = middle + 1;
		} else {
			state.balanced = end - middle >= count / 8;
			sort_range(sort, middle + 1, end, state.limit);
			end = middle;
		}
	}
	by_insertion(sort, begin, end);
}

void kube_go_sort(sort_t *sort, size_t count)
{
	if (count > 1)
		sort_range(sort, 0, count, bits_of(count));
}
