/* Writes journals. Invariants: the file is whole lines at all times (a line that could not be written
 * whole is cut off again), and each holds the digest of the one before it. */
#include "fsops/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fsops/history.h"
#include "fsops/mem.h"
#include "fsops/state.h"
#include "fsops/value.h"
#include "reader.h"

/* Whoever looks whether a run is alive holds its lock for a moment: so often it is tried again. */
#define LOCK_TRIES 50
#define LOCK_PAUSE ((msec)10)

struct journal {
	char *path; /* NULL: there is none */
	int fd;
	off_t size;             /* of the whole lines */
	char last[SHA256_TEXT]; /* digest of the last of them */
	bool folder_synced;     /* that the file is there at all is on the disk */
	char *why;              /* it cannot be written; NULL: all is well */
	bool told;              /* a note has said so */
	bool finished;          /* the last line is a run.finished, or of who was told of it */
	json_t *started;        /* run.started */
	json_t *ended;          /* the last run.finished */
};

static void journal_free(struct journal *journal)
{
	if (!journal)
		return;
	if (journal->fd >= 0)
		close(journal->fd); /* and with it the lock */
	json_decref(journal->started);
	json_decref(journal->ended);
	free(journal->path);
	free(journal->why);
	free(journal);
}

static struct journal *journal_new(const char *path)
{
	struct journal *journal = mem_alloc(sizeof(*journal));

	journal->path = mem_text(path);
	journal->fd = -1;
	memcpy(journal->last, JOURNAL_FIRST, sizeof(journal->last));
	return journal;
}

/* ---- opening ---- */

static int take_lock(int fd)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE * 1000000};

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -1;
		nanosleep(&pause, NULL);
	}
	errno = EWOULDBLOCK;
	return -1;
}

struct journal *journal_create(const char *run, struct err *err)
{
	struct journal *journal = NULL;
	char *path = NULL;

	if (state_make_folder(JOURNAL_FOLDER, err) < 0 || !(path = journal_path_of(run, err)))
		return NULL;
	journal = journal_new(path);
	journal->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (journal->fd < 0 || take_lock(journal->fd) < 0) {
		err_set(
		    err, ERR_SYSTEM, "unable to make the journal '%s': %s", path, strerror(errno));
		journal_free(journal);
		journal = NULL;
	}
	free(path);
	return journal;
}

/* Is FD's file, at its path, what READER has read to its end? */
static int check_read(int fd, const struct journal_reader *reader, struct err *err)
{
	const struct journal_facts *facts = journal_facts(reader);
	const char *path = journal_path(reader);
	struct stat st;

	if (facts->bad_line)
		return err_set(err, ERR_INPUT,
		    "%s:%zu: %s: a run is not gone on with on the word of a "
		    "damaged journal",
		    path, facts->bad_line, facts->why);
	if (fstat(fd, &st) < 0)
		return err_set(
		    err, ERR_SYSTEM, "unable to look at '%s': %s", path, strerror(errno));
	if (!st.st_nlink)
		return err_set(err, ERR_INPUT,
		    "the journal '%s' was removed: there is nothing to go on with", path);
	if (st.st_size != reader_whole(reader) + (off_t)facts->torn)
		return err_set(err, ERR_SYSTEM,
		    "the journal '%s' has changed while it was read: try again", path);
	return 0;
}

struct journal *journal_continue(const struct journal_reader *reader, struct err *err)
{
	const char *path = journal_path(reader);
	struct journal *journal = journal_new(path);

	journal->fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
	if (journal->fd < 0) {
		err_set(err, ERR_SYSTEM, "unable to open '%s': %s", path, strerror(errno));
		goto failed;
	}
	if (take_lock(journal->fd) < 0) {
		err_set(err, ERR_LOCKED,
		    "this run is alive: another process writes '%s'; watch it with `fsops log "
		    "--follow`",
		    path);
		goto failed;
	}
	if (check_read(journal->fd, reader, err) < 0)
		goto failed;
	journal->size = reader_whole(reader);
	if (ftruncate(journal->fd, journal->size) < 0) {
		err_set(err, ERR_SYSTEM, "unable to write '%s': %s", path, strerror(errno));
		goto failed;
	}
	memcpy(journal->last, journal_facts(reader)->last, sizeof(journal->last));
	return journal;
failed:
	journal_free(journal);
	return NULL;
}

struct journal *journal_missing(const char *why)
{
	struct journal *journal = journal_new(NULL);

	journal->why = mem_text(why);
	return journal;
}

/* ---- writing ---- */

static void fail(struct journal *journal, const char *what, int error)
{
	if (!journal->why)
		journal->why = mem_printf(
		    "unable to %s the journal '%s': %s", what, journal->path, strerror(error));
}

/* All of it or, as far as the file can be mended, nothing. */
static int write_whole(struct journal *journal, const char *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t written = write(journal->fd, data + done, len - done);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			fail(journal, "write", written < 0 ? errno : ENOSPC);
			if (done && ftruncate(journal->fd, journal->size) < 0)
				return -1; /* a torn line stays: a reader knows what that is */
			return -1;
		}
		done += (size_t)written;
	}
	journal->size += (off_t)len;
	return 0;
}

