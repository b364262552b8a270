/* The runs that there were, as a table and as data. Invariant: a run of which nobody knows how it ended
 * is never shown as one that ended. */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/ui.h"
#include "fsops/value.h"
#include "ui/look.h"
#include "ui/table.h"

#define COLUMNS 6

static void set_time(json_t *object, const char *key, msec wall)
{
	char text[CLOCK_TEXT_MAX];

	if (wall)
		clock_format_rfc3339(wall, text);
	json_object_set_new(object, key, wall ? json_string(text) : json_null());
}

/* Of a file that may hold anything. */
static void set_name(json_t *object, const char *key, const char *name)
{
	json_object_set_new(object, key, value_text(name, strlen(name)));
}

json_t *history_object(const struct history_entry *entry)
{
	json_t *object = json_object();

	set_name(object, "run", entry->run);
	set_name(object, "runbook", entry->runbook);
	set_name(object, "platform", entry->platform);
	set_name(object, "mode", entry->check ? "check" : "run");
	json_object_set_new(object, "live", json_boolean(entry->live));
	json_object_set_new(object, "resumable", json_boolean(entry->resumable));
	set_time(object, "started", entry->started);
	set_time(object, "finished", entry->finished);
	json_object_set_new(
	    object, "level", entry->finished ? json_string(level_name(entry->level)) : json_null());
	json_object_set_new(
	    object, "exit", entry->finished ? json_integer(entry->exit) : json_null());
	return object;
}

static const char *history_ending(const json_t *run, enum level *level)
{
	const char *name = value_get_text(run, "level");

	*level = LEVEL_OK;
	if (json_is_true(json_object_get(run, "live")))
		return "running";
	*level = LEVEL_UNKNOWN;
	if (!name)
		return "interrupted";
	level_parse(name, level);
	return json_is_true(json_object_get(run, "resumable")) ? "interrupted" : name;
}

void history_add_ending(struct buf *out, const json_t *run, enum level *level)
{
	const char *mode = value_get_text(run, "mode");

	buf_adds(out, history_ending(run, level));
	if (mode && strcmp(mode, "check") == 0)
		buf_adds(out, " (check)");
}

static msec time_of(const json_t *run, const char *key)
{
	const char *text = value_get_text(run, key);
	msec wall;

	return text && clock_parse_rfc3339(text, &wall) == 0 ? wall : 0;
}

#define JUST_NOW ((msec)1000)

/* Two units are enough: "3h12m". */
void history_add_age(struct buf *out, const json_t *run, msec now)
{
	msec age = now - time_of(run, "started");
	char text[CLOCK_TEXT_MAX];

	if (age < JUST_NOW) {
		buf_adds(out, "just now");
		return;
	}
	if (age >= (msec)24 * 3600 * 1000) {
		buf_addf(out, "%lldd ago", (long long)(age / ((msec)24 * 3600 * 1000)));
		return;
	}
	age -= age % (age >= (msec)3600 * 1000 ? (msec)60 * 1000 : (msec)1000);
	clock_format_span(age, text);
	buf_addf(out, "%s ago", text);
}

static void add_row(struct table *table, const json_t *run, msec now)
{
	msec started = time_of(run, "started");
	msec finished = time_of(run, "finished");
	char when[CLOCK_TEXT_MAX] = "";
	char took[CLOCK_TEXT_MAX] = "";
	enum level level;
	struct buf ending;
	int status = (int)value_get_number(run, "exit", -1);

	clock_format_local(started, now, when);
	if (finished)
		clock_format_span(finished - started, took);
	table_cell(table, ROLE_PLAIN, when);
	table_cell(table, ROLE_PLAIN, took);
	buf_init(&ending, BUF_TEXT_MAX);
	history_add_ending(&ending, run, &level);
	table_cell(table, role_of_level(level), ending.data);
	buf_release(&ending);
	if (status >= 0)
		table_cellf(table, ROLE_PLAIN, "%d", status);
	else
		table_cell(table, ROLE_DIM, "-");
	table_cell(table, ROLE_PLAIN, value_get_text(run, "platform"));
	table_cell(table, ROLE_BOLD, value_get_text(run, "run"));
	table_keep_whole(table);
}

/* Runs may be of any runbooks' folder and platform: what they have in common is the state folder. */
static void add_head(struct buf *out, const char *folder)
{
	buf_adds(out, "Runs kept in ");
	look_add_path(out, folder);
	buf_addc(out, '\n');
}

struct history_page {
	struct table *table;
	msec now;
	size_t count; /* measured */
};

struct history_page *history_page_new(const struct look *look, msec now)
{
	struct history_page *page = mem_alloc(sizeof(*page));

	page->table = table_new(look, COLUMNS);
	page->now = now;
	table_align_right(page->table, 1);
	return page;
}

void history_page_free(struct history_page *page)
{
	if (!page)
		return;
	table_free(page->table);
	free(page);
}

void history_page_measure(struct history_page *page, const json_t *run)
{
	add_row(page->table, run, page->now);
	table_measure(page->table);
	page->count++;
}

void history_page_begin(struct history_page *page, struct buf *out, const char *folder)
{
	static const char *const heads[COLUMNS] = {
	    "STARTED", "TOOK", "ENDED", "STATUS", "PLATFORM", "RUN"};

	add_head(out, folder);
	if (!page->count) {
		buf_adds(out, "No run.\n");
		return;
	}
	for (size_t i = 0; i < COUNT_OF(heads); i++)
		table_cell(page->table, ROLE_DIM, heads[i]);
	table_print(out, page->table, "");
	table_measure(page->table);
}

void history_page_add(struct history_page *page, struct buf *out, const json_t *run)
{
	add_row(page->table, run, page->now);
	table_print(out, page->table, "");
	table_measure(page->table);
}

/* As print_json() lays out a list. */
void history_json_add(struct buf *out, size_t index, const json_t *run)
{
	struct buf text;
	const char *line, *end;

	buf_init(&text, BUF_TEXT_MAX);
	print_json(&text, run);
	buf_adds(out, index ? ",\n" : "[\n");
	for (line = text.data; (end = strchr(line, '\n')); line = end + 1)
		buf_addf(out, "  %.*s%s", (int)(end - line), line, end[1] ? "\n" : "");
	buf_release(&text);
}

void history_json_end(struct buf *out, size_t index)
{
	buf_adds(out, index ? "\n]\n" : "[]\n");
}

void print_history_json(struct buf *out, const json_t *runs)
{
	print_json(out, runs);
}
