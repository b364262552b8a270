/*
 * The platform's metrics. A metric's source is an action of which only adapter, target,
 * arguments and timeout count; it is a read by definition.
 */
#include "fsops/mem.h"
#include "runbook/catalog/catalog.h"

#define SOURCE "a metric's source"

static const struct choice units[] = {{"percent", UNIT_PERCENT}, {"ratio", UNIT_RATIO},
    {"seconds", UNIT_SECONDS}, {"bytes", UNIT_BYTES}, {"count", UNIT_COUNT}, {0}};
static const struct type type_unit = {
    "percent, ratio, seconds, bytes or count", decode_choice, units, NULL};

static void decode_source(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	read_decode(d, field, value, SOURCE, out);
}

static const struct type type_source = {"an action such as {prometheus: up}", decode_source, NULL,
    "{\"$ref\": \"#/definitions/source\"}"};

/* Read when the unit is known: metrics_finish(). */
#define AT(member) offsetof(struct metric, member)
const struct field metric_keys[] = {
    {"title", &type_text, AT(title), "what people call it; default: the name", false, NULL},
    {"unit", &type_unit, AT(unit), "percent, ratio, seconds, bytes or count; default count", false,
        NULL},
    {"source", &type_source, AT(source), "the read that measures it", true, read_fields},
    {"value", &type_expr, AT(value), "picks the number from the result; default value", false,
        NULL},
    {"baseline", &type_checked, 0, "what holds when all is well, such as \"< 70%\"", false, NULL},
    {"warning", &type_checked, 0, "what holds when it is a warning", false, NULL},
    {"critical", &type_checked, 0, "what holds when it is critical", false, NULL},
    {"runbook", &type_name, AT(runbook), "the runbook for a breach", false, NULL},
    {0},
};
#undef AT

static void decode_metrics(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	struct platform *platform = out;

	if (!decode_is_map(d, field, value))
		return;
	platform->metrics = mem_alloc((value->count + 1) * sizeof(*platform->metrics));
	for (size_t i = 0; i < value->count; i++) {
		const struct node *name = value->keys[i];
		struct metric *metric = &platform->metrics[platform->metric_count++];

		metric->name = mem_text(name->text);
		metric->pos = name->pos;
		metric->node = value->items[i];
		if (!is_identifier(name->text))
			NODE_PROBLEM(d->list, name, "a metric must be %s, not '%s'", type_id.name,
			    name->text);
		names_put(&d->catalog->index->metrics, metric->name, metric);
		decode_map(d, value->items[i], metric_keys, "a metric", NULL, metric);
	}
}

const struct type type_metrics = {"a map of names and metrics", decode_metrics, NULL,
    SCHEMA_MAP(SCHEMA_IDENTIFIER, "\"FIELDS\"")};

static void read_threshold(
    struct decode *d, const struct metric *metric, const char *key, struct threshold *out)
{
	const struct node *node = node_get(metric->node, key);
	struct err err;

	if (!node || node->kind != NODE_SCALAR || node_is_null(node))
		return;
	if (threshold_parse(node->text, metric->unit, out, &err) < 0)
		NODE_PROBLEM(d->list, node, "'%s': %s", key, err.text);
}

static void read_thresholds(struct decode *d, struct metric *metric)
{
	const struct node *unit = node_get(metric->node, "unit");
	enum unit known;

	if (unit && (unit->kind != NODE_SCALAR || unit_parse(unit->text, &known) < 0))
		return; /* reported; which units would fit is not known */
	read_threshold(d, metric, "baseline", &metric->thresholds.baseline);
	read_threshold(d, metric, "warning", &metric->thresholds.warning);
	read_threshold(d, metric, "critical", &metric->thresholds.critical);
}

void metrics_finish(struct decode *d, struct platform *platform)
{
	for (size_t i = 0; i < platform->metric_count; i++) {
		struct metric *metric = &platform->metrics[i];

		if (!metric->title)
			metric->title = mem_text(metric->name);
		read_bind(d, &metric->source, SOURCE);
		read_thresholds(d, metric);
	}
}
