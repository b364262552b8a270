/* What the journals say of runs that the history does not tell of. Invariants: a run is told once; what
 * the history says already stays, since it knows how a journal ended before somebody changed it. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/state.h"
#include "fsops/value.h"
#include "history_file.h"
#include "reader.h"

static msec time_of(const json_t *event)
{
	const char *text = value_get_text(event, "time");
	msec wall;

	return text && clock_parse_rfc3339(text, &wall) == 0 ? wall : 0;
}

bool history_take_end(struct history_entry *entry, const struct journal_reader *reader)
{
	char digest[SHA256_TEXT];
	json_t *event = reader_last(reader, digest);
	bool ended = event && strcmp(value_get_text(event, "type"), "run.finished") == 0;

	if (ended) {
		entry->finished = time_of(event);
		entry->exit = (int)value_get_number(event, "exit", 0);
		entry->resumable = json_is_true(json_object_get(event, "resumable"));
		if (!value_get_text(event, "level") ||
		    level_parse(value_get_text(event, "level"), &entry->level) < 0)
			entry->level = LEVEL_UNKNOWN;
		memcpy(entry->last, digest, sizeof(entry->last));
	}
	json_decref(event);
	return ended;
}

/* ---- what is known of all runs ---- */

struct told {
	char *run;
	msec started;
	char *began; /* lines; NULL: not known */
	char *ended;
};

struct all_told {
	struct told *items;
	size_t count;
	json_t *places; /* of each by its run */
};

static struct told *find(const struct all_told *all, const char *run)
{
	const json_t *place = json_object_get(all->places, run);

	return place ? &all->items[json_integer_value(place)] : NULL;
}

static struct told *find_or_add(struct all_told *all, const char *run)
{
	struct told *told = find(all, run);

	if (told)
		return told;
	json_object_set_new(all->places, run, json_integer((json_int_t)all->count));
	MEM_PUSH_ROOM(all->items, all->count);
	told = &all->items[all->count++];
	*told = (struct told){.run = mem_text(run)};
	return told;
}

static char *line_of(
    void (*add)(struct buf *, const struct history_entry *), const struct history_entry *entry)
{
	struct buf line;

	buf_init(&line, BUF_TEXT_MAX);
	add(&line, entry);
	return buf_detach(&line);
}

static void take_began(struct told *told, const struct history_entry *entry)
{
	if (told->began)
		return;
	told->started = entry->started;
	told->began = line_of(history_add_began, entry);
}

static void take_ended(struct told *told, const struct history_entry *entry)
{
	free(told->ended);
	told->ended = line_of(history_add_ended, entry);
}

static void take_line(struct all_told *all, char *text, size_t len)
{
	struct history_line line;
	struct told *told;

	if (history_parse(text, len, &line) < 0 || !journal_is_run_id(line.entry.run))
		return;
	told = find_or_add(all, line.entry.run);
	if (line.ended)
		take_ended(told, &line.entry);
	else
		take_began(told, &line.entry);
}

static void take_lines(struct all_told *all, struct buf *old)
{
	char *line = old->data;
	char *end;

	while ((end = memchr(line, '\n', (size_t)(old->data + old->len - line)))) {
		take_line(all, line, (size_t)(end - line));
		line = end + 1;
	}
}

/* ---- journals ---- */

/* The first event that says what run this is, a new reference; NULL: none does. */
static json_t *first_event(struct journal_reader *reader)
{
	json_t *event;
	int got;

	while ((got = journal_next(reader, &event, NULL)) != 0) {
		if (got > 0 && value_get_text(event, "runbook") &&
		    strncmp(value_get_text(event, "type"), "run.", 4) == 0)
			return event;
		if (got > 0)
			json_decref(event);
	}
	return NULL;
}

static void take_journal(struct all_told *all, const char *run)
{
	struct journal_reader *reader = journal_open(run, NULL);
	json_t *event = reader ? first_event(reader) : NULL;
	struct history_entry entry = {.run = run};
	const char *mode;
	struct told *told;

	if (event) {
		told = find_or_add(all, run);
		mode = value_get_text(event, "mode");
		entry.runbook = value_get_text(event, "runbook");
		entry.platform = value_get_text(event, "platform");
		entry.check = mode && strcmp(mode, "check") == 0;
		entry.started = time_of(event);
		take_began(told, &entry);
		if (!told->ended && !journal_is_live(reader) && history_take_end(&entry, reader))
			take_ended(told, &entry);
	}
	json_decref(event);
	journal_close(reader);
}

/* Is it "RUN.jsonl"? Then NAME is cut to RUN. */
static bool cut_suffix(char *name)
{
	size_t len = strlen(name), suffix = strlen(JOURNAL_SUFFIX);

	if (len <= suffix || strcmp(name + len - suffix, JOURNAL_SUFFIX) != 0)
		return false;
	name[len - suffix] = '\0';
	return journal_is_run_id(name);
}

static void take_journals(struct all_told *all)
{
	char *path = state_path(JOURNAL_FOLDER, NULL);
	DIR *folder = path ? mem_opendir(path) : NULL;
	struct dirent *file;

	while (folder && (file = readdir(folder))) {
		const struct told *told;

		if (!cut_suffix(file->d_name))
			continue;
		told = find(all, file->d_name);
		if (!told || !told->began)
			take_journal(all, file->d_name);
	}
	if (folder)
		closedir(folder);
	free(path);
}

/* ---- mended ---- */

static int by_time(const void *a, const void *b)
{
	const struct told *first = a, *second = b;

	if (first->started != second->started)
		return first->started < second->started ? -1 : 1;
	return strcmp(first->run, second->run);
}

void history_mend(struct buf *old, struct buf *out)
{
	struct all_told all = {.places = json_object()};

	take_lines(&all, old);
	take_journals(&all);
	json_decref(all.places);
	if (all.count)
		qsort(all.items, all.count, sizeof(*all.items), by_time);
	for (size_t i = 0; i < all.count; i++) {
		struct told *told = &all.items[i];

		if (told->began) {
			buf_adds(out, told->began);
			buf_adds(out, told->ended ? told->ended : "");
		}
		free(told->run);
		free(told->began);
		free(told->ended);
	}
	free(all.items);
}
