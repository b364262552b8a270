/* What the script of an action finds in its environment. Invariant: a name there has the value that it has
 * in expressions, whole, or is not there at all (null): no variable that fsops has itself stands in for it. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "engine/fill/expand.h"
#include "fsops/value.h"
#include "private.h"

typedef int each_name_fn(void *ctx, const char *name, const json_t *value);

static int each_of(const json_t *names, each_name_fn *fn, void *ctx)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)names, name, value)
		if (fn(ctx, name, value) < 0)
			return -1;
	return 0;
}

static int each_name(const struct task *task, each_name_fn *fn, void *ctx)
{
	if (each_of(task_world(task)->vars, fn, ctx) < 0)
		return -1;
	for (const struct scope *scope = task->place->scope; scope->outer; scope = scope->outer)
		if (each_of(scope->names, fn, ctx) < 0)
			return -1;
	return 0;
}

static int add_text(void *env, const char *name, const json_t *value)
{
	char *text;

	if (expand_may_give(value, "", 0, NULL) < 0) {
		json_object_set_new(env, name, json_null());
		return 0;
	}
	text = value_to_text(value);
	json_object_set_new(env, name, value_text(text, strlen(text)));
	free(text);
	return 0;
}

json_t *task_environment(const struct task *task, const struct action *action)
{
	json_t *env = json_object();

	if (action->adapter->literal)
		each_name(task, add_text, env);
	return env;
}

/* ---- what cannot be given ---- */

struct asked {
	const char *script;
	struct err *err;
};

static bool is_of_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* As a word of its own: a comment will do, for a script may have others read its environment. */
static bool names_it(const char *script, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = script; (at = strstr(at, name)); at++)
		if ((at == script || !is_of_name(at[-1])) && !is_of_name(at[len]))
			return true;
	return false;
}

static int check_name(void *ctx, const char *name, const json_t *value)
{
	const struct asked *asked = ctx;

	if (!names_it(asked->script, name))
		return 0;
	return expand_may_give(value, name, strlen(name), asked->err);
}

int task_check_environment(const struct task *task, const struct action *action, struct err *err)
{
	struct asked asked = {value_get_text(action->args, "script"), err};

	if (!action->adapter->literal || !asked.script)
		return 0;
	return each_name(task, check_name, &asked);
}
