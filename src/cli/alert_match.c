/* Alerts matched to alerts of the platform file and to runbooks. Invariant: a runbook comes from a
 * whole name, and a variable only from a label whose whole value fits what the variable takes. */
#include "alert_match.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/plan.h"
#include "fsops/text.h"
#include "fsops/value.h"

#define NAME_MAX_LEN  100 /* of a runbook in a URL */
#define PROBLEMS_SAID 5   /* of one alert: a person mends the first ones, then asks again */

/* ---- saying ---- */

/* "A; B", as a new string in *TEXT. */
static void add_sentence(char **text, const char *more)
{
	char *before = *text;

	*text = before ? mem_printf("%s; %s", before, more) : mem_text(more);
	free(before);
}

void alert_add_problem(struct notice *notice, const char *fmt, ...)
{
	struct buf text;
	va_list args;

	if (notice->problem_count++ >= PROBLEMS_SAID)
		return;
	buf_init(&text, BUF_TEXT_MAX);
	va_start(args, fmt);
	buf_vaddf(&text, fmt, args);
	va_end(args);
	value_clean(text.data); /* a label's value is cut anywhere */
	add_sentence(&notice->problem, text.data);
	buf_release(&text);
}

void alert_count_problems(struct notice *notice)
{
	char more[64];

	if (notice->problem_count <= PROBLEMS_SAID)
		return;
	snprintf(more, sizeof(more), "and %zu more", notice->problem_count - PROBLEMS_SAID);
	add_sentence(&notice->problem, more);
}

/* ---- which runbook ---- */

/* The only runbook that is called so, whatever the case and the hyphens: pages are often named in
 * lower case after the alert, `kubepersistentvolumefillingup`. */
static const char *alike(const struct catalog *catalog, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < catalog->runbook_count; i++) {
		const struct runbook *runbook = catalog->runbooks[i];
		bool same = text_alike(runbook->name, name);

		for (size_t k = 0; k < runbook->alias_count && !same; k++)
			same = text_alike(runbook->aliases[k], name);
		if (same && found)
			return NULL;
		if (same)
			found = runbook->name;
	}
	return found;
}

static void cut_ending(char *name)
{
	static const char *const endings[] = {".md", ".html", ".yaml"};

	for (size_t i = 0; i < COUNT_OF(endings); i++) {
		size_t len = strlen(name);
		size_t end = strlen(endings[i]);

		if (len > end && strcmp(name + len - end, endings[i]) == 0)
			name[len - end] = '\0';
	}
}

/* LEN bytes as a runbook's name or alias, without ".md" or ".html" at their end. */
static const struct runbook *whole_name(
    const struct catalog *catalog, const char *text, size_t len, struct err *err)
{
	const struct runbook *runbook = NULL;
	const char *found;
	char name[NAME_MAX_LEN + 1];

	err->kind = ERR_NONE;
	if (len == 0 || len > NAME_MAX_LEN)
		return NULL;
	memcpy(name, text, len);
	name[len] = '\0';
	cut_ending(name);
	runbook = catalog_find(catalog, name, err);
	if (runbook && runbook_is_called(runbook, name))
		return runbook;
	found = runbook || err->kind != ERR_INPUT ? alike(catalog, name) : NULL;
	return found ? catalog_find(catalog, found, err) : NULL;
}

/* Pages that are called like nothing: what they are about is the folder. */
static bool is_index(const char *segment, size_t len)
{
	static const char *const names[] = {"README.md", "readme.md", "index.html", "index.md"};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (strlen(names[i]) == len && strncmp(names[i], segment, len) == 0)
			return true;
	return false;
}

/* "https://wiki/runbooks#high-error-rate", "https://wiki/high-error-rate.md?v=2", "high-error-rate". */
static const struct runbook *runbook_of_url(
    const struct catalog *catalog, const char *url, struct err *err)
{
	const char *anchor = strchr(url, '#');
	size_t len = strcspn(url, "?#");
	const struct runbook *runbook = NULL;
	const char *segment;

	if (anchor)
		runbook = whole_name(catalog, anchor + 1, strlen(anchor + 1), err);
	if (runbook)
		return runbook;
	for (bool again = true; again;) {
		while (len && url[len - 1] == '/')
			len--;
		for (segment = url + len; segment > url && !strchr("/:", segment[-1]);)
			segment--;
		again = is_index(segment, (size_t)(url + len - segment));
		if (again)
			len = (size_t)(segment - url);
	}
	return whole_name(catalog, segment, (size_t)(url + len - segment), err);
}

/* "Runbook_URL" and "runbookUrl" are "runbook_url". */
static bool is_called(const char *key, const char *name)
{
	for (; *key; key++) {
		if (*key == '_' || *key == '-')
			continue;
		if (tolower((unsigned char)*key) != *name++)
			return false;
	}
	return !*name;
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
		alert_add_problem(notice, "%s", err.text);
}

/* Without a row in the matrix the severity is what the alert says of itself, if it says one that is
 * known. */
static void set_runbook(
    struct notice *notice, const struct runbook *runbook, const json_t *labels, const char *by)
{
	const char *severity = value_get_text(labels, "severity");

	notice->runbook = runbook;
	notice->matched_by = by;
	if (!severity || level_parse(severity, &notice->severity) < 0)
		notice->severity = runbook->severity;
}

