/*
 * What the tests of the postgres and redis adapters share: an engine that is as strict as the
 * contract allows (it releases a call inside call_done), servers that misbehave on purpose, and
 * real servers in a temporary folder.
 *
 * Included once by each test; everything is static.
 */
#ifndef DATA_HARNESS_H
#define DATA_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <glob.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fsops/adapter.h"
#include "fsops/mem.h"
#include "fsops/value.h"

/* --- the engine --- */

static struct {
	struct loop *loop;
	bool starting;
	bool ended; /* call_done or call_fail */
	bool failed;
	bool gone;
	enum err_kind kind;
	char why[ERR_TEXT_MAX]; /* of the failure, or what was unexpected; "" */
	json_t *result;
	struct buf out;
	struct buf err;
	msec took;
} seen;

static void seen_clear(void)
{
	json_decref(seen.result);
	buf_release(&seen.out);
	buf_release(&seen.err);
	memset(&seen, 0, sizeof(seen));
	buf_init(&seen.out, 64 * 1024 * 1024);
	buf_init(&seen.err, 1024 * 1024);
}

void call_output(struct call *call, enum child_stream stream, const char *data, size_t len)
{
	(void)call;
	assert_false(seen.ended);
	buf_add(stream == CHILD_STDOUT ? &seen.out : &seen.err, data, len);
}

void call_secret(struct call *call, const char *text)
{
	(void)call;
	(void)text;
}

bool call_wants(const struct call *call, const char *field)
{
	(void)call;
	(void)field;
	return true;
}

static void release_later(void *ctx)
{
	struct call *call = ctx;

	call->adapter->release(call);
	loop_stop(call->loop);
}

static void end(struct call *call)
{
	assert_false(seen.ended);
	assert_false(seen.gone);
	seen.ended = true;
	if (seen.starting)
		loop_after(call->loop, 0, release_later, call);
	else
		release_later(call);
}

void call_done(struct call *call, json_t *result, const char *unexpected)
{
	assert_non_null(result);
	seen.result = result;
	snprintf(seen.why, sizeof(seen.why), "%s", unexpected ? unexpected : "");
	end(call);
}

void call_fail(struct call *call, enum err_kind kind, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(seen.why, sizeof(seen.why), fmt, args);
	va_end(args);
	seen.kind = kind;
	seen.failed = true;
	end(call);
}

void call_waiting(struct call *call, const char *text)
{
	(void)call;
	(void)text;
}

void call_killed(struct call *call, int pid, const char *command)
{
	(void)call;
	(void)pid;
	(void)command;
}

void call_gone(struct call *call)
{
	assert_false(seen.gone);
	seen.gone = true;
	release_later(call);
}

static void cancel_now(void *ctx)
{
	struct call *call = ctx;

	assert_false(seen.ended);
	seen.ended = true; /* from now on nothing may come but call_gone */
	call->adapter->cancel(call);
}

static void too_long(void *ctx)
{
	(void)ctx;
	fail_msg("no end after 30 s");
}

struct attempt {
	const struct adapter *adapter;
	json_t *args;   /* taken */
	json_t *target; /* taken; NULL: none */
	enum effect effect;
	msec cancel_after; /* 0: never */
	msec deadline;     /* from now; 0: none */
};

/* Run one call to its end; `seen` tells how it went. */
static void attempt(struct attempt a)
{
	struct loop *loop = loop_new(&clock_system);
	struct call call = {
	    .adapter = a.adapter,
	    .loop = loop,
	    .args = a.args,
	    .target = a.target,
	    .effect = a.effect,
	    .deadline = a.deadline ? loop_now(loop) + a.deadline : 0,
	};
	struct loop_timer *cancel = NULL;
	struct loop_timer *guard = loop_after(loop, 30000, too_long, NULL);
	msec began = loop_now(loop);

	seen_clear();
	seen.starting = true;
	a.adapter->start(&call);
	seen.starting = false;
	if (a.cancel_after)
		cancel = loop_after(loop, a.cancel_after, cancel_now, &call);
	loop_run(loop);
	seen.took = loop_now(loop) - began;
	assert_null(call.state);
	loop_cancel(guard);
	if (!seen.gone)
		loop_cancel(cancel);
	loop_free(loop);
	json_decref(a.args);
	json_decref(a.target);
}

/* --- what holds of every test --- */

static int open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

#define assert_said(text, part)                                                                    \
	do {                                                                                       \
		if (!strstr((text), (part)))                                                       \
			fail_msg("'%s' is not in: %s", (part), (text));                            \
	} while (0)

/* YAML → what parse() makes of it. The problems' texts are kept in `problems_text`. */
static char problems_text[4096];

