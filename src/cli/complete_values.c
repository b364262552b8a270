/* What may stand for RUNBOOK, STEP, RUN … on a command line. Invariant: what cannot be read offers nothing, and nothing is
 * said of it. */
#include "complete.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "fsops/history.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "kept_list.h"

#define RUNS_MAX 20 /* the newest; more are a list, not an offer */

void complete_add(
    struct buf *out, const struct complete_line *line, const char *value, const char *what)
{
	if (strncmp(value, line->begin, strlen(line->begin)) != 0)
		return;
	buf_addf(out, "%s%s\t", line->before, value);
	if (what)
		print_safe(out, what, strlen(what));
	buf_adds(out, "\n");
}

static struct catalog *load(const struct complete_line *line, enum catalog_check check)
{
	const struct catalog_paths paths = {
	    .platform = line->platform, .runbooks = line->runbooks, .check = check};
	struct problems problems = {0};
	struct catalog *catalog = catalog_load(&paths, &problems);

	problems_release(&problems);
	return catalog;
}

/* As `fsops list` has them. */
static json_t *list_of(const struct complete_line *line)
{
	const struct catalog_paths paths = {
	    .platform = line->platform, .runbooks = line->runbooks, .check = CATALOG_CHECK_FOUND};
	struct buf texts;
	json_t *list = kept_list_take(&paths, &texts);
	struct catalog *catalog = list ? NULL : load(line, CATALOG_CHECK_FOUND);

	if (catalog)
		list = runbook_list_of(catalog);
	catalog_free(catalog);
	buf_release(&texts);
	return list;
}

static void add_runbooks(struct buf *out, const struct complete_line *line)
{
	json_t *list = list_of(line);
	const json_t *row, *alias;
	size_t i, k;

	json_array_foreach(json_object_get(list, "rows"), i, row) {
		const char *title = value_get_text(row, "title");

		complete_add(out, line, value_get_text(row, "name"), title);
		if (*line->begin) /* an alias is no news to who has not begun one */
			json_array_foreach(json_object_get(row, "aliases"), k, alias)
				complete_add(out, line, json_string_value(alias), title);
	}
	json_decref(list);
}

static void add_steps_of(
    struct buf *out, const struct complete_line *line, const struct runbook *runbook)
{
	for (size_t section = 0; section < SECTION_COUNT; section++)
		for (size_t i = 0; i < runbook->sections[section].count; i++)
			complete_add(out, line, runbook->sections[section].items[i].id,
			    runbook->sections[section].items[i].title);
}

static void add_vars_of(
    struct buf *out, const struct complete_line *line, const struct var *vars, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *word = mem_printf("%s=", vars[i].name);

		complete_add(out, line, word, vars[i].help);
		free(word);
	}
}

/* CATALOG's runbook that the line names; NULL: none, or none that can be used. */
static const struct runbook *named_runbook(
    const struct catalog *catalog, const struct complete_line *line)
{
	struct err err;

	return line->runbook ? catalog_find(catalog, line->runbook, &err) : NULL;
}

static void add_steps(struct buf *out, const struct complete_line *line)
{
	struct catalog *catalog = load(line, CATALOG_READ_FOUND);
	const struct runbook *runbook = named_runbook(catalog, line);

	if (runbook)
		add_steps_of(out, line, runbook);
	catalog_free(catalog);
}

static void add_vars(struct buf *out, const struct complete_line *line)
{
	struct catalog *catalog;
	const struct runbook *runbook;

	if (strchr(line->begin, '=')) /* the value is nobody's but the person's */
		return;
	catalog = load(line, CATALOG_READ_FOUND);
	runbook = named_runbook(catalog, line);
	if (runbook)
		add_vars_of(out, line, runbook->vars, runbook->var_count);
	add_vars_of(out, line, catalog->platform->vars, catalog->platform->var_count);
	catalog_free(catalog);
}

static void add_metrics(struct buf *out, const struct complete_line *line)
{
	struct catalog *catalog = load(line, CATALOG_READ_FOUND);

	for (size_t i = 0; i < catalog->platform->metric_count; i++)
		complete_add(out, line, catalog->platform->metrics[i].name,
		    catalog->platform->metrics[i].title);
	catalog_free(catalog);
}

static void add_alerts(struct buf *out, const struct complete_line *line)
{
	struct catalog *catalog = load(line, CATALOG_READ_FOUND);

	for (size_t i = 0; i < catalog->platform->alert_count; i++)
		complete_add(out, line, catalog->platform->alerts[i].name,
		    catalog->platform->alerts[i].action);
	catalog_free(catalog);
}

static void add_contacts(struct buf *out, const struct complete_line *line)
{
	struct catalog *catalog = load(line, CATALOG_READ_FOUND);
	const char *key;
	json_t *contact;

	json_object_foreach(catalog->platform->contacts, key, contact)
		complete_add(out, line, key, value_get_text(contact, "title"));
	catalog_free(catalog);
}

static void add_links(struct buf *out, const struct complete_line *line)
{
	struct catalog *catalog = load(line, CATALOG_READ_FOUND);
	const char *key;
	json_t *link;

	json_object_foreach(catalog->platform->links, key, link)
		complete_add(out, line, key, json_string_value(link));
	catalog_free(catalog);
}

struct run_offer {
	struct buf *out;
	const struct complete_line *line;
	bool resumable; /* only these */
	size_t left;
};

static bool offer_run(void *ctx, const struct history_entry *entry)
{
	struct run_offer *offer = ctx;

	if (offer->resumable && !entry->resumable)
		return true;
	complete_add(offer->out, offer->line, entry->run, entry->runbook);
	return --offer->left > 0;
}

static void add_runs(struct buf *out, const struct complete_line *line)
{
	const struct history_filter filter = {0};
	struct run_offer offer = {
	    out, line, strcmp(line->command, command_resume.name) == 0, RUNS_MAX};
	struct err err;

	history_each(&filter, offer_run, &offer, &err);
}

static void add_commands(struct buf *out, const struct complete_line *line)
{
	for (size_t i = 0; commands[i]; i++)
		complete_add(out, line, commands[i]->name, commands[i]->help);
}

static void add_severities(struct buf *out, const struct complete_line *line)
{
	static const enum level levels[] = {LEVEL_INFO, LEVEL_WARNING, LEVEL_CRITICAL};

	for (size_t i = 0; i < COUNT_OF(levels); i++)
		complete_add(out, line, level_name(levels[i]), NULL);
}

static void add_files(struct buf *out, const struct complete_line *line)
{
	(void)line;
	buf_adds(out, COMPLETE_FILES "\n");
}

static void add_folders(struct buf *out, const struct complete_line *line)
{
	(void)line;
	buf_adds(out, COMPLETE_FOLDERS "\n");
}

static const struct {
	const char *kind; /* as help writes it */
	void (*add)(struct buf *out, const struct complete_line *line);
} kinds[] = {
    {"RUNBOOK", add_runbooks},
    {"STEP", add_steps},
    {"NAME=VALUE", add_vars},
    {"RUN", add_runs},
    {"METRIC", add_metrics},
    {"ALERT", add_alerts},
    {"SEVERITY", add_severities},
    {"CONTACT", add_contacts},
    {"LINK", add_links},
    {"COMMAND", add_commands},
    {"FILE", add_files},
    {"DIR", add_folders},
};

bool complete_kind(struct buf *out, const struct complete_line *line, const char *kind, size_t len)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		if (strlen(kinds[i].kind) != len || strncmp(kinds[i].kind, kind, len) != 0)
			continue;
		kinds[i].add(out, line);
		return true;
	}
	return false;
}
