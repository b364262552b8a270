/* The metrics of `fsops check`: a table, JSON. Invariant: a metric that could not be measured is
 * shown as unknown with its reason, never left out and never as ok. */
#include <string.h>

#include "fsops/ui.h"
#include "fsops/value.h"
#include "ui/look.h"
#include "ui/safe.h"
#include "ui/table.h"

static bool well(enum level level)
{
	return level == LEVEL_OK || level == LEVEL_INFO;
}

static const char *or_dash(const json_t *metric, const char *key)
{
	const char *text = value_get_text(metric, key);

	return text ? text : "-";
}

static void add_row(struct table *table, const json_t *metric)
{
	enum level level = level_of(value_get_text(metric, "level"));
	const char *runbook = value_get_text(metric, "runbook");
	struct buf value;

	buf_init(&value, BUF_TEXT_MAX);
	metric_value_text(&value, metric);
	table_cell(table, ROLE_PLAIN, or_dash(metric, "name"));
	table_cell(table, ROLE_BOLD, level == LEVEL_UNKNOWN ? "-" : value.data);
	table_cell(table, role_of_level(level), level_name(level));
	table_cell(table, ROLE_DIM, or_dash(metric, "baseline"));
	table_cell(table, ROLE_DIM, or_dash(metric, "warning"));
	table_cell(table, ROLE_DIM, or_dash(metric, "critical"));
	if (level == LEVEL_UNKNOWN)
		table_cell(table, ROLE_UNKNOWN, or_dash(metric, "error"));
	else if (level != LEVEL_OK && runbook)
		table_cellf(table, ROLE_BOLD, "%s fsops run %s",
		    table_look(table)->utf8 || !table_look(table)->width ? "→" : "->", runbook);
	else
		table_cell(table, ROLE_PLAIN, "");
	if (level > LEVEL_UNKNOWN)
		table_keep_whole(table);
	buf_release(&value);
}

void print_check_text(struct buf *out, const struct platform *platform, const json_t *metrics,
    const struct look *look, bool quiet)
{
	static const char *const heads[] = {
	    "METRIC", "VALUE", "LEVEL", "BASELINE", "WARNING", "CRITICAL", ""};
	struct table *table = table_new(look, 7);
	size_t shown = 0, i;
	json_t *metric;

	for (i = 0; i < 7; i++)
		table_cell(table, ROLE_DIM, heads[i]);
	table_align_right(table, 1);
	table_may_go(table, 3);
	table_may_go(table, 4);
	json_array_foreach(metrics, i, metric) {
		if (quiet && well(level_of(value_get_text(metric, "level"))))
			continue;
		add_row(table, metric);
		shown++;
	}
	if (shown) {
		print_source(out, platform, look);
		table_print(out, table, "");
	}
	if (!json_array_size(metrics))
		buf_adds(out, "The platform has no metrics.\n");
	table_free(table);
}

void print_check_json(
    struct buf *out, const struct platform *platform, const json_t *metrics, enum level worst)
{
	json_t *object = json_pack("{s:s, s:s, s:O}", "level", level_name(worst), "color",
	    platform_color(platform), "metrics", metrics);

	source_set(object, platform);
	print_json(out, object);
	json_decref(object);
}