static json_t *parsed(json_t *(*parse)(const struct node *, struct problems *), const char *yaml)
{
	struct problems list = {0};
	struct document *document = document_parse("test.yaml", yaml, strlen(yaml), &list);
	json_t *args = document ? parse(document->root, &list) : NULL;
	size_t len = 0;

	problems_text[0] = '\0';
	for (size_t i = 0; i < list.count; i++)
		len += (size_t)snprintf(problems_text + len, sizeof(problems_text) - len,
		    "%d:%d: %s\n", list.items[i].line, list.items[i].col, list.items[i].text);
	if (args ? list.errors > 0 : !list.errors)
		fail_msg("%s: %s", yaml, problems_text);
	problems_release(&list);
	document_free(document);
	return args;
}

/* What a POSIX shell makes of a command line: its words, each in brackets. */
static char *shell_words(const char *command)
{
	char *script = mem_printf("printf '[%%s]' %s", command);
	char *out = mem_alloc(65536);
	int fds[2];
	size_t len = 0;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], 1);
		execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	while ((got = read(fds[0], out + len, 65535 - len)) > 0)
		len += (size_t)got;
	close(fds[0]);
	waitpid(pid, NULL, 0);
	free(script);
	return out;
}

static char *described(
    const struct adapter *adapter, const json_t *args, const json_t *target, enum effect effect)
{
	struct buf out;

	buf_init(&out, BUF_TEXT_MAX);
	adapter->describe(args, target, effect, &out);
	return buf_detach(&out);
}

/* --- servers that misbehave --- */

static int listen_free(int *port)
{
	struct sockaddr_in where = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(where);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&where, sizeof(where)), 0);
	assert_int_equal(listen(fd, 16), 0);
	getsockname(fd, (struct sockaddr *)&where, &len);
	*port = ntohs(where.sin_port);
	return fd;
}

static int free_port(void)
{
	int port;

	close(listen_free(&port));
	return port;
}

struct fake {
	size_t skip;       /* let the other side talk this often first */
	const char *bytes; /* then say this */
	size_t len;
	int slow_ms;   /* between two bytes; 0: all at once */
	size_t repeat; /* say it this often */
	bool hold;     /* then hang, else close */
	bool reset;    /* close with RST */
};

static void fake_serve(int fd, const struct fake *how)
{
	char heard[65536];
	struct linger linger = {1, 0};

	for (size_t i = 0; i < how->skip; i++)
		if (read(fd, heard, sizeof(heard)) <= 0)
			_exit(0);
	for (size_t i = 0; i < (how->repeat ? how->repeat : 1); i++) {
		if (!how->slow_ms && how->len && send(fd, how->bytes, how->len, MSG_NOSIGNAL) < 0)
			_exit(0);
		for (size_t j = 0; how->slow_ms && j < how->len; j++) {
			if (send(fd, how->bytes + j, 1, MSG_NOSIGNAL) < 0)
				_exit(0);
			usleep((useconds_t)how->slow_ms * 1000);
		}
	}
	if (how->hold)
		pause();
	if (how->reset)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fd);
}

static pid_t fake_start(const struct fake *how, int *port)
{
	int fd = listen_free(port);
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			fake_serve(accept(fd, NULL, NULL), how);
	}
	close(fd);
	return pid;
}

static void fake_stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* --- real servers --- */

static char *temp_folder(void)
{
	char *path = mem_text("/tmp/fsops-unit-XXXXXX");

	assert_non_null(mkdtemp(path));
	chmod(path, 0755);
	return path;
}

/* Run ARGV in the background (as USER when this is root); its output goes to LOG. */
static pid_t spawn(const char *const *argv, const struct passwd *user, const char *log)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (!freopen(log, "a", stdout) || !freopen("/dev/null", "r", stdin))
		_exit(126);
	dup2(1, 2);
	if (user && (setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0))
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGINT);
	setenv("LC_ALL", "C", 1);
	if (chdir("/tmp") < 0)
		_exit(126);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

static int run(const char *const *argv, const struct passwd *user, const char *log)
{
	int status = -1;

	waitpid(spawn(argv, user, log), &status, 0);
	return status;
}

static void remove_folder(char *path)
{
	const char *argv[] = {"rm", "-rf", path, NULL};

	run(argv, NULL, "/dev/null");
	free(path);
}

static void server_stop(pid_t pid, int signo)
{
	kill(pid, SIGCONT);
	kill(pid, signo);
	waitpid(pid, NULL, 0);
}

/* The initial user of a test's servers when it is run by root, which PostgreSQL refuses. */
static const struct passwd *plain_user(void)
{
	const struct passwd *user;

	if (getuid() != 0)
		return NULL;
	user = getpwnam("postgres");
	return user ? user : getpwnam("nobody");
}

#endif
