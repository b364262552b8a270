/* The file behind the history. Invariants: it is whole lines, added with one write(2) or replaced at
 * once; what cannot be read in it is passed over, since the journals know everything that stands here. */
#include "history_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsops/mem.h"
#include "fsops/state.h"
#include "fsops/text.h"
#include "fsops/value.h"
#include "reader.h"

#define FIELDS_MAX 7
#define NEW_FILE   "history.new"
#define LOCK_FILE  "history.lock"
/* The first line of a journal holds the plan; the last one, the end of the run, is small. */
#define FIRST_MAX ((size_t)4 * 1024 * 1024)

/* ---- lines ---- */

void history_add_began(struct buf *out, const struct history_entry *entry)
{
	buf_addf(out, "began\t%s\t%s\t%s\t%" PRId64 "\n", entry->run,
	    entry->runbook ? entry->runbook : "", entry->platform ? entry->platform : "",
	    (int64_t)entry->started);
}

void history_add_ended(struct buf *out, const struct history_entry *entry)
{
	buf_addf(out, "ended\t%s\t%" PRId64 "\t%s\t%d\t%d\t%s\n", entry->run,
	    (int64_t)entry->finished, level_name(entry->level), entry->exit, entry->resumable,
	    entry->last);
}

static int number(const char *text, int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	return *text && !*end && !errno ? 0 : -1;
}

/* Cut at the tabs; how many fields there are. */
static size_t split(char *line, size_t len, char *fields[FIELDS_MAX])
{
	size_t count = 0;
	char *end = line + len;

	while (count < FIELDS_MAX) {
		char *tab = memchr(line, '\t', (size_t)(end - line));

		fields[count++] = line;
		if (!tab)
			return count;
		*tab = '\0';
		line = tab + 1;
	}
	return FIELDS_MAX + 1;
}

static int parse_began(char *fields[FIELDS_MAX], struct history_entry *entry)
{
	int64_t started;

	if (number(fields[4], &started) < 0)
		return -1;
	*entry = (struct history_entry){
	    .run = fields[1], .runbook = fields[2], .platform = fields[3], .started = started};
	return 0;
}

static int parse_ended(char *fields[FIELDS_MAX], struct history_entry *entry)
{
	int64_t finished, status, resumable;

	*entry = (struct history_entry){.run = fields[1]};
	if (number(fields[2], &finished) < 0 || level_parse(fields[3], &entry->level) < 0 ||
	    number(fields[4], &status) < 0 || number(fields[5], &resumable) < 0 ||
	    strlen(fields[6]) >= sizeof(entry->last))
		return -1;
	entry->finished = finished;
	entry->exit = (int)status;
	entry->resumable = resumable != 0;
	memcpy(entry->last, fields[6], strlen(fields[6]) + 1);
	return 0;
}

int history_parse(char *line, size_t len, struct history_line *out)
{
	char *fields[FIELDS_MAX];
	size_t count;

	line[len] = '\0';
	if (strlen(line) != len)
		return -1;
	count = split(line, len, fields);
	out->ended = strcmp(fields[0], "ended") == 0;
	if (out->ended)
		return count == 7 ? parse_ended(fields, &out->entry) : -1;
	return count == 5 && strcmp(fields[0], "began") == 0 ? parse_began(fields, &out->entry)
	                                                     : -1;
}

/* ---- the file ---- */

static int fail(const char *what, struct err *err)
{
	return err_set(
	    err, ERR_SYSTEM, "unable to %s the history of runs: %s", what, strerror(errno));
}

static int open_in_state(const char *name, int flags, struct err *err)
{
	char *path = state_path(name, err);
	int fd = path ? open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600) : -1;

	if (path && fd < 0)
		fail("open", err);
	free(path);
	return fd;
}

int history_lock(struct err *err)
{
	int fd =
	    state_make_folder(NULL, err) < 0 ? -1 : open_in_state(LOCK_FILE, O_RDWR | O_CREAT, err);

	while (fd >= 0 && flock(fd, LOCK_EX) < 0)
		if (errno != EINTR) {
			fail("lock", err);
			close(fd);
			return -1;
		}
	return fd;
}

static int write_whole(int fd, const struct buf *lines, struct err *err)
{
	ssize_t written = write(fd, lines->data, lines->len);

	if (written >= 0 && (size_t)written < lines->len)
		errno = ENOSPC;
	return written == (ssize_t)lines->len ? 0 : fail("write", err);
}

