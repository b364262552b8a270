/* The file behind the history. Invariants: it is whole lines, added with one write(2) or replaced at
 * once; when it is not, the journals say what is missing. */
#include "history_file.h"

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
#include "history_lines.h"
#include "reader.h"

#define FIELDS_MAX 7
#define NEW_FILE   "history.new"
#define LOCK_FILE  "history.lock"
#define CHECK      "check"
/* A line may have been told by whoever mended the file a moment before: so far back it is looked for. */
#define TAIL ((size_t)64 * 1024)

/* ---- lines ---- */

/* A field ends at a tab and a line at a newline, so that neither is in a name. */
static void add_name(struct buf *out, const char *name)
{
	for (; name && *name; name++)
		buf_addc(out, (unsigned char)*name < ' ' ? '?' : *name);
	buf_addc(out, '\t');
}

void history_add_began(struct buf *out, const struct history_entry *entry)
{
	buf_addf(out, "began\t%s\t", entry->run);
	add_name(out, entry->runbook);
	add_name(out, entry->platform);
	buf_addf(out, "%" PRId64 "%s\n", (int64_t)entry->started, entry->check ? "\t" CHECK : "");
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

static int parse_began(char *fields[FIELDS_MAX], size_t count, struct history_entry *entry)
{
	int64_t started;

	if (number(fields[4], &started) < 0)
		return -1;
	*entry = (struct history_entry){
	    .run = fields[1], .runbook = fields[2], .platform = fields[3], .started = started};
	entry->check = count > 5 && strcmp(fields[5], CHECK) == 0;
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
	if (strcmp(fields[0], "began") != 0 || count < 5 || count > 6)
		return -1;
	return parse_began(fields, count, &out->entry);
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

/* ---- reading ---- */

/* The next line is added to whole ones only. */
static bool is_torn(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char last = '\n';

	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

static int stat_in_state(const char *name, struct stat *st)
{
	char *path = state_path(name, NULL);
	int result = path ? stat(path, st) : -1;

	free(path);
	return result;
}

static bool is_newer(const struct timespec *time, const struct timespec *than)
{
	return time->tv_sec > than->tv_sec ||
	       (time->tv_sec == than->tv_sec && time->tv_nsec > than->tv_nsec);
}

/* Does every line look like one? */
static bool are_lines(const struct buf *lines)
{
	static const char began[] = "began\t", ended[] = "ended\t";
	const char *line = lines->data;
	const char *end = line + lines->len;

	while (line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));

		if (!newline || (strncmp(line, began, sizeof(began) - 1) != 0 &&
		                    strncmp(line, ended, sizeof(ended) - 1) != 0))
			return false;
		line = newline + 1;
	}
	return true;
}

/* A run makes its journal before it adds its line. A journal that is newer than the last line has none:
 * its process or the machine died in between, or this is an old copy. */
static bool is_whole(const struct buf *lines)
{
	struct stat runs, history;

	if (stat_in_state(JOURNAL_FOLDER, &runs) < 0)
		return true;
	return lines->len && stat_in_state(HISTORY_FILE, &history) == 0 &&
	       !is_newer(&runs.st_mtim, &history.st_mtim) && are_lines(lines);
}

static bool is_there(void)
{
	struct stat st;

	return stat_in_state(HISTORY_FILE, &st) == 0;
}

bool history_is_any(void)
{
	struct stat st;

	return is_there() || stat_in_state(JOURNAL_FOLDER, &st) == 0;
}

static int read_file(struct buf *out, struct err *err)
{
	char *path = state_path(HISTORY_FILE, err);
	struct buf lines;
	int result = path ? 0 : -1;

	buf_clear(out);
	if (path && is_there()) {
		result = buf_read_checked(&lines, path, HISTORY_MAX, state_check_file, NULL, err);
		if (result == 0) {
			buf_release(out);
			*out = lines; /* transferred */
		}
	}
	free(path);
	return result;
}

/* As is_whole(), of the open file. */
static bool is_whole_file(int fd)
{
	struct stat runs, history;

	if (stat_in_state(JOURNAL_FOLDER, &runs) == 0 &&
	    (fstat(fd, &history) < 0 || is_newer(&runs.st_mtim, &history.st_mtim)))
		return false;
	return history_lines_are_whole(fd);
}

int history_open(void)
{
	char *path = state_path(HISTORY_FILE, NULL);
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	struct stat info;
	struct err err;

	if (fd >= 0 &&
	    (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode) || info.st_size > (off_t)HISTORY_MAX ||
	        state_check_file(fd, path, NULL, &err) < 0 || !is_whole_file(fd))) {
		close(fd);
		fd = -1;
	}
	free(path);
	return fd;
}

/* LINES are what is in the file. It is replaced if that is possible. */
static void mend(struct buf *lines, bool locked)
{
	struct buf mended;

	buf_init(&mended, HISTORY_MAX);
	history_mend(lines, &mended);
	if (locked && (mended.len || is_there()))
		history_replace(&mended, NULL);
	buf_release(lines);
	*lines = mended; /* transferred */
}

int history_read(struct buf *out, bool locked, struct err *err)
{
	int lock = -1;
	int result = read_file(out, err);

	if (result < 0 || is_whole(out))
		return result;
	if (!locked) { /* somebody may have been in the middle of it */
		lock = history_lock(NULL);
		result = read_file(out, err);
	}
	if (result == 0 && !is_whole(out))
		mend(out, locked || lock >= 0);
	if (lock >= 0)
		close(lock);
	return result;
}

/* ---- adding ---- */

/* As much of LINE as says what it tells: that a run began is told once, whatever else is known of it. */
static size_t key_of(const struct buf *line)
{
	const char *tab = strchr(line->data, '\t');

	if (line->data[0] == 'e' || !tab || !strchr(tab + 1, '\t'))
		return line->len;
	return (size_t)(strchr(tab + 1, '\t') + 1 - line->data);
}

static bool is_told(int fd, const struct buf *line)
{
	char tail[TAIL];
	off_t size = lseek(fd, 0, SEEK_END);
	off_t begin = size > (off_t)TAIL ? size - (off_t)TAIL : 0;
	ssize_t got = pread(fd, tail, sizeof(tail), begin);

	return got > 0 && memmem(tail, (size_t)got, line->data, key_of(line));
}

static int open_whole(struct err *err)
{
	int flags = O_RDWR | O_CREAT | O_APPEND;
	int fd = is_there() ? open_in_state(HISTORY_FILE, flags, err) : -1;
	struct buf lines;

	if (fd >= 0 && !is_torn(fd))
		return fd;
	if (fd >= 0)
		close(fd);
	buf_init(&lines, HISTORY_MAX);
	if (read_file(&lines, err) < 0) {
		buf_release(&lines);
		return -1;
	}
	mend(&lines, true);
	buf_release(&lines);
	return open_in_state(HISTORY_FILE, flags, err);
}

int history_append(const struct buf *line, struct err *err)
{
	int fd = open_whole(err);
	int result = fd < 0 ? -1 : is_told(fd, line) ? 0 : write_whole(fd, line, err);

	if (fd >= 0)
		close(fd);
	return result;
}
