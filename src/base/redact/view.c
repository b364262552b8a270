/* All readings of a text together. */
#include "private.h"

#include <stdlib.h>

#include "fsops/mem.h"

struct view *view_new(const struct searching *searching, unsigned levels)
{
	struct view *view = mem_alloc(sizeof(*view));

	view->searching = searching;
	view->outermost = levels == REDACT_LEVELS;
	finder_init(&view->plain);
	finder_init(&view->decoded);
	finder_init(&view->other);
	digits_init(&view->base64, 6, levels - 1);
	digits_init(&view->hex, 4, levels - 1);
	return view;
}

void view_free(struct view *view)
{
	if (!view)
		return;
	finder_release(&view->plain);
	finder_release(&view->decoded);
	finder_release(&view->other);
	digits_release(&view->base64);
	digits_release(&view->hex);
	view_free(view->strings);
	free(view);
}

void view_reset(struct view *view)
{
	finder_sleep(&view->plain);
	finder_sleep(&view->decoded);
	finder_sleep(&view->other);
	unescape_reset(&view->unescape);
	view->controls.state = CONTROLS_NONE;
	digits_reset(&view->base64);
	digits_reset(&view->hex);
	view->base64.found = 0; /* the places of the next text may be the same */
	if (view->strings)
		view_reset(view->strings);
}

static inline void settled(void *ctx, const struct piece *piece)
{
	struct view *view = ctx;

	finder_step(&view->decoded, view->searching, piece);
	if (view->other.previous != UNIT_NONE && piece->end > view->other_after) {
		finder_step(&view->other, view->searching, piece);
		if (!view->other.at)
			finder_sleep(&view->other);
	}
	if (redact_base64[piece->byte] >= 0 || view->base64.count || piece->byte == '=')
		digits_push_base64(&view->base64, view->searching, piece);
}

/* How much of a secret FINDER would have begun after those of PIECES that end after AFTER. */
static size_t depth_after(const struct finder *finder, const struct searching *searching,
    const struct piece *pieces, size_t count, size_t after)
{
	uint32_t at = finder->at;
	unsigned previous = finder->previous;

	for (size_t i = 0; i < count; i++) {
		int unit = redact_units[pieces[i].byte];

		if (unit == UNIT_DROPPED || pieces[i].end <= after)
			continue;
		at = needles_step(searching->needles, at, previous, (uint8_t)unit);
		previous = (unsigned)unit;
	}
	return searching->needles->nodes[at].depth;
}

/* A secret may end with a percent sign and stand before "41", or begin with "41" and stand after a percent
 * sign. Every character may be an escape, so that one that was begun as no escape goes on with what the others
 * stand for, unless more begins here. */
static void literal(void *ctx, const struct piece *pending, size_t from, size_t all)
{
	struct view *view = ctx;
	const struct piece *pieces = pending + from;
	size_t count = all - from;
	const struct finder none = {.previous = UNIT_NONE};
	bool apart = pieces[0].end > view->other_after;
	size_t anew = depth_after(&none, view->searching, pieces, count, 0);
	size_t on = !view->other.at ? 0
	                            : depth_after(&view->other, view->searching, pieces,
	                                  apart ? 0 : count, view->other_after);

	finder_look_ahead(&view->decoded, view->searching, pending, all);
	if (apart && on >= anew && on)
		return;
	if (anew > on || !on) {
		finder_sleep(&view->other);
		view->other_after = 0;
	}
	for (size_t i = 0; i < count; i++)
		if (pieces[i].end > view->other_after)
			finder_step(&view->other, view->searching, &pieces[i]);
	view->other_after = pieces[count - 1].end;
	if (!view->other.at && !view->searching->needles->first[view->other.previous])
		finder_sleep(&view->other);
}

/* What a title or an address in a link holds is a text of its own: what stands around it goes on behind it. */
static bool skip(struct view *view, const struct piece *piece)
{
	enum controls_state before = view->controls.state;
	bool taken = controls_take(&view->controls, piece);
	enum controls_state state = view->controls.state;

	if (before == CONTROLS_STRING && state != CONTROLS_STRING && view->strings)
		view_end(view->strings);
	if (before != CONTROLS_STRING || state != CONTROLS_STRING || !view->outermost)
		return taken;
	if (!view->strings)
		view->strings = view_new(view->searching, REDACT_LEVELS - 1);
	view_push(view->strings, piece);
	return taken;
}

void view_push(struct view *view, const struct piece *piece)
{
	struct unescape_out out = {settled, literal, view};

	finder_step(&view->plain, view->searching, piece);
	if ((view->controls.state || redact_special[piece->byte] & SPECIAL_CONTROL) &&
	    skip(view, piece))
		return;
	if (redact_hex[piece->byte] >= 0 || view->hex.count || view->hex.zero ||
	    piece->byte == '\\')
		digits_push_hex(&view->hex, view->searching, piece);
	if (unescape_is_idle(&view->unescape, piece->byte)) {
		view->unescape.dropped = 0;
		settled(view, piece);
	} else {
		unescape_push(&view->unescape, *piece, &out);
	}
}

void view_end(struct view *view)
{
	struct unescape_out out = {settled, literal, view};

	unescape_finish(&view->unescape, &out);
	view_reset(view);
}

size_t view_start(const struct view *view, size_t none)
{
	none = finder_start(&view->plain, view->searching, none);
	none = finder_start(&view->decoded, view->searching, none);
	none = finder_start(&view->other, view->searching, none);
	none = digits_start(&view->base64, view->searching, none);
	none = digits_start(&view->hex, view->searching, none);
	none = unescape_start(&view->unescape, none);
	return view->strings ? view_start(view->strings, none) : none;
}

void view_finish(struct view *view, size_t end)
{
	struct unescape_out out = {settled, literal, view};

	unescape_finish(&view->unescape, &out);
	finder_finish(&view->plain, view->searching, end);
	finder_finish(&view->decoded, view->searching, end);
	finder_finish(&view->other, view->searching, end);
	digits_finish(&view->base64, view->searching, end);
	digits_finish(&view->hex, view->searching, end);
	if (view->strings)
		view_finish(view->strings, end);
	view_reset(view);
}
