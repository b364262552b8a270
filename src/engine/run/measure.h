/*
 * Measuring metrics: all sources at once, each with its own deadline, each
 * number held against its thresholds. What cannot be measured is `unknown` and
 * says why; it is never ok.
 *
 * Or, with OVER, what their sources have kept of them: how each went over that time.
 */
#ifndef FSOPS_ENGINE_MEASURE_H
#define FSOPS_ENGINE_MEASURE_H

#include <jansson.h>

#include "tunnels.h"
#include "engine/fill/scope.h"
#include "fsops/child.h"
#include "fsops/loop.h"
#include "fsops/model.h"

/* For a source that gives no timeout of its own; the Nagios plug-ins' default. */
#define MEASURE_TIMEOUT ((msec)10000)
/* The most that how it went may take: a run has ended but for that. */
#define MEASURE_OVER_TIMEOUT ((msec)2000)

struct measure;

/* METRICS: an array of objects as `fsops check --format json` prints them; with OVER as metric.curve has them, of those
 * whose source could tell; borrowed. */
typedef void measure_fn(void *ctx, const json_t *metrics, enum level worst);

struct measure_spec {
	struct loop *loop;
	struct children *children;
	struct tunnels *tunnels;
	const struct plan *plan;       /* NULL: there is none, SCOPE is of the platform alone */
	const struct scope *scope;     /* lives until the end */
	const struct metric **metrics; /* copied */
	size_t count;
	const struct adapter_span
	    *over; /* copied; then all METRICS are measure_is_kept(). NULL: now */
	measure_fn *done;
	void *ctx;
};

struct measure *measure_start(const struct measure_spec *spec);

/* Give up: `done` is not called; GONE is, from the loop. */
void measure_cancel(struct measure *measure, void (*gone)(void *ctx), void *ctx);

/* Can its source be asked how it went, and is that the metric itself, as no expression makes another number of it? */
bool measure_is_kept(const struct metric *metric);

/* The metrics of PLATFORM that NAMES (a JSON array; empty: all) say, in the platform's order: a new
 * array of COUNT. NULL and ERR ("did you mean …?") for a name that is not there. */
const struct metric **measure_select(
    const struct platform *platform, const json_t *names, size_t *count, struct err *err);

#endif
