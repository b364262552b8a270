/* Points of metrics, gathered from a run's events. Invariant: what was not known is a gap, never a line. */
#include "curve.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "ui/report/facts.h"

/* A journal may say anything: a longer one is no step of a curve. */
#define STEP_MAX ((msec)7 * 24 * 3600 * 1000)

static struct curve *find(const struct curves *curves, const json_t *event)
{
	const char *name = value_get_text(event, "name");

	for (size_t i = 0; name && i < curves->count; i++) {
		const char *other = value_get_text(curves->items[i].metric, "name");

		if (other && strcmp(other, name) == 0)
			return &curves->items[i];
	}
	return NULL;
}

static void add_point(struct curve *curve, msec at, const json_t *value)
{
	MEM_PUSH_ROOM(curve->points, curve->count);
	curve->points[curve->count++] = (struct curve_point){
	    .at = at, .value = json_is_number(value) ? json_number_value(value) : NAN};
}

static void add_look(struct curves *curves, const json_t *event)
{
	struct curve *curve = find(curves, event);
	msec at = report_time(event);

	if (!curve) {
		MEM_PUSH_ROOM(curves->items, curves->count);
		curve = &curves->items[curves->count++];
		*curve = (struct curve){0};
	}
	curve->metric = event;
	if (at)
		add_point(curve, at, json_object_get(event, "value"));
}

/* What the source kept goes between the looks: all are the same number at some time. */
static void add_kept(struct curves *curves, const json_t *event)
{
	const json_t *values = json_object_get(event, "values");
	const char *begin = value_get_text(event, "begin");
	msec step = (msec)(value_get_number(event, "step_seconds", 0) * 1000);
	struct curve *curve = find(curves, event);
	msec at;

	if (!curve || !begin || clock_parse_rfc3339(begin, &at) < 0 || step <= 0 || step > STEP_MAX)
		return;
	curve->kept = true;
	for (size_t i = 0; i < json_array_size(values); i++)
		add_point(curve, at + (msec)i * step, json_array_get(values, i));
}

static void read_thresholds(struct curve *curve)
{
	const struct {
		const char *key;
		struct threshold *threshold;
	} parts[] = {
	    {"baseline", &curve->thresholds.baseline},
	    {"warning", &curve->thresholds.warning},
	    {"critical", &curve->thresholds.critical},
	};
	const char *unit = value_get_text(curve->metric, "unit");
	struct err err;

	if (!unit || unit_parse(unit, &curve->unit) < 0)
		curve->unit = UNIT_COUNT;
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		const char *text = value_get_text(curve->metric, parts[i].key);

		if (text && threshold_parse(text, curve->unit, parts[i].threshold, &err) < 0)
			*parts[i].threshold = (struct threshold){0};
	}
}

static void free_curve(struct curve *curve)
{
	threshold_release(&curve->thresholds.baseline);
	threshold_release(&curve->thresholds.warning);
	threshold_release(&curve->thresholds.critical);
	free(curve->points);
}

static int compare(const void *a, const void *b)
{
	const struct curve_point *one = a, *other = b;

	return one->at < other->at ? -1 : one->at > other->at;
}

static bool is_worth_it(const struct curve *curve)
{
	size_t known = 0;

	for (size_t i = 0; i < curve->count; i++)
		known += isfinite(curve->points[i].value) != 0;
	return known >= 2;
}

/* Leaves out those that have nothing to draw. */
static void choose(struct curves *curves)
{
	size_t count = 0;

	for (size_t i = 0; i < curves->count; i++) {
		struct curve curve = curves->items[i];

		if (!is_worth_it(&curve)) {
			free_curve(&curve);
			continue;
		}
		read_thresholds(&curve);
		qsort(curve.points, curve.count, sizeof(*curve.points), compare);
		curves->items[count++] = curve;
	}
	curves->count = count;
}

void curves_init(struct curves *curves, const struct record *record)
{
	json_t *event;
	size_t i;

	*curves = (struct curves){0};
	json_array_foreach(record->events, i, event) {
		if (report_is(event, "metric.measured"))
			add_look(curves, event);
		else if (report_is(event, "metric.curve"))
			add_kept(curves, event);
	}
	choose(curves);
}

void curves_release(struct curves *curves)
{
	for (size_t i = 0; i < curves->count; i++)
		free_curve(&curves->items[i]);
	free(curves->items);
	*curves = (struct curves){0};
}
