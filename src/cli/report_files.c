/* Reports of a run as files. Invariants: what can be known to fail is said before the run starts; a file
 * is there whole or as it was. */
#include "report_files.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "fsops/atomic.h"
#include "fsops/history.h"
#include "fsops/mem.h"
#include "fsops/report.h"
#include "fsops/value.h"

static bool take_success(void *ctx, const struct history_entry *entry)
{
	msec *last = ctx;

	/* What only looked did not do what the runbook is for. */
	if (!entry->finished || entry->exit != 0 || entry->check)
		return true;
	*last = entry->finished;
	return false;
}

/* When a run of this one's runbook last ended well; 0: never, or the history cannot be read. */
static msec last_success(const struct record *record)
{
	const struct history_filter filter = {
	    .runbook = value_get_text(record->started, "runbook"),
	    .platform = value_get_text(record->started, "platform"),
	};
	msec last = 0;

	if (filter.runbook && filter.platform)
		history_each(&filter, take_success, &last, NULL);
	return last;
}

static void print_prom(struct buf *out, const struct record *record)
{
	print_report_prom(out, record, last_success(record));
}

const struct report_format report_formats[] = {
    [REPORT_MARKDOWN] = {"Markdown", {".md", ".markdown"}, print_report_markdown},
    [REPORT_HTML] = {"HTML", {".html", ".htm"}, print_report_html},
    [REPORT_JUNIT] = {"JUnit XML", {".xml"}, print_report_junit},
    [REPORT_JSON] = {"JSON", {".json", ".jsonl"}, print_report_json},
    [REPORT_PROM] = {"metrics", {".prom"}, print_prom},
};

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);
	size_t end_len = strlen(end);

	return len > end_len && strcmp(text + len - end_len, end) == 0;
}

const struct report_format *report_format_of(const char *path, struct err *err)
{
	for (size_t i = 0; i < COUNT_OF(report_formats); i++)
		for (const char *const *end = report_formats[i].extensions; *end; end++)
			if (ends_with(path, *end))
				return &report_formats[i];
	err_set(err, ERR_USAGE,
	    "'%s' does not say what kind of report it is: its name must end in .md, .html, .json, "
	    ".xml (JUnit) or .prom",
	    path);
	return NULL;
}

int report_write(const struct report_format *format, const struct record *record, const char *path,
    struct err *err)
{
	struct buf text;
	int result;

	buf_init(&text, UI_TEXT_MAX);
	format->print(&text, record);
	if (text.full)
		result = err_set(err, ERR_LIMIT,
		    "the report '%s' would be over %zu MiB, the most that is written: it is not "
		    "written",
		    path, UI_TEXT_MAX >> 20);
	else
		result = atomic_write(path, text.data, text.len, err);
	buf_release(&text);
	return result;
}

/* ---- of a run ---- */

struct report_file {
	const struct report_format *format;
	const char *path; /* borrowed from argv */
};

struct report_files {
	struct record *record;
	struct report_file *items;
	size_t count;
};

static int add_file(struct report_files *files, const struct report_format *format,
    const char *path, struct err *err)
{
	if (!format || atomic_check(path, err) < 0)
		return -1;
	for (size_t i = 0; i < files->count; i++)
		if (strcmp(files->items[i].path, path) == 0)
			return err_set(err, ERR_USAGE,
			    "'%s' is to hold two reports: give each a name of its own", path);
	MEM_PUSH_ROOM(files->items, files->count);
	files->items[files->count++] = (struct report_file){.format = format, .path = path};
	return 0;
}

static int add_files(struct report_files *files, const struct options *options, struct err *err)
{
	for (size_t i = 0; i < options->reports.count; i++) {
		const char *path = options->reports.items[i];

		if (add_file(files, report_format_of(path, err), path, err) < 0)
			return -1;
	}
	return options->junit ? add_file(files, &report_formats[REPORT_JUNIT], options->junit, err)
	                      : 0;
}

struct report_files *report_files_new(
    const struct options *options, const struct record *earlier, struct err *err)
{
	struct report_files *files = mem_alloc(sizeof(*files));
	json_t *event;
	size_t i;

	files->record = record_new();
	if (add_files(files, options, err) < 0) {
		report_files_free(files);
		return NULL;
	}
	if (earlier)
		json_array_foreach(earlier->events, i, event) {
			record_add(files->record, event);
		}
	return files;
}

struct sink *report_files_sink(struct report_files *files)
{
	return record_sink(files->record);
}

int report_files_write(const struct report_files *files, int status)
{
	struct err err;

	for (size_t i = 0; files->record->started && i < files->count; i++) {
		const struct report_file *file = &files->items[i];

		if (report_write(file->format, files->record, file->path, &err) == 0)
			continue;
		complain_err(&err);
		if (status == EXIT_OK)
			status = EXIT_FAILED;
	}
	return status;
}

void report_files_free(struct report_files *files)
{
	if (!files)
		return;
	record_free(files->record);
	free(files->items);
	free(files);
}
