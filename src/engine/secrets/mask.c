/* Finds the secrets of channels and targets. Invariant: only ever adds to what is masked. */
#include "mask.h"

#include <stdlib.h>
#include <string.h>

#include "engine/plan/expand.h"
#include "fsops/env_use.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "own.h"

/* A shorter path is no secret, but "hook" or "api". */
#define PLACE_MIN 8

struct masking {
	struct redact *redact;
	const struct scope *scope;
	struct env_use *use;
};

/* What came from the environment is the secret part of a longer text, such as "Bearer ${env.TOKEN}". Whether it is
 * there is not: half of all output has a "true" in it. */
static void mask_hole(void *ctx, const char *text, size_t len)
{
	struct masking *masking = ctx;
	bool secret = false;
	json_t *value = NULL;
	struct err err;

	if (scope_eval_text(masking->scope, text, len, &value, &secret, &err) == 0 &&
	    !json_is_boolean(value))
		redact_add_value(masking->redact, value);
	json_decref(value);
}

struct masking *mask_begin(
    struct redact *redact, const struct scope *scope, const struct platform *platform)
{
	static const struct env_told told = {.hole = mask_hole};
	struct masking *masking = mem_alloc(sizeof(*masking));

	*masking = (struct masking){.redact = redact, .scope = scope};
	masking->use = env_use_new(platform, &told, masking);
	return masking;
}

void mask_end(struct masking *masking)
{
	env_use_end(masking->use);
	free(masking);
}

/* LEN bytes of an address, and of a query what its fields hold. */
static void mask_part(struct redact *redact, const char *text, size_t len)
{
	const char *end = text + len;

	while (len && text[len - 1] == '/')
		len--;
	if (len >= PLACE_MIN)
		redact_addn(redact, text, len);
	while (text < end) {
		size_t field = strcspn(text, "&?#");
		const char *value = memchr(text, '=', field);

		if (value && text + field - value > PLACE_MIN)
			redact_addn(redact, value + 1, (size_t)(text + field - value - 1));
		text += field + 1;
	}
}

/* What is behind the host lets one in, and is shown without it: "POST /services/…" of a server or of curl. */
static void mask_place(struct redact *redact, const char *address)
{
	const char *at = strstr(address, "://");

	at = at ? at + strlen("://") : address;
	at += strcspn(at, "/?#");
	while (*at && *at != '#') {
		size_t begin = strspn(at, "/?");
		size_t len = strcspn(at + begin, "?#");

		at += begin;
		mask_part(redact, at, len);
		at += len;
	}
}

static char *filled(const struct masking *masking, const json_t *value)
{
	struct expander expander = {.scope = masking->scope, .redact = masking->redact};
	struct err err;

	return json_is_string(value) ? expand_text(&expander, json_string_value(value), &err)
	                             : NULL;
}

static void mask_text(const struct masking *masking, const json_t *value, enum secret_part part)
{
	char *whole = filled(masking, value);

	if (!whole)
		return;
	redact_add(masking->redact, whole);
	if (part == SECRET_ADDRESS)
		mask_place(masking->redact, whole);
	free(whole);
}

static void mask_headers(const struct masking *masking, const json_t *headers)
{
	json_t *known = json_object();
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)headers, name, value) {
		char *whole = filled(masking, value);

		if (whole)
			json_object_set_new(known, name, json_string(whole));
		free(whole);
	}
	own_secrets_of_headers(masking->redact, known);
	json_decref(known);
}

void mask_keys(struct masking *masking, const json_t *config, const struct secret_key *keys)
{
	for (; keys->name; keys++) {
		const json_t *value = json_object_get(config, keys->name);

		env_use_json(masking->use, value);
		if (keys->part == SECRET_HEADERS)
			mask_headers(masking, value);
		else if (keys->part != SECRET_HOLES)
			mask_text(masking, value, keys->part);
	}
}

void mask_targets(struct redact *redact, const struct platform *platform, const json_t *names)
{
	struct scope scope = {.names = names, .clock = &clock_system};
	struct masking *masking = mask_begin(redact, &scope, platform);

	for (size_t i = 0; i < platform->target_count; i++) {
		const struct target *target = &platform->targets[i];

		if (target->config && target->adapter && target->adapter->target_secrets)
			mask_keys(masking, target->config, target->adapter->target_secrets);
	}
	mask_end(masking);
}

static bool holds_secret(const struct redact *redact, const json_t *value)
{
	char *text = value_to_text(value);
	char *masked = redact_text(redact, text, strlen(text));
	bool holds = strcmp(text, masked) != 0;

	free(masked);
	free(text);
	return holds;
}

static void forget_members(const struct redact *redact, json_t *object, const json_t *but)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(object, next, key, value) {
		if (value != but && holds_secret(redact, value))
			json_object_del(object, key);
	}
}

void mask_forget(const struct redact *redact, json_t *names, json_t *vars)
{
	json_t *env = json_object_get(names, "env");

	forget_members(redact, env, NULL);
	forget_members(redact, names, env);
	forget_members(redact, vars, NULL);
}
