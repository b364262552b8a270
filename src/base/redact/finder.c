/* One reading of a text. Invariant: while AT is a node, the ring holds where each of the units it stands
 * for began. */
#include "private.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

#define RING_FIRST  64
#define MASKS_FIRST 8

/* clang-format off */
#define ROW(c) c, c + 1, c + 2, c + 3, c + 4, c + 5, c + 6, c + 7
/* clang-format on */

const int16_t redact_units[256] = {0, 1, 2, 3, 4, 5, 6, 'a', 'b', 't', 'n', 'v', 'f', 'r', 14, 15,
    ROW(16), 24, 25, 26, 'E', 28, 29, 30, 31, '+', '!', UNIT_DROPPED, '#', '$', '%', '&',
    UNIT_DROPPED, ROW(40), ROW(48), ROW(56), ROW(64), ROW(72), ROW(80), 88, 89, 90, 91,
    UNIT_DROPPED, 93, 94, 95, ROW(96), ROW(104), ROW(112), ROW(120), ROW(128), ROW(136), ROW(144),
    ROW(152), ROW(160), ROW(168), ROW(176), ROW(184), ROW(192), ROW(200), ROW(208), ROW(216),
    ROW(224), ROW(232), ROW(240), ROW(248)};

/* ---- masks ---- */

/* They come nearly in order: what overlaps or touches is at the end of the list. */
void masks_add(struct masks *masks, size_t start, size_t end)
{
	size_t at = masks->count;
	size_t last;

	if (end > masks->until)
		masks->until = end;
	while (at && masks->list[at - 1].start > end)
		at--;
	last = at;
	while (at && masks->list[at - 1].end >= start)
		at--;
	if (at < last) {
		if (masks->list[at].start < start)
			start = masks->list[at].start;
		if (masks->list[last - 1].end > end)
			end = masks->list[last - 1].end;
	}
	if (at == last && masks->count == masks->room) {
		masks->room = masks->room ? 2 * masks->room : MASKS_FIRST;
		masks->list = mem_grow(masks->list, masks->room, sizeof(*masks->list));
	}
	memmove(
	    masks->list + at + 1, masks->list + last, (masks->count - last) * sizeof(*masks->list));
	masks->count = masks->count - (last - at) + 1;
	masks->list[at] = (struct mask){start, end};
}

/* ---- a finder ---- */

void finder_init(struct finder *finder)
{
	*finder = (struct finder){.previous = UNIT_NONE};
}

void finder_release(struct finder *finder)
{
	free(finder->starts);
}

void finder_sleep(struct finder *finder)
{
	finder->at = 0;
	finder->previous = UNIT_NONE;
}

static size_t start_of(const struct finder *finder, size_t depth)
{
	return finder->starts[(finder->count - depth) & (finder->room - 1)];
}

/* What the ring held is kept. */
static void grow(struct finder *finder)
{
	size_t room = finder->room ? 2 * finder->room : RING_FIRST;
	size_t *starts = mem_alloc(room * sizeof(*starts));

	for (size_t i = 1; i <= finder->room && i <= finder->count; i++)
		starts[(finder->count - i) & (room - 1)] = start_of(finder, i);
	free(finder->starts);
	finder->starts = starts;
	finder->room = room;
}

/* The ring holds at least as many starts as the longest needle has units: nobody asks for an older one. It grows no
 * further, however long a text goes on as some needle might. */
static void push_start(struct finder *finder, const struct needles *needles, size_t start)
{
	if (finder->count >= finder->room && finder->room <= needles->longest)
		grow(finder);
	finder->starts[finder->count++ & (finder->room - 1)] = start;
}

static void found(const struct searching *searching, uint32_t at, size_t start, size_t end)
{
	masks_add(searching->masks, start, end);
	if (searching->masks->seen)
		searching->masks->seen[searching->needles->nodes[at].secret] = true;
}

bool finder_advance(struct finder *finder, const struct searching *searching, uint8_t unit,
    const struct piece *piece)
{
	const struct needles *needles = searching->needles;
	uint32_t match;

	if (!finder->at) {
		finder->count = 0;
		push_start(finder, needles, finder->previous_start);
	}
	finder->at = needles_step(needles, finder->at, finder->previous, unit);
	push_start(finder, needles, piece->start);
	match = needles->nodes[finder->at].match;
	if (!match || piece->end - start_of(finder, match) < needles->nodes[finder->at].least)
		return false;
	found(searching, finder->at, start_of(finder, match), piece->end);
	return true;
}

void finder_look_ahead(const struct finder *finder, const struct searching *searching,
    const struct piece *pieces, size_t count)
{
	const struct needles *needles = searching->needles;
	uint32_t at = finder->at;
	unsigned previous = finder->previous;
	size_t ahead = 0;

	for (size_t i = 0; at && i < count; i++) {
		int unit = redact_units[pieces[i].byte];

		if (unit == UNIT_DROPPED)
			continue;
		ahead++;
		at = needles_step(needles, at, previous, (uint8_t)unit);
		previous = (unsigned)unit;
		if (needles->nodes[at].match > ahead)
			found(searching, at, start_of(finder, needles->nodes[at].match - ahead),
			    pieces[i].end);
	}
}

static size_t open_start(const struct finder *finder, const struct needles *needles, size_t none)
{
	if (finder->at)
		return start_of(finder, needles->nodes[finder->at].depth);
	return needles->first[finder->previous] ? finder->previous_start : none;
}

size_t finder_start(const struct finder *finder, const struct searching *searching, size_t none)
{
	size_t start = open_start(finder, searching->needles, none);

	return start < none ? start : none;
}

/* After a whole secret the reading stands at its end, too: what comes then is none of it, as the quote that ends a
 * shell's word. */
static bool is_masked(
    const struct masks *masks, const struct needle_node *node, size_t start, size_t end)
{
	const struct mask *last = masks->count ? &masks->list[masks->count - 1] : NULL;

	if (node->match >= node->depth && masks->until > start)
		return true;
	return last && last->start <= start && last->end >= end;
}

/* The beginning of every address says nothing of the rest of one. What it ends with may begin another secret. */
static uint32_t telling(const struct needles *needles, uint32_t at)
{
	while (at && !needles->nodes[at].tells)
		at = needles->nodes[at].fail;
	return at;
}

void finder_finish(struct finder *finder, const struct searching *searching, size_t end)
{
	struct masks *masks = searching->masks;
	const struct needle_node *node =
	    &searching->needles->nodes[telling(searching->needles, finder->at)];
	size_t start = node->depth >= REDACT_PART_MIN ? start_of(finder, node->depth) : end;
	size_t before = masks->count;

	if (start < end && !is_masked(masks, node, start, end)) {
		masks_add(masks, start, end);
		masks->cut = true;
		masks->parts += masks->count > before;
	}
	finder_sleep(finder);
}
