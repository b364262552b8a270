/*
 * The engine's side of a call, and servers to call, for the unit tests of the adapters
 * over HTTP. Each test program includes it once.
 */
#ifndef FSOPS_TEST_WEB_FAKE_H
#define FSOPS_TEST_WEB_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <dirent.h>
#include <unistd.h>

#include <cmocka.h>

#include "fsops/adapter.h"
#include "fsops/mem.h"
#include "fsops/value.h"

/* One call and what became of it. */
struct call_engine {
	const char *wants; /* names of fields, each between blanks: " body json " */
	int outcomes;      /* call_done and call_fail together: must end as 1 */
	int gone;
	json_t *result;
	char *why;          /* of a failure, or what was unexpected */
	enum err_kind kind; /* ERR_NONE: it was call_done */
	struct buf output;
	size_t output_bytes;
	size_t *running; /* calls of this round that have not ended */
	struct call *cancel_on_output;
};

#define FAKE_OUTPUT_KEPT (64 * 1024)

/* What the tests share: a loop, whether it runs, and what the last call became. */
static struct loop *loop;
static bool looping;
static struct call_engine last;

static void run_loop(void)
{
	looping = true;
	loop_run(loop);
	looping = false;
}

const char *effect_name(enum effect effect)
{
	static const char *const names[] = {"read", "change", "destroy", "unstated"};

	return names[effect];
}

void call_secret(struct call *call, const char *text)
{
	(void)call;
	(void)text;
}

bool call_wants(const struct call *call, const char *field)
{
	char *name = mem_printf(" %s ", field);
	bool wanted = call->engine->wants && strstr(call->engine->wants, name);

	free(name);
	return wanted;
}

static void fake_ended(struct call *call)
{
	call->engine->outcomes++;
	if (call->engine->running && --*call->engine->running == 0 && looping)
		loop_stop(call->loop);
}

void call_output(struct call *call, enum child_stream stream, const char *data, size_t len)
{
	struct call_engine *engine = call->engine;

	(void)stream;
	assert_int_equal(engine->outcomes, 0);
	assert_int_equal(engine->gone, 0);
	engine->output_bytes += len;
	buf_add(&engine->output, data, len);
	if (engine->cancel_on_output) {
		engine->cancel_on_output = NULL;
		call->adapter->cancel(call);
		loop_stop(call->loop);
	}
}

void call_done(struct call *call, json_t *result, const char *unexpected)
{
	call->engine->result = result;
	call->engine->why = mem_text(unexpected);
	fake_ended(call);
}

void call_fail(struct call *call, enum err_kind kind, const char *fmt, ...)
{
	va_list args;
	char text[ERR_TEXT_MAX];

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	call->engine->kind = kind;
	call->engine->why = mem_text(text);
	fake_ended(call);
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
	call->engine->gone++;
}

static void fake_reset(struct call_engine *engine, const char *wants)
{
	json_decref(engine->result);
	free(engine->why);
	buf_release(&engine->output);
	*engine = (struct call_engine){.wants = wants};
	buf_init(&engine->output, FAKE_OUTPUT_KEPT);
}

static void on_test_timeout(void *ctx)
{
	(void)ctx;
	fprintf(stderr, "a call never ended\n");
	abort();
}

/* Run one call to its end; ARGS and TARGET are JSON texts, TARGET may be NULL. */
static void run_call(
    const struct adapter *adapter, const char *args, const char *target, const char *wants)
{
	size_t running = 1;
	struct loop_timer *timer = loop_after(loop, 20000, on_test_timeout, NULL);
	json_t *arguments = json_loads(args, 0, NULL);
	json_t *config = target ? json_loads(target, 0, NULL) : NULL;
	struct call call = {.adapter = adapter,
	    .loop = loop,
	    .args = arguments,
	    .target = config,
	    .effect = EFFECT_DESTROY,
	    .engine = &last};

	assert_non_null(arguments);
	fake_reset(&last, wants);
	last.running = &running;
	adapter->start(&call);
	if (running)
		run_loop();
	assert_int_equal(last.outcomes, 1);
	adapter->release(&call);
	assert_null(call.state);
	loop_cancel(timer);
	json_decref(arguments);
	json_decref(config);
}

static void on_stop(void *ctx)
{
	loop_stop(ctx);
}

/* Start a call, let it run for DELAY, cancel it: it must be gone at once. */
static void cancel_call(
    const struct adapter *adapter, const char *args, const char *target, msec delay)
{
	json_t *arguments = json_loads(args, 0, NULL);
	json_t *config = target ? json_loads(target, 0, NULL) : NULL;
	struct call call = {.adapter = adapter,
	    .loop = loop,
	    .args = arguments,
	    .target = config,
	    .effect = EFFECT_DESTROY,
	    .engine = &last};
	msec before;

	fake_reset(&last, NULL);
	adapter->start(&call);
	loop_after(loop, delay, on_stop, loop);
	run_loop();
	assert_int_equal(last.outcomes, 0);
	before = loop_now(loop);
	adapter->cancel(&call);
	assert_true(loop_now(loop) - before < 100);
	assert_int_equal(last.gone, 1);
	adapter->release(&call);
	loop_after(loop, 50, on_stop, loop);
	run_loop();
	assert_int_equal(last.outcomes, 0);
	assert_int_equal(last.gone, 1);
	json_decref(arguments);
	json_decref(config);
}

