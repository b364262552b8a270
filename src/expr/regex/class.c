/* Classes of code points. Invariant: a taken class is sorted, and its ranges neither
 * overlap nor touch. */
#include <stdlib.h>
#include <string.h>

#include "expr/utf8.h"
#include "fsops/mem.h"
#include "parse.h"
#include "tables.h"

void class_add(struct class_build *build, uint32_t low, uint32_t high)
{
	if (build->count >= CLASS_RANGES_MAX) {
		build->full = true;
		return;
	}
	MEM_PUSH_ROOM(build->ranges, build->count);
	build->ranges[build->count++] = (struct range){low, high};
}

/* Capitals from LOW to HIGH; STEP 2 where capital and small letter alternate. */
struct fold {
	uint32_t low;
	uint32_t high;
	uint32_t step;
	uint32_t distance; /* from the capital to the small letter */
};

static const struct fold folds[] = {
    {'A', 'Z', 1, 32},
    {0xC0, 0xD6, 1, 32},
    {0xD8, 0xDE, 1, 32},
    {0x100, 0x12E, 2, 1},
    {0x132, 0x136, 2, 1},
    {0x139, 0x147, 2, 1},
    {0x14A, 0x176, 2, 1},
    {0x179, 0x17D, 2, 1},
    {0x391, 0x3A1, 1, 32},
    {0x3A3, 0x3AB, 1, 32},
    {0x400, 0x40F, 1, 80},
    {0x410, 0x42F, 1, 32},
    {0x460, 0x480, 2, 1},
    {0x48A, 0x4BE, 2, 1},
    {0x4D0, 0x52E, 2, 1},
    {0x531, 0x556, 1, 48},
    {0x1E00, 0x1E94, 2, 1},
    {0x1EA0, 0x1EFE, 2, 1},
};

/* What has more than one other form: long s, Kelvin, Angstrom, final sigma, y with diaeresis. */
static const struct {
	uint32_t one;
	uint32_t other;
} extra_folds[] = {
    {'S', 0x17F},
    {'s', 0x17F},
    {'K', 0x212A},
    {'k', 0x212A},
    {0xC5, 0x212B},
    {0xE5, 0x212B},
    {0x3A3, 0x3C2},
    {0x3C3, 0x3C2},
    {0x178, 0xFF},
};

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* The part of low..high that is capitals of FOLD moved by DISTANCE, or small letters moved back. */
static void add_fold(
    struct class_build *build, const struct fold *fold, uint32_t low, uint32_t high, bool to_small)
{
	uint32_t shift = to_small ? 0 : fold->distance;
	uint32_t from = larger(low, fold->low + shift);
	uint32_t to = smaller(high, fold->high + shift);
	uint32_t move = to_small ? fold->distance : 0 - fold->distance;

	if (from > to)
		return;
	if (fold->step == 1) {
		class_add(build, from + move, to + move);
		return;
	}
	for (uint32_t code = from; code <= to; code++)
		if ((code - fold->low - shift) % fold->step == 0)
			class_add(build, code + move, code + move);
}

void class_add_folded(struct class_build *build, uint32_t low, uint32_t high)
{
	class_add(build, low, high);
	for (size_t i = 0; i < COUNT_OF(folds); i++) {
		add_fold(build, &folds[i], low, high, true);
		add_fold(build, &folds[i], low, high, false);
	}
	for (size_t i = 0; i < COUNT_OF(extra_folds); i++) {
		uint32_t one = extra_folds[i].one;
		uint32_t other = extra_folds[i].other;

		if (one >= low && one <= high)
			class_add(build, other, other);
		if (other >= low && other <= high)
			class_add(build, one, one);
	}
}

static int compare_ranges(const void *left, const void *right)
{
	const struct range *a = left;
	const struct range *b = right;

	return (a->low > b->low) - (a->low < b->low);
}

void class_normalize(struct class_build *build)
{
	size_t kept = 0;

	if (build->count == 0)
		return;
	qsort(build->ranges, build->count, sizeof(build->ranges[0]), compare_ranges);
	for (size_t i = 1; i < build->count; i++) {
		struct range *last = &build->ranges[kept];

		if (build->ranges[i].low <= last->high + 1)
			last->high = larger(last->high, build->ranges[i].high);
		else
			build->ranges[++kept] = build->ranges[i];
	}
	build->count = kept + 1;
}

