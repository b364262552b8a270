/*
 * One lookup of credentials: the providers in botocore's order, then the roles on top.
 *
 * Invariants: done() comes once, from the loop, and nothing is under way then. Lookups of the same thing
 * at the same time ask once: the others wait for the first. What is found is told to spec.secret before
 * anything else is done with it.
 */
#include "private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

/* botocore.credentials.create_credential_resolver(), with `login` where newer ones have it. */
static const struct provider {
	const char *source; /* what credential_source calls it, or NULL */
	bool of_profile;    /* asked for a source_profile, too */
	bool unnamed;       /* not when the target names a profile */
	aws_try_fn *try;
} providers[] = {
    {"Environment", false, true, aws_env_try},
    {NULL, false, false, aws_role_try},
    {NULL, true, false, aws_web_identity_try},
    {NULL, true, false, aws_sso_try},
    {NULL, true, false, aws_shared_try},
    {NULL, true, false, aws_login_try},
    {NULL, true, false, aws_process_try},
    {NULL, true, false, aws_own_try},
    {NULL, false, false, aws_ec2_file_try},
    {NULL, false, false, aws_boto_try},
    {"EcsContainer", false, false, aws_container_try},
    {"Ec2InstanceMetadata", false, false, aws_imds_try},
};

/* All that are under way: few, a list will do. */
static struct aws_lookup *lookups;

static void on_begin(void *ctx);

/* --- words --- */

enum aws_try aws_fail(struct aws_lookup *lookup, enum err_kind kind, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	err_set(&lookup->err, kind, "%s", text);
	return AWS_FAILED;
}

void aws_secret(struct aws_lookup *lookup, const char *value)
{
	if (value && lookup->spec.secret)
		lookup->spec.secret(lookup->spec.ctx, value);
}

static bool is_asked(const struct aws_lookup *lookup, const struct provider *provider)
{
	if (lookup->source)
		return provider->source && strcmp(provider->source, lookup->source) == 0;
	if (lookup->of_profile)
		return provider->of_profile;
	return !provider->unnamed || !lookup->spec.config->named;
}

/* Nobody has any: what there could be, and what is in the way. */
static enum aws_try nobody(struct aws_lookup *lookup)
{
	const struct aws_config *config = lookup->spec.config;
	bool named = strcmp(config->profile, "default") != 0;
	const struct err *unread = config->config_err.kind        ? &config->config_err
	                           : config->credentials_err.kind ? &config->credentials_err
	                                                          : NULL;

	if (aws_variable("AWS_SECRET_ACCESS_KEY") && !aws_variable("AWS_ACCESS_KEY_ID") &&
	    !config->named)
		return aws_fail(lookup, ERR_INPUT,
		    "no AWS credentials: AWS_SECRET_ACCESS_KEY is set, AWS_ACCESS_KEY_ID is not");
	if (lookup->source)
		return aws_fail(lookup, ERR_INPUT,
		    "AWS profile '%s': its credential_source %s gives no credentials%s%s",
		    lookup->roles[lookup->role_count - 1].profile, lookup->source,
		    lookup->remark ? ": " : "", lookup->remark ? lookup->remark : "");
	if (lookup->of_profile)
		return aws_fail(lookup, ERR_INPUT,
		    "AWS profile '%s': its source_profile '%s' has no credentials: add them (`aws "
		    "configure --profile %s`)",
		    lookup->roles[lookup->role_count - 1].profile, lookup->profile,
		    lookup->profile);
	return aws_fail(lookup, ERR_INPUT,
	    "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or %s%s%s in "
	    "'%s' or '%s' "
	    "(`aws configure%s%s`)%s%s%s%s",
	    named ? "say in profile '" : "write a profile", named ? config->profile : "",
	    named ? "' where they come from" : "", config->credentials_path, config->config_path,
	    named ? " --profile " : "", named ? config->profile : "", unread ? "; " : "",
	    unread ? unread->text : "", lookup->remark ? "; " : "",
	    lookup->remark ? lookup->remark : "");
}

/* They go into a header and a digest: a line break would be another header. */
static enum aws_try check(struct aws_lookup *lookup)
{
	const char *const all[] = {lookup->found.id, lookup->found.secret, lookup->found.token};

	for (size_t i = 0; i < COUNT_OF(all); i++)
		for (const char *c = all[i]; c && *c; c++)
			if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f)
				return aws_fail(lookup, ERR_INPUT,
				    "the AWS credentials of profile '%s' hold a blank, a line "
				    "break or a "
				    "control character: set them again",
				    lookup->profile);
	aws_secret(lookup, lookup->found.secret);
	aws_secret(lookup, lookup->found.token);
	return AWS_FOUND;
}

/* --- a lookup's life --- */

static void unlink_lookup(const struct aws_lookup *lookup)
{
	struct aws_lookup **link = &lookups;

	while (*link && *link != lookup)
		link = &(*link)->next;
	if (*link)
		*link = lookup->next;
}

