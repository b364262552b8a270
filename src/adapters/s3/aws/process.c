/*
 * credential_process: a command of the profile's that prints credentials as JSON, without a shell.
 * Invariant: what it prints is shown nowhere; of its complaints a line is.
 */
#include "private.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/json_read.h"
#include "fsops/adapter.h"
#include "fsops/mem.h"
#include "fsops/value.h"

#define COMPLAINT_SHOWN 300

static void on_output(void *ctx, enum child_stream stream, const char *data, size_t len)
{
	struct aws_lookup *lookup = aws_lookup_of(ctx);

	/* What does not fit is noticed by `full`. */
	buf_add(stream == CHILD_STDOUT ? &lookup->text : &lookup->errors, data, len);
}

/* The process's name: its arguments may hold a secret. */
static const char *command_of(const struct aws_lookup *lookup)
{
	return aws_setting(lookup->spec.config, lookup->profile, "credential_process");
}

static int name_len(const struct aws_lookup *lookup)
{
	return (int)strcspn(command_of(lookup), " \t");
}

static enum aws_try refuse(struct aws_lookup *lookup, const char *why, const char *detail)
{
	return aws_fail(lookup, ERR_INPUT, "AWS profile '%s': credential_process '%.*s' %s%s%.*s",
	    lookup->profile, name_len(lookup), command_of(lookup), why, *detail ? ": " : "",
	    COMPLAINT_SHOWN, detail);
}

/* The first line of what it said on stderr. */
static enum aws_try refuse_status(struct aws_lookup *lookup, int status)
{
	char *said = lookup->errors.data + strspn(lookup->errors.data, " \t\r\n");
	char *why = mem_printf("ended with status %d", status);
	enum aws_try result;

	said[strcspn(said, "\r\n")] = '\0';
	result = refuse(lookup, why, *said ? said : "it says nothing of why");
	free(why);
	return result;
}

static enum aws_try take(struct aws_lookup *lookup, int status)
{
	static const struct aws_members members = {
	    "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"};
	enum aws_try result = AWS_FOUND;
	const char *why;
	json_t *json;
	double version;

	if (status != 0)
		return refuse_status(lookup, status);
	if (lookup->text.full)
		return refuse(lookup, "printed over a mebibyte", "");
	json = json_read("it", lookup->text.data, lookup->text.len, AWS_TEXT_MAX, NULL);
	if (!json_is_object(json))
		result = refuse(
		    lookup, "did not print JSON, as `aws configure export-credentials` does", "");
	else if (!value_number(json_object_get(json, "Version"), &version) || version != 1)
		result = refuse(lookup, "printed JSON whose Version is not 1", "");
	else if ((why = aws_json_take(lookup, json, &members)))
		result = refuse(lookup, "printed what can't be used", why);
	json_decref(json);
	return result;
}

static void on_ended(void *ctx, int status)
{
	struct aws_lookup *lookup = aws_lookup_of(ctx);

	lookup->child = NULL;
	aws_go_on(lookup, take(lookup, status));
}

static void on_gone(void *ctx)
{
	struct aws_lookup *lookup = aws_lookup_of(ctx);
	void (*gone)(void *) = lookup->gone;
	void *gone_ctx = lookup->gone_ctx;

	lookup->child = NULL;
	aws_lookup_forget(lookup);
	gone(gone_ctx);
}

/* The length of a JSON object that begins a word at AT, as it stands; 0: there is none. */
static size_t bare_json(const char *command, const char *at)
{
	size_t len = strcspn(at, " \t\r\n");
	bool begins = at == command || strchr(" \t\r\n", at[-1]);
	json_t *json = *at == '{' && begins ? json_read("it", at, len, AWS_TEXT_MAX, NULL) : NULL;
	bool whole = json && !memchr(at, '\'', len);

	json_decref(json);
	return whole ? len : 0;
}

/* A character behind which the next one is in quotes, or not any more. */
static char quote_after(char quote, const char *at)
{
	if (quote)
		return *at == quote ? '\0' : quote;
	return *at == '\'' || *at == '"' ? *at : '\0';
}

/*
 * COMMAND with JSON that nobody has quoted in quotes: botocore's splitting would take the quotes inside it
 * away, and what is left is nothing that a program could want. Everything else stays as it is.
 */
static char *quote_json(const char *command)
{
	char quote = '\0';
	struct buf out;

	buf_init(&out, BUF_TEXT_MAX * 2);
	for (const char *at = command; *at;) {
		size_t json = quote ? 0 : bare_json(command, at);
		size_t len = json ? json : *at == '\\' && quote != '\'' && at[1] ? 2 : 1;

		buf_addf(&out, json ? "'%.*s'" : "%.*s", (int)len, at);
		if (!json)
			quote = quote_after(quote, at);
		at += len;
	}
	return buf_detach(&out);
}

static int split(const char *command, struct words *words, struct err *err)
{
	char *quoted = quote_json(command);
	int result = aws_words(quoted, words, err);

	aws_wipe(quoted, strlen(quoted));
	free(quoted);
	return result;
}

static void on_killed(void *ctx, int pid, const char *command)
{
	call_killed(ctx, pid, command);
}

enum aws_try aws_process_try(struct aws_lookup *lookup)
{
	const char *command = command_of(lookup);
	struct words words = {0};
	struct child_spec spec = {.output = on_output,
	    .ended = on_ended,
	    .gone = on_gone,
	    .killed = on_killed,
	    .ctx = lookup->spec.call};
	struct err err;

	if (!command)
		return AWS_NEXT;
	if (split(command, &words, &err) < 0)
		return aws_fail(lookup, ERR_INPUT, "AWS profile '%s': credential_process: %s",
		    lookup->profile, err.text);
	if (!words.count)
		return aws_fail(lookup, ERR_INPUT, "AWS profile '%s': credential_process is empty",
		    lookup->profile);
	MEM_PUSH_ROOM(words.items, words.count);
	words.items[words.count] = NULL;
	spec.argv = (const char *const *)words.items;
	buf_clear(&lookup->text);
	buf_clear(&lookup->errors);
	lookup->child = child_start(lookup->spec.children, &spec, &err);
	words_release(&words);
	if (lookup->child)
		return AWS_WAIT;
	return aws_fail(lookup, ERR_INPUT, "AWS profile '%s': credential_process: %s",
	    lookup->profile, err.text);
}
