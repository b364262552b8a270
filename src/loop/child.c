/* Child processes: starting, feeding, reading, and their end when they end by themselves.
 * Invariant: a child is in its `children` list from child_start() until just before ended() or
 * gone() is called, and exactly one of these two is. */
#include "fsops/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child_private.h"
#include "fsops/mem.h"
#include "proctree.h"
#include "spawn.h"

/* Read at most this much from one pipe in one round, so that timers are served in between. */
#define READ_SIZE ((size_t)64 * 1024)
/* When the drain time is over: as much as any pipe can hold. */
#define DRAIN_READS 16

static void close_pipe(struct child_pipe *pipe)
{
	loop_unwatch(pipe->watch);
	pipe->watch = NULL;
	if (pipe->fd >= 0)
		close(pipe->fd);
	pipe->fd = -1;
}

void child_stop_feeding(struct child *child)
{
	close_pipe(&child->in);
	loop_cancel(child->drain);
	child->drain = NULL;
}

void child_unlink(struct child *child)
{
	struct children *children = child->children;
	struct child **at = &children->first;

	while (*at && *at != child)
		at = &(*at)->next;
	if (*at)
		*at = child->next;
	/* One tick later: what was born in this one may still be its. */
	children->changed_at = proctree_ticks() + 1;
	sigpipe_hold(children->sigpipe, children->first != NULL);
	child_stop_feeding(child);
	close_pipe(&child->out[0]);
	close_pipe(&child->out[1]);
	child->state = CHILD_OVER;
}

void child_free(struct child *child)
{
	free(child->feed);
	free(child->seen);
	free(child);
}

/* Standard input. */

static void on_writable(void *ctx, int fd, int ready)
{
	struct child *child = ctx;
	ssize_t put = write(fd, child->feed + child->feed_at, child->feed_len - child->feed_at);

	(void)ready;
	if (put < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	child->feed_at += put > 0 ? (size_t)put : 0;
	/* It may close its end before it has read all: that is its own choice. */
	if (put < 0 || child->feed_at == child->feed_len)
		close_pipe(&child->in);
}

/* The end by itself. */

static bool pipes_open(const struct child *child)
{
	return child->out[0].fd >= 0 || child->out[1].fd >= 0;
}

static int shell_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int child_signal(const struct child *child)
{
	return WIFSIGNALED(child->wait_status) ? WTERMSIG(child->wait_status) : 0;
}

static void report_end(struct child *child)
{
	child_unlink(child);
	child->spec.ended(child->spec.ctx, shell_status(child->wait_status));
	child_free(child);
}

/* One read. False: nothing more is there now (or ever: the pipe is closed then). */
static bool read_once(struct child *child, enum child_stream stream)
{
	struct child_pipe *pipe = &child->out[stream - CHILD_STDOUT];
	char *data = child->children->read_buf;
	ssize_t got = read(pipe->fd, data, READ_SIZE);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got <= 0) {
		close_pipe(pipe);
		return false;
	}
	/* What is being killed may still say why; it would die of SIGPIPE in the midst of its
	 * clean-up if nobody read that. */
	if (child->state == CHILD_RUNNING)
		child->spec.output(child->spec.ctx, stream, data, (size_t)got);
	return true;
}

static void drain_pipe(struct child *child, enum child_stream stream)
{
	struct child_pipe *pipe = &child->out[stream - CHILD_STDOUT];

	for (int i = 0; i < DRAIN_READS && pipe->fd >= 0; i++)
		if (child->state != CHILD_RUNNING || !read_once(child, stream))
			break;
}

static void on_drained(void *ctx)
{
	struct child *child = ctx;

	child->drain = NULL;
	drain_pipe(child, CHILD_STDOUT);
	drain_pipe(child, CHILD_STDERR);
	if (child->state == CHILD_RUNNING)
		report_end(child);
}

static void end_if_over(struct child *child)
{
	if (child->state != CHILD_RUNNING || !child->reaped)
		return;
	if (!pipes_open(child))
		report_end(child);
	else if (!child->drain)
		child->drain = loop_after(child->children->loop, CHILD_DRAIN, on_drained, child);
}

static void on_stdout(void *ctx, int fd, int ready)
{
	(void)fd;
	(void)ready;
	read_once(ctx, CHILD_STDOUT);
	end_if_over(ctx);
}

static void on_stderr(void *ctx, int fd, int ready)
{
	(void)fd;
	(void)ready;
	read_once(ctx, CHILD_STDERR);
	end_if_over(ctx);
}

static struct child *child_of_pid(const struct children *children, int pid)
{
	struct child *child = children->first;

	while (child && (child->pid != pid || child->reaped))
		child = child->next;
	return child;
}

/* Of any pid: orphans that came back to us are nobody else's to collect. */
void children_reap(struct children *children)
{
	int status;
	int pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct child *child = child_of_pid(children, pid);

		if (!child)
			continue;
		child->reaped = true;
		child->wait_status = status;
		end_if_over(child);
	}
}

static void on_sigchld(void *ctx, int signo)
{
	struct children *children = ctx;

	(void)signo;
	children_reap(children);
	if (children->look)
		kill_look_soon(children, 0);
}

/* Starting. */

