/*
 * Roles: a profile with role_arn stands on other credentials, those of source_profile or
 * credential_source, which may stand on others again. And web identities: a token in a file is enough.
 *
 * Invariant: the chain is followed to its end before anybody is asked, so a loop or a profile that is
 * missing is told at once. lookup->roles holds it, the innermost last.
 */
#include "private.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"

/* STS takes roles for 15 minutes to 12 hours. */
#define DURATION_MAX 43200L

static bool has(const struct aws_lookup *lookup, const char *profile, const char *key)
{
	return json_object_get(aws_profile(lookup->spec.config, profile), key);
}

static const char *setting(const struct aws_lookup *lookup, const char *profile, const char *key)
{
	return aws_setting(lookup->spec.config, profile, key);
}

static bool takes_role(const struct aws_lookup *lookup, const char *profile)
{
	return has(lookup, profile, "role_arn") && !has(lookup, profile, "web_identity_token_file");
}

static bool has_keys(const struct aws_lookup *lookup, const char *profile)
{
	return has(lookup, profile, "aws_access_key_id") ||
	       has(lookup, profile, "aws_secret_access_key");
}

static bool was_visited(const struct aws_lookup *lookup, const char *profile)
{
	for (size_t i = 0; i < lookup->role_count; i++)
		if (strcmp(lookup->roles[i].profile, profile) == 0)
			return true;
	return false;
}

static long duration_of(const char *text)
{
	char *end;
	long seconds = text ? strtol(text, &end, 10) : 0;

	return text && *text && !*end && seconds > 0 && seconds <= DURATION_MAX ? seconds : 0;
}

/* One more role on the chain; what can't be done with it is said. */
static enum aws_try add_role(struct aws_lookup *lookup, const char *profile)
{
	if (has(lookup, profile, "mfa_serial"))
		return aws_fail(lookup, ERR_INPUT,
		    "AWS profile '%s' wants a code of an MFA device (mfa_serial), which is not "
		    "asked for here: get credentials before, eval \"$(aws configure "
		    "export-credentials "
		    "--profile %s "
		    "--format env)\"",
		    profile, profile);
	if (lookup->role_count == AWS_ROLES_MAX)
		return aws_fail(lookup, ERR_INPUT,
		    "AWS profile '%s': more than %d roles one behind the other", lookup->profile,
		    AWS_ROLES_MAX);
	lookup->roles[lookup->role_count++] = (struct aws_role){
	    .profile = profile,
	    .arn = setting(lookup, profile, "role_arn"),
	    .session_name = setting(lookup, profile, "role_session_name"),
	    .external_id = setting(lookup, profile, "external_id"),
	    .duration = duration_of(setting(lookup, profile, "duration_seconds")),
	};
	return AWS_NEXT;
}

/* From now on the providers of PROFILE are asked, or the one of SOURCE. */
static enum aws_try stand_on(struct aws_lookup *lookup, const char *profile, const char *source)
{
	lookup->profile = profile;
	lookup->source = source;
	lookup->of_profile = !source;
	lookup->provider = 0;
	return AWS_NEXT;
}

static enum aws_try on_source(struct aws_lookup *lookup, const char *profile, const char *source)
{
	static const char *const known[] = {"Environment", "EcsContainer", "Ec2InstanceMetadata"};

	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (strcmp(known[i], source) == 0)
			return stand_on(lookup, profile, known[i]);
	return aws_fail(lookup, ERR_INPUT,
	    "AWS profile '%s': credential_source '%.40s' is none: use Environment, EcsContainer or "
	    "Ec2InstanceMetadata",
	    profile, source);
}

/* May PROFILE stand on NEXT? A profile may stand on itself when it has keys of its own. */
static enum aws_try check_source(struct aws_lookup *lookup, const char *profile, const char *next)
{
	if (!aws_profile(lookup->spec.config, next))
		return aws_fail(lookup, ERR_INPUT,
		    "AWS profile '%s': its source_profile '%s' is in neither '%s' nor '%s': add it "
		    "(`aws configure --profile %s`)",
		    profile, next, lookup->spec.config->config_path,
		    lookup->spec.config->credentials_path, next);
	if (was_visited(lookup, next) && (strcmp(next, profile) != 0 || !has_keys(lookup, next)))
		return aws_fail(lookup, ERR_INPUT,
		    "AWS profile '%s': its source_profile '%s' leads back to itself: name one with "
		    "keys",
		    profile, next);
	return AWS_NEXT;
}

enum aws_try aws_role_try(struct aws_lookup *lookup)
{
	const char *profile = lookup->profile;

	if (!takes_role(lookup, profile))
		return AWS_NEXT;
	for (;;) {
		const char *next = setting(lookup, profile, "source_profile");
		const char *source = setting(lookup, profile, "credential_source");

		if (add_role(lookup, profile) == AWS_FAILED)
			return AWS_FAILED;
		if (!next == !source)
			return aws_fail(lookup, ERR_INPUT, "AWS profile '%s' has role_arn, and %s",
			    profile,
			    next ? "both source_profile and credential_source: take one out"
			         : "neither source_profile nor credential_source: say whose "
			           "credentials take "
			           "the role");
		if (source)
			return on_source(lookup, profile, source);
		if (check_source(lookup, profile, next) == AWS_FAILED)
			return AWS_FAILED;
		if (has_keys(lookup, next) || !takes_role(lookup, next))
			return stand_on(lookup, next, NULL);
		profile = next;
	}
}

/* --- web identity --- */

/* A variable, unless the target or another profile names this one; else the profile's own. */
static const char *of_variable(
    const struct aws_lookup *lookup, const char *variable, const char *key)
{
	bool named = lookup->spec.config->named || lookup->of_profile;

	return !named && getenv(variable) ? getenv(variable)
	                                  : setting(lookup, lookup->profile, key);
}

static char *read_token(struct aws_lookup *lookup, const char *name)
{
	struct buf text;
	char *token;

	if (aws_read_file(&text, name, &lookup->err) < 0) {
		err_prefix(&lookup->err,
		    "AWS profile '%s': its web identity's token (AWS_WEB_IDENTITY_TOKEN_FILE or "
		    "web_identity_token_file)",
		    lookup->profile);
		return NULL;
	}
	token = mem_textn(text.data, text.len);
	aws_wipe(text.data, text.cap);
	buf_release(&text);
	token[strcspn(token, " \t\r\n")] = '\0';
	return token;
}

enum aws_try aws_web_identity_try(struct aws_lookup *lookup)
{
	const char *file =
	    of_variable(lookup, "AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
	struct aws_role role = {.profile = lookup->profile,
	    .arn = of_variable(lookup, "AWS_ROLE_ARN", "role_arn"),
	    .session_name = of_variable(lookup, "AWS_ROLE_SESSION_NAME", "role_session_name")};
	enum aws_try result;
	char *token;

	if (!file || !*file)
		return AWS_NEXT;
	if (!role.arn || !*role.arn)
		return aws_fail(lookup, ERR_INPUT,
		    "AWS profile '%s' has a web identity's token and no role: set AWS_ROLE_ARN, or "
		    "role_arn in "
		    "the profile",
		    lookup->profile);
	token = read_token(lookup, file);
	if (!token)
		return AWS_FAILED;
	aws_secret(lookup, token);
	result = aws_sts_web_identity(lookup, &role, token);
	aws_wipe(token, strlen(token));
	free(token);
	return result;
}
