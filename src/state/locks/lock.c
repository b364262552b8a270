/* Locks. Invariants: an epoch is given once, under the flock of the lock's file, and everything that
 * is decided by the claims of others is decided under it too; nobody waits while it holds that. Of
 * two runs one writes that it changes before it reads the epoch, the other writes its epoch before it
 * reads who changes: so at least one of them sees the other. */
#include "fsops/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "claim.h"
#include "fsops/child.h"
#include "fsops/mem.h"
#include "fsops/traces.h"
#include "fsops/value.h"
#include "holder.h"
#include "lock_file.h"

/* Whoever is giving itself an epoch is soon done, however many come at once. */
#define LOCK_LOOK_EVERY ((msec)10)
#define LOCK_LOOKS      500
/* How often a taker looks whether older changes are over. */
#define LOCK_WAIT_EVERY ((msec)50)
/* What a run that died left is given so long to end, before the next one is refused. */
#define LOCK_SETTLE ((msec)2000)
/* What fsops ends needs a while to be gone. */
#define LOCK_WAIT_MORE (CHILD_GRACE + 2000)

struct lock {
	char *platform;
	char *runbook;
	char *path;
	int fd; /* of PATH; -1 */
	json_int_t epoch;
	char *line; /* what PATH says while the lock is ours */
	struct claim claim;
	bool changes;
	json_t *before;
};

/* The claims of others, while a lock is being taken. */
struct rivals {
	struct claim_seen *list;
	size_t count;
};

