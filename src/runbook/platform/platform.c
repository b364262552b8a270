/*
 * The platform: what is operated on, how it is measured, whom to call.
 *
 * Targets come first whatever the order in the file, because metrics name them.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/text.h"
#include "runbook/catalog/catalog.h"

static void decode_secrets(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	type_texts.decode(d, field, value, out);
	for (size_t i = 0; value->kind == NODE_LIST && i < value->count; i++) {
		const struct node *item = value->items[i];

		if (item->kind == NODE_SCALAR && !node_is_null(item) && !is_identifier(item->text))
			NODE_PROBLEM(d->list, item,
			    "a secret is the name of an environment variable, not '%s'",
			    item->text);
	}
}

static const struct type type_secrets = {"a list of names of environment variables", decode_secrets,
    NULL, SCHEMA_LIST(SCHEMA_IDENTIFIER)};

static void decode_alerts(
    struct decode *d, const struct field *field, const struct node *value, void *out);
static void decode_escalations(
    struct decode *d, const struct field *field, const struct node *value, void *out);
static void decode_contacts(
    struct decode *d, const struct field *field, const struct node *value, void *out);
static void decode_links(
    struct decode *d, const struct field *field, const struct node *value, void *out);

static const struct type type_alerts = {
    "a list of alerts", decode_alerts, NULL, SCHEMA_LIST("\"FIELDS\"")};
static const struct type type_escalations = {
    "a list of levels", decode_escalations, NULL, SCHEMA_LIST("\"FIELDS\"")};
static const struct type type_contacts = {"a map of names and how to reach them", decode_contacts,
    NULL,
    "{\"type\": \"object\", \"additionalProperties\": {\"type\": \"object\", "
    "\"additionalProperties\": " SCHEMA_TEXT "}}"};
static const struct type type_links = {"a map of names and URLs", decode_links, NULL,
    "{\"type\": \"object\", \"additionalProperties\": {\"type\": \"string\", \"pattern\": "
    "\"^[a-z0-9+.-]+://[^ \\\\t\\\\n]+$\"}}"};

static const struct field alert_fields[] = {
    {"alert", &type_text, offsetof(struct alert, name), "the alert's name", true, NULL},
    {"severity", &type_level, offsetof(struct alert, severity), "critical, warning or info", true,
        NULL},
    {"respond_within", &type_span, offsetof(struct alert, respond_within),
        "how soon somebody must begin", false, NULL},
    {"action", &type_text, offsetof(struct alert, action), "what to do, in a few words", false,
        NULL},
    {"runbook", &type_name, offsetof(struct alert, runbook), "the runbook that does it", false,
        NULL},
    {"contact", &type_text, offsetof(struct alert, contact), "whom to call, a key of contacts",
        false, NULL},
    {"match", &type_json, offsetof(struct alert, match), "labels that it has, {label: value}",
        false, NULL},
    {"expr", &type_text, offsetof(struct alert, expr),
        "PromQL of a rule of its own, for `fsops alert --prometheus-rules`", false, NULL},
    {"for", &type_span, offsetof(struct alert, pending),
        "how long 'expr' must hold before it fires; default: at once", false, NULL},
    {0},
};

static const struct field escalation_fields[] = {
    {"level", &type_count, offsetof(struct escalation, level), "1 is called first", true, NULL},
    {"covers", &type_text, offsetof(struct escalation, covers), "what it is for", false, NULL},
    {"contact", &type_text, offsetof(struct escalation, contact), "whom to call, a key of contacts",
        true, NULL},
    {"after", &type_span, offsetof(struct escalation, after),
        "when to go one level up; default: at once", false, NULL},
    {"runbooks", &type_names, offsetof(struct escalation, runbooks),
        "the runbooks whose incidents begin at this level", false, NULL},
    {"severity", &type_level, offsetof(struct escalation, severity),
        "what is at least that severe, and named by no level, begins at this one", false, NULL},
    {0},
};

#define AT(member) offsetof(struct platform, member)
const struct field platform_fields[] = {
    {"platform", &type_name, AT(name), "its name", true, NULL},
    {"color", &type_color, AT(color),
        "of its name, wherever it is shown; default: red, unless the name says that it is for less",
        false, NULL},
    {"vars", &type_vars, AT(vars), "variables of all runbooks: {name: default}", false, var_fields},
    {"targets", &type_targets, 0, "what is reached, and how: {name: {kubectl: …}}", false, NULL},
    {"metrics", &type_metrics, 0, "what is measured: {name: {source, baseline, warning, critical}}",
        false, metric_keys},
    {"alerts", &type_alerts, AT(alerts), "the alert response matrix", false, alert_fields},
    {"contacts", &type_contacts, AT(contacts), "whom to call: {name: {title, phone, email}}", false,
        NULL},
    {"escalation", &type_escalations, AT(escalations), "when to call whom", false,
        escalation_fields},
    {"links", &type_links, AT(links), "where to look: {name: URL}", false, NULL},
    {"channels", &type_channels, 0,
        "where messages to people go: {slack: {webhook: …, on: [failed]}}", false, NULL},
    {"secrets", &type_secrets, AT(secrets),
        "environment variables whose values are masked wherever they would be shown", false, NULL},
    {0},
};
#undef AT

static int decode_alert(
    struct decode *d, const struct field *field, const struct node *value, void *item)
{
	struct alert *alert = item;

	alert->pos = value->pos;
	alert->node = value;
	decode_map(d, value, field->fields, "an alert", NULL, alert);
	if (alert->expr && !alert->expr[strspn(alert->expr, " \n\t")])
		NODE_PROBLEM(d->list, node_get(value, "expr"), "'expr' is empty: give it PromQL");
	if (node_get(value, "for") && !alert->expr)
		NODE_PROBLEM(
		    d->list, node_get(value, "for"), "'for' needs an 'expr' to hold so long");
	return 0;
}

static void decode_alerts(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	decode_items(d, field, value, sizeof(struct alert), decode_alert, out);
}

static int decode_escalation(
    struct decode *d, const struct field *field, const struct node *value, void *item)
{
	struct escalation *escalation = item;
	const struct node *level;

	escalation->pos = value->pos;
	escalation->node = value;
	decode_map(d, value, field->fields, "a level of escalation", NULL, escalation);
	level = node_get(value, "level");
	if (level && level->kind == NODE_SCALAR && level->len &&
	    strspn(level->text, "0") == level->len)
		NODE_PROBLEM(d->list, level, "levels count from 1: this one would never be called");
	return 0;
}

static void decode_escalations(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	decode_items(d, field, value, sizeof(struct escalation), decode_escalation, out);
}

/* One contact: texts by name, numbers (of telephones) as they are written. */
static json_t *read_contact(struct decode *d, const struct node *map)
{
	json_t *contact = json_object();

	for (size_t i = 0; i < map->count; i++) {
		const struct node *value = map->items[i];

		if (node_want_text(value, "how to reach a contact", d->list))
			json_object_set_new(
			    contact, map->keys[i]->text, json_stringn(value->text, value->len));
	}
	return contact;
}

