/* Measures metrics. Invariant: every reading ends exactly once, with a number or with the reason
 * why there is none; `done` comes after the last of them. */
#include "measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attempt.h"
#include "engine/plan/prepared.h"
#include "engine/plan/refs.h"
#include "fsops/mem.h"
#include "fsops/text.h"
#include "fsops/value.h"
#include "judge.h"

struct reading {
	struct measure *measure;
	const struct metric *metric;
	struct attempt *attempt; /* NULL: ended */
	double value;            /* NaN: not known */
	char *error;             /* why not */
	json_t *warnings;        /* not NULL: the answer was partial */
	json_t *values;          /* over a time; NULL: not known */
};

struct measure {
	struct measure_spec spec;
	struct adapter_span span; /* what spec.over points to */
	struct reading *readings;
	size_t open; /* readings that have not ended */
	struct loop_timer *delivery;
	void (*gone)(void *ctx);
	void *gone_ctx;
};

static void measure_free(struct measure *measure)
{
	for (size_t i = 0; i < measure->spec.count; i++) {
		free(measure->readings[i].error);
		json_decref(measure->readings[i].warnings);
		json_decref(measure->readings[i].values);
	}
	loop_cancel(measure->delivery);
	free(measure->readings);
	free(measure->spec.metrics);
	free(measure);
}

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *threshold_json(const struct threshold *threshold)
{
	return text_or_null(threshold->op == OP_NONE ? NULL : threshold->text);
}

static json_t *reading_json(const struct reading *reading, enum level level)
{
	const struct metric *metric = reading->metric;
	const struct thresholds *thresholds = &metric->thresholds;
	bool known = isfinite(reading->value);
	json_t *object = json_pack("{s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "name",
	    metric->name, "title", metric->title, "unit", unit_name(metric->unit), "value",
	    known ? json_real(reading->value) : json_null(), "level", level_name(level), "baseline",
	    threshold_json(&thresholds->baseline), "warning", threshold_json(&thresholds->warning),
	    "critical", threshold_json(&thresholds->critical), "runbook",
	    text_or_null(metric->runbook), "error",
	    text_or_null(known            ? NULL
	                 : reading->error ? reading->error
	                                  : "not a finite number"));

	if (reading->warnings) {
		json_object_set_new(object, ADAPTER_PARTIAL, json_true());
		json_object_set(object, ADAPTER_WARNINGS, reading->warnings);
	}
	return object;
}

static json_t *levels(const struct measure *measure, enum level *worst)
{
	json_t *metrics = json_array();

	for (size_t i = 0; i < measure->spec.count; i++) {
		const struct reading *reading = &measure->readings[i];
		enum level level = thresholds_level(&reading->metric->thresholds, reading->value);

		*worst = level_worst(*worst, level);
		json_array_append_new(metrics, reading_json(reading, level));
	}
	return metrics;
}

static json_t *curves(const struct measure *measure)
{
	json_t *metrics = json_array();
	char begin[CLOCK_TEXT_MAX];

	clock_format_rfc3339((msec)measure->span.begin * 1000, begin);
	for (size_t i = 0; i < measure->spec.count; i++) {
		const struct reading *reading = &measure->readings[i];

		if (reading->values)
			json_array_append_new(metrics,
			    json_pack("{s:s, s:s, s:s, s:I, s:O}", "name", reading->metric->name,
			        "unit", unit_name(reading->metric->unit), "begin", begin,
			        "step_seconds", (json_int_t)measure->span.step, "values",
			        reading->values));
	}
	return metrics;
}

static void deliver(void *ctx)
{
	struct measure *measure = ctx;
	enum level worst = LEVEL_OK;
	json_t *metrics;

	measure->delivery = NULL;
	if (measure->gone) {
		measure->gone(measure->gone_ctx);
	} else {
		metrics = measure->spec.over ? curves(measure) : levels(measure, &worst);
		measure->spec.done(measure->spec.ctx, metrics, worst);
		json_decref(metrics);
	}
	measure_free(measure);
}

