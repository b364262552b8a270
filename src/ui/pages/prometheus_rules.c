/*
 * Alerting rules for Prometheus, made from the metrics and their thresholds: what fsops measures is
 * then also watched. And those that alerts bring along (`expr`). Invariant: a metric that has no rule is
 * named with the reason.
 *
 * Every text is a JSON string, which YAML reads as what it is.
 */
#include <stdlib.h>
#include <string.h>

#include "fsops/plan.h"
#include "fsops/ui.h"
#include "fsops/value.h"
#include "ui/yaml.h"

#define ADAPTER "prometheus"

static const struct comparison {
	enum threshold_op op;
	const char *sign;
} comparisons[] = {
    {OP_LT, "<"},
    {OP_LE, "<="},
    {OP_GT, ">"},
    {OP_GE, ">="},
    {OP_EQ, "=="},
    {OP_NE, "!="},
};

/* So often the query stands in a rule at most, and what is put around it all. */
#define EXPR_QUERIES_MAX 4
#define EXPR_AROUND_MAX  ((size_t)512)

/* QUERY where the threshold holds: no series where it does not. */
static void add_condition(struct buf *out, const char *query, const struct threshold *threshold)
{
	const char *sign = NULL;
	/* A comment at its end would take what follows with it. */
	const char *end = strchr(query, '#') ? "\n)" : ")";

	for (size_t i = 0; i < sizeof(comparisons) / sizeof(*comparisons); i++)
		if (comparisons[i].op == threshold->op)
			sign = comparisons[i].sign;
	if (sign)
		buf_addf(out, "(%s%s %s %.17g", query, end, sign, threshold->a);
	else if (threshold->op == OP_INSIDE)
		buf_addf(out, "((%s%s >= %.17g) <= %.17g", query, end, threshold->a, threshold->b);
	else
		buf_addf(out, "(%s%s < %.17g or (%s%s > %.17g", query, end, threshold->a, query,
		    end, threshold->b);
}

struct rule {
	const struct catalog *catalog;
	const struct metric *metric;
	const char *query;
	enum level level;
	const struct threshold *threshold;
};

/* A warning is silent where the metric is critical: one trouble, one alert. */
static void add_expr(struct buf *out, const struct rule *rule)
{
	const struct threshold *critical = &rule->metric->thresholds.critical;
	struct buf expr;

	buf_init(&expr, EXPR_AROUND_MAX + strlen(rule->query) * EXPR_QUERIES_MAX);
	if (rule->level == LEVEL_WARNING && critical->op != OP_NONE) {
		buf_adds(&expr, "(");
		add_condition(&expr, rule->query, rule->threshold);
		buf_adds(&expr, ") unless (");
		add_condition(&expr, rule->query, critical);
		buf_adds(&expr, ")");
	} else {
		add_condition(&expr, rule->query, rule->threshold);
	}
	yaml_add_text(out, expr.data);
	buf_release(&expr);
}

/* Below `links: {runbooks: URL}`; its last segment is the runbook's name, which is what
 * `fsops alert -` looks for. */
static void add_url(struct buf *out, const struct platform *platform, const char *runbook)
{
	json_t *links = platform->links;
	const char *base = value_get_text(links, "runbooks");
	const char *pages = value_get_text(links, "documentation");
	struct buf url;

	buf_init(&url, BUF_TEXT_MAX);
	if (base)
		buf_addf(&url, "%s%s%s", base, base[strlen(base) - 1] == '/' ? "" : "/", runbook);
	else
		buf_addf(&url, "%s#%s", pages ? pages : "fsops:", runbook);
	yaml_add_text(out, url.data);
	buf_release(&url);
}

static json_t *labels(const struct rule *rule)
{
	return json_pack("{s:s, s:s, s:s}", "severity", level_name(rule->level), "metric",
	    rule->metric->name, "platform", rule->catalog->platform->name);
}

static void add_labels(struct buf *out, const json_t *set)
{
	const char *name;
	json_t *value;

	buf_adds(out, "        labels:\n");
	json_object_foreach((json_t *)set, name, value) {
		char *text = value_to_text(value); /* a label that is matched may be a number */

		buf_adds(out, "          ");
		yaml_add_text(out, name);
		buf_adds(out, ": ");
		yaml_add_text(out, text);
		buf_addc(out, '\n');
		free(text);
	}
}

/* In an annotation Prometheus reads "{{" as a template: this is one that writes it. */
static void add_plain(struct buf *out, const char *text)
{
	for (const char *at = text; *at;) {
		if (at[0] == '{' && at[1] == '{') {
			buf_adds(out, "{{\"{{\"}}");
			at += 2;
		} else {
			buf_addc(out, *at++);
		}
	}
}

static void add_name(struct buf *out, const struct rule *rule, const struct alert *alert)
{
	yaml_add_text(out, alert ? alert->name : rule->metric->title);
}

static void add_summary(struct buf *out, const struct rule *rule)
{
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	add_plain(&text, rule->metric->title);
	buf_addf(&text, ": {{ printf \"%%.4g\" $value }} (%s, %s %s)",
	    unit_name(rule->metric->unit), level_name(rule->level), rule->threshold->text);
	yaml_add_text(out, text.data);
	buf_release(&text);
}

