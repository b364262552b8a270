/* Alertmanager's webhook payload. Invariant: a runbook comes from a whole name, and a variable only
 * from a label whose whole value fits what the variable takes. */
#include "alert_payload.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/plan.h"
#include "fsops/value.h"

#define INPUT        "standard input"
#define VERSION      "4"
#define NAME_MAX_LEN 100 /* of a runbook in a URL */

/* ---- which runbook ---- */

/* LEN bytes as a runbook's name or alias, without ".md" or ".html" at their end. */
static const struct runbook *exact_runbook(
    const struct catalog *catalog, const char *text, size_t len, struct err *err)
{
	static const char *const endings[] = {".md", ".html", ".yaml"};
	const struct runbook *runbook = NULL;
	char name[NAME_MAX_LEN + 1];

	err->kind = ERR_NONE;
	if (len == 0 || len > NAME_MAX_LEN)
		return NULL;
	memcpy(name, text, len);
	name[len] = '\0';
	for (size_t i = 0; i < COUNT_OF(endings); i++) {
		size_t end = strlen(endings[i]);

		if (len > end && strcmp(name + len - end, endings[i]) == 0)
			name[len - end] = '\0';
	}
	runbook = catalog_find(catalog, name, err);
	return runbook && runbook_is_called(runbook, name) ? runbook : NULL;
}

/* "https://wiki/runbooks#high-error-rate", "https://wiki/high-error-rate.md?v=2". */
static const struct runbook *runbook_of_url(
    const struct catalog *catalog, const char *url, struct err *err)
{
	const char *anchor = strchr(url, '#');
	size_t len = strcspn(url, "?#");
	const struct runbook *runbook = NULL;
	const char *segment;

	if (anchor)
		runbook = exact_runbook(catalog, anchor + 1, strlen(anchor + 1), err);
	if (runbook)
		return runbook;
	while (len && url[len - 1] == '/')
		len--;
	for (segment = url + len; segment > url && !strchr("/:", segment[-1]);)
		segment--;
	return exact_runbook(catalog, segment, (size_t)(url + len - segment), err);
}

static void set_alert(
    struct notice *notice, const struct catalog *catalog, const struct alert *alert, const char *by)
{
	struct err err;

	notice->alert = alert;
	notice->matched_by = by;
	notice->severity = alert->severity;
	if (!alert->runbook)
		return;
	notice->runbook = catalog_find(catalog, alert->runbook, &err);
	if (!notice->runbook)
		notice->problem = mem_text(err.text);
}

/* Without a row in the matrix the severity is what the alert says of itself, if it says one that is
 * known. */
static void set_runbook(struct notice *notice, const struct runbook *runbook, const json_t *labels)
{
	const char *severity = value_get_text(labels, "severity");

	notice->runbook = runbook;
	notice->matched_by = "runbook_url";
	if (!severity || level_parse(severity, &notice->severity) < 0)
		notice->severity = runbook->severity;
}

static void match(struct notice *notice, const struct catalog *catalog, const json_t *labels,
    const json_t *annotations)
{
	const struct platform *platform = catalog->platform;
	const char *url = value_get_text(annotations, "runbook_url");
	const struct alert *alert = alert_for_labels(platform, labels);
	const struct runbook *runbook = NULL;
	struct err err = {0};

	if (alert) {
		set_alert(notice, catalog, alert, "match");
		return;
	}
	if (url)
		runbook = runbook_of_url(catalog, url, &err);
	if (runbook) {
		set_runbook(notice, runbook, labels);
		return;
	}
	alert = alert_named(platform, notice->name);
	if (alert)
		set_alert(notice, catalog, alert, "alertname");
	else if (err.kind == ERR_INPUT) /* the URL names one that is broken */
		notice->problem = mem_text(err.text);
}

/* ---- its variables ---- */

static void add_problem(struct notice *notice, const char *text)
{
	char *before = notice->problem;

	notice->problem = before ? mem_printf("%s; %s", before, text) : mem_text(text);
	free(before);
}

static bool is_default(const struct var *var, const char *value)
{
	char *text = var->value ? value_to_text(var->value) : NULL;
	bool same = text && strcmp(text, value) == 0;

	free(text);
	return same;
}

static void take_label(struct notice *notice, const struct var *var, const char *value)
{
	char *why = NULL;

	if (var->secret)
		why = mem_printf("the label '%s' is not taken for the variable of that name, "
		                 "which is a secret",
		    var->name);
	else if (is_default(var, value))
		return;
	else if (var_wrong_type(var, value))
		why = mem_printf("the label '%s' is '%.100s', and the variable is %s", var->name,
		    value, var_wrong_type(var, value));
	else if (!var_admits(var, value))
		why = mem_printf("the label '%s' is '%.100s', which does not fit %s %s", var->name,
		    value,
		    var->pattern ? "the variable's pattern"
		                 : "what a variable without a "
		                   "pattern takes,",
		    var->pattern ? var->pattern : VAR_PLAIN_PATTERN);
	if (!why) {
		if (!notice->vars)
			notice->vars = json_object();
		json_object_set_new(notice->vars, var->name, json_string(value));
	} else {
		add_problem(notice, why);
	}
	free(why);
}

