/*
 * Who asks: AWS_ACCESS_KEY_ID and its companions, or a profile of ~/.aws/credentials, in the
 * order that the aws command uses. A profile that the target names beats the environment.
 * Invariant: what is read here appears in no message, and is wiped when it is released.
 */
#include "s3.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsops/mem.h"

#define CREDENTIALS_MAX ((size_t)1024 * 1024)

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static char *credentials_path(void)
{
	const char *path = variable("AWS_SHARED_CREDENTIALS_FILE");
	const char *home = variable("HOME");

	if (path)
		return mem_text(path);
	return home ? mem_printf("%s/.aws/credentials", home) : mem_text(".aws/credentials");
}

/* Where each key of a profile goes. */
static char **slot(struct s3_credentials *credentials, const char *key)
{
	const struct {
		const char *key;
		char **value;
	} slots[] = {
	    {"aws_access_key_id", &credentials->id},
	    {"aws_secret_access_key", &credentials->secret},
	    {"aws_session_token", &credentials->token},
	};

	for (size_t i = 0; i < COUNT_OF(slots); i++)
		if (strcmp(slots[i].key, key) == 0)
			return slots[i].value;
	return NULL;
}

/* Without the blanks around it, in place. */
static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t\r");
	len = strlen(text);
	while (len && strchr(" \t\r", text[len - 1]))
		len--;
	text[len] = '\0';
	return text;
}

struct reader {
	const char *path;
	const char *profile;
	bool inside; /* of the profile's section */
	bool found;
	int line;
	struct s3_credentials *out;
};

static int read_section(struct reader *reader, char *line, struct err *err)
{
	char *end = strchr(line, ']');

	if (!end)
		return err_set(err, ERR_INPUT, "%s:%d: '[' is never closed with ']'", reader->path,
		    reader->line);
	*end = '\0';
	reader->inside = strcmp(trim(line + 1), reader->profile) == 0;
	reader->found = reader->found || reader->inside;
	return 0;
}

static int read_line(struct reader *reader, char *line, struct err *err)
{
	bool nested = *line == ' ' || *line == '\t';
	char *equals;
	char **value;

	line = trim(line);
	if (!*line || *line == '#' || *line == ';')
		return 0;
	if (*line == '[')
		return read_section(reader, line, err);
	equals = strchr(line, '=');
	if (!equals && !nested)
		return err_set(err, ERR_INPUT,
		    "%s:%d: this is neither '[profile]' nor 'key = value'", reader->path,
		    reader->line);
	if (!equals || !reader->inside)
		return 0;
	*equals = '\0';
	value = slot(reader->out, trim(line));
	if (value) {
		free(*value);
		*value = mem_text(trim(equals + 1));
	}
	return 0;
}

static int read_lines(struct reader *reader, char *text, struct err *err)
{
	for (char *line = text; line;) {
		char *end = strchr(line, '\n');

		if (end)
			*end = '\0';
		reader->line++;
		if (read_line(reader, line, err) < 0)
			return -1;
		line = end ? end + 1 : NULL;
	}
	return 0;
}

static int check_profile(const struct reader *reader, struct err *err)
{
	if (!reader->found)
		return err_set(err, ERR_INPUT,
		    "no profile [%s] in '%s': add it (`aws configure --profile %s`), or set "
		    "AWS_PROFILE",
		    reader->profile, reader->path, reader->profile);
	if (!reader->out->id || !reader->out->secret)
		return err_set(err, ERR_INPUT, "profile [%s] in '%s' has no %s", reader->profile,
		    reader->path, reader->out->id ? "aws_secret_access_key" : "aws_access_key_id");
	return 0;
}

static int read_file(struct s3_credentials *out, const char *profile, struct err *err)
{
	char *path = credentials_path();
	struct reader reader = {.path = path, .profile = profile, .out = out};
	struct buf text = {0};
	int result = -1;

	if (access(path, F_OK) < 0 && errno == ENOENT) {
		err_set(err, ERR_INPUT,
		    "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write "
		    "'%s' (`aws configure`)",
		    path);
		goto out;
	}
	if (buf_read_file(&text, path, CREDENTIALS_MAX, err) < 0)
		goto out;
	if (read_lines(&reader, text.data, err) == 0)
		result = check_profile(&reader, err);
	s3_wipe(text.data, text.cap);
out:
	buf_release(&text);
	free(path);
	return result;
}

/* They go into a header and a digest: a line break would be another header. */
static int check_text(const struct s3_credentials *credentials, struct err *err)
{
	const char *const all[] = {credentials->id, credentials->secret, credentials->token};

	for (size_t i = 0; i < COUNT_OF(all); i++)
		for (const char *c = all[i]; c && *c; c++)
			if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f)
				return err_set(err, ERR_INPUT,
				    "the AWS credentials hold a blank, a line break or a control "
				    "character: set them again");
	return 0;
}

int s3_credentials_find(struct s3_credentials *credentials, const char *profile, struct err *err)
{
	const char *id = variable("AWS_ACCESS_KEY_ID");
	const char *secret = variable("AWS_SECRET_ACCESS_KEY");
	const char *named = profile ? profile : variable("AWS_PROFILE");
	int result = 0;

	*credentials = (struct s3_credentials){0};
	if (id && secret && !profile)
		*credentials = (struct s3_credentials){.id = mem_text(id),
		    .secret = mem_text(secret),
		    .token = mem_text(variable("AWS_SESSION_TOKEN"))};
	else if ((id || secret) && !profile)
		result = err_set(err, ERR_INPUT, "no AWS credentials: %s is set, %s is not",
		    id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
		    id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
	else
		result = read_file(credentials, named ? named : "default", err);
	if (result == 0)
		result = check_text(credentials, err);
	if (result < 0)
		s3_credentials_release(credentials);
	return result;
}

/* explicit_bzero() is not everywhere; through a volatile pointer no store is optimised away. */
void s3_wipe(char *text, size_t len)
{
	volatile char *at = text;

	while (len--)
		*at++ = '\0';
}

static void wipe(char *text)
{
	if (text)
		s3_wipe(text, strlen(text));
	free(text);
}

void s3_credentials_release(struct s3_credentials *credentials)
{
	wipe(credentials->id);
	wipe(credentials->secret);
	wipe(credentials->token);
	*credentials = (struct s3_credentials){0};
}
