/* Locks. Invariants: a lock is ours only after flock(2) was got and the path still led to its file;
 * what is at the path changes only while the file that is to come has its own flock, so that of two
 * who take over at once the second waits for the first. */
#include "fsops/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "holder.h"
#include "lock_file.h"

/* Who came first has so long to write its name, and who takes over to get through. */
#define LOCK_LOOK_EVERY ((msec)20)
#define LOCK_LOOKS      50
/* How often a taker looks whether the old holder has let go. */
#define LOCK_WAIT_EVERY ((msec)50)

struct lock {
	char *platform;
	char *runbook;
	char *path;
	char *line; /* what the file says while it is ours */
	int fd;
	json_t *before;
};

/* Locks are taken before a run has its loop. */
static void pause_for(msec span)
{
	struct timespec left = {.tv_sec = span / 1000, .tv_nsec = (span % 1000) * 1000000};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* When that fails, whoever comes next is told of us as of a dead holder. */
static void empty(int fd)
{
	if (ftruncate(fd, 0) < 0)
		return;
}

/* ---- what is said when it cannot be had ---- */

static int refuse(const struct lock *lock, const json_t *holder, const char *why, struct err *err)
{
	struct buf text;

	buf_init(&text, ERR_TEXT_MAX);
	holder_add_name(&text, holder);
	buf_addf(&text, " holds the lock of '%s' on '%s'", lock->runbook, lock->platform);
	holder_add_age(&text, holder);
	holder_add_step(&text, holder);
	if (!value_get_text(holder, "run"))
		buf_addf(&text, " ('%s')", lock->path);
	buf_adds(&text, why);
	holder_add_watch(&text, holder);
	buf_adds(&text, "; to take its place: --take-over");
	err_set(err, ERR_LOCKED, "%s", text.data);
	buf_release(&text);
	return -1;
}

/* ---- a lock whose flock was got ---- */

static void set_before(struct lock *lock, json_t *holder, bool dead, bool let_go)
{
	json_decref(lock->before);
	lock->before = holder ? holder : json_object(); /* transferred */
	json_object_set_new(lock->before, "dead", json_boolean(dead));
	json_object_set_new(lock->before, "let_go", json_boolean(let_go));
}

/* Its text was left there: by a process that died, or by one that is out of our sight. */
static int judge_left(
    struct lock *lock, enum holder_state state, json_t *holder, bool take_over, struct err *err)
{
	bool dead = state == HOLDER_KNOWN && holder_is_here(holder);

	if (dead || take_over) {
		set_before(lock, holder, dead, dead);
		return 0;
	}
	refuse(lock, holder,
	    state == HOLDER_KNOWN ? "; whether it still runs cannot be seen from this host"
	                          : "; the file holds something else than a holder: look at it",
	    err);
	json_decref(holder);
	return -1;
}

static int make_ours(struct lock *lock, bool take_over, struct err *err)
{
	enum holder_state state;
	json_t *holder;

	if (holder_read(lock->fd, &state, &holder, err) < 0)
		return -1;
	if (state != HOLDER_NONE && judge_left(lock, state, holder, take_over, err) < 0)
		return -1;
	if (lock_file_write(lock->fd, lock->path, lock->line, err) == 0)
		return 0;
	if (state == HOLDER_NONE)
		empty(lock->fd); /* not half a line for the next one to wonder at */
	return -1;
}

static int look(struct lock *lock, enum lock_try *got, struct err *err)
{
	close_fd(&lock->fd);
	lock->fd = lock_file_open(lock->path, err);
	return lock->fd < 0 ? -1 : lock_file_try(lock->fd, lock->path, got, err);
}

static int take_free(struct lock *lock, struct err *err)
{
	for (int i = 0; i < LOCK_LOOKS; i++) {
		enum holder_state state = HOLDER_NONE;
		json_t *holder = NULL;
		enum lock_try got;

		if (look(lock, &got, err) < 0)
			return -1;
		if (got == LOCK_TRY_GOT)
			return make_ours(lock, false, err);
		if (got == LOCK_TRY_HELD && holder_read(lock->fd, &state, &holder, err) < 0)
			return -1;
		if (state == HOLDER_KNOWN || state == HOLDER_STRANGE) {
			refuse(lock, holder, "", err);
			json_decref(holder);
			return -1;
		}
		pause_for(LOCK_LOOK_EVERY); /* it has only just come, or another file has */
	}
	return refuse(lock, NULL, "", err);
}

/* ---- taking over ---- */

/* The file that is to come, and its flock: one taker at a time. */
static int open_next(const struct lock *lock, const char *path, struct err *err)
{
	for (int i = 0; i < LOCK_LOOKS; i++) {
		int fd = lock_file_open(path, err);
		enum lock_try got;

		if (fd < 0)
			return -1;
		if (lock_file_try(fd, path, &got, err) < 0) {
			close(fd);
			return -1;
		}
		if (got == LOCK_TRY_GOT)
			return fd;
		close(fd);
		pause_for(LOCK_LOOK_EVERY);
	}
	return err_set(err, ERR_LOCKED,
	    "somebody else is taking over the lock of '%s' on '%s' right now: try again",
	    lock->runbook, lock->platform);
}

static void tell_waiting(const struct lock_spec *spec, const struct lock *lock)
{
	char span[CLOCK_TEXT_MAX];
	struct buf text;

	if (!spec->waiting)
		return;
	clock_format_span(spec->wait, span);
	buf_init(&text, ERR_TEXT_MAX);
	buf_addf(
	    &text, "taking over the lock of '%s' on '%s' from ", lock->runbook, lock->platform);
	holder_add_name(&text, lock->before);
	holder_add_step(&text, lock->before);
	buf_addf(&text, ": waiting up to %s for it to let go", span);
	spec->waiting(spec->ctx, text.data);
	buf_release(&text);
}

/* Has it let go of the file that was replaced? -1: somebody has taken over from us meanwhile. */
static int wait_for(const struct lock *lock, int old, msec wait, struct err *err)
{
	const struct clock *clock = &clock_system;
	msec end = clock->mono(clock->ctx) + wait;

	while (flock(old, LOCK_EX | LOCK_NB) < 0) {
		if (lock_check(lock, err) < 0)
			return -1;
		if (clock->mono(clock->ctx) >= end)
			return 0;
		pause_for(LOCK_WAIT_EVERY);
	}
	return 1;
}

/* Put the file NEXT in the place of that of a live holder, which lock->fd has open. */
static int replace(struct lock *lock, const struct lock_spec *spec, int next, const char *next_path,
    struct err *err)
{
	enum holder_state state;
	json_t *holder;
	int old = lock->fd;
	int gone = -1;

	if (holder_read(old, &state, &holder, err) < 0) {
		close(next);
		return -1;
	}
	set_before(lock, holder, false, false);
	lock->fd = next; /* transferred */
	if (lock_file_write(next, next_path, lock->line, err) < 0)
		goto out;
	if (rename(next_path, lock->path) < 0) {
		err_set(err, ERR_SYSTEM, "unable to take over the lock '%s': %s", lock->path,
		    strerror(errno));
		goto out;
	}
	tell_waiting(spec, lock);
	gone = wait_for(lock, old, spec->wait, err);
	json_object_set_new(lock->before, "let_go", json_boolean(gone > 0));
out:
	close(old);
	return gone < 0 ? -1 : 0;
}

static int take_over(struct lock *lock, const struct lock_spec *spec, struct err *err)
{
	char *next_path = mem_printf("%s.next", lock->path);
	int next = open_next(lock, next_path, err);
	enum lock_try got = LOCK_TRY_MOVED;
	int result = -1;

	/* It cannot move while we have NEXT, but for somebody who removes files. */
	for (int i = 0; next >= 0 && got == LOCK_TRY_MOVED; i++)
		if (i == LOCK_LOOKS || look(lock, &got, err) < 0)
			goto out;
	if (next < 0)
		goto out;
	if (got == LOCK_TRY_HELD) {
		result = replace(lock, spec, next, next_path, err);
		next = -1; /* transferred */
		goto out;
	}
	unlink(next_path);
	result = make_ours(lock, true, err);
out:
	close_fd(&next);
	free(next_path);
	return result;
}

/* ---- the whole ---- */

struct lock *lock_take(const struct lock_spec *spec, struct err *err)
{
	struct lock *lock = mem_alloc(sizeof(*lock));
	json_t *self = holder_self(spec->run);
	int result = -1;

	lock->fd = -1;
	lock->platform = mem_text(spec->platform);
	lock->runbook = mem_text(spec->runbook);
	lock->line = holder_line(self, err);
	if (lock->line)
		lock->path = lock_file_path(spec->platform, spec->runbook, err);
	if (lock->path)
		result = spec->take_over ? take_over(lock, spec, err) : take_free(lock, err);
	json_decref(self);
	if (result == 0)
		return lock;
	close_fd(&lock->fd); /* what another has written there stays */
	lock_release(lock);
	return NULL;
}

const json_t *lock_before(const struct lock *lock)
{
	return lock->before;
}

const char *lock_runbook(const struct lock *lock)
{
	return lock->runbook;
}

const char *lock_platform(const struct lock *lock)
{
	return lock->platform;
}

json_t *lock_taker(const struct lock *lock)
{
	enum holder_state state;
	json_t *holder = NULL;
	int fd;

	if (lock_file_is_at(lock->fd, lock->path, NULL) != 0)
		return NULL;
	fd = open(lock->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0)
		holder_read(fd, &state, &holder, NULL);
	close_fd(&fd);
	return holder ? holder : json_object();
}

int lock_check(const struct lock *lock, struct err *err)
{
	int at = lock_file_is_at(lock->fd, lock->path, err);
	struct buf text;
	json_t *taker;

	if (at != 0)
		return at < 0 ? -1 : 0;
	taker = lock_taker(lock);
	buf_init(&text, ERR_TEXT_MAX);
	if (value_get_text(taker, "run"))
		holder_add_name(&text, taker);
	else
		buf_adds(&text, "somebody");
	buf_addf(&text, " has taken over the lock of '%s' on '%s': nothing more is changed here",
	    lock->runbook, lock->platform);
	holder_add_watch(&text, taker);
	err_set(err, ERR_LOCKED, "%s", text.data);
	buf_release(&text);
	json_decref(taker);
	return -1;
}

/* The file stays open, so that no other can get its number. */
void lock_let_go(struct lock *lock)
{
	flock(lock->fd, LOCK_UN);
}

void lock_release(struct lock *lock)
{
	if (!lock)
		return;
	if (lock->fd >= 0)
		empty(lock->fd);
	close_fd(&lock->fd);
	json_decref(lock->before);
	free(lock->platform);
	free(lock->runbook);
	free(lock->path);
	free(lock->line);
	free(lock);
}
