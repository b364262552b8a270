/* Channels filled in for a message. Invariant: what a channel keeps secret is masked before anything of
 * it can be shown, and a channel that lacks a variable of the environment is told as such. */
#include "fsops/channel.h"

#include <stdlib.h>
#include <string.h>

#include "engine/fill/env_missing.h"
#include "engine/fill/expand.h"
#include "engine/plan/vars.h"
#include "engine/secrets/mask.h"
#include "engine/secrets/own.h"
#include "fsops/mem.h"
#include "fsops/value.h"

/* ---- what is missing ---- */

char *channel_missing(const struct channel_names *with, const struct channel *channel)
{
	return env_missing(json_object_get(with->names, "env"), channel->config);
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
