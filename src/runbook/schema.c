/*
 * JSON Schema from the decode tables.
 *
 * A type says in JSON what its values are; a table of fields is a map that has these keys and no
 * others. Invariant: no key, choice or form of the format stands here; what does stand here is
 * how keys of several tables meet in one map.
 */
#include "fsops/schema.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/channel.h"
#include "fsops/mem.h"
#include "runbook/catalog/catalog.h"

#define DRAFT "http://json-schema.org/draft-07/schema#"

static json_t *parse(const char *text)
{
	json_t *schema = json_loads(text, JSON_DECODE_ANY, NULL);

	assert(schema); /* the texts are this program's own */
	return schema;
}

/* ---- tables of fields ---- */

static json_t *map_schema(const struct field *fields);
static json_t *channels_schema(void);

/* Every "FIELDS" in SCHEMA becomes the map of the table, "CHANNELS" that of the channels' kinds. Takes
 * the reference and gives one. */
static json_t *fill_in(json_t *schema, const struct field *fields)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_string(schema) && strcmp(json_string_value(schema), "FIELDS") == 0) {
		json_decref(schema);
		return map_schema(fields);
	}
	if (json_is_string(schema) && strcmp(json_string_value(schema), "CHANNELS") == 0) {
		json_decref(schema);
		return channels_schema();
	}
	json_object_foreach(schema, key, value) {
		json_object_set_new(schema, key, fill_in(json_incref(value), fields));
	}
	json_array_foreach(schema, i, value) {
		json_array_set_new(schema, i, fill_in(json_incref(value), fields));
	}
	return schema;
}

static json_t *choices_schema(const struct choice *choices)
{
	json_t *words = json_array();

	for (; choices->word; choices++)
		json_array_append_new(words, json_string(choices->word));
	return json_pack("{s:o}", "enum", words);
}

/* SCHEMA with a description; beside a "$ref" nothing else would count. Takes the reference. */
static json_t *described(json_t *schema, const char *help)
{
	json_t *whole;

	if (!help || !*help)
		return schema;
	whole = json_pack("{s:s}", "description", help);
	if (json_object_get(schema, "$ref"))
		json_object_set_new(whole, "allOf", json_pack("[o]", schema));
	else
		json_object_update(whole, schema);
	if (!json_object_get(schema, "$ref"))
		json_decref(schema);
	return whole;
}

static json_t *field_schema(const struct field *field)
{
	const struct type *type = field->type;
	json_t *schema = type->schema ? fill_in(parse(type->schema), field->fields)
	                              : choices_schema(type->choices);

	return described(schema, field->help);
}

static void add_fields(json_t *properties, const struct field *fields)
{
	for (; fields->key; fields++)
		if (!json_object_get(properties, fields->key))
			json_object_set_new(properties, fields->key, field_schema(fields));
}

static json_t *closed_map(json_t *properties, json_t *required)
{
	json_t *schema = json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties,
	    "additionalProperties", 0);

	if (json_array_size(required))
		json_object_set(schema, "required", required);
	json_decref(required);
	return schema;
}

static json_t *map_schema(const struct field *fields)
{
	json_t *properties = json_object();
	json_t *required = json_array();

	add_fields(properties, fields);
	for (; fields->key; fields++)
		if (fields->required)
			json_array_append_new(required, json_string(fields->key));
	return closed_map(properties, required);
}

/* ---- tables of the adapters ---- */

static const char *const wants[] = {
    [WANT_TEXT] = SCHEMA_TEXT,
    [WANT_WORDS] = "{\"anyOf\": [" SCHEMA_TEXT ", " SCHEMA_LIST(SCHEMA_TEXT) "]}",
    [WANT_LIST] = "{\"type\": \"array\"}",
    [WANT_MAP] = "{\"type\": \"object\"}",
    [WANT_BOOL] = "{\"type\": \"boolean\"}",
    [WANT_COUNT] = SCHEMA_COUNT,
    [WANT_SPAN] = SCHEMA_SPAN,
    [WANT_ANY] = "{\"not\": {\"type\": \"null\"}}",
};

static json_t *keys_schema(const struct node_key *keys)
{
	json_t *properties = json_object();
	json_t *required = json_array();

	for (; keys->name; keys++) {
		json_object_set_new(
		    properties, keys->name, described(parse(wants[keys->want]), keys->help));
		if (keys->required)
			json_array_append_new(required, json_string(keys->name));
	}
	return closed_map(properties, required);
}

static json_t *value_schema(const struct adapter *adapter)
{
	json_t *forms = json_array();

	if (adapter->takes & ADAPTER_TEXT)
		json_array_append_new(forms, parse(SCHEMA_TEXT));
	if (adapter->takes & ADAPTER_LIST)
		json_array_append_new(forms, parse(SCHEMA_LIST(SCHEMA_TEXT)));
	if (adapter->keys)
		json_array_append_new(forms, keys_schema(adapter->keys));
	if (!json_array_size(forms))
		json_array_append_new(forms, parse(wants[WANT_ANY]));
	return json_pack("{s:o}", "anyOf", forms);
}

static json_t *adapter_schema(const struct adapter *adapter)
{
	char *help = mem_printf("%s: %s", adapter->help, adapter->forms);
	json_t *schema = described(value_schema(adapter), help);

	free(help);
	return schema;
}

/* The adapters' keys into PROPERTIES; into FORMS that there must be one of them. */
static void add_adapters(json_t *properties, json_t *forms)
{
	for (size_t i = 0; adapters[i]; i++) {
		json_object_set_new(properties, adapters[i]->name, adapter_schema(adapters[i]));
		json_array_append_new(forms, json_pack("{s:[s]}", "required", adapters[i]->name));
	}
}

