/* Finds the secrets of channels and targets. Invariant: only ever adds to what is masked. */
#include "mask.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "engine/fill/expand.h"
#include "fsops/buf.h"
#include "fsops/env_use.h"
#include "fsops/mem.h"
#include "fsops/template.h"
#include "fsops/value.h"
#include "own.h"

/* A shorter path is no secret, but "hook" or "api". */
#define PLACE_MIN 8
/* Few words are as long. */
#define LONG_WORD 16

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

static char *filled(const struct masking *masking, const char *text)
{
	struct expander expander = {.scope = masking->scope, .redact = masking->redact};
	struct err err;

	return expand_text(&expander, text, &err);
}

/* ---- addresses ---- */

/* Where a byte of an address comes from. */
enum origin {
	FROM_FILE = 'f',   /* it stands there */
	FROM_HOLE = 'h',   /* a `${…}` */
	FROM_LETTER = 'l', /* one that only says what the letter is about: the run, the message */
};

struct address {
	const struct masking *masking;
	struct buf text;
	struct buf origins; /* of each byte */
};

static int add_piece(struct address *address, const char *text, size_t len, enum origin origin)
{
	for (size_t i = 0; i < len; i++)
		if (buf_addc(&address->origins, (char)origin) < 0)
			return -1;
	return buf_add(&address->text, text, len);
}

static int add_literal(void *ctx, const char *text, size_t len)
{
	return add_piece(ctx, text, len, FROM_FILE);
}

struct naming {
	const struct scope *scope;
	bool others; /* names that are not the letter's own */
};

static void note_other(void *ctx, const char *const *parts, size_t count)
{
	struct naming *naming = ctx;

	if (!naming->scope->outer || !json_object_get(naming->scope->names, parts[0]))
		naming->others = true;
	(void)count;
}

static enum origin origin_of(const struct scope *scope, const char *text, size_t len)
{
	struct naming naming = {.scope = scope};
	struct expr_error error;
	struct expr *expr = expr_compile(text, len, NULL, &error);

	if (expr)
		expr_each_path(expr, note_other, &naming);
	expr_free(expr);
	return naming.others ? FROM_HOLE : FROM_LETTER;
}

static int add_hole(void *ctx, const char *text, size_t len)
{
	struct address *address = ctx;
	char *hole = mem_printf("${%.*s}", (int)len, text);
	char *value = filled(address->masking, hole);
	int result = value ? add_piece(address, value, strlen(value),
	                         origin_of(address->masking->scope, text, len))
	                   : -1;

	free(value);
	free(hole);
	return result;
}

/* 7hK2, abCd, or longer than words are. A capital at the beginning of a word is no sign of it. */
static bool looks_random(const char *text, size_t len)
{
	bool digit = false, letter = false, lower = false, capital = false;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		digit |= isdigit(c) != 0;
		letter |= isalpha(c) != 0;
		lower |= islower(c) != 0;
		capital |= isupper(c) && i && isalpha((unsigned char)text[i - 1]);
	}
	return (digit && letter) || (lower && capital) || len >= LONG_WORD;
}

/* Words that stand in the file are none: `?severity=critical` would mask half of what is said. */
static void mask_part(const struct address *address, size_t at, size_t len)
{
	const char *text = address->text.data + at;
	const char *origins = address->origins.data + at;
	bool told = memchr(origins, FROM_FILE, len) == NULL && !memchr(origins, FROM_HOLE, len);

	if (len >= PLACE_MIN && !told &&
	    (memchr(origins, FROM_HOLE, len) || looks_random(text, len)))
		redact_addn(address->masking->redact, text, len);
}

/* A path or a query as a whole, and what the fields of it hold. */
static void mask_fields(const struct address *address, size_t at, size_t len)
{
	const char *text = address->text.data;
	size_t end = at + len;
	size_t whole = len;

	while (whole && text[at + whole - 1] == '/')
		whole--;
	mask_part(address, at, whole);
	while (at < end) {
		size_t field = strcspn(text + at, "&?#");
		const char *value = memchr(text + at, '=', field);

		if (value)
			mask_part(address, (size_t)(value + 1 - text),
			    (size_t)(text + at + field - value - 1));
		at += field + 1;
	}
}

/* What is behind the host lets one in, and is shown without it: "POST /services/…" of a server or of curl. */
static void mask_place(const struct address *address)
{
	const char *text = address->text.data;
	const char *scheme = strstr(text, "://");
	size_t at = scheme ? (size_t)(scheme - text) + strlen("://") : 0;

	at += strcspn(text + at, "/?#");
	while (text[at] && text[at] != '#') {
		size_t len;

		at += strspn(text + at, "/?");
		len = strcspn(text + at, "?#");
		mask_fields(address, at, len);
		at += len;
	}
}

static void mask_address(const struct masking *masking, const char *text)
{
	struct address address = {.masking = masking};

	buf_init(&address.text, BUF_TEXT_MAX);
	buf_init(&address.origins, BUF_TEXT_MAX);
	if (template_each(text, add_literal, add_hole, &address) == 0 && address.text.len) {
		redact_add(masking->redact, address.text.data);
		mask_place(&address);
	}
	buf_release(&address.text);
	buf_release(&address.origins);
}

static void mask_text(const struct masking *masking, const char *text)
{
	char *whole = filled(masking, text);

	if (whole)
		redact_add(masking->redact, whole);
	free(whole);
}

static void mask_headers(const struct masking *masking, const json_t *headers)
{
	json_t *known = json_object();
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)headers, name, value) {
		char *whole =
		    json_is_string(value) ? filled(masking, json_string_value(value)) : NULL;

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
		else if (keys->part == SECRET_ADDRESS && json_is_string(value))
			mask_address(masking, json_string_value(value));
		else if (keys->part == SECRET_TEXT && json_is_string(value))
			mask_text(masking, json_string_value(value));
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
