/* Making values and looking into them; jansson's and our own lists and maps alike. */
#include "value.h"

#include <math.h>
#include <string.h>

#include "compare.h"
#include "expr/time/time.h"
#include "fsops/json_read.h"
#include "fsops/text.h"

static const char *const type_names[VALUE_TYPES] = {
    [VALUE_NULL] = "null_type",
    [VALUE_BOOL] = "bool",
    [VALUE_INT] = "int",
    [VALUE_UINT] = "uint",
    [VALUE_DOUBLE] = "double",
    [VALUE_STRING] = "string",
    [VALUE_BYTES] = "bytes",
    [VALUE_LIST] = "list",
    [VALUE_MAP] = "map",
    [VALUE_TIMESTAMP] = "google.protobuf.Timestamp",
    [VALUE_DURATION] = "google.protobuf.Duration",
    [VALUE_TYPE] = "type",
    [VALUE_QUANTITY] = "kubernetes.Quantity",
    [VALUE_OPTIONAL] = "optional_type",
    [VALUE_IP] = "net.IP",
    [VALUE_CIDR] = "net.CIDR",
    [VALUE_URL] = "kubernetes.URL",
    [VALUE_FORMAT] = "kubernetes.NamedFormat",
    [VALUE_SEMVER] = "kubernetes.Semver",
};

struct expr_value cel_null(void)
{
	return (struct expr_value){.type = VALUE_NULL};
}

struct expr_value cel_bool(bool truth)
{
	return (struct expr_value){.type = VALUE_BOOL, .as.truth = truth};
}

struct expr_value cel_int(int64_t number)
{
	return (struct expr_value){.type = VALUE_INT, .as.number = number};
}

struct expr_value cel_uint(uint64_t natural)
{
	return (struct expr_value){.type = VALUE_UINT, .as.natural = natural};
}

struct expr_value cel_double(double real)
{
	return (struct expr_value){.type = VALUE_DOUBLE, .as.real = real};
}

struct expr_value cel_string(const char *data, size_t len)
{
	return (struct expr_value){.type = VALUE_STRING, .as.text = {data, len}};
}

struct expr_value cel_bytes(const char *data, size_t len)
{
	return (struct expr_value){.type = VALUE_BYTES, .as.text = {data, len}};
}

struct expr_value cel_type(enum value_type type)
{
	return (struct expr_value){.type = VALUE_TYPE, .as.number = type};
}

struct expr_value cel_optional(const struct expr_value *inner)
{
	return (struct expr_value){.type = VALUE_OPTIONAL, .as.inner = inner};
}

/* JSON has no infinity: what was beyond doubles was read as the largest there is. */
static double from_real(double real)
{
	return fabs(real) < JSON_READ_BEYOND ? real : copysign(INFINITY, real);
}

struct expr_value cel_from_json(json_t *json)
{
	switch (json ? json_typeof(json) : JSON_NULL) {
	case JSON_OBJECT:
		return (struct expr_value){.type = VALUE_MAP, .json = true, .as.json = json};
	case JSON_ARRAY:
		return (struct expr_value){.type = VALUE_LIST, .json = true, .as.json = json};
	case JSON_STRING:
		return cel_string(json_string_value(json), json_string_length(json));
	case JSON_INTEGER:
		return cel_int(json_integer_value(json));
	case JSON_REAL:
		return cel_double(from_real(json_real_value(json)));
	case JSON_TRUE:
	case JSON_FALSE:
		return cel_bool(json_is_true(json));
	default:
		return cel_null();
	}
}

struct expr_value expr_value_json(json_t *borrowed)
{
	return cel_from_json(borrowed);
}

struct expr_value expr_value_written(json_t *borrowed)
{
	struct expr_value value = cel_from_json(borrowed);

	value.written = true;
	return value;
}

/* A part of WHOLE, which is jansson's, is written as the whole is. */
static struct expr_value part_of(const struct expr_value *whole, json_t *part)
{
	return whole->written ? expr_value_written(part) : cel_from_json(part);
}

struct expr_value expr_value_own(json_t *owned)
{
	struct expr_value value = {
	    .type = VALUE_MAP, .json = true, .owned = true, .as.json = owned};

	return owned ? value : cel_null();
}

