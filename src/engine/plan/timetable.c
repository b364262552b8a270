/* The scheduled runbooks and how each is started. Invariant: nothing that changes things is started
 * without an approval that was given for it. */
#include "fsops/timetable.h"

#include <stdlib.h>

#include "fsops/mem.h"

#define HOUR     ((int64_t)3600)
#define SAME_FOR (2 * 366 * 24) /* hours */

/* What is approved in part would be refused in whole. */
static void decide(struct timed *timed, bool yes, bool yes_destroy)
{
	bool changes = timed->totals.changes || timed->totals.destroys;
	bool approved = yes && (!timed->totals.destroys || yes_destroy);

	timed->check = changes && !approved;
	timed->yes = changes && approved;
	timed->yes_destroy = timed->yes && timed->totals.destroys;
}

static int add(struct timetable *table, const struct runbook *runbook, struct err *err)
{
	const struct plan_options options = {0};
	struct timed *timed = &table->items[table->count];

	/* Looks at its expressions too. */
	if (!catalog_find(table->catalog, runbook->name, err))
		return -1;
	*timed = (struct timed){.runbook = runbook};
	timed->plan = plan_new(table->catalog, runbook, &options, err);
	if (!timed->plan)
		return err_prefix(err, "%s", runbook->name);
	table->count++;
	plan_count(timed->plan, &timed->totals);
	timed->next = schedule_next(&runbook->schedule, table->zone, table->now);
	return 0;
}

int timetable_fill(struct timetable *table, bool yes, bool yes_destroy, struct err *err)
{
	const struct catalog *catalog = table->catalog;

	table->items = mem_alloc((catalog->runbook_count + 1) * sizeof(*table->items));
	table->count = 0;
	for (size_t i = 0; i < catalog->runbook_count; i++) {
		if (catalog->runbooks[i]->schedule.kind == SCHEDULE_NONE)
			continue;
		if (add(table, catalog->runbooks[i], err) < 0) {
			timetable_release(table);
			return -1;
		}
		decide(&table->items[table->count - 1], yes, yes_destroy);
	}
	return 0;
}

void timetable_release(struct timetable *table)
{
	for (size_t i = 0; i < table->count; i++)
		plan_free(table->items[i].plan);
	free(table->items);
	table->items = NULL;
	table->count = 0;
}

bool timetable_same_zone(const struct timetable *table)
{
	for (int64_t i = 0; i < SAME_FOR; i++) {
		int64_t at = table->now + i * HOUR;

		if (zone_at(table->zone, at) != zone_at(table->machine, at))
			return false;
	}
	return true;
}

static void add_word(json_t *words, const char *word)
{
	json_array_append_new(words, json_string(word));
}

json_t *timed_words(const struct timetable *table, const struct timed *timed, bool if_due)
{
	json_t *words = json_array();

	add_word(words, "run");
	add_word(words, timed->runbook->name);
	if (timed->check)
		add_word(words, "--check");
	if (timed->yes)
		add_word(words, "--yes");
	if (timed->yes_destroy)
		add_word(words, "--yes-destroy");
	if (if_due)
		add_word(words, "--if-due");
	if (table->runbooks) {
		add_word(words, "--runbooks");
		add_word(words, table->runbooks);
	}
	if (table->platform) {
		add_word(words, "--platform");
		add_word(words, table->platform);
	}
	return words;
}
