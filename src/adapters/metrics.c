/* metrics: measure metrics of the platform. Invariant: the measuring is the engine's; here is only
 * which ones, and what their levels mean for the action. */
#include <stdlib.h>
#include <string.h>

#include "adapters/command/command.h"
#include "fsops/mem.h"
#include "fsops/metric.h"
#include "fsops/value.h"
#include "share.h"

static json_t *parse(const struct node *value, struct problems *list)
{
	json_t *names = node_want_words(value, "metrics", list);

	if (!names)
		return NULL;
	if (json_array_size(names) == 1 &&
	    strcmp(json_string_value(json_array_get(names, 0)), "all") == 0)
		json_array_clear(names);
	return json_pack("{s:o}", "names", names);
}

static void describe(const json_t *args, const json_t *target, enum effect effect, struct buf *out)
{
	char **names = words_of(json_object_get(args, "names"));

	(void)target;
	(void)effect;
	buf_adds(out, "fsops check");
	if (*names)
		buf_addc(out, ' ');
	words_describe(names, out);
	words_free(names);
}

/* "8.1 %", or why there is no value. */
static void add_value(struct buf *out, const json_t *metric)
{
	const char *unit_text = value_get_text(metric, "unit");
	const char *error = value_get_text(metric, "error");
	char text[UNIT_TEXT_MAX];
	enum unit unit;
	double value;

	if (value_number(json_object_get(metric, "value"), &value) && unit_text &&
	    unit_parse(unit_text, &unit) == 0) {
		unit_format(unit, value, text);
		buf_addf(out, " (%s)", text);
	} else if (error) {
		buf_addf(out, " (%s)", error);
	}
}

static bool is_trouble(const json_t *metric)
{
	const char *text = value_get_text(metric, "level");
	enum level level;

	return !text || level_parse(text, &level) < 0 || level == LEVEL_UNKNOWN ||
	       level >= LEVEL_WARNING;
}

static void on_measured(struct call *call, const char *level, const json_t *metrics)
{
	json_t *result = json_object();
	struct buf why;

	buf_init(&why, ERR_TEXT_MAX);
	for (size_t i = 0; i < json_array_size(metrics); i++) {
		const json_t *metric = json_array_get(metrics, i);
		const char *name = value_get_text(metric, "name");
		const char *its = value_get_text(metric, "level");

		if (!name || !its)
			continue;
		json_object_set_new(result, name, json_string(its));
		if (!is_trouble(metric))
			continue;
		buf_addf(&why, "%s%s is %s", why.len ? ", " : "", name, its);
		add_value(&why, metric);
	}
	json_object_set_new(result, "level", json_string(level));
	call_done(call, result, why.len ? why.data : NULL);
	buf_release(&why);
}

static void start(struct call *call)
{
	call->host->measure(call, json_object_get(call->args, "names"), on_measured);
}

static const struct adapter_field fields[] = {
    {"level", "string", "the worst level of all"},
    {"NAME", "string", "the level of the metric NAME: ok, info, warning, critical or unknown"},
    {NULL, NULL, NULL},
};

const struct adapter adapter_metrics = {
    .name = "metrics",
    .help = "measure metrics of the platform and compare them with their thresholds",
    .forms = "all, or a list of names",
    .fields = fields,
    .succeeds = "no level of warning or worse",
    .decides = "*",
    .takes = ADAPTER_TEXT | ADAPTER_LIST,
    .hosted = true,
    .parse = parse,
    .effect = effect_read,
    .describe = describe,
    .start = start,
    .cancel = host_cancel,
    .release = release_nothing,
};
