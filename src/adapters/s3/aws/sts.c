/*
 * STS, the service that gives credentials of a role: AssumeRole, signed with the credentials that take
 * it, and AssumeRoleWithWebIdentity, which needs none.
 * (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html)
 *
 * Invariant: the answer is parsed once and whole, so no answer costs more than its length.
 */
#include "private.h"

#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/sha256.h"

#define API_VERSION "2011-06-15"
#define TIMEOUT     ((msec)20000)
#define SAID_SHOWN  300
#define FIELD_MAX   ((size_t)64 * 1024)

enum field {
	FIELD_ID,
	FIELD_SECRET,
	FIELD_TOKEN,
	FIELD_EXPIRES,
	FIELD_CODE,
	FIELD_MESSAGE,
	FIELD_COUNT
};

static const char *const field_names[FIELD_COUNT] = {
    "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "Code", "Message"};

/* --- the answer --- */

struct answer {
	XML_Parser parser;
	struct buf fields[FIELD_COUNT];
	struct buf *open;
};

static void XMLCALL on_open(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
	struct answer *answer = ctx;

	(void)attributes;
	answer->open = NULL;
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (strcmp(field_names[i], name) == 0)
			answer->open = &answer->fields[i];
}

static void XMLCALL on_close(void *ctx, const XML_Char *name)
{
	(void)name;
	((struct answer *)ctx)->open = NULL;
}

static void XMLCALL on_text(void *ctx, const XML_Char *text, int len)
{
	struct answer *answer = ctx;

	if (answer->open && buf_add(answer->open, text, (size_t)len) < 0)
		XML_StopParser(answer->parser, XML_FALSE);
}

/* The door to entity bombs. */
static void XMLCALL on_doctype(
    void *ctx, const XML_Char *name, const XML_Char *sysid, const XML_Char *pubid, int internal)
{
	(void)name;
	(void)sysid;
	(void)pubid;
	(void)internal;
	XML_StopParser(((struct answer *)ctx)->parser, XML_FALSE);
}

/* False: it is no whole XML document, or one that STS would not send. */
static bool read_answer(struct answer *answer, const struct buf *text)
{
	enum XML_Status status;

	*answer = (struct answer){.parser = XML_ParserCreate(NULL)};
	for (size_t i = 0; i < FIELD_COUNT; i++)
		buf_init(&answer->fields[i], FIELD_MAX);
	XML_SetUserData(answer->parser, answer);
	XML_SetElementHandler(answer->parser, on_open, on_close);
	XML_SetCharacterDataHandler(answer->parser, on_text);
	XML_SetStartDoctypeDeclHandler(answer->parser, on_doctype);
	status = XML_Parse(answer->parser, text->data, (int)text->len, XML_TRUE);
	XML_ParserFree(answer->parser);
	return status == XML_STATUS_OK;
}

static void answer_release(struct answer *answer)
{
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		aws_wipe(answer->fields[i].data, answer->fields[i].len);
		buf_release(&answer->fields[i]);
	}
}

static const struct remedy {
	const char *code;
	const char *text;
} remedies[] = {
    {"AccessDenied",
        "look at the role's trust policy, and at what the credentials that take it may do"},
    {"InvalidClientTokenId", "the credentials that take the role are not known: check their keys"},
    {"SignatureDoesNotMatch", "check the secret access key, and this machine's clock"},
    {"RequestExpired", "set this machine's clock"},
    {"RequestTimeTooSkewed", "set this machine's clock"},
    {"ExpiredToken", "the credentials that take the role have ended: log in again"},
    {"ExpiredTokenException", "the token in the file has ended: it must be written anew"},
    {"InvalidIdentityToken", "look at the token's file and the identity provider of the account"},
    {"IDPRejectedClaim", "the token has ended or is refused: it must be written anew"},
    {"RegionDisabledException",
        "STS is not enabled in this region: enable it, or name another region"},
    {"ValidationError", "check role_arn, duration_seconds and external_id"},
};

static const char *find_remedy(const char *code)
{
	for (size_t i = 0; i < COUNT_OF(remedies); i++)
		if (strcmp(remedies[i].code, code) == 0)
			return remedies[i].text;
	return "check role_arn, and what takes it";
}

static enum aws_try refused(struct aws_lookup *lookup, const struct answer *answer, int status)
{
	const char *code = answer->fields[FIELD_CODE].data;

	return aws_fail(lookup, ERR_REMOTE,
	    "AWS profile '%s': STS does not give the role: status %d %.60s%s%.*s: %s",
	    lookup->profile, status, code, answer->fields[FIELD_MESSAGE].len ? ": " : "",
	    SAID_SHOWN, answer->fields[FIELD_MESSAGE].data, find_remedy(code));
}

/* The fields of a good answer → lookup->found. */
static enum aws_try take(struct aws_lookup *lookup, const struct answer *answer)
{
	static const struct aws_members members = {
	    "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"};
	json_t *json = json_object();
	const char *why;

	for (size_t i = FIELD_ID; i <= FIELD_EXPIRES; i++)
		json_object_set_new(json, field_names[i], json_string(answer->fields[i].data));
	why = aws_json_take(lookup, json, &members);
	json_decref(json);
	if (!why)
		return AWS_FOUND;
	return aws_fail(lookup, ERR_REMOTE, "AWS profile '%s': what STS gave can't be used: %s",
	    lookup->profile, why);
}