/* The runbook that an annotation of that name leads to. */
static bool match_annotation(struct notice *notice, const struct catalog *catalog,
    const json_t *labels, const json_t *annotations, const char *name, struct err *err)
{
	const struct runbook *runbook = NULL;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)annotations, key, value) {
		if (!runbook && json_is_string(value) && is_called(key, name))
			runbook = runbook_of_url(catalog, json_string_value(value), err);
	}
	if (runbook)
		set_runbook(notice, runbook, labels,
		    strcmp(name, "runbook") == 0 ? "runbook" : "runbook_url");
	return runbook;
}

static void match(struct notice *notice, const struct catalog *catalog, const json_t *labels,
    const json_t *annotations)
{
	const struct platform *platform = catalog->platform;
	const struct alert *alert = alert_for_labels(platform, labels);
	struct err err = {0};

	if (alert) {
		set_alert(notice, catalog, alert, "match");
		return;
	}
	if (match_annotation(notice, catalog, labels, annotations, "runbookurl", &err) ||
	    match_annotation(notice, catalog, labels, annotations, "runbook", &err))
		return;
	alert = value_get_text(labels, "alertname") ? alert_named(platform, notice->name) : NULL;
	if (alert)
		set_alert(notice, catalog, alert, "alertname");
	else if (err.kind == ERR_INPUT) /* the URL names one that is broken */
		alert_add_problem(notice, "%s", err.text);
}

/* ---- its variables ---- */

static bool is_default(const struct var *var, const char *value)
{
	char *text = var->value ? value_to_text(var->value) : NULL;
	bool same = text && strcmp(text, value) == 0;

	free(text);
	return same;
}

static const char *label_of(const struct var *var)
{
	return var->from ? var->from : var->name;
}

static void take_label(struct notice *notice, const struct var *var, const char *value)
{
	const char *label = label_of(var);

	if (var->secret)
		alert_add_problem(notice,
		    "the label '%s' is not taken for the variable '%s', which is a secret", label,
		    var->name);
	else if (is_default(var, value))
		return;
	else if (var_wrong_type(var, value))
		alert_add_problem(notice, "the label '%s' is '%.100s', and the variable is %s",
		    label, value, var_wrong_type(var, value));
	else if (!var_admits(var, value))
		alert_add_problem(notice, "the label '%s' is '%.100s', which does not fit %s %s",
		    label, value,
		    var->pattern ? "the variable's pattern"
		                 : "what a variable without a pattern takes,",
		    var->pattern ? var->pattern : VAR_PLAIN_PATTERN);
	else {
		if (!notice->vars)
			notice->vars = json_object();
		json_object_set_new(notice->vars, var->name, json_string(value));
	}
}

/* Only what the runbook itself declares: labels cannot set the platform's variables. */
static void take_labels(struct notice *notice, const json_t *labels)
{
	const struct runbook *runbook = notice->runbook;

	for (size_t i = 0; runbook && i < runbook->var_count; i++) {
		const struct var *var = &runbook->vars[i];
		const json_t *label = json_object_get(labels, label_of(var));

		if (json_is_string(label))
			take_label(notice, var, json_string_value(label));
		else if (label)
			alert_add_problem(notice, "the label '%s' is no text", label_of(var));
		else if (var->required)
			alert_add_problem(notice,
			    "the variable '%s' is needed, and no label %s%s%sgives it", var->name,
			    var->from ? "'" : "", var->from ? var->from : "",
			    var->from ? "' " : "");
	}
}

/* ---- another place ---- */

static bool has_value(const struct var *vars, size_t count, const char *value)
{
	for (size_t i = 0; i < count; i++)
		if (is_default(&vars[i], value))
			return true;
	return false;
}

/* Whether the platform's targets are in the place VALUE anyway. */
static bool is_our_place(const struct platform *platform, const char *value)
{
	if (strcmp(platform->name, value) == 0 ||
	    has_value(platform->vars, platform->var_count, value))
		return true;
	for (size_t i = 0; i < platform->target_count; i++) {
		const char *key;
		json_t *member;

		json_object_foreach(platform->targets[i].config, key, member) {
			if (json_is_string(member) && strcmp(json_string_value(member), value) == 0)
				return true;
		}
	}
	return false;
}

static bool takes(const struct runbook *runbook, const char *label)
{
	for (size_t i = 0; i < runbook->var_count; i++)
		if (strcmp(label_of(&runbook->vars[i]), label) == 0)
			return true;
	return false;
}

/* What the alert says of where the trouble is, and the runbook does not ask for. */
static void note_place(struct notice *notice, const struct catalog *catalog, const json_t *labels)
{
	static const char *const places[] = {
	    "namespace", "cluster", "region", "environment", "env", "datacenter"};
	const struct runbook *runbook = notice->runbook;

	for (size_t i = 0; runbook && i < COUNT_OF(places); i++) {
		const char *value = value_get_text(labels, places[i]);
		char *text;

		if (!value || takes(runbook, places[i]) ||
		    has_value(runbook->vars, runbook->var_count, value) ||
		    is_our_place(catalog->platform, value))
			continue;
		text = mem_printf(
		    "the alert is about the %s '%.100s', and no variable of '%s' takes that: "
		    "what the runbook does, it does elsewhere (`from: %s` of a variable takes it)",
		    places[i], value, runbook->name, places[i]);
		value_clean(text);
		add_sentence(&notice->note, text);
		free(text);
	}
}

void alert_match(struct notice *notice, const struct catalog *catalog, const json_t *labels,
    const json_t *annotations)
{
	match(notice, catalog, labels, annotations);
	take_labels(notice, labels);
	note_place(notice, catalog, labels);
}
