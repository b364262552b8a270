/* The record of a run from its journal. Invariant: what could not be read is named in `problems`, so that
 * no report looks whole that is not. */
#include "fsops/record.h"

#include <stdlib.h>

#include "fsops/journal.h"
#include "fsops/mem.h"

static void add_problem(struct record *record, char *text)
{
	json_array_append_new(record->problems, json_string(text));
	free(text);
}

/* Every event that can be read. Returns how many lines were damaged. */
static size_t add_events(struct record *record, struct journal_reader *reader)
{
	size_t damaged = 0;
	struct err err;
	json_t *event;
	int result;

	while ((result = journal_next(reader, &event, &err)) != 0) {
		if (result > 0) {
			record_add(record, event);
			json_decref(event);
			continue;
		}
		damaged++;
		if (err.kind != ERR_SYSTEM)
			continue;
		add_problem(record, mem_text(err.text));
		break;
	}
	return damaged;
}

static void add_problems(struct record *record, const struct journal_reader *reader, size_t damaged)
{
	const struct journal_facts *facts = journal_facts(reader);

	if (facts->bad_line)
		add_problem(record, mem_printf("Line %zu: %s.", facts->bad_line, facts->why));
	if (damaged)
		add_problem(record, mem_printf("Lines that cannot be read: %zu.", damaged));
	/* Of a run that is alive it is the line that is being written. */
	if (facts->torn && !record->live)
		add_problem(record,
		    mem_printf(
		        "The last line is torn: %zu bytes of an event that was being written.",
		        facts->torn));
}

struct record *record_read(const char *run, struct err *err)
{
	struct journal_reader *reader = journal_open(run, err);
	struct record *record = NULL;
	size_t damaged;

	if (!reader)
		return NULL;
	record = record_new();
	/* First: a run that ends in between is whole then, and not one that was interrupted. */
	record->live = journal_is_live(reader);
	damaged = add_events(record, reader);
	add_problems(record, reader, damaged);
	if (!record->last) {
		err_set(err, ERR_INPUT, "no event can be read from the journal '%s'%s%s",
		    journal_path(reader), journal_facts(reader)->bad_line ? ": " : "",
		    journal_facts(reader)->why);
		record_free(record);
		record = NULL;
	}
	journal_close(reader);
	return record;
}
