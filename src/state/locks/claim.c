/* Claims. Invariants: the letter is written as one byte, after the note that explains it; what cannot
 * be told of a claim counts as a change in flight, never as none. */
#include "claim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsops/mem.h"
#include "fsops/traces.h"
#include "fsops/value.h"
#include "holder.h"

/* A letter, a holder's line, and a note of at most that size. */
#define CLAIM_NOTE_MAX 4096
#define CLAIM_TEXT_MAX (2 + HOLDER_LINE_MAX + CLAIM_NOTE_MAX)
/* Epochs beyond are no work of this program. */
#define EPOCH_MAX ((json_int_t)1 << 50)

static int fail(const char *what, const char *path, struct err *err)
{
	return err_set(err, ERR_SYSTEM,
	    "unable to %s the lock '%s': %s; without it nothing is changed (--check needs none)",
	    what, path, strerror(errno));
}

/* ---- our own ---- */

static int put(const struct claim *claim, const char *text, size_t len, size_t at, struct err *err)
{
	ssize_t written = pwrite(claim->fd, text, len, (off_t)at);

	if (written >= 0 && (size_t)written < len)
		errno = ENOSPC;
	return written < 0 || (size_t)written < len ? fail("write", claim->path, err) : 0;
}

int claim_note(const struct claim *claim, const json_t *note, struct err *err)
{
	char *json = json_dumps(note, JSON_COMPACT);
	char *line = mem_printf("%s\n", json);
	size_t len = strlen(line);
	int result;

	free(json);
	if (len > CLAIM_NOTE_MAX)
		result = err_set(
		    err, ERR_LIMIT, "the note of a change is over %d bytes", CLAIM_NOTE_MAX);
	else
		result = put(claim, line, len, claim->note_at, err);
	free(line);
	return result;
}

int claim_set(const struct claim *claim, char letter, struct err *err)
{
	return put(claim, &letter, 1, 0, err);
}

static int fill(struct claim *claim, const char *line, char letter, struct err *err)
{
	char *text = mem_printf("%c\n%s", letter, line);
	json_t *here = traces_here();
	int result;

	claim->note_at = strlen(text);
	result = put(claim, text, claim->note_at, 0, err);
	if (result == 0)
		result = claim_note(claim, here, err);
	if (result == 0 && fdatasync(claim->fd) < 0)
		result = fail("write", claim->path, err);
	json_decref(here);
	free(text);
	return result;
}

