/*
 * Keys that are written down: in the environment, in the credentials file, in the config file, and in the
 * two files that tools before botocore had.
 * Invariant: an id without its secret is an error that says so, never another provider's turn; a secret
 * without an id is as nothing. So it is with botocore.
 */
#include "private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsops/mem.h"
#include "fsops/value.h"

static enum aws_try take(
    struct aws_lookup *lookup, const char *id, const char *secret, const char *token)
{
	aws_credentials_release(&lookup->found);
	lookup->found = (struct aws_credentials){.id = mem_text(id),
	    .secret = mem_text(secret),
	    .token = mem_text(token && *token ? token : NULL)};
	return AWS_FOUND;
}

enum aws_try aws_env_try(struct aws_lookup *lookup)
{
	const char *id = aws_variable("AWS_ACCESS_KEY_ID");
	const char *secret = aws_variable("AWS_SECRET_ACCESS_KEY");
	const char *token = aws_variable("AWS_SECURITY_TOKEN");
	const char *ends = aws_variable("AWS_CREDENTIAL_EXPIRATION");
	msec wall = 0;

	if (!id)
		return AWS_NEXT;
	if (!secret)
		return aws_fail(lookup, ERR_INPUT,
		    "no AWS credentials: AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not");
	if (ends && aws_time(ends, &wall) < 0)
		return aws_fail(lookup, ERR_INPUT,
		    "AWS_CREDENTIAL_EXPIRATION is no time that can be read: unset it");
	if (ends && wall <= clock_system.wall(NULL))
		return aws_fail(lookup, ERR_INPUT,
		    "the AWS credentials in the environment have ended (AWS_CREDENTIAL_EXPIRATION "
		    "is %.40s): "
		    "log in again",
		    ends);
	return take(lookup, id, secret, token ? token : aws_variable("AWS_SESSION_TOKEN"));
}

/* The keys of TABLE, which stands in the file at PATH. */
static enum aws_try take_table(struct aws_lookup *lookup, const json_t *table, const char *path)
{
	const char *id = value_get_text(table, "aws_access_key_id");
	const char *secret = value_get_text(table, "aws_secret_access_key");
	const json_t *token = json_object_get(table, "aws_security_token");

	if (!json_object_get(table, "aws_access_key_id"))
		return AWS_NEXT;
	if (!id || !*id || !secret || !*secret)
		return aws_fail(lookup, ERR_INPUT, "AWS profile '%s' in '%s' has no %s",
		    lookup->profile, path,
		    id && *id ? "aws_secret_access_key" : "aws_access_key_id");
	if (!token)
		token = json_object_get(table, "aws_session_token");
	return take(lookup, id, secret, json_string_value(token));
}

enum aws_try aws_shared_try(struct aws_lookup *lookup)
{
	const struct aws_config *config = lookup->spec.config;
	const json_t *table = json_object_get(config->credentials, lookup->profile);

	return take_table(lookup, table, config->credentials_path);
}

enum aws_try aws_own_try(struct aws_lookup *lookup)
{
	const struct aws_config *config = lookup->spec.config;

	return take_table(
	    lookup, json_object_get(config->own, lookup->profile), config->config_path);
}

/* --- files of older tools --- */

static bool is_file(const char *path)
{
	struct stat about;

	return stat(path, &about) == 0 && S_ISREG(about.st_mode) && access(path, R_OK) == 0;
}

/* The value of "NAME = value" in TEXT, the last one; owned, or NULL. */
static char *find_line(const char *text, const char *name)
{
	size_t len = strlen(name);
	char *value = NULL;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *end;

		line += strspn(line, " \t\r\n");
		end = line + strcspn(line, "\r\n");
		if (strncmp(line, name, len) != 0 ||
		    *(line + len + strspn(line + len, " \t")) != '=')
			continue;
		line = strchr(line, '=') + 1;
		line += strspn(line, " \t");
		while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
			end--;
		free(value);
		value = mem_textn(line, (size_t)(end - line));
	}
	return value;
}

/* AWS_CREDENTIAL_FILE, of the EC2 command line tools. */
enum aws_try aws_ec2_file_try(struct aws_lookup *lookup)
{
	const char *name = aws_variable("AWS_CREDENTIAL_FILE");
	char *path = name ? aws_path(name) : NULL;
	char *id = NULL, *secret = NULL;
	enum aws_try result = AWS_NEXT;
	struct buf text;

	if (!path)
		return AWS_NEXT;
	if (aws_read_file(&text, path, &lookup->err) < 0) {
		free(path);
		err_prefix(&lookup->err, "AWS_CREDENTIAL_FILE");
		return AWS_FAILED;
	}
	id = find_line(text.data, "AWSAccessKeyId");
	secret = find_line(text.data, "AWSSecretKey");
	if (id && secret)
		result = take(lookup, id, secret, NULL);
	else if (id)
		result = aws_fail(lookup, ERR_INPUT, "'%s' has no AWSSecretKey", path);
	aws_wipe(text.data, text.cap);
	buf_release(&text);
	free(secret);
	free(id);
	free(path);
	return result;
}

static enum aws_try try_boto(struct aws_lookup *lookup, const char *name)
{
	char *path = aws_path(name);
	enum aws_try result = AWS_NEXT;
	json_t *sections = NULL;
	struct buf text;

	if (is_file(path) && aws_read_file(&text, path, NULL) == 0) {
		sections = aws_ini_parse(path, text.data, text.len, &lookup->err);
		result = sections
		             ? take_table(lookup, json_object_get(sections, "Credentials"), path)
		             : AWS_FAILED;
		aws_wipe(text.data, text.cap);
		buf_release(&text);
	}
	json_decref(sections);
	free(path);
	return result;
}

/* boto's own file, from before there was a botocore. */
enum aws_try aws_boto_try(struct aws_lookup *lookup)
{
	const char *named = aws_variable("BOTO_CONFIG");
	const char *const usual[] = {"/etc/boto.cfg", "~/.boto"};
	enum aws_try result = AWS_NEXT;

	if (named)
		return try_boto(lookup, named);
	for (size_t i = 0; i < COUNT_OF(usual) && result == AWS_NEXT; i++)
		result = try_boto(lookup, usual[i]);
	return result;
}