struct expr_value expr_value_timestamp(int64_t seconds, int32_t nanos)
{
	struct expr_value value = {.type = VALUE_TIMESTAMP, .nanos = nanos, .as.number = seconds};

	if (seconds > TIME_MAX)
		value = (struct expr_value){
		    .type = VALUE_TIMESTAMP, .nanos = NANOS - 1, .as.number = TIME_MAX};
	if (seconds < TIME_MIN)
		value = (struct expr_value){.type = VALUE_TIMESTAMP, .as.number = TIME_MIN};
	return value;
}

struct expr_value expr_value_duration(int64_t seconds, int32_t nanos)
{
	if (seconds > SPAN_MAX || seconds < -SPAN_MAX) {
		seconds = seconds > 0 ? SPAN_MAX : -SPAN_MAX;
		nanos = 0;
	}
	return (struct expr_value){.type = VALUE_DURATION, .nanos = nanos, .as.number = seconds};
}

const char *cel_name_of_type(enum value_type type)
{
	return type_names[type];
}

const char *cel_type_name(const struct expr_value *value)
{
	return type_names[value->type];
}

int cel_type_named(const char *name)
{
	for (int i = 0; i < VALUE_TYPES; i++)
		if (text_same(type_names[i], name))
			return i;
	return -1;
}

size_t cel_count(const struct expr_value *value)
{
	if (value->type == VALUE_LIST)
		return value->json ? json_array_size(value->as.json) : value->as.list->count;
	return value->json ? json_object_size(value->as.json) : value->as.map->count;
}

struct expr_value cel_item(const struct expr_value *list, size_t index)
{
	return list->json ? part_of(list, json_array_get(list->as.json, index))
	                  : list->as.list->items[index];
}

bool cel_field(const struct expr_value *map, const char *name, size_t len, struct expr_value *out)
{
	struct expr_value key = cel_string(name, len);

	return cel_find(map, &key, out);
}

bool cel_is_key(const struct expr_value *value)
{
	return value->type == VALUE_STRING || value->type == VALUE_BOOL ||
	       value->type == VALUE_INT || value->type == VALUE_UINT;
}

static bool find_json(
    const struct expr_value *map, const struct expr_value *key, struct expr_value *out)
{
	json_t *object = map->as.json;
	json_t *member = NULL;

	if (key->type == VALUE_STRING)
		member = json_object_getn(object, key->as.text.data, key->as.text.len);
	if (member)
		*out = part_of(map, member);
	return member != NULL;
}

size_t cel_find_cost(const struct expr_value *map, const struct expr_value *key)
{
	size_t len = key->type == VALUE_STRING ? key->as.text.len : 0;
	size_t compared = 1, cost = len / BYTES_PER_STEP;

	if (map->json)
		return cost;
	for (size_t i = 0; cost && i < map->as.map->count; i++) {
		const struct expr_value *other = &map->as.map->entries[i].key;

		compared += other->type == VALUE_STRING && other->as.text.len == len;
	}
	return map->as.map->count / 8 + cost * compared;
}

bool cel_find(const struct expr_value *map, const struct expr_value *key, struct expr_value *out)
{
	const struct value_map *own = map->as.map;

	if (map->json)
		return find_json(map, key, out);
	for (size_t i = 0; i < own->count; i++)
		if (compare_keys(&own->entries[i].key, key)) {
			*out = own->entries[i].value;
			return true;
		}
	return false;
}

static bool walk_json(const struct expr_value *map, struct cel_walk *walk)
{
	json_t *object = map->as.json;
	const char *key;

	walk->iter =
	    walk->iter ? json_object_iter_next(object, walk->iter) : json_object_iter(object);
	if (!walk->iter)
		return false;
	key = json_object_iter_key(walk->iter);
	walk->entry.key = cel_string(key, json_object_iter_key_len(walk->iter));
	walk->entry.value = part_of(map, json_object_iter_value(walk->iter));
	return true;
}

bool cel_walk(const struct expr_value *map, struct cel_walk *walk)
{
	if (map->json)
		return walk_json(map, walk);
	if (walk->index >= map->as.map->count)
		return false;
	walk->entry = map->as.map->entries[walk->index++];
	return true;
}
