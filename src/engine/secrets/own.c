/* Credentials that nobody has to list. Invariant: nothing that is only an address or a name becomes a secret,
 * or every line that names a host would be masked. */
#include "own.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fsops/mem.h"
#include "fsops/secret_key.h"
#include "fsops/template.h"

/* Read by fsops and the libraries in it, whole. */
static const char *const credentials[] = {"FSOPS_REDIS_PASSWORD", "REDISCLI_AUTH", "PGPASSWORD",
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN"};

/* Addresses, which may hold a password. */
static const struct {
	const char *name;
	void (*add)(struct redact *redact, const char *value);
} addresses[] = {
    {"http_proxy", redact_add_proxy},
    {"https_proxy", redact_add_proxy},
    {"all_proxy", redact_add_proxy},
    {"HTTP_PROXY", redact_add_proxy},
    {"HTTPS_PROXY", redact_add_proxy},
    {"ALL_PROXY", redact_add_proxy},
    {"AWS_ENDPOINT_URL", redact_add_password},
    {"AWS_ENDPOINT_URL_S3", redact_add_password},
};

/* ---- the environment ---- */

static int add_listed(struct redact *redact, const struct platform *platform, struct err *err)
{
	for (size_t i = 0; i < platform->secret_count; i++) {
		const char *value = getenv(platform->secrets[i]);

		if (value && *value && redact_add(redact, value) < 0)
			return err_set(err, ERR_USAGE,
			    "the environment variable %s is named under 'secrets', but has under "
			    "%d characters (or megabytes of them): that cannot be masked",
			    platform->secrets[i], REDACT_MIN_LEN);
	}
	return 0;
}

static void add_own(struct redact *redact)
{
	for (size_t i = 0; i < COUNT_OF(credentials); i++) {
		const char *value = getenv(credentials[i]);

		if (value)
			redact_add(redact, value);
	}
	for (size_t i = 0; i < COUNT_OF(addresses); i++) {
		const char *value = getenv(addresses[i].name);

		if (value)
			addresses[i].add(redact, value);
	}
}

struct redact *redact_for_platform(const struct platform *platform, struct err *err)
{
	struct redact *redact = redact_new();

	if (add_listed(redact, platform, err) < 0) {
		redact_free(redact);
		return NULL;
	}
	add_own(redact);
	return redact;
}

/* ---- targets and actions ---- */

/* "Basic dXNlcjpwYXNz": whoever has what is behind the scheme needs no more. */
static const char *after_scheme(const char *key, const char *text)
{
	static const char *const schemes[] = {"Bearer", "Basic", "Token", "Digest", "Negotiate",
	    "ApiKey", "GenieKey", "AWS4-HMAC-SHA256"};
	size_t len = strcspn(text, " ");

	if (!text[len] || strcspn(text, "=;,") < len)
		return NULL;
	if (strcasestr(key, "authorization"))
		return text + len + strspn(text + len, " ");
	for (size_t i = 0; i < COUNT_OF(schemes); i++)
		if (strlen(schemes[i]) == len && strncasecmp(schemes[i], text, len) == 0)
			return text + len + strspn(text + len, " ");
	return NULL;
}

/* The whole as well: a passphrase may have blanks, and begin like a scheme. */
static void add_credential(struct redact *redact, const char *key, const char *text)
{
	const char *rest = after_scheme(key, text);

	if (template_any(text))
		return;
	redact_add(redact, text);
	if (rest)
		redact_add(redact, rest);
}

void own_secrets_of_headers(struct redact *redact, const json_t *headers)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)headers, name, value) {
		if (json_is_string(value) && secret_header_name(name))
			add_credential(redact, name, json_string_value(value));
	}
}

/* `headers` of an action, `secret_headers` of a target. */
static bool holds_headers(const char *key)
{
	return strcmp(key, "headers") == 0 || strcmp(key, "secret_headers") == 0;
}

static void add_member(struct redact *redact, const char *key, const json_t *member)
{
	if (json_is_string(member) && secret_key_name(key))
		add_credential(redact, key, json_string_value(member));
	if (holds_headers(key))
		own_secrets_of_headers(redact, member);
	own_secrets_of(redact, member);
}

/* A header as one text: "Authorization: Bearer …", "X-Auth: …". What has no '-' may be prose: "Key: it is late". */
static void add_header(struct redact *redact, const char *text)
{
	size_t len = strcspn(text, ": \t\n");
	char *name;

	if (text[len] != ':' || !text[len + 1])
		return;
	name = mem_textn(text, len);
	if (secret_key_name(name) || (strchr(name, '-') && secret_header_name(name)))
		add_credential(redact, name, text + len + 1 + strspn(text + len + 1, " "));
	free(name);
}

void own_secrets_of(struct redact *redact, const json_t *config)
{
	const char *key;
	json_t *member;

	if (!redact || !config)
		return;
	if (json_is_string(config)) {
		redact_add_password(redact, json_string_value(config));
		add_header(redact, json_string_value(config));
	}
	for (size_t i = 0; i < json_array_size(config); i++)
		own_secrets_of(redact, json_array_get(config, i));
	json_object_foreach((json_t *)config, key, member) {
		add_member(redact, key, member);
	}
}
