/* The scale of the chart. Invariant: a later time is never further left, also when the clock was set back
 * while the run went on. */
#include "scale.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "ui/report/facts.h"

#define GAP_WIDTH  5.0  /* per cent, of a gap */
#define GAPS_WIDTH 30.0 /* of all gaps together, at most */
#define SHARE_MIN  0.04 /* a sitting is as wide as if it took this part of the whole, at least */

static void begin_sitting(struct scale *scale, msec wall)
{
	msec earlier = scale->count ? scale->sittings[scale->count - 1].end : wall;

	MEM_PUSH_ROOM(scale->sittings, scale->count);
	if (wall < earlier)
		wall = earlier;
	scale->sittings[scale->count++] = (struct sitting){.begin = wall, .end = wall};
}

static void add_event(struct scale *scale, const json_t *event)
{
	msec wall = report_time(event);
	struct sitting *last;

	if (!wall)
		return;
	if (!scale->count || report_is(event, "run.resumed"))
		begin_sitting(scale, wall);
	last = &scale->sittings[scale->count - 1];
	if (wall > last->end)
		last->end = wall;
}

static msec active_of(const struct scale *scale)
{
	msec sum = 0;

	for (size_t i = 0; i < scale->count; i++)
		sum += scale->sittings[i].end - scale->sittings[i].begin;
	return sum;
}

msec scale_idle(const struct scale *scale)
{
	return scale->sittings[scale->count - 1].end - scale->sittings[0].begin - active_of(scale);
}

static double share_of(const struct scale *scale, size_t i, msec active)
{
	msec span = scale->sittings[i].end - scale->sittings[i].begin;
	double share = active ? (double)span / (double)active : 1;

	return share < SHARE_MIN ? SHARE_MIN : share;
}

static void lay_out(struct scale *scale)
{
	msec active = active_of(scale);
	size_t gaps = scale->count - 1;
	double gap = gaps * GAP_WIDTH > GAPS_WIDTH ? GAPS_WIDTH / (double)gaps : GAP_WIDTH;
	double shares = 0, x = 0;

	for (size_t i = 0; i < scale->count; i++)
		shares += share_of(scale, i, active);
	for (size_t i = 0; i < scale->count; i++) {
		struct sitting *sitting = &scale->sittings[i];

		sitting->x = x;
		sitting->x_end =
		    x + (100 - gap * (double)gaps) * share_of(scale, i, active) / shares;
		x = sitting->x_end + gap;
	}
}

void scale_init(struct scale *scale, const struct record *record)
{
	json_t *event;
	size_t i;

	*scale = (struct scale){0};
	json_array_foreach(record->events, i, event) {
		add_event(scale, event);
	}
	if (!scale->count)
		begin_sitting(scale, 0);
	lay_out(scale);
}

void scale_release(struct scale *scale)
{
	free(scale->sittings);
}

/* The sitting in which that was, or the one before the gap in which it was. */
static const struct sitting *sitting_of(const struct scale *scale, msec wall)
{
	size_t i = scale->count - 1;

	while (i > 0 && wall < scale->sittings[i].begin)
		i--;
	return &scale->sittings[i];
}

double scale_x(const struct scale *scale, msec wall)
{
	const struct sitting *sitting = sitting_of(scale, wall);
	double span = (double)(sitting->end - sitting->begin);

	if (wall <= sitting->begin || span <= 0)
		return sitting->x;
	if (wall >= sitting->end)
		return sitting->x_end;
	return sitting->x + (sitting->x_end - sitting->x) * (double)(wall - sitting->begin) / span;
}

msec scale_end_of(const struct scale *scale, msec wall)
{
	return sitting_of(scale, wall)->end;
}

msec scale_interval(const struct scale *scale, size_t most)
{
	static const msec spans[] = {100, 200, 500, 1000, 2000, 5000, 10000, 15000, 30000, 60000,
	    120000, 300000, 600000, 900000, 1800000, 3600000, 7200000, 21600000, 43200000, 86400000,
	    604800000};
	msec least = active_of(scale) / (msec)most;
	size_t i = 0;

	while (i + 1 < COUNT_OF(spans) && spans[i] < least)
		i++;
	return spans[i] < least ? least : spans[i];
}
