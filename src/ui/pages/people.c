/* Whom to call and where to look. Invariant: what the platform file says of a contact is all
 * shown, in its order, by whatever names it uses. */
#include <string.h>

#include "fsops/escalation.h"
#include "fsops/ui.h"
#include "ui/look.h"
#include "ui/safe.h"
#include "ui/table.h"

static bool wanted(const char *key, const char *only)
{
	return !only || strcmp(key, only) == 0;
}

void print_contacts_text(
    struct buf *out, const struct platform *platform, const char *only, const struct look *look)
{
	struct table *table = table_new(look, 3);
	const char *key;
	json_t *contact;

	json_object_foreach(platform->contacts, key, contact) {
		struct buf how;

		if (!wanted(key, only))
			continue;
		buf_init(&how, BUF_TEXT_MAX);
		contact_add_how(&how, platform, key);
		table_cell(table, ROLE_BOLD, key);
		table_cell(table, ROLE_PLAIN, contact_title(platform, key));
		table_cell(table, how.len ? ROLE_PLAIN : ROLE_WARNING,
		    how.len ? how.data : "the platform file does not say how");
		table_keep_whole(table);
		buf_release(&how);
	}
	if (!only && json_object_size(platform->contacts))
		print_source(out, platform, look);
	table_print(out, table, "");
	table_free(table);
	if (!json_object_size(platform->contacts))
		buf_adds(out, "The platform has no contacts.\n");
}

void print_contacts_json(struct buf *out, const struct platform *platform, const char *only)
{
	json_t *list = json_array();
	const char *key;
	json_t *contact;

	json_object_foreach(platform->contacts, key, contact) {
		json_t *object;

		if (!wanted(key, only))
			continue;
		object = contact_object(platform, key);
		source_set(object, platform);
		json_array_append_new(list, object);
	}
	print_json(out, list);
	json_decref(list);
}

/* One link alone is printed alone: for `xdg-open "$(fsops links grafana)"`. */
void print_links_text(
    struct buf *out, const struct platform *platform, const char *only, const struct look *look)
{
	struct table *table = table_new(look, only ? 1 : 2);
	const char *key;
	json_t *url;

	json_object_foreach(platform->links, key, url) {
		if (!wanted(key, only))
			continue;
		if (!only)
			table_cell(table, ROLE_BOLD, key);
		table_cell(table, ROLE_PLAIN, json_string_value(url));
		table_keep_whole(table);
	}
	if (!only && json_object_size(platform->links))
		print_source(out, platform, look);
	table_print(out, table, "");
	table_free(table);
	if (!json_object_size(platform->links))
		buf_adds(out, "The platform has no links.\n");
}

void print_links_json(struct buf *out, const struct platform *platform, const char *only)
{
	json_t *list = json_array();
	const char *key;
	json_t *url;

	json_object_foreach(platform->links, key, url) {
		json_t *object;

		if (!wanted(key, only))
			continue;
		object = json_pack("{s:s, s:O}", "name", key, "url", url);
		source_set(object, platform);
		json_array_append_new(list, object);
	}
	print_json(out, list);
	json_decref(list);
}