int claim_make(struct claim *claim, const char *path, json_int_t epoch, const char *line,
    char letter, struct err *err)
{
	claim->path = mem_printf("%s.%" JSON_INTEGER_FORMAT, path, epoch);
	claim->fd = open(claim->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (claim->fd < 0)
		return fail("open", claim->path, err);
	if (flock(claim->fd, LOCK_EX | LOCK_NB) < 0) {
		fail("take", claim->path, err);
		claim_drop(claim);
		return -1;
	}
	if (fill(claim, line, letter, err) == 0)
		return 0;
	claim_drop(claim);
	return -1;
}

void claim_close(struct claim *claim)
{
	if (claim->fd >= 0)
		close(claim->fd);
	claim->fd = -1;
	free(claim->path);
	claim->path = NULL;
}

/* Whoever has it open already reads that it is over. */
void claim_drop(struct claim *claim)
{
	if (claim->fd >= 0) {
		claim_set(claim, CLAIM_IDLE, NULL);
		unlink(claim->path);
	}
	claim_close(claim);
}

/* ---- those of others: reading ---- */

struct content {
	char letter;
	enum holder_state state;
	json_t *holder;
	json_t *note;
};

static void parse(const char *text, size_t len, struct content *content)
{
	const char *end;

	content->letter = text[0];
	content->state = HOLDER_STRANGE;
	if (len < 2 || text[1] != '\n' || !strchr("w-!", text[0]))
		return;
	content->state = holder_parse(text + 2, len - 2, &content->holder);
	end = memchr(text + 2, '\n', len - 2);
	if (!end)
		return;
	len -= (size_t)(++end - text);
	content->note = json_loadb(end, len, JSON_DISABLE_EOF_CHECK, NULL);
}

/* Is it locked by its run? A shared lock, so that those who look do not see each other. */
static bool is_alive(int fd)
{
	if (flock(fd, LOCK_SH | LOCK_NB) < 0)
		return true;
	flock(fd, LOCK_UN);
	return false;
}

static bool is_removed(int fd)
{
	struct stat info;

	return fstat(fd, &info) == 0 && info.st_nlink == 0;
}

/* ---- those of others: judging ---- */

static bool is_over(struct claim_seen *seen, const char *run)
{
	const char *theirs = value_get_text(seen->holder, "run");

	if (traces_rebooted(seen->note, seen->here))
		return true;
	if (json_is_true(json_object_get(seen->note, "local"))) {
		buf_clear(&seen->runs);
		return traces_look(seen->note, &seen->runs) == TRACES_NONE;
	}
	if (theirs && strcmp(theirs, run) == 0)
		return true;
	return traces_same_boot(seen->note) && claim_until(seen) > 0 &&
	       clock_system.mono(clock_system.ctx) > claim_until(seen);
}

/* Of one whose process has died, or is out of sight. */
static enum claim_state judge_dead(struct claim_seen *seen, char letter, const char *run)
{
	if (letter == CLAIM_WAITS)
		return CLAIM_GONE;
	return letter == CLAIM_IDLE || is_over(seen, run) ? CLAIM_QUIET : CLAIM_BUSY;
}

/* What another kernel wrote may not be here yet: then only its end is believed. */
static enum claim_state judge_alive(const struct claim_seen *seen, char letter)
{
	bool current =
	    json_object_get(seen->note, "boot") ? traces_same_boot(seen->note) : seen->here;

	return current && letter != CLAIM_CHANGES ? CLAIM_QUIET : CLAIM_BUSY;
}

static void judge(struct claim_seen *seen, struct content *content, size_t len, const char *run)
{
	json_decref(seen->holder);
	json_decref(seen->note);
	seen->holder = content->holder; /* transferred, both */
	seen->note = content->note;
	seen->waits = content->letter == CLAIM_WAITS;
	seen->here = seen->holder && (holder_is_here(seen->holder) || traces_same_boot(seen->note));
	if (is_removed(seen->claim.fd) && (!seen->alive || content->letter != CLAIM_CHANGES))
		seen->state = CLAIM_GONE;
	else if (len == 0 && !seen->alive)
		seen->state = CLAIM_GONE;
	else if (content->state != HOLDER_KNOWN)
		seen->state = seen->alive ? CLAIM_BUSY : CLAIM_STRANGE;
	else
		seen->state = seen->alive ? judge_alive(seen, content->letter)
		                          : judge_dead(seen, content->letter, run);
}

void claim_look(struct claim_seen *seen, const char *run)
{
	struct content content = {.state = HOLDER_STRANGE};
	char text[CLAIM_TEXT_MAX];
	ssize_t len;

	seen->alive = is_alive(seen->claim.fd);
	len = pread(seen->claim.fd, text, sizeof(text), 0);
	if (len > 0)
		parse(text, (size_t)len, &content);
	judge(seen, &content, len > 0 ? (size_t)len : 0, run);
	if (len < 0)
		seen->state = CLAIM_STRANGE;
}

void claim_seen_forget(struct claim_seen *seen)
{
	unlink(seen->claim.path);
	seen->state = CLAIM_GONE;
}

msec claim_until(const struct claim_seen *seen)
{
	return json_integer_value(json_object_get(seen->note, "until"));
}

void claim_add_why(struct buf *out, const struct claim_seen *seen)
{
	const char *command = value_get_text(seen->note, "command");
	msec left = claim_until(seen) - clock_system.mono(clock_system.ctx);
	char span[CLOCK_TEXT_MAX];

	buf_addf(out, ", which has died; its change%s%s%s", command ? " '" : "",
	    command ? command : "", command ? "'" : "");
	if (seen->runs.len) {
		buf_addf(out, " still runs (%s): wait for it, or end it, then try again",
		    seen->runs.data);
		return;
	}
	buf_adds(out, " may still be in flight");
	if (traces_same_boot(seen->note) && left > 0) {
		clock_format_span(left, span);
		buf_addf(out,
		    ", for what it asked of a server cannot be seen from here: try again in %s, "
		    "when its step's time is up, or go on with that run: fsops resume %s",
		    span, value_get_text(seen->holder, "run"));
		return;
	}
	buf_addf(out,
	    "; that cannot be seen from here: look on '%s', and when it is over remove '%s'",
	    value_get_text(seen->holder, "host"), seen->claim.path);
}

/* ---- all of them ---- */

/* NAME is BASE, a dot and an epoch; 0: it is not. */
static json_int_t epoch_of(const char *name, const char *base)
{
	size_t len = strlen(base);
	const char *digits = name + len + 1;
	char *end;
	long long epoch;

	if (strncmp(name, base, len) != 0 || name[len] != '.' || *digits < '1' || *digits > '9')
		return 0;
	errno = 0;
	epoch = strtoll(digits, &end, 10);
	return *end || errno || epoch > EPOCH_MAX ? 0 : epoch;
}

static int by_epoch(const void *left, const void *right)
{
	const struct claim_seen *a = left;
	const struct claim_seen *b = right;

	return (a->epoch > b->epoch) - (a->epoch < b->epoch);
}

/* Non-blocking: a pipe in its place must not hold us up. */
static int see(char *path, json_int_t epoch, struct claim_seen *seen, struct err *err)
{
	struct stat info;

	*seen =
	    (struct claim_seen){.claim = {.path = path}, .epoch = epoch, .state = CLAIM_STRANGE};
	seen->claim.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	buf_init(&seen->runs, ERR_TEXT_MAX);
	if (seen->claim.fd < 0)
		return errno == ENOENT ? 0 : fail("open", path, err);
	if (fstat(seen->claim.fd, &info) == 0 && S_ISREG(info.st_mode))
		return 1;
	return err_set(
	    err, ERR_SYSTEM, "the lock '%s' is not a regular file: look at it and remove it", path);
}

int claims_read(const char *path, struct claim_seen **list, size_t *count, struct err *err)
{
	const char *base = strrchr(path, '/') + 1;
	char *folder = mem_printf("%.*s", (int)(base - path), path);
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	int got = dir ? 1 : fail("look for claims on", path, err);

	*list = NULL;
	*count = 0;
	while (got >= 0 && (entry = readdir(dir))) {
		json_int_t epoch = epoch_of(entry->d_name, base);

		if (!epoch)
			continue;
		MEM_PUSH_ROOM(*list, *count);
		got = see(mem_printf("%s.%" JSON_INTEGER_FORMAT, path, epoch), epoch,
		    &(*list)[*count], err);
		if (got == 0)
			claim_close(&(*list)[*count].claim); /* gone meanwhile */
		else
			++*count;
	}
	if (dir)
		closedir(dir);
	free(folder);
	if (got < 0) {
		claims_free(*list, *count);
		*list = NULL;
		*count = 0;
		return -1;
	}
	if (*count)
		qsort(*list, *count, sizeof(**list), by_epoch);
	return 0;
}

void claims_free(struct claim_seen *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		claim_close(&list[i].claim);
		json_decref(list[i].holder);
		json_decref(list[i].note);
		buf_release(&list[i].runs);
	}
	free(list);
}
