/* Reads journals, also while they are written. Invariant: an event is given out once, in the order of
 * the file, and what is wrong with a line is in the facts from then on. */
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsops/event.h"
#include "fsops/mem.h"
#include "fsops/state.h"
#include "fsops/value.h"

#define BLOCK    ((size_t)64 * 1024)
#define READ_MAX (JOURNAL_LINE_MAX + BLOCK)
#define TOO_LONG "the line is too long for an event"

struct journal_reader {
	char *path;
	int fd;
	char *run;       /* whose events these must be; NULL: not known yet */
	struct buf data; /* read, from `at` on not given out yet */
	size_t at;
	size_t searched; /* behind `at`: so far there is no newline */
	size_t line;     /* the number of the last line that was taken */
	off_t whole;     /* bytes of the file up to its end */
	bool skipping;   /* inside of a line that is over the ceiling */
	bool broken;     /* it could not be read on: told once, and then it is at its end */
	struct journal_facts facts;
};

/* ---- opening ---- */

/* As run_id_new() makes them. */
bool journal_is_run_id(const char *run)
{
	size_t len =
	    strspn(run, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	return len && run[len] == '\0' && run[0] != '.';
}

char *journal_path_of(const char *run, struct err *err)
{
	char *name;
	char *path;

	if (!journal_is_run_id(run)) {
		err_set(err, ERR_USAGE, "'%s' is no run's id: `fsops history` lists them", run);
		return NULL;
	}
	name = mem_printf(JOURNAL_FOLDER "/%s" JOURNAL_SUFFIX, run);
	path = state_path(name, err);
	free(name);
	return path;
}

static int open_regular(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return err_set(err, errno == ENOENT ? ERR_USAGE : ERR_SYSTEM,
		    "unable to open the journal '%s': %s", path, strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return err_set(err, ERR_INPUT, "'%s' is no journal: it is not a file", path);
}

struct journal_reader *journal_open_file(const char *path, struct err *err)
{
	int fd = open_regular(path, err);
	struct journal_reader *reader;

	if (fd < 0)
		return NULL;
	reader = mem_alloc(sizeof(*reader));
	reader->path = mem_text(path);
	reader->fd = fd;
	buf_init(&reader->data, READ_MAX);
	memcpy(reader->facts.last, JOURNAL_FIRST, sizeof(reader->facts.last));
	return reader;
}

struct journal_reader *journal_open(const char *run, struct err *err)
{
	char *path = journal_path_of(run, err);
	struct journal_reader *reader = path ? journal_open_file(path, err) : NULL;

	if (reader && state_check_file(reader->fd, path, NULL, err) < 0) {
		journal_close(reader);
		reader = NULL;
	}
	if (reader)
		reader->run = mem_text(run);
	free(path);
	return reader;
}

void journal_close(struct journal_reader *reader)
{
	if (!reader)
		return;
	close(reader->fd);
	buf_release(&reader->data);
	free(reader->path);
	free(reader->run);
	free(reader);
}

const struct journal_facts *journal_facts(const struct journal_reader *reader)
{
	return &reader->facts;
}

const char *journal_path(const struct journal_reader *reader)
{
	return reader->path;
}

off_t reader_whole(const struct journal_reader *reader)
{
	return reader->whole;
}

bool journal_is_live(const struct journal_reader *reader)
{
	if (flock(reader->fd, LOCK_SH | LOCK_NB) < 0)
		return errno == EWOULDBLOCK;
	flock(reader->fd, LOCK_UN);
	return false;
}

/* ---- lines ---- */

/* 1: more was read; 0: the end for now; -1: it cannot be read. */
static int read_more(struct journal_reader *reader, struct err *err)
{
	char block[BLOCK];
	ssize_t got;

	if (reader->broken)
		return 0;
	do {
		got = read(reader->fd, block, sizeof(block));
	} while (got < 0 && errno == EINTR);
	reader->broken = got < 0;
	if (reader->broken)
		return err_set(err, ERR_SYSTEM, "unable to read the journal '%s': %s", reader->path,
		    strerror(errno));
	buf_consume(&reader->data, reader->at);
	reader->at = 0;
	buf_add(&reader->data, block, (size_t)got);
	return got > 0;
}

/* Note what is wrong with the present line; the first such line is kept. */
__attribute__((format(printf, 2, 3))) static void note_bad(
    struct journal_reader *reader, const char *fmt, ...)
{
	struct journal_facts *facts = &reader->facts;
	va_list args;

	if (facts->bad_line)
		return;
	facts->bad_line = reader->line;
	va_start(args, fmt);
	vsnprintf(facts->why, sizeof(facts->why), fmt, args);
	va_end(args);
	value_clean(facts->why);
}

static int bad_line(struct journal_reader *reader, const char *why, struct err *err)
{
	note_bad(reader, "%s", why);
	return err_set(err, ERR_INPUT, "%s:%zu: %s", reader->path, reader->line, why);
}

/* Over the ceiling: drop what was read of it; its end is looked for from now on. */
static int skip_overlong(struct journal_reader *reader, struct err *err)
{
	bool first = !reader->skipping;

	reader->whole += (off_t)(reader->data.len - reader->at);
	reader->at = reader->data.len;
	reader->searched = 0;
	reader->skipping = true;
	if (!first)
		return 0;
	reader->line++;
	return bad_line(reader, TOO_LONG, err);
}

/* The next whole line: 1, and LINE and LEN; 0: there is none yet; -1. */
static int next_line(struct journal_reader *reader, const char **line, size_t *len, struct err *err)
{
	for (;;) {
		const char *begin = reader->data.data + reader->at;
		size_t there = reader->data.len - reader->at;
		const char *end = memchr(begin + reader->searched, '\n', there - reader->searched);
		int more;

		reader->searched = end ? 0 : there;
		if (end) {
			*line = begin;
			*len = (size_t)(end - begin);
			reader->at += *len + 1;
			reader->whole += (off_t)*len + 1;
			return 1;
		}
		reader->facts.torn = there;
		if (there > JOURNAL_LINE_MAX && skip_overlong(reader, err) < 0)
			return -1;
		more = read_more(reader, err);
		if (more <= 0)
			return more;
	}
}

/* ---- events ---- */

/* Does EVENT follow what came before it? */
static void check_chain(struct journal_reader *reader, const json_t *event)
{
	const char *prev = value_get_text(event, "prev");
	const char *run = value_get_text(event, "run");
	json_int_t seq = json_integer_value(json_object_get(event, "seq"));
	struct journal_facts *facts = &reader->facts;

	if (!prev || strcmp(prev, facts->last) != 0)
		note_bad(reader,
		    "it does not follow the line before it: that one was changed, or lines "
		    "are missing");
	if (seq < 1 || seq - 1 != facts->last_seq)
		note_bad(reader, "it is event %lld, and %lld came before it", (long long)seq,
		    (long long)facts->last_seq);
	if (!reader->run)
		reader->run = mem_text(run);
	else if (!run || strcmp(run, reader->run) != 0)
		note_bad(reader, "it is an event of another run (%s)", run ? run : "none");
	facts->last_seq = seq;
}

static bool is_event(const json_t *event)
{
	return value_get_text(event, "type") && value_get_text(event, "run") &&
	       value_get_text(event, "time") && json_is_integer(json_object_get(event, "seq")) &&
	       json_is_integer(json_object_get(event, "v"));
}

/* A new reference; NULL: it is none. */
static json_t *parse_event(const char *line, size_t len)
{
	/* What a command prints may hold a NUL. */
	json_t *event = json_loadb(line, len, JSON_ALLOW_NUL, NULL);

	if (event && is_event(event))
		return event;
	json_decref(event);
	return NULL;
}

/* What another version of the format says is not guessed at: its words may mean something else. */
static bool is_readable(const json_t *event)
{
	return json_integer_value(json_object_get(event, "v")) == EVENT_VERSION;
}

static int bad_version(struct journal_reader *reader, json_t **event, struct err *err)
{
	char why[JOURNAL_WHY_MAX];

	snprintf(why, sizeof(why),
	    "it is of version %lld of the format, and this fsops reads version %d: use the fsops "
	    "that wrote it",
	    (long long)json_integer_value(json_object_get(*event, "v")), EVENT_VERSION);
	json_decref(*event);
	*event = NULL;
	return bad_line(reader, why, err);
}

int journal_next(struct journal_reader *reader, json_t **event, struct err *err)
{
	char digest[SHA256_TEXT];
	const char *line;
	size_t len;
	int result = next_line(reader, &line, &len, err);

	if (result <= 0)
		return result;
	reader->facts.torn = 0;
	if (reader->skipping) { /* the end of one that was told to be too long */
		reader->skipping = false;
		return journal_next(reader, event, err);
	}
	reader->line++;
	sha256_text(line, len, digest);
	*event = len > JOURNAL_LINE_MAX ? NULL : parse_event(line, len);
	if (*event) {
		check_chain(reader, *event);
		reader->facts.events++;
	}
	memcpy(reader->facts.last, digest, sizeof(digest));
	if (*event && is_readable(*event))
		return 1;
	if (*event)
		return bad_version(reader, event, err);
	return bad_line(reader, len > JOURNAL_LINE_MAX ? TOO_LONG : "this is no event", err);
}

/* ---- the end first ---- */

/* The line before END (a line break) as an event; BEGIN gets where it begins. */
static json_t *parse_line(const char *data, const char *end, bool whole_file, const char **begin)
{
	const char *before = end > data ? memrchr(data, '\n', (size_t)(end - data)) : NULL;
	json_t *event = NULL;

	*begin = before ? before + 1 : data;
	if (before || whole_file)
		event = parse_event(*begin, (size_t)(end - *begin));
	if (!event || is_readable(event))
		return event;
	json_decref(event);
	return NULL;
}

/* Past the events that only say who was told of the run's end. */
static json_t *parse_last(const char *data, size_t len, bool whole_file, char digest[SHA256_TEXT])
{
	const char *end = len ? memrchr(data, '\n', len) : NULL;
	const char *begin;
	json_t *event = end ? parse_line(data, end, whole_file, &begin) : NULL;

	if (event)
		sha256_text(begin, (size_t)(end - begin), digest);
	while (event && event_is_aftermath(event)) {
		json_decref(event);
		event = begin > data ? parse_line(data, begin - 1, whole_file, &begin) : NULL;
	}
	return event;
}

json_t *reader_last(const struct journal_reader *reader, char digest[SHA256_TEXT])
{
	struct stat st;
	off_t size = fstat(reader->fd, &st) == 0 ? st.st_size : 0;
	off_t begin = size > (off_t)READER_TAIL ? size - (off_t)READER_TAIL : 0;
	char *data = mem_alloc(READER_TAIL);
	ssize_t got = size > 0 ? pread(reader->fd, data, READER_TAIL, begin) : -1;
	json_t *event = got > 0 ? parse_last(data, (size_t)got, begin == 0, digest) : NULL;

	free(data);
	return event;
}