/* A line that was torn by a crash must not take the next one with it. */
static bool is_torn(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char last = '\n';

	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

int history_replace(const struct buf *lines, struct err *err)
{
	char *path = state_path(HISTORY_FILE, err);
	char *temporary = state_path(NEW_FILE, err);
	int fd = open_in_state(NEW_FILE, O_WRONLY | O_CREAT | O_TRUNC, err);
	int result = fd < 0 ? -1 : write_whole(fd, lines, err);

	if (result == 0 && (fdatasync(fd) < 0 || rename(temporary, path) < 0))
		result = fail("replace", err);
	if (fd >= 0)
		close(fd);
	if (result < 0 && temporary)
		unlink(temporary);
	free(temporary);
	free(path);
	return result;
}

/* ---- from the journals ---- */

static bool is_journal(const char *name)
{
	size_t len = strlen(name), suffix = strlen(JOURNAL_SUFFIX);

	return name[0] != '.' && len > suffix && strcmp(name + len - suffix, JOURNAL_SUFFIX) == 0;
}

static msec time_of(const json_t *event)
{
	const char *text = value_get_text(event, "time");
	msec wall;

	return text && clock_parse_rfc3339(text, &wall) == 0 ? wall : 0;
}

static void note_end(struct history_entry *entry, const json_t *event)
{
	entry->finished = time_of(event);
	entry->exit = (int)value_get_number(event, "exit", 0);
	entry->resumable = json_is_true(json_object_get(event, "resumable"));
	level_parse(value_get_text(event, "level"), &entry->level);
}

/* The lines of one run. */
struct told {
	msec started;
	char *lines;
};

struct all_told {
	struct told *items;
	size_t count;
};

static void keep_told(struct all_told *all, const struct history_entry *entry)
{
	struct buf lines;

	buf_init(&lines, BUF_TEXT_MAX);
	history_add_began(&lines, entry);
	if (entry->finished)
		history_add_ended(&lines, entry);
	MEM_PUSH_ROOM(all->items, all->count);
	all->items[all->count++] = (struct told){entry->started, buf_detach(&lines)};
}

/* What a journal says of its run, as far as it can be read. */
static void read_journal(struct all_told *all, const char *run)
{
	struct journal_reader *reader = journal_open(run, NULL);
	struct history_entry entry = {.run = run};
	json_t *started = NULL;
	json_t *event = NULL;
	int got;

	while (reader && (got = journal_next(reader, &event, NULL)) != 0) {
		const char *type = got > 0 ? value_get_text(event, "type") : NULL;

		if (type && strcmp(type, "run.started") == 0 && !started)
			started = json_incref(event);
		if (type && strcmp(type, "run.finished") == 0)
			note_end(&entry, event);
		if (got > 0)
			json_decref(event);
	}
	if (started) {
		entry.runbook = value_get_text(started, "runbook");
		entry.platform = value_get_text(started, "platform");
		entry.started = time_of(started);
		memcpy(entry.last, journal_facts(reader)->last, sizeof(entry.last));
		keep_told(all, &entry);
	}
	json_decref(started);
	journal_close(reader);
}

static void read_journals(struct all_told *all, DIR *folder)
{
	struct dirent *file;

	while ((file = readdir(folder)))
		if (is_journal(file->d_name)) {
			file->d_name[strlen(file->d_name) - strlen(JOURNAL_SUFFIX)] = '\0';
			read_journal(all, file->d_name);
		}
}

static int by_time(const void *a, const void *b)
{
	msec first = ((const struct told *)a)->started;
	msec second = ((const struct told *)b)->started;

	return (first > second) - (first < second);
}

static int rebuild(struct err *err)
{
	char *path = state_path(JOURNAL_FOLDER, err);
	DIR *folder = path ? opendir(path) : NULL;
	struct all_told all = {0};
	struct buf lines;
	int result = 0;

	if (folder) {
		read_journals(&all, folder);
		closedir(folder);
	}
	buf_init(&lines, HISTORY_MAX);
	if (all.count)
		qsort(all.items, all.count, sizeof(*all.items), by_time);
	for (size_t i = 0; i < all.count; i++) {
		buf_adds(&lines, all.items[i].lines);
		free(all.items[i].lines);
	}
	if (all.count)
		result = history_replace(&lines, err);
	free(all.items);
	free(path);
	buf_release(&lines);
	return result;
}

static bool is_there(void)
{
	char *path = state_path(HISTORY_FILE, NULL);
	bool there = path && access(path, F_OK) == 0;

	free(path);
	return there;
}

/* ---- reading and adding ---- */

static int append(const struct buf *lines, struct err *err)
{
	int fd = open_in_state(HISTORY_FILE, O_RDWR | O_CREAT | O_APPEND, err);
	struct buf whole;
	int result;

	if (fd < 0)
		return -1;
	buf_init(&whole, HISTORY_MAX);
	if (is_torn(fd))
		buf_addc(&whole, '\n');
	buf_add(&whole, lines->data, lines->len);
	result = write_whole(fd, &whole, err);
	buf_release(&whole);
	close(fd);
	return result;
}

int history_append(const struct buf *lines, struct err *err)
{
	if (is_there())
		return append(lines, err);
	if (rebuild(err) < 0)
		return -1;
	return is_there() ? 0 : append(lines, err);
}

static int rebuild_once(struct err *err)
{
	char *runs = state_path(JOURNAL_FOLDER, err);
	bool any = runs && access(runs, F_OK) == 0;
	int lock = any ? history_lock(err) : -1;
	int result = lock < 0 ? (any ? -1 : 0) : is_there() ? 0 : rebuild(err);

	if (lock >= 0)
		close(lock);
	free(runs);
	return result;
}

int history_read(struct buf *out, struct err *err)
{
	char *path;
	int result;

	if (!is_there() && rebuild_once(err) < 0)
		return -1;
	if (!is_there())
		return 0; /* there was never a run */
	path = state_path(HISTORY_FILE, err);
	result = path ? buf_read_file(out, path, HISTORY_MAX, err) : -1;
	free(path);
	return result;
}