static void end_reading(struct reading *reading, const char *error)
{
	struct measure *measure = reading->measure;

	reading->attempt = NULL;
	reading->error = mem_text(error);
	if (--measure->open == 0)
		measure->delivery = loop_after(measure->spec.loop, 0, deliver, measure);
}

static int pick_value(struct reading *reading, const json_t *result, struct err *err)
{
	const struct condition *picks = &reading->metric->value;
	struct scope own = {.outer = reading->measure->spec.scope, .names = result};
	json_t *value = json_incref(json_object_get(result, "value"));
	int known = 0;

	if (picks->expr) {
		json_decref(value);
		value = NULL;
		known = scope_eval(&own, picks, &value, err);
	}
	if (known == 0 && !value_number(value, &reading->value))
		known = err_set(err, ERR_UNKNOWN, "the source gave no number");
	json_decref(value);
	return known;
}

/* What a part of the data says is no value: it is told in the reason why there is none. */
static void withhold_partial(struct reading *reading, const json_t *result, struct err *err)
{
	const struct metric *metric = reading->metric;
	const json_t *warnings = json_object_get(result, ADAPTER_WARNINGS);
	char value[UNIT_TEXT_MAX];
	char why[ERR_TEXT_MAX / 2];

	if (metric->source.partial_judged || metric->source.judged_by_expect ||
	    !judge_is_partial(result, why, sizeof(why)))
		return;
	unit_format(metric->unit, reading->value, value);
	reading->value = NAN;
	reading->warnings = warnings ? json_deep_copy(warnings) : json_array();
	err_set(err, ERR_UNKNOWN, "%s: what it says, %s, may be wrong", why, value);
}

/* There is no value; what is missing may be why. */
static void end_without(struct reading *reading, const struct attempt_end *end)
{
	char why[ERR_TEXT_MAX / 2] = "";
	struct err err;

	judge_is_partial(end->result, why, sizeof(why));
	err_set(
	    &err, ERR_UNKNOWN, "%s%s%s", end->why ? end->why : "cancelled", *why ? "; " : "", why);
	end_reading(reading, err.text);
}

static void on_ended(void *ctx, const struct attempt_end *end)
{
	struct reading *reading = ctx;
	char span[CLOCK_TEXT_MAX];
	struct err err = {0};

	if (end->outcome == ATTEMPT_TIMED_OUT && !end->why) {
		const struct metric *metric = reading->metric;

		clock_format_span(
		    metric->source.timeout ? metric->source.timeout : MEASURE_TIMEOUT, span);
		judge_silence(&metric->source, span, err.text, sizeof(err.text));
		end_reading(reading, err.text);
	} else if (end->outcome != ATTEMPT_DONE ||
	           (end->why && !reading->metric->source.judged_by_expect)) {
		end_without(reading, end);
	} else {
		if (pick_value(reading, end->result, &err) == 0)
			withhold_partial(reading, end->result, &err);
		end_reading(reading, err.kind == ERR_NONE ? NULL : err.text);
	}
}

/* What does not tell leaves no curve: what was looked at is on record without it. */
static void on_kept(void *ctx, const struct attempt_end *end)
{
	struct reading *reading = ctx;
	json_t *values = json_object_get(end->result, "values");

	if (end->outcome == ATTEMPT_DONE && !end->why && json_is_array(values))
		reading->values = json_incref(values);
	end_reading(reading, NULL);
}

static json_t *wanted_fields(const struct metric *metric)
{
	json_t *refs = json_object();
	struct action probe = metric->source;
	struct capture capture = {.value = metric->value};
	json_t *fields;

	probe.captures = &capture;
	probe.capture_count = 1;
	fields = refs_fields(refs, &probe);
	json_decref(refs);
	return fields;
}

/* For a curve nobody waits long. */
static msec timeout_of(const struct measure_spec *spec, const struct action *source)
{
	msec own = source->timeout ? source->timeout : MEASURE_TIMEOUT;

	return spec->over && own > MEASURE_OVER_TIMEOUT ? MEASURE_OVER_TIMEOUT : own;
}

