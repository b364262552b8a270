/*
 * The metadata service of an EC2 instance: a token first (version 2), then the role's name, then its
 * credentials. (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html)
 *
 * Invariant: it is asked last and shortly, for most machines are no instance; what is wrong with it is a
 * remark to "no AWS credentials", never an error of its own. Never through a proxy.
 */
#include "private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fsops/json_read.h"
#include "fsops/mem.h"
#include "fsops/value.h"

#define ADDRESS     "http://169.254.169.254"
#define ADDRESS_6   "http://[fd00:ec2::254]"
#define TOKEN_PATH  "/latest/api/token"
#define ROLE_PATH   "/latest/meta-data/iam/security-credentials/"
#define TOKEN_LIVES "x-aws-ec2-metadata-token-ttl-seconds: 21600"

/* The most that somebody may ask for. */
#define SECONDS_MAX  60L
#define ATTEMPTS_MAX 10L

static const char *setting(const struct aws_lookup *lookup, const char *variable, const char *key)
{
	const char *value = aws_variable(variable);
	const struct aws_config *config = lookup->spec.config;

	return value ? value : aws_setting(config, config->profile, key);
}

static long number(const char *text, long most)
{
	char *end;
	long value = text ? strtol(text, &end, 10) : 1;

	return text && (!*text || *end || value < 1) ? 1 : value > most ? most : value;
}

static msec timeout(const struct aws_lookup *lookup)
{
	return (msec)number(
	           setting(lookup, "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout"),
	           SECONDS_MAX) *
	       1000;
}

static int attempts(const struct aws_lookup *lookup)
{
	return (int)number(
	    setting(lookup, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts"),
	    ATTEMPTS_MAX);
}

static char *url_of(const struct aws_lookup *lookup, const char *path)
{
	const char *own =
	    setting(lookup, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
	const char *mode = setting(
	    lookup, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");

	if (own)
		return web_url_join(own, path);
	return web_url_join(mode && strcasecmp(mode, "ipv6") == 0 ? ADDRESS_6 : ADDRESS, path);
}

/* Nothing to be had here; WHY for the message that nobody has any. */
static enum aws_try give_up(struct aws_lookup *lookup, const char *why)
{
	free(lookup->remark);
	lookup->remark = mem_printf("the instance's metadata service: %s", why);
	lookup->err.kind = ERR_NONE;
	return AWS_NEXT;
}

static enum aws_try give_up_status(struct aws_lookup *lookup, int status)
{
	char *why = status == 404 ? mem_text("no role is attached to the instance (status 404)")
	            : status      ? mem_printf("status %d", status)
	                          : mem_text(lookup->err.text);
	enum aws_try result = give_up(lookup, why);

	free(why);
	return result;
}

static enum aws_try ask(struct aws_lookup *lookup, const char *method, const char *path,
    const char *header, enum aws_try (*answer)(struct aws_lookup *lookup, int status))
{
	char *url = url_of(lookup, path);
	struct aws_ask request = {.method = method,
	    .url = url,
	    .what = url,
	    .headers = &header,
	    .header_count = header ? 1 : 0,
	    .timeout = timeout(lookup),
	    .direct = true};
	enum aws_try result = aws_ask(lookup, &request, answer);

	free(url);
	return result == AWS_FAILED ? give_up_status(lookup, 0) : result;
}

static enum aws_try get(struct aws_lookup *lookup, const char *path,
    enum aws_try (*answer)(struct aws_lookup *lookup, int status))
{
	char *header = lookup->metadata_token
	                   ? mem_printf("x-aws-ec2-metadata-token: %s", lookup->metadata_token)
	                   : NULL;
	enum aws_try result = ask(lookup, "GET", path, header, answer);

	if (header)
		aws_wipe(header, strlen(header));
	free(header);
	return result;
}

static bool may_retry(struct aws_lookup *lookup, int status)
{
	return status != 404 && ++lookup->attempts < attempts(lookup);
}

/* --- its three answers, the last one first --- */

static enum aws_try ask_credentials(struct aws_lookup *lookup);

static enum aws_try on_credentials(struct aws_lookup *lookup, int status)
{
	static const struct aws_members members = {
	    "AccessKeyId", "SecretAccessKey", "Token", "Expiration"};
	const char *why;
	json_t *json;

	if (status != 200)
		return may_retry(lookup, status) ? ask_credentials(lookup)
		                                 : give_up_status(lookup, status);
	json = json_read("it", lookup->text.data, lookup->text.len, AWS_TEXT_MAX, NULL);
	why = aws_json_take(lookup, json, &members);
	json_decref(json);
	return why ? give_up(lookup, why) : AWS_FOUND;
}

static enum aws_try ask_credentials(struct aws_lookup *lookup)
{
	char *path = mem_printf(ROLE_PATH "%s", lookup->role_name);
	enum aws_try result = get(lookup, path, on_credentials);

	free(path);
	return result;
}

static enum aws_try ask_role(struct aws_lookup *lookup);

static enum aws_try on_role(struct aws_lookup *lookup, int status)
{
	char *name = lookup->text.data;

	if (status != 200)
		return may_retry(lookup, status) ? ask_role(lookup)
		                                 : give_up_status(lookup, status);
	name[strcspn(name, "\r\n")] = '\0';
	free(lookup->role_name);
	lookup->role_name = web_encode(name, "+=,.@_-");
	if (!*lookup->role_name)
		return give_up(lookup, "no role is attached to the instance");
	lookup->attempts = 0;
	return ask_credentials(lookup);
}

static enum aws_try ask_role(struct aws_lookup *lookup)
{
	return get(lookup, ROLE_PATH, on_role);
}

/* A service of version 1 has no tokens (404, 403, 405), and from a container the answer may come too
 * late: then it is asked without. Where nobody listens nobody will. */
static enum aws_try on_token(struct aws_lookup *lookup, int status)
{
	if (status == 200) {
		lookup->metadata_token =
		    mem_textn(lookup->text.data, strcspn(lookup->text.data, "\r\n"));
		aws_secret(lookup, lookup->metadata_token);
	} else if (status == 400 || (!status && lookup->err.kind != ERR_TIMEOUT)) {
		return give_up_status(lookup, status);
	}
	lookup->attempts = 0;
	return ask_role(lookup);
}

enum aws_try aws_imds_try(struct aws_lookup *lookup)
{
	const char *off = aws_variable("AWS_EC2_METADATA_DISABLED");

	if (off && strcasecmp(off, "true") == 0)
		return AWS_NEXT;
	return ask(lookup, "PUT", TOKEN_PATH, TOKEN_LIVES, on_token);
}