static enum aws_try on_answer(struct aws_lookup *lookup, int status)
{
	struct answer answer;
	enum aws_try result;

	if (!status) {
		err_prefix(&lookup->err, "AWS profile '%s': STS", lookup->profile);
		return AWS_FAILED;
	}
	if (!read_answer(&answer, &lookup->text))
		result = aws_fail(lookup, ERR_REMOTE,
		    "AWS profile '%s': status %d, and what STS answered is not its XML: check the "
		    "endpoint (AWS_ENDPOINT_URL_STS)",
		    lookup->profile, status);
	else
		result = status == 200 ? take(lookup, &answer) : refused(lookup, &answer, status);
	answer_release(&answer);
	return result;
}

/* --- the request --- */

/* The regional server: the global one is far away for most, and newer botocores ask the region's, too. */
static char *sts_url(const struct aws_lookup *lookup)
{
	const char *endpoint = aws_config_endpoint(lookup->spec.config, "sts");
	const char *suffix = strncmp(lookup->region, "cn-", 3) == 0 ? ".cn" : "";

	if (endpoint)
		return web_url_join(endpoint, "/");
	return mem_printf("https://sts.%s.amazonaws.com%s/", lookup->region, suffix);
}

static void add_field(struct buf *form, const char *name, const char *value)
{
	char *encoded = value ? web_encode(value, "") : NULL;

	if (encoded)
		buf_addf(form, "&%s=%s", name, encoded);
	free(encoded);
}

static void begin_form(struct buf *form, const char *action, const struct aws_role *role)
{
	char *name = mem_printf("fsops-%lld", (long long)(clock_system.wall(NULL) / 1000));

	buf_init(form, AWS_TEXT_MAX);
	buf_addf(form, "Action=%s&Version=" API_VERSION, action);
	add_field(form, "RoleArn", role->arn);
	add_field(form, "RoleSessionName",
	    role->session_name && *role->session_name ? role->session_name : name);
	free(name);
}

/* Four headers and the signature. */
#define SEND_LINES_MAX 5

#define FORM_TYPE "application/x-www-form-urlencoded; charset=utf-8"

/* The headers that are signed, and the signature when somebody asks, as lines; their count. Owned. */
static size_t make_lines(const struct aws_lookup *lookup, const struct buf *form, const char *url,
    char *lines[SEND_LINES_MAX])
{
	char digest[SHA256_TEXT], stamp[AWS_STAMP_MAX];
	char *host = aws_host(url);
	const char *path = strchr(strstr(url, "://") + 3, '/');
	const struct aws_header headers[] = {{"content-type", FORM_TYPE}, {"host", host},
	    {"x-amz-date", stamp}, {"x-amz-security-token", lookup->found.token}};
	struct aws_signing signing = {.method = "POST",
	    .path = path ? path : "/",
	    .query = "",
	    .headers = headers,
	    .header_count = lookup->found.token ? 4 : 3,
	    .digest = digest,
	    .stamp = stamp,
	    .region = lookup->region,
	    .service = "sts",
	    .credentials = &lookup->found};
	size_t count = 0;

	aws_stamp(clock_system.wall(NULL), stamp);
	sha256_text(form->data, form->len, digest);
	for (; count < signing.header_count; count++)
		lines[count] = mem_printf("%s: %s", headers[count].name, headers[count].value);
	if (lookup->found.id)
		lines[count++] = aws_authorization(&signing);
	free(host);
	return count;
}

/* Send FORM; with lookup->found as who asks, when there is one. */
static enum aws_try send(struct aws_lookup *lookup, const struct buf *form)
{
	char *lines[SEND_LINES_MAX] = {NULL};
	char *url = sts_url(lookup);
	struct aws_ask ask = {.method = "POST",
	    .url = url,
	    .what = url,
	    .body = form->data,
	    .headers = (const char *const *)lines,
	    .timeout = TIMEOUT};
	enum aws_try result = AWS_FAILED;

	if (web_url_check(url, &lookup->err) == 0) {
		ask.header_count = make_lines(lookup, form, url, lines);
		result = aws_ask(lookup, &ask, on_answer);
	}
	if (result == AWS_FAILED)
		err_prefix(&lookup->err, "AWS profile '%s': STS", lookup->profile);
	for (size_t i = 0; i < ask.header_count; i++) {
		aws_wipe(lines[i], strlen(lines[i]));
		free(lines[i]);
	}
	free(url);
	return result;
}

enum aws_try aws_sts_assume(struct aws_lookup *lookup, const struct aws_role *role)
{
	enum aws_try result;
	struct buf form;

	lookup->profile = role->profile;
	begin_form(&form, "AssumeRole", role);
	add_field(&form, "ExternalId", role->external_id);
	if (role->duration)
		buf_addf(&form, "&DurationSeconds=%ld", role->duration);
	result = send(lookup, &form);
	buf_release(&form);
	return result;
}

enum aws_try aws_sts_web_identity(
    struct aws_lookup *lookup, const struct aws_role *role, const char *token)
{
	enum aws_try result;
	struct buf form;

	aws_credentials_release(&lookup->found);
	begin_form(&form, "AssumeRoleWithWebIdentity", role);
	add_field(&form, "WebIdentityToken", token);
	result = send(lookup, &form);
	aws_wipe(form.data, form.len);
	buf_release(&form);
	return result;
}