static json_t *target_schema(const struct adapter *adapter)
{
	json_t *schema = keys_schema(adapter->target_keys);
	json_t *properties = json_object_get(schema, "properties");

	if (adapter->target_value_keys)
		json_object_set_new(
		    properties, adapter->name, keys_schema(adapter->target_value_keys));
	return schema;
}

/* One of what the adapters own. */
static json_t *targets_schema(void)
{
	json_t *forms = json_array();

	for (size_t i = 0; adapters[i]; i++)
		if (adapter_for_target(adapters[i]->name) == adapters[i] &&
		    adapters[i]->target_keys)
			json_array_append_new(forms, target_schema(adapters[i]));
	return json_pack("{s:s, s:o}", "type", "object", "oneOf", forms);
}

/* ---- channels ---- */

/* What the tables cannot say of the keys that several kinds have. */
static const struct {
	const char *key;
	const char *schema;
} channel_values[] = {
    {"severity", "{\"enum\": [\"critical\", \"warning\", \"info\"]}"},
    {"runs", "{\"enum\": [\"scheduled\", \"all\"]}"},
    {"starttls", "{\"enum\": [\"required\", \"try\", \"never\"]}"},
    {"headers", "{\"type\": \"object\", \"additionalProperties\": " SCHEMA_TEXT "}"},
};

static json_t *events_schema(void)
{
	json_t *words = json_array();
	json_t *one;

	for (int i = 0; i < TOLD_COUNT; i++)
		json_array_append_new(words, json_string(told_names[i]));
	one = json_pack("{s:o}", "enum", words);
	return json_pack("{s:[O, {s:s, s:o}]}", "anyOf", one, "type", "array", "items", one);
}

/* A value's schema is another, its description stays. */
static void exchange(json_t *properties, const char *key, json_t *schema)
{
	const json_t *old = json_object_get(properties, key);
	const char *help = json_string_value(json_object_get(old, "description"));

	if (old)
		json_object_set_new(properties, key, described(json_incref(schema), help));
	json_decref(schema);
}

static json_t *channel_schema(const struct channel_kind *kind)
{
	json_t *schema = keys_schema(kind->keys);
	json_t *properties = json_object_get(schema, "properties");

	exchange(properties, "kind", json_pack("{s:s}", "const", kind->name));
	exchange(properties, "on", events_schema());
	for (size_t i = 0; i < COUNT_OF(channel_values); i++)
		exchange(properties, channel_values[i].key, parse(channel_values[i].schema));
	return schema;
}

/* One of all kinds, which it must name. */
static json_t *any_channel_schema(void)
{
	json_t *forms = json_array();

	for (size_t i = 0; channel_kinds[i]; i++)
		json_array_append_new(forms, channel_schema(channel_kinds[i]));
	return json_pack("{s:s, s:[s], s:o}", "type", "object", "required", "kind", "oneOf", forms);
}

/* A channel that is called like a kind is of that kind unless it says another. */
static json_t *channels_schema(void)
{
	static const char any[] = "#/definitions/channel";
	json_t *properties = json_object();

	for (size_t i = 0; channel_kinds[i]; i++)
		json_object_set_new(properties, channel_kinds[i]->name,
		    json_pack("{s:s, s:{s:[s]}, s:{s:s}, s:o}", "description",
		        channel_kinds[i]->help, "if", "required", "kind", "then", "$ref", any,
		        "else", channel_schema(channel_kinds[i])));
	return json_pack("{s:s, s:o, s:{s:s}}", "type", "object", "properties", properties,
	    "additionalProperties", "$ref", any);
}

/* ---- actions and steps ---- */

static json_t *action_schema(const struct field *fields)
{
	json_t *schema = map_schema(fields);
	json_t *forms = json_array();

	add_adapters(json_object_get(schema, "properties"), forms);
	json_object_set_new(schema, "oneOf", forms);
	return schema;
}

/* What a step that has `actions` must leave to them. */
static json_t *keys_of_actions(const json_t *properties)
{
	json_t *refused = json_object();
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)properties, key, value) {
		if (!decode_find(step_fields, key))
			json_object_set_new(refused, key, json_false());
	}
	return refused;
}

/* A step has actions, or is one itself. */
static json_t *step_schema(void)
{
	json_t *schema = map_schema(step_fields);
	json_t *properties = json_object_get(schema, "properties");
	json_t *forms = json_pack("[{s:[s]}]", "required", "actions");

	add_fields(properties, action_fields);
	add_adapters(properties, forms);
	json_object_set_new(schema, "oneOf", forms);
	json_object_set_new(schema, "if", json_pack("{s:[s]}", "required", "actions"));
	json_object_set_new(
	    schema, "then", json_pack("{s:o}", "properties", keys_of_actions(properties)));
	return schema;
}

/* ---- the two files ---- */

static json_t *root_schema(const char *title, const struct field *fields, json_t *definitions)
{
	json_t *schema = json_pack("{s:s, s:s}", "$schema", DRAFT, "title", title);
	json_t *map = map_schema(fields);

	json_object_update(schema, map);
	json_decref(map);
	json_object_set_new(schema, "definitions", definitions);
	return schema;
}

json_t *schema_runbook(void)
{
	json_t *step = step_schema();
	json_t *action = action_schema(action_fields);

	json_object_set_new(step, "dependencies", parse(action_relations));
	json_object_set_new(action, "dependencies", parse(action_relations));
	return root_schema("A runbook of fsops", runbook_fields,
	    json_pack("{s:o, s:o, s:o}", "step", step, "action", action, "look",
	        action_schema(read_fields)));
}

json_t *schema_platform(void)
{
	return root_schema("A platform of fsops", platform_fields,
	    json_pack("{s:o, s:o, s:o}", "target", targets_schema(), "source",
	        action_schema(read_fields), "channel", any_channel_schema()));
}
