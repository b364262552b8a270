/*
 * The address that ECS, and EKS for pod identities, put into a container's environment.
 * (https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html)
 * Invariant: the token of the environment is sent to this machine and to the two services' own addresses
 * only, and never through a proxy.
 */
#include "private.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/json_read.h"
#include "fsops/mem.h"
#include "fsops/value.h"

#define ECS_HOST "169.254.170.2"
#define TIMEOUT  ((msec)2000)
#define ATTEMPTS 3
#define PAUSE    ((msec)1000)

static const char *const hosts[] = {
    ECS_HOST, "169.254.170.23", "[fd00:ec2::23]", "localhost", "[::1]"};

static bool is_allowed(const char *host)
{
	for (size_t i = 0; i < COUNT_OF(hosts); i++)
		if (strcasecmp(hosts[i], host) == 0)
			return true;
	return strncmp(host, "127.", 4) == 0 && !host[strspn(host, "0123456789.")];
}

static char *full_url(void)
{
	const char *relative = aws_variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");

	return relative ? mem_printf("http://" ECS_HOST "%s", relative)
	                : mem_text(aws_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI"));
}

/* The token: its file is written anew from time to time, so it goes before the variable. */
static char *read_token(struct aws_lookup *lookup)
{
	const char *path = aws_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *token = aws_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	struct buf text;
	char *copy;

	if (!path)
		return mem_text(token ? token : "");
	if (aws_read_file(&text, path, &lookup->err) < 0) {
		err_prefix(&lookup->err, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
		return NULL;
	}
	copy = mem_textn(text.data, text.len);
	aws_wipe(text.data, text.cap);
	buf_release(&text);
	copy[strcspn(copy, "\r\n")] = '\0';
	return copy;
}

static enum aws_try refuse(struct aws_lookup *lookup, int status, const char *why)
{
	struct err first = lookup->err;

	if (!status)
		return aws_fail(lookup, first.kind,
		    "the container's AWS credentials can't be had: %s", first.text);
	return aws_fail(lookup, ERR_REMOTE,
	    "the container's AWS credentials can't be had: status %d%s%s: look at the task's or "
	    "the pod's role",
	    status, why ? ": " : "", why ? why : "");
}

static enum aws_try on_answer(struct aws_lookup *lookup, int status)
{
	static const struct aws_members members = {
	    "AccessKeyId", "SecretAccessKey", "Token", "Expiration"};
	json_t *json;
	const char *why = NULL;

	if (status != 200 && ++lookup->attempts < ATTEMPTS)
		return aws_ask_again(lookup, PAUSE, aws_container_try);
	if (status != 200)
		return refuse(lookup, status, NULL);
	json = json_read("it", lookup->text.data, lookup->text.len, AWS_TEXT_MAX, NULL);
	why = aws_json_take(lookup, json, &members);
	json_decref(json);
	return why ? refuse(lookup, status, why) : AWS_FOUND;
}

static enum aws_try ask(struct aws_lookup *lookup, const char *url, const char *token)
{
	char *line = *token ? mem_printf("Authorization: %s", token) : NULL;
	const char *const headers[] = {"Accept: application/json", line};
	struct aws_ask request = {.method = "GET",
	    .url = url,
	    .what = url,
	    .headers = headers,
	    .header_count = line ? 2 : 1,
	    .timeout = TIMEOUT,
	    .direct = true};
	enum aws_try result = aws_ask(lookup, &request, on_answer);

	if (line)
		aws_wipe(line, strlen(line));
	free(line);
	return result;
}

enum aws_try aws_container_try(struct aws_lookup *lookup)
{
	char *url = full_url();
	char *host = NULL, *port = NULL, *token = NULL;
	enum aws_try result = AWS_FAILED;

	if (!url)
		return AWS_NEXT;
	if (web_url_check(url, &lookup->err) < 0 || !web_url_place(url, &host, &port)) {
		err_prefix(&lookup->err, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
		goto out;
	}
	if (!is_allowed(host)) {
		aws_fail(lookup, ERR_INPUT,
		    "AWS_CONTAINER_CREDENTIALS_FULL_URI names '%s', which is neither this machine "
		    "nor 169.254.170.2, 169.254.170.23 or fd00:ec2::23: no credentials are asked "
		    "for "
		    "there",
		    host);
		goto out;
	}
	token = read_token(lookup);
	if (!token)
		goto out;
	aws_secret(lookup, token);
	result = ask(lookup, url, token);
	aws_wipe(token, strlen(token));
out:
	free(token);
	free(port);
	free(host);
	free(url);
	return result;
}
