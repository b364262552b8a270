/* Fills in an action. Pure but for memory: starts nothing. */
#include "prepared.h"

#include <stdlib.h>
#include <string.h>

#include "engine/secrets/own.h"
#include "engine/fill/env_missing.h"
#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/template.h"
#include "engine/fill/embed.h"
#include "fsops/value.h"
#include "engine/fill/path.h"
#include "engine/fill/tunnel_spec.h"

static enum effect effect_of(const struct action *action, const json_t *args)
{
	enum effect derived = action->adapter->effect(args);

	if (derived == EFFECT_UNSTATED)
		return action->effect_stated ? action->effect : EFFECT_CHANGE;
	if (action->effect_stated && action->effect > derived)
		return action->effect;
	return derived;
}

/* A title is for people: one that cannot be filled in is shown as it stands, and stops nothing. */
static char *filled_title(const struct expander *expander, const struct action *action)
{
	char *title = NULL;
	struct err err;

	if (action->title && template_any(action->title))
		title = expand_text(expander, action->title, &err);
	if (!title)
		title = mem_text(action->title);
	if (title)
		value_clean(title);
	for (char *at = title; at && (at = strpbrk(at, "\r\n\t"));)
		*at = ' '; /* it is one line wherever it is shown */
	return title;
}

/* The file that the adapter writes: its name is filled in by other rules. */
static int fill_file(
    json_t *args, const struct expander *expander, const struct action *action, struct err *err)
{
	const char *key = action->adapter->writes;
	const char *template = key ? value_get_text(action->args, key) : NULL;
	size_t fixed;
	char *path;

	if (!template || !template_any(template))
		return 0;
	path = path_fill(expander, template, &fixed, err);
	if (!path)
		return -1;
	json_object_set_new(args, key, value_text(path, strlen(path)));
	if (fixed != SIZE_MAX)
		json_object_set_new(args, ADAPTER_FIXED, json_integer((json_int_t)fixed));
	free(path);
	return 0;
}

/* What values may not do. */
static int check_values(struct prepared *prepared, const struct expander *expander,
    const struct action *action, struct err *err)
{
	const struct adapter *adapter = action->adapter;

	if (adapter->writes && fill_file(prepared->args, expander, action, err) < 0)
		return -1;
	if (action->save &&
	    !(prepared->save = path_fill(expander, action->save, &prepared->save_fixed, err)))
		return err_prefix(err, "save");
	return adapter->check ? adapter->check(prepared->args, err) : 0;
}

/* ---- the target ---- */

static const json_t *env_of(const struct scope *scope)
{
	const json_t *env = NULL;

	for (; scope && !env; scope = scope->outer)
		env = json_object_get(scope->names, "env");
	return env;
}

/* Which target, which key of it, and what is missing: not only what an expression did not find. */
static void say_where(const struct expander *expander, const struct target *target, const char *key,
    const json_t *value, struct err *err)
{
	char *missing = env_missing(env_of(expander->scope), value);

	if (missing)
		err_set(err, ERR_INPUT, "%s", missing);
	err_prefix(err, "the target '%s': its `%s`", target->name, key);
	free(missing);
}

/* A header is named by itself. */
static json_t *fill_key(const struct expander *expander, const struct target *target,
    const char *key, const json_t *value, struct err *err)
{
	json_t *filled = json_is_object(value) ? json_object() : expand_json(expander, value, err);
	const char *name;
	json_t *item;

	if (!filled)
		say_where(expander, target, key, value, err);
	if (!filled || !json_is_object(value))
		return filled;
	json_object_foreach((json_t *)value, name, item) {
		json_t *one = fill_key(expander, target, name, item, err);

		if (!one) {
			json_decref(filled);
			return NULL;
		}
		json_object_set_new(filled, name, one);
	}
	return filled;
}

static bool is_secret(const struct target *target, const char *key)
{
	const struct secret_key *secret = target->adapter->target_secrets;

	for (; secret && secret->name; secret++)
		if (strcmp(secret->name, key) == 0)
			return true;
	return false;
}

/* The keys of CONFIG that are secrets, or those that are not, filled into OUT. */
static int fill_keys(json_t *out, const struct expander *expander, const struct target *target,
    bool secrets, struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach(target->config, key, value) {
		json_t *filled;

		if (is_secret(target, key) != secrets)
			continue;
		filled = fill_key(expander, target, key, value, err);
		if (!filled)
			return -1;
		json_object_set_new(out, key, filled);
	}
	return 0;
}

/* What is not sent need not be known: a login that is not set is no fault of a request to another server. */
static int fill_target(struct prepared *prepared, const struct expander *expander,
    const struct action *action, struct err *err)
{
	const struct adapter *adapter = action->adapter;
	const struct target *target = action->target;

	if (!target)
		return 0;
	prepared->target = json_object();
	if (fill_keys(prepared->target, expander, target, false, err) < 0)
		return -1;
	if (fill_keys(prepared->target, expander, target, true, err) == 0)
		return 0;
	return adapter->logs_in && !adapter->logs_in(prepared->args, prepared->target) ? 0 : -1;
}

int prepared_make(struct prepared *prepared, const struct expander *expander,
    const struct action *action, struct err *err)
{
	const struct adapter *adapter = action->adapter;
	struct buf line;

	*prepared = (struct prepared){0};
	prepared->args = adapter->literal
	                     ? json_incref(action->args)
	                     : embed_args(expander, adapter, action->args, &prepared->plain, err);
	if (!prepared->args || fill_target(prepared, expander, action, err) < 0 ||
	    tunnel_spec_make(
	        &prepared->tunnel, expander, action, prepared->args, prepared->target, err) < 0 ||
	    check_values(prepared, expander, action, err) < 0) {
		prepared_release(prepared);
		return -1;
	}
	if (action->inherit) {
		json_t *args = json_copy(prepared->args); /* a literal's are the runbook's own */

		json_object_update(args, action->inherit);
		json_decref(prepared->args);
		prepared->args = args;
	}
	own_secrets_of(expander->redact, prepared->args);
	own_secrets_of(expander->redact, prepared->target);
	if (action->judged_by_expect && !adapter->literal)
		json_object_set_new(prepared->args, ADAPTER_JUDGED, json_true());
	prepared->effect = effect_of(action, prepared->args);
	prepared->title = filled_title(expander, action);
	buf_init(&line, BUF_TEXT_MAX);
	adapter->describe(prepared->args, prepared->target, prepared->effect, &line);
	prepared->line = buf_detach(&line);
	value_clean(prepared->line);
	buf_release(&line);
	return 0;
}

void prepared_release(struct prepared *prepared)
{
	json_decref(prepared->args);
	json_decref(prepared->target);
	json_decref(prepared->tunnel);
	json_decref(prepared->plain);
	free(prepared->line);
	free(prepared->save);
	free(prepared->title);
	*prepared = (struct prepared){0};
}
