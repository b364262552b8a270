/*
 * The engine's side of a call, for the unit tests of the adapters that run commands or ask the
 * engine for something. Each test program includes it once.
 */
#ifndef FSOPS_TEST_COMMAND_FAKE_H
#define FSOPS_TEST_COMMAND_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/adapter.h"
#include "fsops/mem.h"
#include "fsops/value.h"

/* What became of a call. */
struct call_engine {
	const char *wants; /* names of fields, each between blanks */
	int outcomes;
	int gone;
	json_t *result;
	char *why;          /* what was unexpected, or why it failed; "" for neither */
	enum err_kind kind; /* of a failure */
	size_t bytes;
	struct buf output;                             /* the beginning of what call_output() got */
	void (*answer)(struct call *call, void *done); /* of a host that is asked */
};

#define OUTPUT_KEPT 4096

/* One call, ready to be started. */
struct trial {
	struct call call;
	struct call_engine engine;
	json_t *args;
	json_t *target;
	json_t *env;
};

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

void call_output(struct call *call, enum child_stream stream, const char *data, size_t len)
{
	struct call_engine *engine = call->engine;
	size_t room = OUTPUT_KEPT - engine->output.len;

	(void)stream;
	assert_int_equal(engine->outcomes + engine->gone, 0);
	engine->bytes += len;
	buf_add(&engine->output, data, len < room ? len : room);
}

void call_done(struct call *call, json_t *result, const char *unexpected)
{
	call->engine->outcomes++;
	call->engine->result = result;
	call->engine->why = mem_text(unexpected ? unexpected : "");
}

void call_fail(struct call *call, enum err_kind kind, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	call->engine->outcomes++;
	call->engine->kind = kind;
	call->engine->why = mem_text(text);
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

/* The arguments that ADAPTER makes of a YAML text, or NULL with the first problem in WHY. */
static json_t *args_of(const struct adapter *adapter, const char *yaml, char **why)
{
	struct problems problems = {0};
	struct document *document = document_parse("test", yaml, strlen(yaml), &problems);
	json_t *args = NULL;

	assert_non_null(document);
	args = adapter->parse(document->root, &problems);
	assert_true((args != NULL) == (problems.errors == 0));
	*why = mem_text(problems.count ? problems.items[0].text : "");
	problems_release(&problems);
	document_free(document);
	return args;
}

static void check_problem(const struct adapter *adapter, const char *yaml, const char *piece)
{
	char *why;
	json_t *args = args_of(adapter, yaml, &why);

	assert_null(args);
	if (!strstr(why, piece))
		fail_msg("'%s' is not in '%s'", piece, why);
	free(why);
}

static void trial_set(struct trial *trial, const struct adapter *adapter, const char *yaml)
{
	char *why;

	*trial = (struct trial){.args = args_of(adapter, yaml, &why)};
	if (!trial->args)
		fail_msg("'%s': %s", yaml, why);
	free(why);
	buf_init(&trial->engine.output, OUTPUT_KEPT);
	trial->call = (struct call){.adapter = adapter, .effect = EFFECT_DESTROY};
}

/* The addresses in it are settled only once TRIAL stays where it is. */
static void trial_start(struct trial *trial)
{
	trial->call.args = trial->args;
	trial->call.target = trial->target;
	trial->call.env = trial->env;
	trial->call.engine = &trial->engine;
	trial->call.adapter->start(&trial->call);
}

static void trial_release(struct trial *trial)
{
	if (trial->call.engine)
		trial->call.adapter->release(&trial->call);
	json_decref(trial->args);
	json_decref(trial->target);
	json_decref(trial->env);
	json_decref(trial->engine.result);
	free(trial->engine.why);
	buf_release(&trial->engine.output);
}

/* What describe() prints of the arguments and TARGET (may be NULL). Owned. */
static inline char *describe_args(
    const struct adapter *adapter, const json_t *args, const json_t *target)
{
	struct buf out;

	buf_init(&out, BUF_TEXT_MAX);
	adapter->describe(args, target, EFFECT_CHANGE, &out);
	return out.data; /* transferred */
}

#endif
