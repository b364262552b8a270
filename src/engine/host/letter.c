/* Channels filled in for a message. Invariant: what a channel keeps secret is masked before anything of
 * it can be shown, and a channel that lacks a variable of the environment is told as such. */
#include "fsops/channel.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "engine/plan/expand.h"
#include "engine/plan/vars.h"
#include "engine/secrets/mask.h"
#include "engine/secrets/own.h"
#include "fsops/mem.h"
#include "fsops/template.h"
#include "fsops/value.h"

/* ---- what is missing ---- */

struct search {
	const json_t *env;
	char *missing;
};

/* "env.NAME" and nothing else: NAME, a new string; or NULL. */
static char *variable_of(const char *text, size_t len)
{
	static const char prefix[] = "env.";
	char *name;

	while (len && isspace((unsigned char)*text))
		text++, len--;
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	if (len <= strlen(prefix) || strncmp(text, prefix, strlen(prefix)) != 0)
		return NULL;
	name = mem_textn(text + strlen(prefix), len - strlen(prefix));
	for (const char *c = name; *c; c++) {
		if (!isalnum((unsigned char)*c) && *c != '_') {
			free(name);
			return NULL;
		}
	}
	return name;
}

/* A variable that is set to nothing is as good as none. */
static int look_at_hole(void *ctx, const char *text, size_t len)
{
	struct search *search = ctx;
	char *name = variable_of(text, len);
	const char *value = name ? value_get_text(search->env, name) : NULL;

	if (name && (!value || !*value) && !search->missing)
		search->missing = mem_printf("%s is not set", name);
	free(name);
	return 0;
}

static void look_at(struct search *search, const json_t *value)
{
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_string(value))
		template_each(json_string_value(value), NULL, look_at_hole, search);
	json_object_foreach((json_t *)value, key, item) {
		look_at(search, item);
	}
	json_array_foreach((json_t *)value, i, item) {
		look_at(search, item);
	}
}

char *channel_missing(const struct channel_names *with, const struct channel *channel)
{
	struct search search = {.env = json_object_get(with->names, "env")};

	look_at(&search, channel->config);
	return search.missing;
}

/* ---- secrets ---- */

/* CHANNELS of the platform that WITH knows. */
static void mask(const struct channel_names *with, const struct scope *scope,
    const struct channel *channels, size_t count)
{
	struct masking *masking = mask_begin(with->redact, scope, with->platform);

	for (size_t i = 0; i < count; i++)
		if (channels[i].config)
			mask_keys(masking, channels[i].config, channels[i].kind->secrets);
	mask_end(masking);
}

void channels_mask(const struct channel_names *with)
{
	const struct scope scope = {
	    .names = with->names, .clock = &clock_system, .redact = with->redact};

	mask(with, &scope, with->platform->channels, with->platform->channel_count);
}

/* ---- the letter ---- */

static json_t *names_for(const struct channel_names *with, const json_t *message)
{
	return json_pack("{s:O, s:{s:s?, s:s?, s:s}}", "message", message, "run", "id",
	    value_get_text(message, "run"), "runbook", value_get_text(message, "runbook"),
	    "platform", with->platform->name);
}

static int check_configured(
    const struct channel_names *with, const struct channel *channel, struct err *err)
{
	char *missing = channel_missing(with, channel);

	if (!missing)
		return 0;
	err_set(err, ERR_UNKNOWN, "not configured: %s", missing);
	free(missing);
	return -1;
}

json_t *channel_letter(const struct channel_names *with, const struct channel *channel,
    const json_t *message, struct err *err)
{
	struct scope outer = {.names = with->names, .clock = &clock_system, .redact = with->redact};
	struct scope scope = {.outer = &outer};
	struct expander expander = {.scope = &scope, .redact = with->redact};
	json_t *names, *config;
	json_t *letter = NULL;

	if (check_configured(with, channel, err) < 0)
		return NULL;
	names = names_for(with, message);
	scope.names = names;
	mask(with, &scope, channel, 1);
	config = expand_json(&expander, channel->config, err);
	if (config)
		letter = channel->kind->write(config, message, err);
	else if (err->kind == ERR_UNKNOWN)
		err->kind = ERR_INPUT; /* ERR_UNKNOWN says that it is not configured */
	json_decref(config);
	json_decref(names);
	return letter;
}

/* ---- without a run ---- */

int channel_names_init(struct channel_names *with, const struct platform *platform, struct err *err)
{
	json_t *names = scope_constants(platform);
	json_t *vars = NULL;

	*with = (struct channel_names){
	    .platform = platform, .names = names, .redact = redact_for_platform(platform, err)};
	if (with->redact)
		vars = vars_resolve(
		    platform, NULL, &(struct plan_options){0}, names, with->redact, err);
	if (!vars)
		return -1;
	json_decref(vars); /* NAMES has them, too */
	channels_mask(with);
	return 0;
}

void channel_names_release(struct channel_names *with)
{
	json_decref((json_t *)with->names);
	redact_free(with->redact);
	*with = (struct channel_names){0};
}
