/*
 * IAM Identity Center: the token that `aws sso login` has left in ~/.aws/sso/cache is exchanged for
 * credentials of the profile's account and role.
 * (https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html)
 *
 * Invariant: the cache is only read. A token that has ended is not renewed here: that would use up the
 * refresh token that the aws command keeps. It is said how to log in instead.
 */
#include "private.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/json_read.h"
#include "fsops/mem.h"
#include "fsops/value.h"

#define TIMEOUT    ((msec)20000)
#define SHA1_SIZE  20
#define SAID_SHOWN 200

struct sso {
	const char *session; /* NULL: the older form, without [sso-session] */
	const char *start_url;
	const char *region;
	const char *account;
	const char *role;
};

static enum aws_try login(struct aws_lookup *lookup, const char *why)
{
	return aws_fail(lookup, ERR_INPUT,
	    "AWS profile '%s' gets its credentials from IAM Identity Center (SSO), and %s: log in "
	    "with `aws sso login --profile %s`",
	    lookup->profile, why, lookup->profile);
}

/* A key of the [sso-session] and of the profile must say the same. */
static const char *either(struct aws_lookup *lookup, const json_t *session, const char *key)
{
	const char *own = aws_setting(lookup->spec.config, lookup->profile, key);
	const char *shared = value_get_text(session, key);

	if (own && shared && strcmp(own, shared) != 0)
		aws_fail(lookup, ERR_INPUT,
		    "AWS profile '%s': its %s is not that of its sso-session", lookup->profile,
		    key);
	return shared ? shared : own;
}

static enum aws_try find(struct aws_lookup *lookup, struct sso *sso)
{
	const struct aws_config *config = lookup->spec.config;
	const json_t *session = NULL;
	const char *missing;