static void lookup_free(struct aws_lookup *lookup)
{
	unlink_lookup(lookup);
	loop_cancel(lookup->timer);
	web_cancel(lookup->request);
	aws_credentials_release(&lookup->found);
	aws_wipe(lookup->text.data, lookup->text.len);
	buf_release(&lookup->text);
	buf_release(&lookup->errors);
	free(lookup->metadata_token);
	free(lookup->role_name);
	free(lookup->remark);
	free(lookup->region);
	free(lookup->key);
	free(lookup);
}

static bool is_same(const struct aws_lookup *a, const struct aws_lookup *b)
{
	return a != b && a->spec.loop == b->spec.loop && strcmp(a->key, b->key) == 0;
}

/* The one that asks, of those that want the same as LOOKUP. */
static struct aws_lookup *find_leader(const struct aws_lookup *lookup)
{
	for (struct aws_lookup *other = lookups; other; other = other->next)
		if (is_same(other, lookup) && !other->waiting && !other->gone)
			return other;
	return NULL;
}

/* Those that waited look for themselves: into the cache first. WHY: it failed, so has theirs. */
static void wake_waiting(const struct aws_lookup *lookup, const struct err *why)
{
	for (struct aws_lookup *other = lookups; other; other = other->next) {
		if (!is_same(other, lookup) || !other->waiting || other->timer)
			continue;
		if (why)
			other->err = *why;
		other->timer = loop_after(other->spec.loop, 0, on_begin, other);
	}
}

static void end(struct aws_lookup *lookup, bool found)
{
	struct aws_lookup_spec spec = lookup->spec;
	struct aws_credentials credentials = lookup->found; /* transferred */
	struct err err = lookup->err;

	lookup->found = (struct aws_credentials){0};
	if (found && lookup->dear)
		aws_cache_keep(lookup->key, &credentials);
	wake_waiting(lookup, found ? NULL : &err);
	lookup_free(lookup);
	spec.done(spec.ctx, found ? &credentials : NULL, &err);
	aws_credentials_release(&credentials);
}

static enum aws_try ask_next(struct aws_lookup *lookup)
{
	while (lookup->provider < COUNT_OF(providers)) {
		const struct provider *provider = &providers[lookup->provider++];

		if (is_asked(lookup, provider))
			return provider->try(lookup);
	}
	return nobody(lookup);
}

void aws_go_on(struct aws_lookup *lookup, enum aws_try result)
{
	for (;;) {
		if (result == AWS_NEXT)
			result = ask_next(lookup);
		else if (result == AWS_FOUND && (result = check(lookup)) == AWS_FOUND &&
		         lookup->role_count)
			result = aws_sts_assume(lookup, &lookup->roles[--lookup->role_count]);
		else if (result != AWS_NEXT)
			break;
	}
	if (result != AWS_WAIT)
		end(lookup, result == AWS_FOUND);
}

static void on_begin(void *ctx)
{
	struct aws_lookup *lookup = ctx;
	const struct aws_credentials *kept = aws_cache_find(lookup->key, clock_system.wall(NULL));

	lookup->timer = NULL;
	if (lookup->err.kind != ERR_NONE) {
		end(lookup, false);
	} else if (kept) {
		aws_credentials_copy(&lookup->found, kept);
		aws_go_on(lookup, AWS_FOUND);
	} else if (find_leader(lookup)) {
		lookup->waiting = true;
	} else {
		lookup->waiting = false;
		aws_go_on(lookup, AWS_NEXT);
	}
}

struct aws_lookup *aws_lookup_start(const struct aws_lookup_spec *spec)
{
	struct aws_lookup *lookup = mem_alloc(sizeof(*lookup));

	lookup->next = lookups;
	lookups = lookup;
	lookup->spec = *spec;
	lookup->profile = spec->config->profile;
	lookup->region = mem_text(spec->region);
	lookup->key = aws_cache_key(spec->config, spec->region);
	buf_init(&lookup->text, AWS_TEXT_MAX);
	buf_init(&lookup->errors, AWS_TEXT_MAX);
	lookup->timer = loop_after(spec->loop, 0, on_begin, lookup);
	lookup->waiting = true; /* until it has begun it leads nobody */
	return lookup;
}

struct aws_lookup *aws_lookup_of(const struct call *call)
{
	struct aws_lookup *lookup = lookups;

	while (lookup && !(lookup->spec.call == call && lookup->child))
		lookup = lookup->next;
	return lookup;
}

bool aws_lookup_cancel(struct aws_lookup *lookup, void (*gone)(void *ctx), void *ctx)
{
	bool led = !lookup->waiting;

	if (!lookup->child) {
		lookup->waiting = true;
		if (led)
			wake_waiting(lookup, NULL);
		lookup_free(lookup);
		return false;
	}
	loop_cancel(lookup->timer);
	lookup->timer = NULL;
	lookup->gone = gone;
	lookup->gone_ctx = ctx;
	wake_waiting(lookup, NULL);
	child_kill(lookup->child);
	return true;
}

void aws_lookup_forget(struct aws_lookup *lookup)
{
	if (lookup)
		lookup_free(lookup);
}
