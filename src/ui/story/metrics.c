/* A run told in lines: what was measured, and what the run did to it. Invariant: a metric that
 * could not be measured is unknown on either side, and never better than anything. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/value.h"
#include "story.h"
#include "ui/safe.h"
#include "ui/table.h"

/* A value that moved by less than this part of itself has stayed. */
#define STAYED 0.05

static enum level metric_level(const json_t *metric)
{
	return level_of(value_get_text(metric, "level"));
}

/* Which way is better, by the comparison of a threshold: 1 up, -1 down, 0 not told. */
static int direction(const json_t *metric)
{
	const char *critical = value_get_text(metric, "critical");
	const char *warning = value_get_text(metric, "warning");
	const char *limit = critical ? critical : warning;

	if (!limit)
		return 0;
	return limit[0] == '>' ? -1 : limit[0] == '<' ? 1 : 0;
}

const char *metric_trend(const json_t *before, const json_t *after)
{
	enum level was = metric_level(before), is = metric_level(after);
	double old, new;
	int way = direction(after);

	if (was != is && is == LEVEL_UNKNOWN)
		return "unknown";
	if (was != is && was == LEVEL_UNKNOWN)
		return "known now";
	if (was != is)
		return is < was ? "better" : "worse";
	if (is == LEVEL_OK || is == LEVEL_UNKNOWN || !way ||
	    !value_number(json_object_get(before, "value"), &old) ||
	    !value_number(json_object_get(after, "value"), &new) ||
	    fabs(new - old) <= STAYED * fabs(old))
		return "same";
	return (new > old) == (way > 0) ? "better" : "worse";
}

static char *indent_of(struct story *story, int depth)
{
	struct buf indent;
	char *text;

	buf_init(&indent, BUF_TEXT_MAX);
	story_more(story, &indent, depth);
	text = buf_detach(&indent);
	buf_release(&indent);
	return text;
}

/* "8.1 %", or the reason why there is no value. */
static void value_cell(struct table *table, const json_t *metric)
{
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	metric_value_text(&text, metric);
	table_cell(table, ROLE_BOLD, metric_level(metric) == LEVEL_UNKNOWN ? "-" : text.data);
	buf_release(&text);
}

static void level_cell(struct table *table, const json_t *metric)
{
	enum level level = metric_level(metric);

	table_cell(table, role_of_level(level), level_name(level));
}

/* Is there another runbook than this one for it? */
static bool elsewhere(const struct story *story, const json_t *metric)
{
	const char *runbook = value_get_text(metric, "runbook");

	return runbook && (!story->runbook || strcmp(runbook, story->runbook) != 0);
}

static const char *arrow(const struct story *story)
{
	return story->options.look.utf8 || story->times ? "→" : "->";
}

/* What the level was measured against, or why it is unknown. */
static void reason_cell(struct story *story, struct table *table, const json_t *metric)
{
	enum level level = metric_level(metric);
	const char *error = value_get_text(metric, "error");
	const char *limit =
	    value_get_text(metric, level > LEVEL_UNKNOWN ? level_name(level) : "baseline");

	if (level == LEVEL_UNKNOWN)
		table_cell(table, ROLE_UNKNOWN, error ? error : "");
	else if (level == LEVEL_INFO && limit)
		table_cellf(table, ROLE_DIM, "not %s", limit);
	else if (level > LEVEL_UNKNOWN && elsewhere(story, metric))
		table_cellf(table, ROLE_DIM, "%s  %s fsops run %s", limit ? limit : "",
		    arrow(story), value_get_text(metric, "runbook"));
	else
		table_cell(table, ROLE_DIM, limit ? limit : "");
	if (level > LEVEL_UNKNOWN && elsewhere(story, metric))
		table_keep_whole(table);
}

void story_metrics_list(struct story *story, struct buf *out, const json_t *metrics, int depth)
{
	struct table *table = table_new(&story->options.look, 4);
	char *indent = indent_of(story, depth);
	size_t i;
	json_t *metric;

	table_align_right(table, 1);
	json_array_foreach(metrics, i, metric) {
		table_cell(table, ROLE_PLAIN, value_get_text(metric, "name"));
		value_cell(table, metric);
		level_cell(table, metric);
		reason_cell(story, table, metric);
	}
	table_print(out, table, indent);
	table_free(table);
	free(indent);
}

static void trend_cell(struct table *table, const char *trend)
{
	enum role role = strcmp(trend, "better") == 0  ? ROLE_OK
	                 : strcmp(trend, "worse") == 0 ? ROLE_CRITICAL
	                                               : ROLE_DIM;

	table_cell(table, role, trend);
}

/* Where to go on: another runbook than this one. */
static void next_cell(struct story *story, struct table *table, const json_t *metric, bool told)
{
	const char *error = value_get_text(metric, "error");
	enum level level = metric_level(metric);

	if (level == LEVEL_UNKNOWN)
		table_cell(table, ROLE_UNKNOWN, error && !told ? error : "");
	else if (level != LEVEL_OK && elsewhere(story, metric))
		table_cellf(table, ROLE_BOLD, "%s fsops run %s", arrow(story),
		    value_get_text(metric, "runbook"));
	else
		table_cell(table, ROLE_PLAIN, "");
	if (level != LEVEL_UNKNOWN)
		table_keep_whole(table);
}

static void compare_row(
    struct story *story, struct table *table, const char *name, const json_t *after)
{
	const json_t *before = json_object_get(story->before, name);

	table_cell(table, ROLE_PLAIN, name);
	if (before) {
		value_cell(table, before);
		level_cell(table, before);
	} else {
		table_cell(table, ROLE_PLAIN, "");
		table_cell(table, ROLE_PLAIN, "");
	}
	value_cell(table, after);
	level_cell(table, after);
	if (before)
		trend_cell(table, metric_trend(before, after));
	else
		table_cell(table, ROLE_PLAIN, "");
	/* The reason that stood there before the run need not stand there again. */
	next_cell(story, table, after, before && metric_level(before) == LEVEL_UNKNOWN);
}

void story_metrics_compare(struct story *story, struct buf *out)
{
	static const char *const heads[] = {"metric", "before", "", "after", "", "", ""};
	struct table *table;
	char *indent;
	const char *name;
	json_t *after;

	if (json_object_size(story->after) == 0)
		return;
	if (!story->times)
		buf_addc(out, '\n');
	story_line(story, out, 0);
	look_add(out, &story->options.look, ROLE_BOLD, "metrics before and after:");
	buf_addc(out, '\n');
	table = table_new(&story->options.look, 7);
	indent = indent_of(story, 1);
	table_align_right(table, 1);
	table_align_right(table, 3);
	for (size_t i = 0; i < 7; i++)
		table_cell(table, ROLE_DIM, heads[i]);
	json_object_foreach(story->after, name, after) {
		compare_row(story, table, name, after);
	}
	table_print(out, table, indent);
	table_free(table);
	free(indent);
}
