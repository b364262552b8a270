/*
 * Adapters that only parse: what the loader needs of them, without the ones that reach real
 * systems. Their arguments are the YAML value as JSON. Included by one test program each.
 */
#ifndef FSOPS_FAKE_ADAPTERS_H
#define FSOPS_FAKE_ADAPTERS_H

#include <string.h>

#include "fsops/adapter.h"
#include "fsops/mem.h"

static json_t *fake_parse(const struct node *value, struct problems *list)
{
	(void)list;
	return node_to_json(value);
}

static json_t *fake_words(const struct node *value, struct problems *list)
{
	return node_want_words(value, "the command", list);
}

static json_t *fake_target(const struct node *map, struct problems *list)
{
	if (!node_get(map, "refuse"))
		return node_to_json(map);
	NODE_PROBLEM(list, map, "refused");
	return NULL;
}

static enum effect fake_reads(const json_t *args)
{
	(void)args;
	return EFFECT_READ;
}

static enum effect fake_unstated(const json_t *args)
{
	(void)args;
	return EFFECT_UNSTATED;
}

/* By the first word: get and the like read, delete destroys, all else changes. */
static enum effect fake_by_verb(const json_t *args)
{
	const char *verb = json_string_value(json_array_get(args, 0));

	if (verb && (strcmp(verb, "get") == 0 || strcmp(verb, "logs") == 0 ||
	                strcmp(verb, "cluster-info") == 0 || strcmp(verb, "top") == 0))
		return EFFECT_READ;
	return verb && strcmp(verb, "delete") == 0 ? EFFECT_DESTROY : EFFECT_CHANGE;
}

static const struct adapter_field fake_command[] = {{"exit", "int", "its exit status"},
    {"stdout", "string", "what it printed"}, {"stderr", "string", "what it complained"},
    {"lines", "list", "stdout in lines"}, {"json", "any", "stdout as JSON"}, {0}};
static const struct adapter_field fake_reply[] = {{"status", "int", "status code"},
    {"body", "string", "the body"}, {"json", "any", "the body as JSON"},
    {"headers", "map", "headers"}, {"time", "double", "seconds"},
    {"tls_expires", "string", "end of the certificate"}, {0}};
static const struct adapter_field fake_rows[] = {{"rows", "list", "the rows"},
    {"value", "any", "the first cell"}, {"count", "int", "how many"}, {0}};
static const struct adapter_field fake_redis[] = {
    {"reply", "any", "the reply"}, {"info", "map", "INFO as a map"}, {0}};
static const struct adapter_field fake_objects[] = {{"objects", "list", "the objects"},
    {"latest", "map", "the newest"}, {"count", "int", "how many"}, {0}};
static const struct adapter_field fake_series[] = {
    {"value", "double", "the number"}, {"series", "list", "all series"}, {0}};
static const struct adapter_field fake_level[] = {
    {"level", "string", "the worst"}, {"metrics", "map", "each by name"}, {0}};
static const struct adapter_field fake_names[] = {{"addresses", "list", "the addresses"}, {0}};
static const struct adapter_field fake_port[] = {{"connected", "bool", "somebody listens"}, {0}};
static const struct adapter_field fake_certificate[] = {{"days", "double", "left"}, {0}};
static const struct adapter_field fake_done[] = {{"done", "bool", "a person did it"}, {0}};
static const struct adapter_field fake_status[] = {{"status", "string", "delivered"}, {0}};

#define FAKE(which, fields_, kind, parse_, effect_, ...)                                           \
	static const struct adapter adapter_##which = {.name = #which,                             \
	    .decides = "exit stderr status",                                                       \
	    .fields = fields_,                                                                     \
	    .target_kind = kind,                                                                   \
	    .parse = parse_,                                                                       \
	    .effect = effect_,                                                                     \
	    .target_parse = fake_target,                                                           \
	    __VA_ARGS__}

FAKE(kubectl, fake_command, "kubectl", fake_words, fake_by_verb, .target_needed = true);
FAKE(http, fake_reply, "http", fake_parse, fake_reads, .target_needed = false);
FAKE(postgres, fake_rows, "postgres", fake_parse, fake_reads, .target_needed = true);
FAKE(redis, fake_redis, "redis", fake_words, fake_reads, .target_needed = true);
FAKE(s3, fake_objects, "s3", fake_words, fake_reads, .target_needed = true);
FAKE(prometheus, fake_series, "prometheus", fake_parse, fake_reads, .target_needed = true);
FAKE(metrics, fake_level, NULL, fake_parse, fake_reads, .alone = true);
FAKE(dns, fake_names, NULL, fake_parse, fake_reads, .alone = false);
FAKE(tcp, fake_port, NULL, fake_parse, fake_reads, .alone = false);
FAKE(tls, fake_certificate, NULL, fake_parse, fake_reads, .alone = false);
FAKE(exec, fake_command, NULL, fake_parse, fake_unstated, .alone = false);
FAKE(shell, fake_command, NULL, fake_parse, fake_unstated, .literal = true);
FAKE(manual, fake_done, NULL, fake_parse, fake_reads, .alone = true);
FAKE(notify, fake_status, NULL, fake_parse, fake_reads, .alone = false);
FAKE(runbook, fake_level, NULL, fake_parse, fake_reads, .alone = true);

const struct adapter *const adapters[] = {&adapter_kubectl, &adapter_http, &adapter_postgres,
    &adapter_redis, &adapter_s3, &adapter_prometheus, &adapter_metrics, &adapter_dns, &adapter_tcp,
    &adapter_tls, &adapter_exec, &adapter_shell, &adapter_manual, &adapter_notify, &adapter_runbook,
    NULL};

const struct adapter *adapter_find(const char *name)
{
	for (size_t i = 0; adapters[i]; i++)
		if (strcmp(adapters[i]->name, name) == 0)
			return adapters[i];
	return NULL;
}

const struct adapter *adapter_for_target(const char *kind)
{
	const struct adapter *adapter = adapter_find(kind);

	return adapter && adapter->target_kind ? adapter : NULL;
}

const char *effect_name(enum effect effect)
{
	static const char *const names[] = {"read", "change", "destroy", "change"};

	return names[effect];
}

#endif
