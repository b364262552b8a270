/*
 * The postgres adapter: `ping`, SQL, or {query, params, database}, through libpq.
 *
 * Invariant: a read runs in a read-only transaction; values reach the server as parameters and
 * never as part of the SQL; the platform file holds no password.
 *
 * Arguments: {"ping": true} or {"query": SQL, "params": […]}, either with "database".
 * Target: {"conninfo": text}; a tunnel adds "hostaddr" and "port" (texts), which win over it.
 */
#include "postgres.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/value.h"

static const struct adapter_field fields[] = {
    {"rows", "list", "the rows, each a map from column to value"},
    {"value", "any",
        "the first column of the first row; of a ping: accepting, rejecting, no answer"},
    {"count", "int", "how many rows came, or were changed"},
    {NULL, NULL, NULL},
};

/* --- parse --- */

static const char *template_in(const char *text)
{
	for (const char *at = text; (at = strstr(at, "${")); at += 2)
		if (at == text || at[-1] != '$')
			return at;
	return NULL;
}

static json_t *parse_sql(const struct node *node, struct problems *list)
{
	const char *sql = node_want_text(node, "the SQL", list);
	struct err err;

	if (!sql)
		return NULL;
	if (template_in(sql)) {
		NODE_PROBLEM(list, node,
		    "`${…}` inside SQL lets a value become SQL: write $1, $2 … and give the values "
		    "as {query: …, params: [\"${…}\"]}");
		return NULL;
	}
	if (sql_check(sql, &err) < 0) {
		NODE_PROBLEM(list, node, "postgres: %s", err.text);
		return NULL;
	}
	return json_pack("{s:s}", "query", sql);
}

static json_t *parse_scalar(const struct node *node, struct problems *list)
{
	if (node->kind == NODE_SCALAR && node->text && strcmp(node->text, "ping") == 0)
		return json_pack("{s:b}", "ping", 1);
	return parse_sql(node, list);
}

static const struct node_key map_keys[] = {
    {"query", WANT_TEXT, true, "one SQL statement, or ping"},
    {"params", WANT_LIST, false, "the values of $1, $2 …"},
    {"database", WANT_TEXT, false, "instead of the target's own"},
    {NULL, WANT_ANY, false, NULL},
};

static int parse_params(const struct node *node, json_t *args, struct problems *list)
{
	if (!node)
		return 0;
	for (size_t i = 0; i < node->count; i++) {
		if (node->items[i]->kind == NODE_SCALAR)
			continue;
		NODE_PROBLEM(list, node->items[i], "a parameter must be a single value, not %s",
		    node_kind_name(node->items[i]));
		return -1;
	}
	return json_object_set_new(args, "params", node_as_written(node));
}

static json_t *parse(const struct node *value, struct problems *list)
{
	const struct node *database;
	json_t *args;

	if (value->kind != NODE_MAP)
		return parse_scalar(value, list);
	if (node_check_map(value, map_keys, "postgres", list))
		return NULL;
	args = parse_scalar(node_get(value, "query"), list);
	if (!args)
		return NULL;
	if (parse_params(node_get(value, "params"), args, list) < 0) {
		json_decref(args);
		return NULL;
	}
	database = node_get(value, "database");
	if (database)
		json_object_set_new(args, "database", json_string(database->text));
	return args;
}

static const struct node_key target_keys[] = {
    {"postgres", WANT_TEXT, true, "a connection string, a URI or a database's name"},
    {"tunnel", WANT_TEXT, false, "through kubectl port-forward"},
    {NULL, WANT_ANY, false, NULL},
};

static json_t *target_parse(const struct node *map, struct problems *list)
{
	const struct node *node;
	struct err err;

	if (node_check_map(map, target_keys, "a postgres target", list))
		return NULL;
	node = node_get(map, "postgres");
	/* With a template in it, it is checked when it is filled in. */
	if (!template_in(node->text) && pg_conninfo_check(node->text, &err) < 0) {
		NODE_PROBLEM(list, node, "postgres: %s", err.text);
		return NULL;
	}
	return json_pack("{s:s}", "conninfo", node->text);
}

/* --- effect and describe --- */

static enum effect effect(const json_t *args)
{
	const char *query = value_get_text(args, "query");

	return query ? sql_effect(query) : EFFECT_READ;
}

/* The target's connection string, a tunnel's address and the action's database in it. */
static void describe_target(const json_t *args, const json_t *target, struct buf *out)
{
	const char *conninfo = value_get_text(target, "conninfo");
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	pg_conninfo_show(conninfo ? conninfo : "", value_get_text(args, "database"), target, &text);
	if (text.len) {
		buf_adds(out, " -d ");
		buf_add_shell_word(out, text.data);
	}
	buf_release(&text);
}

static void describe_query(const json_t *args, enum effect approved, struct buf *out)
{
	const char *query = value_get_text(args, "query");
	struct buf sql;

	buf_init(&sql, BUF_TEXT_MAX * 4);
	sql_fill(query, json_object_get(args, "params"), &sql);
	if (approved == EFFECT_READ)
		buf_adds(out, " -c 'BEGIN READ ONLY'");
	buf_adds(out, " -c ");
	buf_add_shell_word(out, sql.data);
	buf_release(&sql);
}

static void describe(
    const json_t *args, const json_t *target, enum effect approved, struct buf *out)
{
	bool ping = json_is_true(json_object_get(args, "ping"));

	buf_adds(out, ping ? "pg_isready" : "psql -X -q -v ON_ERROR_STOP=1");
	describe_target(args, target, out);
	if (!ping)
		describe_query(args, approved, out);
}

static char *object(const json_t *args)
{
	const char *query = value_get_text(args, "query");

	return query ? sql_object(query) : NULL;
}

const struct adapter adapter_postgres = {
    .name = "postgres",
    .help = "Ask PostgreSQL whether it answers, or run one SQL statement",
    .forms = "ping, SQL, {query, params, database}",
    .fields = fields,
    .succeeds = "no error",
    .decides = "value",
    .takes = ADAPTER_TEXT,
    .keys = map_keys,
    .target_kind = "postgres",
    .target_keys = target_keys,
    .target_needed = false,
    .parse = parse,
    .target_parse = target_parse,
    .place = pg_place_of,
    .effect = effect,
    .describe = describe,
    .object = object,
    .start = pg_start,
    .cancel = pg_cancel,
    .release = pg_release,
};
