/* `fsops check --format nagios`: one line as the monitoring-plugins guidelines want it.
 * Invariant: exactly one line, one "|" in it, and after that only performance data. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fsops/ui.h"
#include "fsops/value.h"
#include "ui/look.h"
#include "ui/safe.h"

static const char *const states[] = {
    [LEVEL_OK] = "OK",
    [LEVEL_INFO] = "OK",
    [LEVEL_UNKNOWN] = "UNKNOWN",
    [LEVEL_WARNING] = "WARNING",
    [LEVEL_CRITICAL] = "CRITICAL",
};

static const char *const unit_marks[] = {
    [UNIT_COUNT] = "",
    [UNIT_PERCENT] = "%",
    [UNIT_RATIO] = "",
    [UNIT_SECONDS] = "s",
    [UNIT_BYTES] = "B",
};

/* Text before the bar must not hold one. */
static void add_text(struct buf *out, const char *text)
{
	size_t start = out->len;

	safe_adds(out, text);
	for (size_t i = start; i < out->len; i++)
		if (out->data[i] == '|')
			out->data[i] = '/';
}

/* "error_rate 8.1 % (critical > 5%)" */
static void add_finding(struct buf *out, const json_t *metric, enum level level)
{
	const char *error = value_get_text(metric, "error");
	const char *limit = value_get_text(metric, level_name(level));
	const char *runbook = value_get_text(metric, "runbook");
	struct buf value;

	buf_init(&value, BUF_TEXT_MAX);
	metric_value_text(&value, metric);
	add_text(out, value_get_text(metric, "name"));
	buf_addc(out, ' ');
	add_text(out, value.data);
	buf_release(&value);
	if (level == LEVEL_UNKNOWN && error) {
		buf_adds(out, ": ");
		add_text(out, error);
	} else if (limit) {
		buf_addf(out, " (%s ", level_name(level));
		add_text(out, limit);
		buf_addc(out, ')');
	}
	if (level > LEVEL_UNKNOWN && runbook) {
		buf_adds(out, ", fsops run ");
		add_text(out, runbook);
	}
}

/* The worst first, so that what is cut off by a pager matters least. */
static size_t add_findings(struct buf *out, const json_t *metrics)
{
	size_t count = 0, i;
	json_t *metric;

	for (int level = LEVEL_CRITICAL; level >= LEVEL_UNKNOWN; level--)
		json_array_foreach(metrics, i, metric) {
			if (level_of(value_get_text(metric, "level")) != (enum level)level)
				continue;
			buf_adds(out, count++ ? "; " : "");
			add_finding(out, metric, (enum level)level);
		}
	return count;
}

/* Digits, sign and point only: no exponent. */
static void add_number(struct buf *out, double value)
{
	char text[400];
	size_t len;

	snprintf(text, sizeof(text), "%.6f", value);
	len = strlen(text);
	while (len && text[len - 1] == '0')
		len--;
	if (len && text[len - 1] == '.')
		len--;
	buf_add(out, text, len);
}

static void add_label(struct buf *out, const char *name)
{
	bool plain = name[strcspn(name, " '=|")] == '\0';

	if (!plain)
		buf_addc(out, '\'');
	for (; *name; name++) {
		if (*name == '\'')
			buf_adds(out, "''");
		else
			buf_addc(out, *name == '=' || *name == '|' ? '_' : *name);
	}
	if (!plain)
		buf_addc(out, '\'');
}

/* "error_rate=8.1%;1;5", trailing semicolons dropped. */
static void add_perfdata(struct buf *out, const json_t *metric, const struct platform *platform)
{
	const char *name = value_get_text(metric, "name");
	const struct metric *model = platform_metric(platform, name);
	char warning[NAGIOS_RANGE_MAX] = "";
	char critical[NAGIOS_RANGE_MAX] = "";
	double value;

	if (model) {
		threshold_nagios_range(&model->thresholds.warning, warning);
		threshold_nagios_range(&model->thresholds.critical, critical);
	}
	buf_addc(out, ' ');
	add_label(out, name);
	buf_addc(out, '=');
	if (value_number(json_object_get(metric, "value"), &value) && isfinite(value)) {
		add_number(out, value);
		buf_adds(out, model ? unit_marks[model->unit] : "");
	} else {
		buf_addc(out, 'U');
	}
	if (*warning || *critical)
		buf_addf(out, ";%s", warning);
	if (*critical)
		buf_addf(out, ";%s", critical);
}

void print_check_nagios(
    struct buf *out, const json_t *metrics, enum level worst, const struct platform *platform)
{
	size_t count = json_array_size(metrics), i;
	json_t *metric;

	if (count == 0) {
		buf_adds(out, "FSOPS UNKNOWN - the platform has no metrics\n");
		return;
	}
	buf_addf(out, "FSOPS %s - ", states[worst]);
	if (!add_findings(out, metrics))
		buf_addf(out, "%zu metric%s inside %s limits", count, count == 1 ? "" : "s",
		    count == 1 ? "its" : "their");
	buf_adds(out, " |");
	json_array_foreach(metrics, i, metric) {
		add_perfdata(out, metric, platform);
	}
	buf_addc(out, '\n');
}