/* The event as a line without its newline, with `prev` as its last member. */
static int make_line(const struct journal *journal, const json_t *event, struct buf *line)
{
	if (value_write(event, line) < 0)
		return -1;
	line->data[--line->len] = '\0'; /* the closing brace */
	return buf_addf(line, ",\"prev\":\"%s\"}", journal->last);
}

static void append(struct journal *journal, const json_t *event)
{
	char digest[SHA256_TEXT];
	struct buf line;

	buf_init(&line, JOURNAL_LINE_MAX);
	if (make_line(journal, event, &line) < 0) {
		fail(journal, "write", EFBIG);
	} else {
		sha256_text(line.data, line.len, digest);
		buf_addc(&line, '\n');
		if (write_whole(journal, line.data, line.len) == 0)
			memcpy(journal->last, digest, sizeof(digest));
	}
	buf_release(&line);
}

/* That the file is there must be on the disk too. */
static int sync_folder(struct journal *journal)
{
	char *slash = strrchr(journal->path, '/');
	char *folder = mem_textn(journal->path, (size_t)(slash - journal->path));
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = fd < 0 ? -1 : fsync(fd);

	if (fd >= 0)
		close(fd);
	free(folder);
	return result;
}

static void make_sure(struct journal *journal)
{
	if (fdatasync(journal->fd) < 0 || (!journal->folder_synced && sync_folder(journal) < 0))
		fail(journal, "sync", errno);
	else
		journal->folder_synced = true;
}

/* ---- the history's line ---- */

static msec time_of(const json_t *event)
{
	const char *text = value_get_text(event, "time");
	msec wall;

	return text && clock_parse_rfc3339(text, &wall) == 0 ? wall : 0;
}

static void tell_history_began(struct journal *journal)
{
	const json_t *event = journal->started;
	const char *mode = value_get_text(event, "mode");
	const struct history_entry entry = {
	    .run = value_get_text(event, "run"),
	    .runbook = value_get_text(event, "runbook"),
	    .platform = value_get_text(event, "platform"),
	    .check = mode && strcmp(mode, "check") == 0,
	    .started = time_of(event),
	};
	struct err err;

	if (history_begin(&entry, &err) < 0 && !journal->why)
		journal->why = mem_text(err.text);
}

/* When it fails, the history still knows that the run began, and looks into its journal. */
static void tell_history_ended(const struct journal *journal)
{
	const json_t *end = journal->ended;
	struct history_entry entry = {
	    .run = value_get_text(end, "run"),
	    .finished = time_of(end),
	    .exit = (int)value_get_number(end, "exit", 0),
	    .resumable = json_is_true(json_object_get(end, "resumable")),
	};

	level_parse(value_get_text(end, "level"), &entry.level);
	memcpy(entry.last, journal->last, sizeof(entry.last));
	history_end(&entry, NULL);
}

/* ---- the sink ---- */

struct journal_sink {
	struct sink base;
	struct journal *journal;
	struct events *events;
};

static void keep_ends(struct journal *journal, const json_t *event)
{
	const char *type = value_get_text(event, "type");

	bool end = strcmp(type, "run.finished") == 0;

	if (!event_is_aftermath(event))
		journal->finished = end;
	if (end) {
		json_decref(journal->ended);
		journal->ended = json_incref((json_t *)event);
	} else if (strcmp(type, "run.started") == 0) {
		journal->started = json_incref((json_t *)event);
		tell_history_began(journal);
	}
}

static void tell_trouble(struct journal_sink *sink)
{
	struct journal *journal = sink->journal;
	char *text;

	journal->told = true;
	text = mem_printf("this run is not recorded%s: %s; no change is started",
	    journal->size ? " from here on" : "", journal->why);
	event_emit(sink->events, "note",
	    json_pack("{s:o, s:s}", "text", value_text(text, strlen(text)), "level", "critical"));
	free(text);
}

static void sink_event(struct sink *base, const json_t *event)
{
	struct journal_sink *sink = (struct journal_sink *)base;
	struct journal *journal = sink->journal;

	if (!journal->why)
		append(journal, event);
	if (!journal->why)
		keep_ends(journal, event);
	if (journal->why && !journal->told)
		tell_trouble(sink);
}

static int sink_secure(struct sink *base, struct err *err)
{
	struct journal_sink *sink = (struct journal_sink *)base;

	if (!sink->journal->why)
		make_sure(sink->journal);
	if (!sink->journal->why)
		return 0;
	if (!sink->journal->told)
		tell_trouble(sink);
	return err_set(err, ERR_SYSTEM, "not started, because it could not be recorded: %s",
	    sink->journal->why);
}

static void sink_close(struct sink *base)
{
	struct journal_sink *sink = (struct journal_sink *)base;
	struct journal *journal = sink->journal;

	if (!journal->why)
		make_sure(journal);
	if (!journal->why && journal->finished)
		tell_history_ended(journal);
	if (journal->why && journal->path && !journal->size)
		unlink(journal->path); /* nothing of the run is in it */
	journal_free(journal);
	free(sink);
}

static const struct sink_ops journal_ops = {
    .event = sink_event, .secure = sink_secure, .close = sink_close, .as_it_happens = true};

struct sink *journal_sink(struct journal *journal, struct events *events)
{
	struct journal_sink *sink = mem_alloc(sizeof(*sink));

	sink->base.ops = &journal_ops;
	sink->journal = journal; /* transferred */
	sink->events = events;
	return &sink->base;
}