static void assert_has(const char *text, const char *piece)
{
	if (!text || !strstr(text, piece))
		fail_msg("'%s' is not in '%s'", piece, text ? text : "(null)");
}

/* The call failed without a result, and says PIECE. */
static void assert_failed(enum err_kind kind, const char *piece)
{
	assert_null(last.result);
	assert_has(last.why, piece);
	assert_int_equal(last.kind, kind);
}

/* A server of servers.py, as a child that ends when its standard input is closed. */
struct server {
	pid_t pid;
	int input;
	int port;
};

static void exec_server(const char *kind, const char *cert, const char *key)
{
	/* By its whole name: it looks for its library where the first python3 of PATH is, which may be
	 * another's. */
	execl("/usr/bin/python3", "/usr/bin/python3", "tests/unit/servers.py", kind, cert, key,
	    (char *)NULL);
	_exit(127);
}

static void server_start(struct server *server, const char *kind, const char *cert, const char *key)
{
	int in[2], out[2];
	char line[16] = "";

	/* Whoever runs the tests may need a proxy; the servers here do not. */
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	assert_int_equal(pipe(in) | pipe(out), 0);
	server->pid = fork();
	if (server->pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		for (int fd = 3; fd < 64; fd++)
			close(fd);
		exec_server(kind, cert, key);
	}
	close(in[0]);
	close(out[1]);
	server->input = in[1];
	assert_true(read(out[0], line, sizeof(line) - 1) > 0);
	close(out[0]);
	server->port = (int)strtol(line, NULL, 10);
	assert_true(server->port > 0);
}

static void server_stop(struct server *server)
{
	close(server->input);
	waitpid(server->pid, NULL, 0);
}

/* What parse() makes of a YAML text: JSON, or the first problem. Owned. */
static char *parse_text(const struct adapter *adapter, const char *yaml)
{
	struct problems problems = {0};
	struct document *document = document_parse("test.yaml", yaml, strlen(yaml), &problems);
	json_t *args = document ? adapter->parse(document->root, &problems) : NULL;
	char *text = args ? json_dumps(args, JSON_COMPACT | JSON_SORT_KEYS)
	                  : mem_text(problems.count ? problems.items[0].text : "no problem told");

	assert_int_equal(args == NULL, problems.errors > 0);
	json_decref(args);
	problems_release(&problems);
	document_free(document);
	return text;
}

/* The same through describe(). */
static char *describe_text(const struct adapter *adapter, const char *args, const char *target)
{
	json_t *arguments = json_loads(args, 0, NULL);
	json_t *config = target ? json_loads(target, 0, NULL) : NULL;
	struct buf out;

	assert_non_null(arguments);
	buf_init(&out, BUF_TEXT_MAX);
	adapter->describe(arguments, config, EFFECT_READ, &out);
	json_decref(arguments);
	json_decref(config);
	return buf_detach(&out);
}

/* What embed() of ADAPTER makes of PIECES, a letter and a text each: w written, s said, f found, n a number that
 * was found, u found but not known yet; ends with NULL. The error when it is refused; with PLAIN what the last
 * piece may hold. Owned. */
static inline char *embed_text(
    const struct adapter *adapter, const char *const *pieces, const char **plain)
{
	struct embed_piece items[8] = {0};
	size_t count = 0;
	struct buf out;
	struct err err;

	buf_init(&out, BUF_TEXT_MAX);
	for (; pieces[count]; count++) {
		char kind = pieces[count][0];

		items[count].from = kind == 'w'   ? EMBED_WRITTEN
		                    : kind == 's' ? EMBED_SAID
		                                  : EMBED_FOUND;
		items[count].text = pieces[count] + 1;
		items[count].known = kind != 'u';
		items[count].number = kind == 'n';
	}
	if (adapter->embed(items, count, &out, &err) < 0) {
		buf_clear(&out);
		buf_adds(&out, err.text);
	}
	if (plain)
		*plain = items[count - 1].plain;
	return buf_detach(&out);
}

struct embed_case {
	const char *pieces[6]; /* as of embed_text() */
	const char *text;      /* or a part of the error */
};

static inline void check_embed(
    const struct adapter *adapter, const struct embed_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *text = embed_text(adapter, cases[i].pieces, NULL);

		assert_has(text, cases[i].text);
		if (!strstr(text, "filled in"))
			assert_string_equal(text, cases[i].text);
		free(text);
	}
}

#endif
