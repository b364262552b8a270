/* What is in use, as a page. Invariant: what is not used says so. */
#include "fsops/ui.h"
#include "fsops/value.h"
#include "ui/look.h"
#include "ui/safe.h"
#include "ui/table.h"

static void add_row(
    struct table *table, const char *what, const char *path, const char *from, bool used)
{
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	if (path)
		look_add_path(&text, path);
	else
		buf_adds(&text, "none");
	table_cell(table, ROLE_BOLD, what);
	table_cell(table, used ? ROLE_PLAIN : ROLE_WARNING, text.data);
	table_cell(table, used ? ROLE_DIM : ROLE_WARNING, used ? (from ? from : "") : "not used");
	buf_release(&text);
}

static void add_fact(
    struct table *table, const json_t *facts, const char *what, const char *path_key)
{
	const json_t *fact = json_object_get(facts, what);

	add_row(table, what, value_get_text(fact, path_key), value_get_text(fact, "from"),
	    json_is_true(json_object_get(fact, "used")));
}

static void add_trusted(struct table *table, const json_t *list)
{
	json_t *one;
	size_t i;

	json_array_foreach((json_t *)list, i, one)
		add_row(table, "trusted", value_get_text(one, "path"), value_get_text(one, "from"),
		    true);
}

void print_trusted_text(struct buf *out, const json_t *list, const struct look *look)
{
	struct table *table = table_new(look, 3);

	add_trusted(table, list);
	table_print(out, table, "");
	table_free(table);
	if (!json_array_size(list))
		buf_adds(out, "No folder is trusted.\n");
}

void print_config_text(struct buf *out, const json_t *facts, const struct look *look)
{
	const char *name = value_get_text(json_object_get(facts, "platform"), "name");
	struct table *table = table_new(look, 3);
	json_t *variable;
	size_t i;

	add_fact(table, facts, "runbooks", "path");
	add_fact(table, facts, "platform", "file");
	if (name) {
		table_cell(table, ROLE_BOLD, "");
		table_cellf(table, ROLE_PLAIN, "its name is %s", name);
		table_cell(table, ROLE_DIM, "");
	}
	add_fact(table, facts, "state", "path");
	add_trusted(table, json_object_get(facts, "trusted"));
	json_array_foreach(json_object_get(facts, "variables"), i, variable) {
		const char *value = value_get_text(variable, "value");
		const char *why = value_get_text(variable, "why");

		table_cell(table, ROLE_BOLD, i ? "" : "variables");
		table_cell(
		    table, why ? ROLE_WARNING : ROLE_PLAIN, value_get_text(variable, "name"));
		if (why)
			table_cellf(table, ROLE_WARNING, "not used: %s", why);
		else
			table_cell(table, ROLE_DIM, value ? value : "is set");
	}
	table_print(out, table, "");
	table_free(table);
}