/* Our own 0, 1 and 2 must be taken, or a child's pipe could get one of these numbers. */
static void fill_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= 2 && fcntl(fd, F_SETFD, 0) == 0);
	if (fd > 2)
		close(fd);
}

struct children *children_new(struct loop *loop, struct err *err)
{
	struct children *children = mem_alloc(sizeof(*children));

	children->loop = loop;
	children->sigpipe = sigpipe_new(loop, on_sigchld, children, err);
	if (!children->sigpipe) {
		free(children);
		return NULL;
	}
	children->read_buf = mem_alloc(READ_SIZE);
	fill_standard_fds();
	signal(SIGPIPE, SIG_IGN);
	sigpipe_catch(children->sigpipe, SIGCHLD);
	proctree_adopt_orphans();
	return children;
}

void children_withhold(struct children *children, char **names)
{
	children->withheld = names; /* transferred */
}

void children_free(struct children *children)
{
	if (!children)
		return;
	kill_all_now(children);
	while (children->first) {
		struct child *child = children->first;

		child_unlink(child);
		child_free(child);
	}
	loop_cancel(children->look);
	sigpipe_free(children->sigpipe);
	free(children->read_buf);
	for (size_t i = 0; children->withheld && children->withheld[i]; i++)
		free(children->withheld[i]);
	free(children->withheld);
	free(children);
}

void children_on_started(struct children *children, void (*fn)(void *ctx, int pid), void *ctx)
{
	children->started = fn;
	children->started_ctx = ctx;
}

/* A mark and a text that no other child has, also not one of an fsops inside this one. */
static void name_child(struct children *children, struct child *child)
{
	uint64_t sequence = ++children->made & PROCTREE_MARK_MASK;

	child->mark = ((uint64_t)getpid() << PROCTREE_MARK_BITS) + sequence;
	snprintf(child->call, sizeof(child->call), ":%d.%llx.%llu:", (int)getpid(),
	    (unsigned long long)proctree_ticks(), (unsigned long long)children->made);
}

/* ENDS gets the child's ends; [0] stays -1 when there is nothing to feed. */
static int make_pipes(
    struct child *child, const struct child_spec *spec, int ends[3], struct err *err)
{
	for (int i = spec->stdin_data ? 0 : 1; i < 3; i++) {
		struct child_pipe *ours = i == 0 ? &child->in : &child->out[i - 1];
		int fds[2];

		if (pipe_cloexec(fds) < 0)
			return err_set(err, ERR_SYSTEM, "unable to run '%s': no pipe: %s",
			    spec->argv[0], strerror(errno));
		ours->fd = i == 0 ? fds[1] : fds[0];
		ends[i] = i == 0 ? fds[0] : fds[1];
		fd_nonblock(ours->fd);
	}
	return 0;
}

static void watch_pipes(struct child *child, const struct child_spec *spec)
{
	struct loop *loop = child->children->loop;

	child->out[0].watch = loop_watch(loop, child->out[0].fd, LOOP_READ, on_stdout, child);
	child->out[1].watch = loop_watch(loop, child->out[1].fd, LOOP_READ, on_stderr, child);
	if (!spec->stdin_data)
		return;
	child->feed_len = spec->stdin_len;
	child->feed = mem_alloc(spec->stdin_len);
	if (spec->stdin_len)
		memcpy(child->feed, spec->stdin_data, spec->stdin_len);
	child->in.watch = loop_watch(loop, child->in.fd, LOOP_WRITE, on_writable, child);
}

/* An fsops inside this one adds its own part, so that both know the process. */
static char *call_variable(const struct child *child)
{
	const char *outer = getenv("FSOPS_CALL");

	return mem_printf("FSOPS_CALL=%s%s", outer ? outer : "", child->call);
}

static struct child *new_child(struct children *children, const struct child_spec *spec)
{
	struct child *child = mem_alloc(sizeof(*child));

	*child = (struct child){.children = children,
	    .spec = {.output = spec->output,
	        .ended = spec->ended,
	        .gone = spec->gone,
	        .killed = spec->killed,
	        .ctx = spec->ctx},
	    .in = {.fd = -1},
	    .out = {{.fd = -1}, {.fd = -1}}};
	name_child(children, child);
	child->next = children->first;
	children->first = child;
	sigpipe_hold(children->sigpipe, true);
	return child;
}

struct child *child_start(struct children *children, const struct child_spec *spec, struct err *err)
{
	struct child *child = new_child(children, spec);
	struct child_spec whole = *spec;
	char *call = call_variable(child);
	int ends[3] = {-1, -1, -1};
	int result;

	whole.withheld = (const char *const *)children->withheld;
	children->changed_at = proctree_ticks();
	proctree_mark_self(child->mark);
	result = make_pipes(child, spec, ends, err);
	if (result == 0)
		result = spawn_command(&whole, call, ends, &child->pid, err);
	for (int i = 0; i < 3; i++)
		if (ends[i] >= 0)
			close(ends[i]);
	free(call);
	if (result == 0) {
		watch_pipes(child, spec);
		if (children->started)
			children->started(children->started_ctx, child->pid);
		return child;
	}
	child_unlink(child);
	child_free(child);
	return NULL;
}