	sso->session = aws_setting(config, lookup->profile, "sso_session");
	if (sso->session)
		session = json_object_get(config->sessions, sso->session);
	if (sso->session && !session)
		return aws_fail(lookup, ERR_INPUT,
		    "AWS profile '%s' gets its credentials from IAM Identity Center (SSO), and "
		    "there is no "
		    "[sso-session %s] in '%s': add it (`aws configure sso-session`), then `aws sso "
		    "login --profile %s`",
		    lookup->profile, sso->session, config->config_path, lookup->profile);
	lookup->err.kind = ERR_NONE;
	sso->start_url = either(lookup, session, "sso_start_url");
	sso->region = either(lookup, session, "sso_region");
	sso->account = either(lookup, session, "sso_account_id");
	sso->role = either(lookup, session, "sso_role_name");
	if (lookup->err.kind != ERR_NONE)
		return AWS_FAILED;
	missing = !sso->role        ? "sso_role_name"
	          : !sso->account   ? "sso_account_id"
	          : !sso->start_url ? "sso_start_url"
	          : !sso->region    ? "sso_region"
	                            : NULL;
	/* It becomes a host's name, which is told the token. */
	if (!missing && sso->region[strspn(sso->region, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		return aws_fail(lookup, ERR_INPUT,
		    "AWS profile '%s': sso_region '%.40s' is no name of a region", lookup->profile,
		    sso->region);
	if (!missing)
		return AWS_FOUND;
	return aws_fail(lookup, ERR_INPUT,
	    "AWS profile '%s' gets its credentials from IAM Identity Center (SSO), and has no %s: "
	    "`aws configure sso --profile %s`, then `aws sso login --profile %s`",
	    lookup->profile, missing, lookup->profile, lookup->profile);
}

/* Where the aws command has put the token: a file named by the SHA-1 of the session or the start page. */
static char *cache_path(const struct sso *sso)
{
	const char *name = sso->session ? sso->session : sso->start_url;
	unsigned char digest[SHA1_SIZE];
	char hex[SHA1_SIZE * 2 + 1];
	char *text, *path;

	EVP_Digest(name, strlen(name), digest, NULL, EVP_sha1(), NULL);
	for (size_t i = 0; i < SHA1_SIZE; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	text = mem_printf("~/.aws/sso/cache/%s.json", hex);
	path = aws_path(text);
	free(text);
	return path;
}

/* The token, borrowed from JSON; NULL after an error. The older form has no other judge of its end than the
 * server; so it is with botocore. */
static const char *check_token(struct aws_lookup *lookup, const struct sso *sso, const json_t *json)
{
	const char *token = value_get_text(json, "accessToken");
	const char *ends = value_get_text(json, "expiresAt");
	msec wall;

	if (!token || !*token || !ends || aws_time(ends, &wall) < 0)
		login(lookup, "what is kept of the last login can't be used");
	else if (sso->session && wall <= clock_system.wall(NULL))
		login(lookup, "the last login has ended");
	else
		return token;
	return NULL;
}

static json_t *read_cache(struct aws_lookup *lookup, const struct sso *sso)
{
	char *path = cache_path(sso);
	json_t *json = NULL;
	struct buf text;

	if (aws_read_file(&text, path, NULL) < 0) {
		login(lookup, "nobody has logged in here");
	} else {
		json = json_read("it", text.data, text.len, AWS_TEXT_MAX, NULL);
		if (!json)
			login(lookup, "what is kept of the last login can't be read");
		aws_wipe(text.data, text.cap);
		buf_release(&text);
	}
	free(path);
	return json;
}

static enum aws_try refuse(struct aws_lookup *lookup, int status)
{
	json_t *json = json_read("it", lookup->text.data, lookup->text.len, AWS_TEXT_MAX, NULL);
	const char *said = value_get_text(json, "message");

	if (!status)
		err_prefix(&lookup->err, "AWS profile '%s': IAM Identity Center", lookup->profile);
	else if (status == 401)
		login(lookup, "the last login is not valid any more");
	else
		aws_fail(lookup, ERR_REMOTE,
		    "AWS profile '%s': IAM Identity Center gives no credentials: status %d%s%.*s: "
		    "check sso_account_id and sso_role_name",
		    lookup->profile, status, said ? ": " : "", SAID_SHOWN, said ? said : "");
	json_decref(json);
	return AWS_FAILED;
}

static enum aws_try on_answer(struct aws_lookup *lookup, int status)
{
	static const struct aws_members members = {
	    "accessKeyId", "secretAccessKey", "sessionToken", "expiration"};
	const char *why;
	json_t *json;

	if (status != 200)
		return refuse(lookup, status);
	json = json_read("it", lookup->text.data, lookup->text.len, AWS_TEXT_MAX, NULL);
	why = aws_json_take(lookup, json_object_get(json, "roleCredentials"), &members);
	json_decref(json);
	if (!why)
		return AWS_FOUND;
	return aws_fail(lookup, ERR_REMOTE,
	    "AWS profile '%s': what IAM Identity Center gave can't be used: %s", lookup->profile,
	    why);
}

static enum aws_try ask(struct aws_lookup *lookup, const struct sso *sso, const char *token)
{
	const char *endpoint = aws_config_endpoint(lookup->spec.config, "sso");
	char *role = web_encode(sso->role, ""), *account = web_encode(sso->account, "");
	char *base = endpoint ? mem_text(endpoint)
	                      : mem_printf("https://portal.sso.%s.amazonaws.com%s", sso->region,
	                            strncmp(sso->region, "cn-", 3) == 0 ? ".cn" : "");
	char *path =
	    mem_printf("/federation/credentials?role_name=%s&account_id=%s", role, account);
	char *url = web_url_join(base, path);
	char *header = mem_printf("x-amz-sso_bearer_token: %s", token);
	const char *const headers[] = {header};
	struct aws_ask request = {.method = "GET",
	    .url = url,
	    .what = base,
	    .headers = headers,
	    .header_count = 1,
	    .timeout = TIMEOUT};
	enum aws_try result = aws_ask(lookup, &request, on_answer);

	aws_wipe(header, strlen(header));
	free(header);
	free(url);
	free(path);
	free(base);
	free(account);
	free(role);
	return result == AWS_FAILED ? refuse(lookup, 0) : result;
}

enum aws_try aws_sso_try(struct aws_lookup *lookup)
{
	const json_t *profile = aws_profile(lookup->spec.config, lookup->profile);
	enum aws_try result = AWS_FAILED;
	struct sso sso = {0};
	json_t *json;
	const char *token;

	if (!json_object_get(profile, "sso_role_name") &&
	    !json_object_get(profile, "sso_account_id"))
		return AWS_NEXT;
	if (find(lookup, &sso) != AWS_FOUND)
		return AWS_FAILED;
	json = read_cache(lookup, &sso);
	token = json ? check_token(lookup, &sso, json) : NULL;
	if (token) {
		aws_secret(lookup, token);
		result = ask(lookup, &sso, token);
	}
	json_decref(json);
	return result;
}

/* `aws login` keeps what it got in a form of its own, which is not read here. */
enum aws_try aws_login_try(struct aws_lookup *lookup)
{
	if (!aws_setting(lookup->spec.config, lookup->profile, "login_session"))
		return AWS_NEXT;
	return aws_fail(lookup, ERR_INPUT,
	    "AWS profile '%s' gets its credentials from `aws login` (login_session), which is not "
	    "read here: "
	    "eval \"$(aws configure export-credentials --profile %s --format env)\" before",
	    lookup->profile, lookup->profile);
}