static void decode_contacts(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	json_t *contacts;

	if (!decode_is_map(d, field, value))
		return;
	contacts = json_object();
	for (size_t i = 0; i < value->count; i++) {
		const struct node *item = value->items[i];

		if (item->kind == NODE_MAP)
			json_object_set_new(contacts, value->keys[i]->text, read_contact(d, item));
		else
			NODE_PROBLEM(d->list, item,
			    "a contact must be a map such as {title: …, phone: …}, not %s",
			    node_kind_name(item));
	}
	*(json_t **)out = contacts;
}

/* A scheme, "://" and something: "https://status.example.org". */
static bool is_url(const char *text)
{
	size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+.-");

	return scheme && strncmp(text + scheme, "://", 3) == 0 && text[scheme + 3] &&
	       !strpbrk(text, " \t\n");
}

static void decode_links(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	json_t *links;

	if (!decode_is_map(d, field, value))
		return;
	links = json_object();
	for (size_t i = 0; i < value->count; i++) {
		const struct node *item = value->items[i];

		if (item->kind == NODE_SCALAR && is_url(item->text))
			json_object_set_new(
			    links, value->keys[i]->text, json_stringn(item->text, item->len));
		else
			NODE_PROBLEM(d->list, item,
			    "a link must be a URL such as https://…, not %s%s%s",
			    item->text ? "'" : "", item->text ? item->text : node_kind_name(item),
			    item->text ? "'" : "");
	}
	*(json_t **)out = links;
}

static void check_contact(struct decode *d, const struct node *map, const json_t *contacts)
{
	const struct node *node = node_get(map, "contact");
	const char *names[64];
	size_t count = 0;
	const char *name;
	json_t *contact;

	if (!node || node->kind != NODE_SCALAR || node_is_null(node) ||
	    json_object_get(contacts, node->text))
		return;
	json_object_foreach((json_t *)contacts, name, contact) {
		if (count < COUNT_OF(names))
			names[count++] = name;
	}
	no_such(d, node, "contact", names, count);
}

static void check_contacts(struct decode *d, const struct platform *platform)
{
	for (size_t i = 0; i < platform->alert_count; i++)
		check_contact(d, platform->alerts[i].node, platform->contacts);
	for (size_t i = 0; i < platform->escalation_count; i++)
		check_contact(d, platform->escalations[i].node, platform->contacts);
}

void platform_decode(struct decode *d, const struct node *root, struct platform *platform)
{
	platform->node = root;
	if (decode_map(d, root, platform_fields, "the platform", NULL, platform) < 0)
		return;
	metrics_finish(d, platform);
	check_contacts(d, platform);
}

const struct metric *platform_metric(const struct platform *platform, const char *name)
{
	for (size_t i = 0; i < platform->metric_count; i++)
		if (strcmp(platform->metrics[i].name, name) == 0)
			return &platform->metrics[i];
	return NULL;
}