static void add_needed(struct notice *notice, const struct var *var)
{
	char *why = mem_printf("the variable '%s' is needed, and no label gives it", var->name);

	add_problem(notice, why);
	free(why);
}

/* Only what the runbook itself declares: labels cannot set the platform's variables. */
static void take_labels(struct notice *notice, const json_t *labels)
{
	const struct runbook *runbook = notice->runbook;

	for (size_t i = 0; runbook && i < runbook->var_count; i++) {
		const struct var *var = &runbook->vars[i];
		const char *value = value_get_text(labels, var->name);

		if (value)
			take_label(notice, var, value);
		else if (var->required)
			add_needed(notice, var);
	}
}

/* ---- the payload ---- */

static msec started(const json_t *item)
{
	const char *text = value_get_text(item, "startsAt");
	msec now = clock_system.wall(clock_system.ctx);
	msec wall;

	if (!text || clock_parse_time(text, now, &wall) < 0 || wall > now)
		return now;
	return wall;
}

static int add_firing(struct payload *payload, const json_t *item, size_t at,
    const struct catalog *catalog, struct err *err)
{
	const json_t *labels = json_object_get(item, "labels");
	const char *name = value_get_text(labels, "alertname");
	struct notice *notice;

	if (!json_is_object(labels) || !name)
		return err_set(err, ERR_INPUT,
		    "%s: alerts[%zu] is no alert of Alertmanager: it needs labels, 'alertname' "
		    "among them",
		    INPUT, at);
	notice = &payload->notices[payload->count++];
	*notice = (struct notice){.name = name, .severity = LEVEL_UNKNOWN, .since = started(item)};
	match(notice, catalog, labels, json_object_get(item, "annotations"));
	take_labels(notice, labels);
	return 0;
}

static int add_alerts(
    struct payload *payload, const json_t *list, const struct catalog *catalog, struct err *err)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item) {
		const char *status = value_get_text(item, "status");

		if (status && strcmp(status, "resolved") == 0)
			payload->resolved++;
		else if (!status || strcmp(status, "firing") != 0)
			return err_set(err, ERR_INPUT,
			    "%s: alerts[%zu] is neither 'firing' nor 'resolved'", INPUT, i);
		else if (add_firing(payload, item, i, catalog, err) < 0)
			return -1;
	}
	return 0;
}

static int check_form(const json_t *root, struct err *err)
{
	const char *version = value_get_text(root, "version");
	const json_t *list = json_object_get(root, "alerts");

	if (!json_is_object(root) || !json_is_array(list))
		return err_set(err, ERR_INPUT,
		    "%s is no webhook payload of Alertmanager: it must be an object with 'alerts'",
		    INPUT);
	if (!version || strcmp(version, VERSION) != 0)
		return err_set(err, ERR_INPUT,
		    "%s: the payload's version is '%.20s', and only " VERSION " is known", INPUT,
		    version ? version : "missing");
	if (json_array_size(list) > PAYLOAD_ALERTS_MAX)
		return err_set(err, ERR_LIMIT,
		    "%s: %zu alerts are over %d, the most in one payload", INPUT,
		    json_array_size(list), PAYLOAD_ALERTS_MAX);
	return 0;
}

static int parse(json_t **root, int fd, struct err *err)
{
	json_error_t error;
	struct buf text;
	int result;

	buf_init(&text, PAYLOAD_MAX);
	result = buf_read_fd(&text, fd, INPUT, err);
	if (result == 0) {
		*root = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &error);
		if (!*root)
			result = err_set(err, ERR_INPUT, "%s is not JSON: line %d, column %d: %s",
			    INPUT, error.line, error.column, error.text);
	}
	buf_release(&text);
	return result;
}

/* The most severe first, otherwise in the payload's order; what was not matched comes last. */
static void sort_by_severity(struct notice *notices, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct notice notice = notices[i];
		size_t at = i;

		for (; at > 0 && notices[at - 1].severity < notice.severity; at--)
			notices[at] = notices[at - 1];
		notices[at] = notice;
	}
}

int payload_read(struct payload *payload, int fd, const struct catalog *catalog, struct err *err)
{
	const json_t *list;
	double truncated;

	*payload = (struct payload){0};
	if (parse(&payload->root, fd, err) < 0 || check_form(payload->root, err) < 0)
		goto out;
	list = json_object_get(payload->root, "alerts");
	truncated = value_get_number(payload->root, "truncatedAlerts", 0);
	payload->truncated = truncated >= 1 && truncated < 1e9 ? (size_t)truncated : 0;
	payload->notices = mem_alloc((json_array_size(list) + 1) * sizeof(*payload->notices));
	if (add_alerts(payload, list, catalog, err) < 0)
		goto out;
	sort_by_severity(payload->notices, payload->count);
	return 0;
out:
	payload_release(payload);
	return -1;
}

void notice_release(struct notice *notice)
{
	json_decref(notice->vars);
	free(notice->problem);
}

void payload_release(struct payload *payload)
{
	for (size_t i = 0; i < payload->count; i++)
		notice_release(&payload->notices[i]);
	free(payload->notices);
	json_decref(payload->root);
	*payload = (struct payload){0};
}
