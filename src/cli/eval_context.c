/*
 * The names of `fsops eval`: a JSON object's members, and `now`.
 *
 * Invariant: what is named but not there is told as a name that is not known, never as null.
 */
#include "eval_context.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fsops/buf.h"
#include "fsops/clock.h"
#include "fsops/json_read.h"

/* ---- reading ---- */

/* Not buf_read_file(): what `<(kubectl get pods -o json)` names is a pipe. */
static int read_file(const char *path, struct buf *text, struct err *err)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int result;

	if (fd < 0)
		return err_set(err, ERR_USAGE, "unable to open '%s': %s", path, strerror(errno));
	result = buf_read_fd(text, fd, standard ? "standard input" : path, err);
	if (!standard)
		close(fd);
	if (result < 0)
		err->kind = ERR_USAGE;
	return result;
}

static int parse(
    struct eval_context *context, const struct buf *text, const char *path, struct err *err)
{
	context->names = json_read("it", text->data, text->len, EVAL_CONTEXT_MAX, err);
	if (!context->names) {
		err->kind = ERR_USAGE;
		return err_prefix(err, "the context '%s'", path);
	}
	if (!json_is_object(context->names))
		return err_set(err, ERR_USAGE,
		    "the context '%s' must be a JSON object, whose members are the names", path);
	return 0;
}

/* ---- `now` ---- */

static int lookup(void *ctx, const char *name, struct expr_value *out, char *why, size_t why_size);

/* A `now` in the context makes a trial repeatable; JSON has no times, so it is a text. */
static int read_now(struct eval_context *context, struct err *err)
{
	struct expr_scope scope = eval_context_scope(context);
	struct expr_error error;
	struct expr *expr;
	int result;

	if (!json_object_get(context->names, "now"))
		return 0;
	expr = expr_compile("now", strlen("now"), NULL, &error);
	result = expr_eval_timestamp(expr, &scope, &context->seconds, &context->nanos, &error);
	expr_free(expr);
	if (result < 0)
		return err_set(err, ERR_USAGE,
		    "'now' in the context must be a time such as 2026-11-23T09:00:00Z");
	context->fixed_now = true;
	return 0;
}

static struct expr_value now_value(const struct eval_context *context)
{
	msec wall;

	if (context->fixed_now)
		return expr_value_timestamp(context->seconds, context->nanos);
	wall = clock_system.wall(clock_system.ctx);
	return expr_value_timestamp(wall / 1000, (int32_t)(wall % 1000) * 1000000);
}

/* ---- the whole ---- */

int eval_context_load(struct eval_context *context, const char *path, struct err *err)
{
	struct buf text;
	int result;

	*context = (struct eval_context){0};
	if (!path)
		return 0;
	buf_init(&text, EVAL_CONTEXT_MAX);
	result = read_file(path, &text, err);
	if (result == 0)
		result = parse(context, &text, path, err);
	if (result == 0)
		result = read_now(context, err);
	buf_release(&text);
	if (result < 0)
		eval_context_release(context);
	return result;
}

void eval_context_release(struct eval_context *context)
{
	json_decref(context->names);
	*context = (struct eval_context){0};
}

static bool known(void *ctx, const char *name)
{
	const struct eval_context *context = ctx;

	return strcmp(name, "now") == 0 || json_object_get(context->names, name);
}

/* What the members hold is data: a key that is not in it today may be there tomorrow, so that a
 * missing one is told when it is looked for. */
static size_t list(void *ctx, const char *const *path, size_t count, const char **out, size_t max)
{
	const struct eval_context *context = ctx;
	size_t found = 0;
	const char *key;
	json_t *value;

	(void)path;
	if (count)
		return 0;
	json_object_foreach(context->names, key, value) {
		if (found < max)
			out[found++] = key;
	}
	if (found < max)
		out[found++] = "now";
	return found;
}

static int lookup(void *ctx, const char *name, struct expr_value *out, char *why, size_t why_size)
{
	const struct eval_context *context = ctx;
	json_t *value = json_object_get(context->names, name);

	if (strcmp(name, "now") == 0 && (context->fixed_now || !value)) {
		*out = now_value(context);
		return 0;
	}
	if (value) {
		*out = expr_value_json(value);
		return 0;
	}
	snprintf(why, why_size, "no such variable: '%s'", name);
	return -1;
}

struct expr_names eval_context_names(struct eval_context *context)
{
	return (struct expr_names){
	    .known = known,
	    .list = list,
	    .advice = context->names ? NULL : "give its value with --context FILE.json",
	    .ctx = context,
	};
}

struct expr_scope eval_context_scope(struct eval_context *context)
{
	return (struct expr_scope){.lookup = lookup, .ctx = context};
}