static void start_reading(struct reading *reading)
{
	const struct measure_spec *spec = &reading->measure->spec;
	const struct action *source = &reading->metric->source;
	struct redact *redact = scope_redact(spec->scope);
	struct expander expander = {
	    .scope = spec->scope, .redact = redact, .plan = spec->plan, .said = !spec->plan};
	struct prepared prepared;
	struct err err;

	if (prepared_make(&prepared, &expander, source, &err) < 0) {
		end_reading(reading, err.text);
		return;
	}
	reading->attempt = attempt_start(&(struct attempt_spec){
	    .adapter = source->adapter,
	    .loop = spec->loop,
	    .children = spec->children,
	    .args = spec->over ? source->adapter->over(prepared.args, spec->over)
	                       : json_incref(prepared.args),
	    .target = json_incref(prepared.target),
	    .tunnels = spec->tunnels,
	    .tunnel = json_incref(prepared.tunnel),
	    .wants = wanted_fields(reading->metric),
	    .effect = EFFECT_READ,
	    .deadline = loop_now(spec->loop) + timeout_of(spec, source),
	    .redact = redact,
	    .ended = spec->over ? on_kept : on_ended,
	    .ctx = reading,
	});
	prepared_release(&prepared);
}

struct measure *measure_start(const struct measure_spec *spec)
{
	struct measure *measure = mem_alloc(sizeof(*measure));

	measure->spec = *spec;
	if (spec->over) {
		measure->span = *spec->over;
		measure->spec.over = &measure->span;
	}
	measure->spec.metrics = mem_alloc(spec->count * sizeof(*spec->metrics));
	measure->readings = mem_alloc(spec->count * sizeof(*measure->readings));
	measure->open = spec->count;
	for (size_t i = 0; i < spec->count; i++) {
		measure->spec.metrics[i] = spec->metrics[i];
		measure->readings[i] =
		    (struct reading){.measure = measure, .metric = spec->metrics[i], .value = NAN};
	}
	if (spec->count == 0)
		measure->delivery = loop_after(spec->loop, 0, deliver, measure);
	for (size_t i = 0; i < spec->count; i++)
		start_reading(&measure->readings[i]);
	return measure;
}

void measure_cancel(struct measure *measure, void (*gone)(void *ctx), void *ctx)
{
	measure->gone = gone;
	measure->gone_ctx = ctx;
	for (size_t i = 0; i < measure->spec.count; i++)
		if (measure->readings[i].attempt)
			attempt_cancel(measure->readings[i].attempt);
}

bool measure_is_kept(const struct metric *metric)
{
	return metric->source.adapter->over && !metric->value.node &&
	       !metric->source.judged_by_expect;
}

static bool named(const json_t *names, const char *name)
{
	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *text = json_string_value(json_array_get(names, i));

		if (text && strcmp(text, name) == 0)
			return true;
	}
	return json_array_size(names) == 0;
}

static int check_names(const struct platform *platform, const json_t *names, struct err *err)
{
	const char **known = mem_alloc((platform->metric_count + 1) * sizeof(*known));
	int result = 0;

	for (size_t i = 0; i < platform->metric_count; i++)
		known[i] = platform->metrics[i].name;
	for (size_t i = 0; i < json_array_size(names) && result == 0; i++) {
		const char *name = json_string_value(json_array_get(names, i));
		const char *near;

		if (name && platform_metric(platform, name))
			continue;
		near = name ? text_nearest(name, known, platform->metric_count) : NULL;
		result = err_set(err, ERR_USAGE, "there is no metric '%s'%s%s%s", name ? name : "",
		    near ? ": did you mean '" : "; `fsops check` lists them", near ? near : "",
		    near ? "'?" : "");
	}
	free(known);
	return result;
}

const struct metric **measure_select(
    const struct platform *platform, const json_t *names, size_t *count, struct err *err)
{
	const struct metric **metrics;

	*count = 0;
	if (check_names(platform, names, err) < 0)
		return NULL;
	metrics = mem_alloc((platform->metric_count + 1) * sizeof(*metrics));
	for (size_t i = 0; i < platform->metric_count; i++)
		if (named(names, platform->metrics[i].name))
			metrics[(*count)++] = &platform->metrics[i];
	return metrics;
}
