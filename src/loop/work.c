/*
 * Blocking calls on threads. A work has a pipe of its own: its thread writes one byte when it has
 * run, and the loop reads it.
 *
 * Invariant: `state` of a work and the queue change only under `lock`. The loop frees a work that
 * is DONE, the thread one that is ABANDONED; nobody else does.
 */
#include "fsops/work.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsops/mem.h"
#include "sigpipe.h"

/* More works than this wait for a thread. */
#define WORK_THREADS_MAX 16
/* getaddrinfo() needs little; a library's thread stack is 8 MiB of address space otherwise. */
#define WORK_STACK_SIZE ((size_t)1024 * 1024)

enum work_state { WORK_QUEUED, WORK_RUNNING, WORK_ABANDONED, WORK_DONE };

struct work {
	struct work_spec spec;
	enum work_state state;
	struct work *next; /* in the queue */
	struct loop_watch *watch;
	int fds[2];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct work *queue;
static int threads;

static void close_fds(struct work *work)
{
	close(work->fds[0]);
	close(work->fds[1]);
}

static void free_work(struct work *work)
{
	if (work->spec.release)
		work->spec.release(work->spec.arg);
	free(work);
}

static struct work *take_first(void)
{
	struct work *work = queue;

	if (work) {
		queue = work->next;
		work->state = WORK_RUNNING;
	}
	return work;
}

/* Nothing may touch WORK after the byte is written: the loop may free it at once. */
static void finish(struct work *work)
{
	bool abandoned;
	ssize_t written = 1;

	pthread_mutex_lock(&lock);
	abandoned = work->state == WORK_ABANDONED;
	work->state = WORK_DONE;
	if (!abandoned)
		written = write(work->fds[1], "", 1);
	pthread_mutex_unlock(&lock);
	(void)written; /* one byte into an empty pipe */
	if (abandoned)
		free_work(work);
}

/* Runs works until none is waiting. */
static void *thread_main(void *arg)
{
	struct work *work = arg;

	while (work) {
		work->spec.run(work->spec.arg);
		finish(work);
		pthread_mutex_lock(&lock);
		work = take_first();
		if (!work)
			threads--;
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

/* Signals are the loop's: all are blocked in the thread from its first instruction on. */
static int start_thread(struct work *work)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t thread;
	int why;

	sigfillset(&all);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, WORK_STACK_SIZE);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	why = pthread_create(&thread, &attributes, thread_main, work);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return why;
}

static void enqueue(struct work *work)
{
	struct work **at = &queue;

	while (*at)
		at = &(*at)->next;
	*at = work;
}

static void dequeue(struct work *work)
{
	struct work **at = &queue;

	while (*at && *at != work)
		at = &(*at)->next;
	if (*at)
		*at = work->next;
}

/* On a thread of its own, or in the queue when there are enough. */
static int place(struct work *work, struct err *err)
{
	int why = 0;

	pthread_mutex_lock(&lock);
	if (threads >= WORK_THREADS_MAX) {
		enqueue(work);
	} else {
		work->state = WORK_RUNNING;
		why = start_thread(work);
		threads += why ? 0 : 1;
	}
	pthread_mutex_unlock(&lock);
	return why ? err_set(err, ERR_SYSTEM, "unable to start a thread: %s", strerror(why)) : 0;
}

static void on_done(void *ctx, int fd, int ready)
{
	struct work *work = ctx;

	(void)fd;
	(void)ready;
	/* The thread may still hold the lock it wrote the byte under. */
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
	loop_unwatch(work->watch);
	close_fds(work);
	work->spec.done(work->spec.arg);
	free_work(work);
}

struct work *work_start(struct loop *loop, const struct work_spec *spec, struct err *err)
{
	struct work *work = mem_alloc(sizeof(*work));

	work->spec = *spec;
	if (pipe_cloexec(work->fds) < 0) {
		err_set(err, ERR_SYSTEM, "unable to make a pipe: %s", strerror(errno));
		free(work);
		return NULL;
	}
	work->watch = loop_watch(loop, work->fds[0], LOOP_READ, on_done, work);
	if (place(work, err) == 0)
		return work;
	loop_unwatch(work->watch);
	close_fds(work);
	free(work);
	return NULL;
}

void work_abandon(struct work *work)
{
	bool ours; /* no thread will look at it again */

	if (!work)
		return;
	loop_unwatch(work->watch);
	pthread_mutex_lock(&lock);
	ours = work->state != WORK_RUNNING;
	if (work->state == WORK_QUEUED)
		dequeue(work);
	close_fds(work);
	work->state = WORK_ABANDONED;
	pthread_mutex_unlock(&lock);
	if (ours)
		free_work(work);
}