/* Locks are taken before a run has its loop. */
static void pause_for(msec span)
{
	struct timespec left = {.tv_sec = span / 1000, .tv_nsec = (span % 1000) * 1000000};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* What ends the program while it waits, but not what was ignored from the start (nohup). Blocked from here on; WAS: the
 * mask before. */
static void watch_for_stops(sigset_t *stops, sigset_t *was)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action;

	sigemptyset(stops);
	for (size_t i = 0; i < COUNT_OF(signals); i++)
		if (sigaction(signals[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(stops, signals[i]);
	sigprocmask(SIG_BLOCK, stops, was);
}

/* As pause_for(); the one of STOPS that came, or 0. */
static int pause_or_stop(msec span, const sigset_t *stops)
{
	struct timespec left = {.tv_sec = span / 1000, .tv_nsec = (span % 1000) * 1000000};
	int got = sigtimedwait(stops, NULL, &left);

	return got > 0 ? got : 0;
}

static msec now(void)
{
	return clock_system.mono(clock_system.ctx);
}

/* ---- what is said when it cannot be had ---- */

static void add_lock_name(struct buf *text, const struct lock *lock)
{
	buf_addf(text, "the lock of '%s' on '%s'", lock->runbook, lock->platform);
}

static int refuse(const struct lock *lock, const json_t *holder, const char *why, struct err *err)
{
	struct buf text;

	buf_init(&text, ERR_TEXT_MAX);
	holder_add_name(&text, holder);
	buf_adds(&text, " holds ");
	add_lock_name(&text, lock);
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

/* A change of it may be in flight: nobody may begin another, taken over or not. */
static int refuse_busy(const struct lock *lock, const struct claim_seen *seen, struct err *err)
{
	struct buf text;

	buf_init(&text, ERR_TEXT_MAX);
	holder_add_name(&text, seen->holder);
	buf_adds(&text, " held ");
	add_lock_name(&text, lock);
	holder_add_age(&text, seen->holder);
	holder_add_step(&text, seen->holder);
	if (seen->alive)
		buf_adds(&text, "; a change of it is still in flight: nothing else is changed "
		                "before that is over: look at that run, end it or wait for it");
	else
		claim_add_why(&text, seen);
	holder_add_watch(&text, seen->holder);
	err_set(err, ERR_LOCKED, "%s", text.data);
	buf_release(&text);
	return -1;
}

static int refuse_claim(const struct lock *lock, const struct claim_seen *seen, struct err *err)
{
	if (seen->state == CLAIM_STRANGE && !seen->alive)
		return refuse(
		    lock, NULL, "; the file holds something else than a holder: look at it", err);
	if (seen->alive)
		return refuse(lock, seen->holder, "", err);
	if (!seen->here && seen->state == CLAIM_QUIET)
		return refuse(lock, seen->holder,
		    "; whether it still runs cannot be seen from this host", err);
	return refuse_busy(lock, seen, err);
}

/* ---- the newest epoch ---- */

/* The lock's own file, held: one at a time. */
static int enter(struct lock *lock, struct err *err)
{
	for (int i = 0; i < LOCK_LOOKS; i++) {
		enum lock_try got;

		lock->fd = lock_file_open(lock->path, err);
		if (lock->fd < 0 || lock_file_try(lock->fd, lock->path, &got, err) < 0)
			return -1;
		if (got == LOCK_TRY_GOT)
			return 0;
		close(lock->fd);
		lock->fd = -1;
		pause_for(LOCK_LOOK_EVERY);
	}
	return err_set(err, ERR_LOCKED,
	    "somebody else is taking the lock of '%s' on '%s' right now and does not come to an "
	    "end ('%s'): is it stopped?",
	    lock->runbook, lock->platform, lock->path);
}

static enum holder_state read_newest(int fd, json_t **holder)
{
	char text[HOLDER_LINE_MAX];
	ssize_t len = pread(fd, text, sizeof(text), 0);

	*holder = NULL;
	return len < 0 ? HOLDER_STRANGE : holder_parse(text, (size_t)len, holder);
}

/* The epoch before ours; what is not known of it is no epoch, and to be looked at by a person. */
static int newest_epoch(const struct lock *lock, const struct rivals *rivals, bool take_over,
    json_int_t *epoch, struct err *err)
{
	json_t *holder;
	enum holder_state state = read_newest(lock->fd, &holder);

	*epoch = rivals->count ? rivals->list[rivals->count - 1].epoch : 0;
	if (holder_epoch(holder) > *epoch)
		*epoch = holder_epoch(holder);
	json_decref(holder);
	if (state == HOLDER_NONE || state == HOLDER_KNOWN || take_over)
		return 0;
	return refuse(lock, NULL, "; the file holds something else than a holder: look at it", err);
}

/* ---- the claims of others ---- */

static void set_before(struct lock *lock, const struct claim_seen *seen)
{
	bool known = seen->alive || seen->here;

	json_decref(lock->before);
	lock->before = seen->holder ? json_copy(seen->holder) : json_object();
	json_object_set_new(lock->before, "dead", json_boolean(!seen->alive && seen->here));
	json_object_set_new(
	    lock->before, "let_go", json_boolean(known && seen->state == CLAIM_QUIET));
}

/* Whoever waits for the lock has changed nothing: the one before it is worth more to know of. */
static const struct claim_seen *worst(const struct rivals *rivals)
{
	const struct claim_seen *found = NULL;

	for (size_t i = 0; i < rivals->count; i++) {
		const struct claim_seen *seen = &rivals->list[i];

		if (seen->state != CLAIM_GONE && (!found || !seen->waits))
			found = seen;
	}
	return found;
}

static void forget_the_gone(struct rivals *rivals)
{
	for (size_t i = 0; i < rivals->count; i++)
		if (rivals->list[i].state == CLAIM_GONE)
			claim_seen_forget(&rivals->list[i]);
}

/* Without taking over: only the claims of those who have died with nothing in flight. What is in the
 * way, or NULL. */
static const struct claim_seen *in_the_way_of(const struct rivals *rivals)
{
	const struct claim_seen *in_the_way = NULL;

	for (size_t i = 0; i < rivals->count; i++) {
		const struct claim_seen *seen = &rivals->list[i];

		if (seen->state == CLAIM_GONE ||
		    (seen->state == CLAIM_QUIET && !seen->alive && seen->here))
			continue;
		if (!in_the_way || seen->alive || !in_the_way->alive)
			in_the_way = seen;
	}
	return in_the_way;
}

static const struct claim_seen *first_busy(const struct rivals *rivals)
{
	for (size_t i = 0; i < rivals->count; i++)
		if (rivals->list[i].state == CLAIM_BUSY)
			return &rivals->list[i];
	return NULL;
}

static void look_at_all(struct rivals *rivals, const char *run)
{
	for (size_t i = 0; i < rivals->count; i++)
		if (rivals->list[i].state != CLAIM_GONE)
			claim_look(&rivals->list[i], run);
}

/* ---- waiting for what is in flight ---- */

static msec wait_end(const struct rivals *rivals, msec wait)
{
	msec end = now() + wait;

	for (size_t i = 0; i < rivals->count; i++) {
		msec until = claim_until(&rivals->list[i]) + LOCK_WAIT_MORE;

		if (rivals->list[i].state == CLAIM_BUSY && traces_same_boot(rivals->list[i].note) &&
		    until > end)
			end = until;
	}
	return end;
}

static void tell_waiting(
    const struct lock_spec *spec, const struct lock *lock, const struct claim_seen *busy, msec end)
{
	const char *command = value_get_text(busy->note, "command");
	char span[CLOCK_TEXT_MAX];
	struct buf text;

	if (!spec->waiting)
		return;
	clock_format_span(end - now(), span);
	buf_init(&text, ERR_TEXT_MAX);
	buf_adds(&text, "taking over ");
	add_lock_name(&text, lock);
	buf_adds(&text, " from ");
	holder_add_name(&text, busy->holder);
	holder_add_step(&text, busy->holder);
	buf_addf(&text, ": waiting up to %s for its change to end", span);
	if (command)
		buf_addf(&text, ": %s", command);
	spec->waiting(spec->ctx, text.data);
	buf_release(&text);
}

/* The place of the run before is taken already, and it goes on with nothing: whoever gives up now is told that. */
static int give_up(const struct claim_seen *busy, int got, struct err *err)
{
	const char *run = value_get_text(busy->holder, "run");
	struct buf text;

	buf_init(&text, ERR_TEXT_MAX);
	buf_adds(&text, "stopped while waiting, and nothing was changed; ");
	holder_add_name(&text, busy->holder);
	buf_adds(&text, " begins no further change, since its place is taken");
	if (run)
		buf_addf(&text, ": fsops resume %s goes on with it", run);
	err_set(err, got == SIGINT ? ERR_INTERRUPTED : ERR_TERMINATED, "%s", text.data);
	buf_release(&text);
	return -1;
}

static int wait_while_busy(struct lock *lock, struct rivals *rivals, const struct lock_spec *spec,
    const sigset_t *stops, struct err *err)
{
	const struct claim_seen *busy = first_busy(rivals);
	msec end = wait_end(rivals, spec->wait);

	tell_waiting(spec, lock, busy, end);
	for (; busy; busy = first_busy(rivals)) {
		int got;

		if (lock_check(lock, err) < 0)
			return -1;
		if (now() >= end)
			return refuse_busy(lock, busy, err);
		got = pause_or_stop(LOCK_WAIT_EVERY, stops);
		if (got)
			return give_up(busy, got, err);
		look_at_all(rivals, spec->run);
	}
	return 0;
}

/* -1: it does not end, somebody has taken over from us meanwhile, or we were stopped. */
static int wait_for_all(
    struct lock *lock, struct rivals *rivals, const struct lock_spec *spec, struct err *err)
{
	sigset_t stops, was;
	int result;

	if (!first_busy(rivals))
		return 0;
	watch_for_stops(&stops, &was);
	result = wait_while_busy(lock, rivals, spec, &stops, err);
	sigprocmask(SIG_SETMASK, &was, NULL);
	return result;
}

/* ---- taking it ---- */

/* Our own claim, then our epoch: from here on nobody else begins a change. */
static int claim_it(
    struct lock *lock, const struct lock_spec *spec, json_int_t before, bool waits, struct err *err)
{
	json_t *self;

	lock->epoch = before + 1;
	self = holder_self(spec->run, lock->epoch);
	lock->line = holder_line(self, err);
	json_decref(self);
	if (!lock->line || claim_make(&lock->claim, lock->path, lock->epoch, lock->line,
	                       waits ? CLAIM_WAITS : CLAIM_IDLE, err) < 0)
		return -1;
	return lock_file_write(lock->fd, lock->path, lock->line, err);
}

/* Under the flock of the lock's file. 1: the dead may soon leave no more in flight. */
static int take_epoch(struct lock *lock, const struct lock_spec *spec, struct rivals *rivals,
    bool may_settle, struct err *err)
{
	const struct claim_seen *other;
	json_int_t newest;

	if (claims_read(lock->path, &rivals->list, &rivals->count, err) < 0)
		return -1;
	look_at_all(rivals, spec->run);
	forget_the_gone(rivals);
	other = spec->take_over ? NULL : in_the_way_of(rivals);
	if (other && may_settle && !other->alive && other->runs.len)
		return 1;
	if (other)
		return refuse_claim(lock, other, err);
	if (newest_epoch(lock, rivals, spec->take_over, &newest, err) < 0)
		return -1;
	other = worst(rivals);
	if (other)
		set_before(lock, other);
	return claim_it(lock, spec, newest, other && spec->take_over, err);
}

/* Ours, but for what is in flight; that is looked at anew, now that no more of it can begin. */
static int settle(
    struct lock *lock, const struct lock_spec *spec, struct rivals *rivals, struct err *err)
{
	const struct claim_seen *before;

	atomic_thread_fence(memory_order_seq_cst);
	look_at_all(rivals, spec->run);
	if (wait_for_all(lock, rivals, spec, err) < 0)
		return -1;
	before = worst(rivals);
	if (before)
		set_before(lock, before);
	else if (lock->before)
		json_object_set_new(lock->before, "let_go", json_true()); /* it has ended */
	for (size_t i = 0; i < rivals->count; i++)
		if (!rivals->list[i].alive)
			claim_seen_forget(&rivals->list[i]);
	return claim_set(&lock->claim, CLAIM_IDLE, err);
}

static int take(struct lock *lock, const struct lock_spec *spec, struct err *err)
{
	msec settled = now() + LOCK_SETTLE;
	struct rivals rivals = {0};
	int result;

	for (;;) {
		result = enter(lock, err);
		if (result < 0)
			break;
		result = take_epoch(lock, spec, &rivals, now() < settled, err);
		flock(lock->fd, LOCK_UN);
		if (result <= 0)
			break;
		claims_free(rivals.list, rivals.count);
		rivals = (struct rivals){0};
		close(lock->fd);
		lock->fd = -1;
		pause_for(LOCK_WAIT_EVERY);
	}
	if (result == 0)
		result = settle(lock, spec, &rivals, err);
	claims_free(rivals.list, rivals.count);
	return result;
}

struct lock *lock_take(const struct lock_spec *spec, struct err *err)
{
	struct lock *lock = mem_alloc(sizeof(*lock));
	int result = -1;

	lock->fd = lock->claim.fd = -1;
	lock->platform = mem_text(spec->platform);
	lock->runbook = mem_text(spec->runbook);
	lock->path = lock_file_path(spec->platform, spec->runbook, err);
	if (lock->path)
		result = take(lock, spec, err);
	if (result == 0)
		return lock;
	lock_release(lock);
	return NULL;
}

/* ---- while it is held ---- */

json_int_t lock_epoch(const struct lock *lock)
{
	return lock->epoch;
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

/* Does the lock's file say that it is ours? Whoever removed it has taken it from us as well. */
static int is_ours(const struct lock *lock, struct err *err)
{
	char text[HOLDER_LINE_MAX];
	size_t len = strlen(lock->line);
	int at = lock_file_is_at(lock->fd, lock->path, err);
	ssize_t got;

	if (at <= 0)
		return at;
	got = pread(lock->fd, text, sizeof(text), 0);
	if (got < 0)
		return err_set(err, ERR_SYSTEM, "unable to read the lock '%s': %s", lock->path,
		    strerror(errno));
	return (size_t)got == len && memcmp(text, lock->line, len) == 0;
}

json_t *lock_taker(const struct lock *lock)
{
	json_t *holder = NULL;
	int fd;

	if (is_ours(lock, NULL) != 0)
		return NULL;
	fd = open(lock->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0) {
		read_newest(fd, &holder);
		close(fd);
	}
	return holder ? holder : json_object();
}

int lock_check(const struct lock *lock, struct err *err)
{
	int ours = is_ours(lock, err);
	struct buf text;
	json_t *taker;

	if (ours != 0)
		return ours < 0 ? -1 : 0;
	taker = lock_taker(lock);
	buf_init(&text, ERR_TEXT_MAX);
	if (value_get_text(taker, "run"))
		holder_add_name(&text, taker);
	else
		buf_adds(&text, "somebody");
	buf_adds(&text, " has taken over ");
	add_lock_name(&text, lock);
	buf_adds(&text, ": nothing more is changed here");
	holder_add_watch(&text, taker);
	err_set(err, ERR_LOCKED, "%s", text.data);
	buf_release(&text);
	json_decref(taker);
	return -1;
}

/* A claim that was let go of has no file any more, and its lock is another's. */
int lock_begin(struct lock *lock, const json_t *note, struct err *err)
{
	if (lock->claim.fd >= 0 && (claim_note(&lock->claim, note, err) < 0 ||
	                               claim_set(&lock->claim, CLAIM_CHANGES, err) < 0))
		return -1;
	lock->changes = true;
	atomic_thread_fence(memory_order_seq_cst); /* the order is what keeps two apart */
	if (lock_check(lock, err) == 0)
		return 0;
	lock_end(lock);
	return -1;
}

/* What cannot be written was said better before it began. */
void lock_note(struct lock *lock, const json_t *note)
{
	if (lock->claim.fd >= 0 && claim_note(&lock->claim, note, NULL) < 0)
		return;
}

void lock_end(struct lock *lock)
{
	if (lock->claim.fd >= 0)
		claim_set(&lock->claim, CLAIM_IDLE, NULL);
	lock->changes = false;
}

void lock_let_go(struct lock *lock)
{
	claim_drop(&lock->claim);
}

void lock_release(struct lock *lock)
{
	if (!lock)
		return;
	if (lock->changes)
		claim_close(&lock->claim);
	else
		claim_drop(&lock->claim);
	if (lock->fd >= 0)
		close(lock->fd);
	json_decref(lock->before);
	free(lock->platform);
	free(lock->runbook);
	free(lock->path);
	free(lock->line);
	free(lock);
}