static void add_rule(struct buf *out, const struct rule *rule)
{
	const struct alert *alert;
	json_t *set = labels(rule);

	if (rule->threshold->op == OP_NONE) {
		json_decref(set);
		return;
	}
	alert = alert_for_labels(rule->catalog->platform, set);
	buf_adds(out, "      - alert: ");
	add_name(out, rule, alert);
	buf_adds(out, "\n        expr: ");
	add_expr(out, rule);
	buf_addc(out, '\n');
	add_labels(out, set);
	buf_adds(out, "        annotations:\n          summary: ");
	add_summary(out, rule);
	if (rule->metric->runbook) {
		buf_adds(out, "\n          runbook_url: ");
		add_url(out, rule->catalog->platform, rule->metric->runbook);
	}
	buf_addc(out, '\n');
	json_decref(set);
}

/* Why there can be no rule; NULL: there can. */
static const char *obstacle(const struct metric *metric)
{
	if (strcmp(metric->source.adapter->name, ADAPTER) != 0)
		return metric->source.adapter->name;
	if (node_get(metric->node, "value"))
		return "its 'value' is calculated by fsops";
	if (metric->thresholds.warning.op == OP_NONE && metric->thresholds.critical.op == OP_NONE)
		return "it has neither warning nor critical";
	return NULL;
}

static int add_metric(
    struct buf *out, const struct catalog *catalog, const struct metric *metric, struct err *err)
{
	json_t *args = platform_filled(catalog, metric->source.adapter, metric->source.args, err);
	struct rule rule = {.catalog = catalog, .metric = metric};

	if (!args)
		return err_prefix(err, "metric '%s'", metric->name);
	rule.query = value_get_text(args, "query");
	rule.level = LEVEL_CRITICAL;
	rule.threshold = &metric->thresholds.critical;
	add_rule(out, &rule);
	rule.level = LEVEL_WARNING;
	rule.threshold = &metric->thresholds.warning;
	add_rule(out, &rule);
	json_decref(args);
	return 0;
}

/* ---- rules of the alerts themselves ---- */

static void add_pending(struct buf *out, msec pending)
{
	if (pending)
		buf_addf(out, "        for: %llds\n", (long long)pending / 1000);
}

/* Its own labels are those that `fsops alert -` looks for, so that it finds the alert again. `rule` tells
 * it from the rule of a metric that leads to the same alert. */
static json_t *alert_labels(const struct platform *platform, const struct alert *alert)
{
	json_t *set = json_pack("{s:s, s:s, s:s}", "severity", level_name(alert->severity),
	    "platform", platform->name, "rule", "alert");

	json_object_update(set, alert->match);
	return set;
}

static int add_alert(
    struct buf *out, const struct catalog *catalog, const struct alert *alert, struct err *err)
{
	const struct platform *platform = catalog->platform;
	json_t *written = json_pack("{s:s}", "query", alert->expr);
	json_t *args = platform_filled(catalog, adapter_find(ADAPTER), written, err);
	json_t *set;
	struct buf summary;

	json_decref(written);
	if (!args)
		return err_prefix(err, "alert '%s'", alert->name);
	set = alert_labels(platform, alert);

	buf_init(&summary, BUF_TEXT_MAX);
	add_plain(&summary, alert->action ? alert->action : alert->name);
	buf_adds(out, "      - alert: ");
	yaml_add_text(out, alert->name);
	buf_adds(out, "\n        expr: ");
	yaml_add_text(out, value_get_text(args, "query"));
	buf_addc(out, '\n');
	add_pending(out, alert->pending);
	add_labels(out, set);
	buf_adds(out, "        annotations:\n          summary: ");
	yaml_add_text(out, summary.data);
	if (alert->runbook) {
		buf_adds(out, "\n          runbook_url: ");
		add_url(out, platform, alert->runbook);
	}
	buf_addc(out, '\n');
	buf_release(&summary);
	json_decref(set);
	json_decref(args);
	return 0;
}

static void add_not_covered(struct buf *out, const struct platform *platform)
{
	bool said = false;

	for (size_t i = 0; i < platform->metric_count; i++) {
		const struct metric *metric = &platform->metrics[i];
		const char *why = obstacle(metric);

		if (!why)
			continue;
		if (!said)
			buf_adds(out,
			    "# Not covered, because Prometheus does not measure it or not "
			    "as it is judged:\n");
		said = true;
		buf_addf(out, "#   %s (%s)\n", metric->name, why);
	}
}

int print_prometheus_rules(struct buf *out, const struct catalog *catalog, struct err *err)
{
	const struct platform *platform = catalog->platform;
	size_t covered = 0;

	buf_addf(out,
	    "# Alerting rules of the platform %s, made by `fsops alert --prometheus-rules`.\n"
	    "# Those of metrics are without `for:`, because the rates are means over minutes "
	    "already.\n",
	    platform->name);
	add_not_covered(out, platform);
	buf_adds(out, "groups:\n  - name: ");
	yaml_add_text(out, platform->name);
	buf_adds(out, "\n    rules:\n");
	for (size_t i = 0; i < platform->metric_count; i++) {
		if (obstacle(&platform->metrics[i]))
			continue;
		if (add_metric(out, catalog, &platform->metrics[i], err) < 0)
			return -1;
		covered++;
	}
	for (size_t i = 0; i < platform->alert_count; i++) {
		if (!platform->alerts[i].expr)
			continue;
		if (add_alert(out, catalog, &platform->alerts[i], err) < 0)
			return -1;
		covered++;
	}
	if (!covered)
		buf_adds(out, "      []\n");
	return 0;
}