void class_add_others(struct class_build *build, const struct class_build *other)
{
	uint32_t next = 0;

	for (size_t i = 0; i < other->count; i++) {
		if (other->ranges[i].low > next)
			class_add(build, next, other->ranges[i].low - 1);
		next = other->ranges[i].high + 1;
	}
	if (next <= UTF8_LAST)
		class_add(build, next, UTF8_LAST);
}

/* Named classes of ASCII: pairs of first and last. */
struct named {
	const char *name;
	const char *pairs;
};

static const struct named perl_classes[] = {
    {"d", "09"},
    {"s", "\t\n\f\r  "},
    {"w", "09AZaz__"},
};

static const struct named posix_classes[] = {
    {"alnum", "09AZaz"},
    {"alpha", "AZaz"},
    {"ascii", "\001\177"}, /* and NUL, which cannot be written here */
    {"blank", "\t\t  "},
    {"cntrl", "\001\037\177\177"},
    {"digit", "09"},
    {"graph", "!~"},
    {"lower", "az"},
    {"print", " ~"},
    {"punct", "!/:@[`{~"},
    {"space", "\t\r  "},
    {"upper", "AZ"},
    {"word", "09AZaz__"},
    {"xdigit", "09AFaf"},
};

static void add_pairs(struct class_build *build, const char *pairs)
{
	for (; pairs[0]; pairs += 2)
		class_add(build, pairs[0] == 1 ? 0 : (uint8_t)pairs[0], (uint8_t)pairs[1]);
}

static void add_negated_pairs(struct class_build *build, const char *pairs)
{
	struct class_build inner = {0};

	add_pairs(&inner, pairs);
	class_normalize(&inner);
	class_add_others(build, &inner);
	class_release(&inner);
}

bool class_add_perl(struct class_build *build, char letter)
{
	for (size_t i = 0; i < COUNT_OF(perl_classes); i++) {
		if (perl_classes[i].name[0] == letter)
			add_pairs(build, perl_classes[i].pairs);
		else if (perl_classes[i].name[0] - 'a' + 'A' == letter)
			add_negated_pairs(build, perl_classes[i].pairs);
		else
			continue;
		return true;
	}
	return false;
}

bool class_add_posix(struct class_build *build, const char *name, size_t len)
{
	bool negated = len > 0 && name[0] == '^';

	name += negated;
	len -= negated;
	for (size_t i = 0; i < COUNT_OF(posix_classes); i++) {
		if (strlen(posix_classes[i].name) != len ||
		    memcmp(posix_classes[i].name, name, len) != 0)
			continue;
		if (negated)
			add_negated_pairs(build, posix_classes[i].pairs);
		else
			add_pairs(build, posix_classes[i].pairs);
		return true;
	}
	return false;
}

static void add_steps(struct class_build *build, const struct regex_category *category)
{
	for (size_t i = 0; i < category->count; i++) {
		const struct regex_step *step = &category->ranges[i];

		if (step->step == 1)
			class_add(build, step->low, step->high);
		else
			for (uint32_t code = step->low; code <= step->high; code += step->step)
				class_add(build, code, code);
	}
}

bool class_add_category(struct class_build *build, const char *name, size_t len)
{
	size_t count;
	const struct regex_category *categories = regex_categories(&count);
	bool found = false;

	for (size_t i = 0; i < count; i++) {
		bool same =
		    strlen(categories[i].name) == len && memcmp(categories[i].name, name, len) == 0;

		if (!same && !(len == 1 && categories[i].name[0] == name[0]))
			continue;
		add_steps(build, &categories[i]);
		found = true;
	}
	return found;
}

bool class_take(struct class_build *build, struct arena *arena, bool negated, struct class *out)
{
	struct class_build others = {0};
	struct class_build *from = build;
	struct range *ranges;

	class_normalize(build);
	if (negated) {
		class_add_others(&others, build);
		from = &others;
	}
	ranges = arena_alloc(arena, from->count * sizeof(ranges[0]));
	if (ranges && from->count)
		memcpy(ranges, from->ranges, from->count * sizeof(ranges[0]));
	*out = (struct class){.ranges = ranges, .count = from->count};
	class_release(&others);
	return ranges && !build->full;
}

void class_release(struct class_build *build)
{
	free(build->ranges);
	*build = (struct class_build){0};
}

bool class_has(const struct class *class, uint32_t code)
{
	size_t low = 0;
	size_t high = class->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (code > class->ranges[middle].high)
			low = middle + 1;
		else
			high = middle;
	}
	return low < class->count && code >= class->ranges[low].low;
}
