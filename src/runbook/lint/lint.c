/*
 * Lint: the walk over platform and runbooks that asks every rule at every place.
 *
 * Invariant: nothing is said of what the loader could not read, and every warning names the rule
 * that says it.
 */
#include "lint.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fsops/buf.h"
#include "runbook/yaml/place.h"

#define ALLOW "# lint: allow "

/* ---- saying ---- */

/* Whether the line at TEXT has a comment that allows RULE. */
static bool line_allows(const char *text, const char *rule)
{
	size_t len = strcspn(text, "\n");
	const char *at = strstr(text, ALLOW);
	size_t word;

	if (!at || at >= text + len)
		return false;
	for (at += strlen(ALLOW); *at && *at != '\n'; at += word) {
		at += strspn(at, " ,");
		word = strcspn(at, " ,\n");
		if (word == strlen(rule) && strncmp(at, rule, word) == 0)
			return true;
	}
	return false;
}

static const struct document *find_document(const struct catalog *catalog, const char *file)
{
	for (size_t i = 0; file && i < catalog->document_count; i++)
		if (strcmp(catalog->documents[i]->file, file) == 0)
			return catalog->documents[i];
	return NULL;
}

static bool is_allowed(const struct lint *lint, struct pos pos)
{
	const struct document *document = find_document(lint->catalog, pos.file);

	for (int line = pos.line - 1; document && line <= pos.line; line++) {
		struct pos begin = {pos.file, line, 1};

		if (line > 0 && line_allows(place_text(document, begin), lint->rule->info.id))
			return true;
	}
	return false;
}

void lint_say(struct lint *lint, struct pos pos, const char *fmt, ...)
{
	size_t count = lint->list->count;
	struct buf text;
	va_list args;

	if (is_allowed(lint, pos))
		return;
	buf_init(&text, ERR_TEXT_MAX);
	va_start(args, fmt);
	buf_vaddf(&text, fmt, args);
	va_end(args);
	problem_add(lint->list, PROBLEM_WARNING, pos, "%s", text.data);
	if (lint->list->count > count)
		lint->list->items[count].rule = lint->rule->info.id;
	buf_release(&text);
}

struct pos lint_key_pos(const struct node *map, const char *key)
{
	for (size_t i = 0; map->kind == NODE_MAP && i < map->count; i++)
		if (strcmp(map->keys[i]->text, key) == 0)
			return map->keys[i]->pos;
	return map->pos;
}

const struct lint_rule_info *lint_rule_infos(void)
{
	static struct lint_rule_info infos[64];

	for (size_t i = 0; i < 63 && lint_rules[i].info.id; i++)
		infos[i] = lint_rules[i].info;
	return infos;
}

/* ---- walking ---- */

static bool is_for(const char *names, const char *name)
{
	return !names || text_has_word(names, name);
}

enum place { PLACE_PLATFORM, PLACE_RUNBOOK, PLACE_STEP, PLACE_ACTION };

static void ask(struct lint *lint, enum place place)
{
	for (const struct lint_rule *rule = lint_rules; rule->info.id; rule++) {
		lint_fn *const fns[] = {rule->platform, rule->runbook, rule->step, rule->action};

		lint->rule = rule;
		if (fns[place] &&
		    (place != PLACE_ACTION || is_for(rule->adapters, lint->action->adapter->name)))
			fns[place](lint);
	}
}

static void walk_step(struct lint *lint, const struct step *step)
{
	lint->step = step;
	ask(lint, PLACE_STEP);
	for (size_t i = 0; i < step->action_count; i++) {
		lint->action = &step->actions[i];
		if (lint->action->adapter && lint->action->args)
			ask(lint, PLACE_ACTION);
	}
	lint->action = NULL;
	lint->step = NULL;
}

static void walk_runbook(struct lint *lint, const struct runbook *runbook)
{
	if (!runbook->node || runbook->node->kind != NODE_MAP)
		return;
	lint->runbook = runbook;
	lint_collect_names(lint);
	ask(lint, PLACE_RUNBOOK);
	for (int section = 0; section < SECTION_COUNT; section++) {
		lint->section = (enum section)section;
		for (size_t i = 0; i < runbook->sections[section].count; i++)
			if (runbook->sections[section].items[i].node)
				walk_step(lint, &runbook->sections[section].items[i]);
	}
	names_release(&lint->defined);
	names_release(&lint->secrets);
	names_release(&lint->used);
	lint->runbook = NULL;
}

void lint_catalog(const struct catalog *catalog, struct problems *list)
{
	struct lint lint = {.catalog = catalog, .list = list};

	if (catalog->platform->node)
		ask(&lint, PLACE_PLATFORM);
	for (size_t i = 0; i < catalog->runbook_count; i++)
		walk_runbook(&lint, catalog->runbooks[i]);
	problems_sort(list);
}
