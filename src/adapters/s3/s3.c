/*
 * s3: what a runbook may say to a bucket, all of it reads.
 * Invariant: describe() shows no credential, and the command that it shows asks the same
 * bucket at the same place.
 */
#include "s3.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/text.h"
#include "fsops/value.h"

static void describe_ls(const json_t *args, const json_t *target, struct buf *out);
static void describe_stat(const json_t *args, const json_t *target, struct buf *out);
static void describe_cp(const json_t *args, const json_t *target, struct buf *out);
static void describe_verify(const json_t *args, const json_t *target, struct buf *out);

static const struct verb {
	const char *name;
	const char *form;
	size_t least; /* words after the verb */
	size_t most;
	void (*describe)(const json_t *args, const json_t *target, struct buf *out);
} verbs[] = {
    {"ls", "ls [URL]", 0, 1, describe_ls},
    {"stat", "stat URL", 1, 1, describe_stat},
    {"cp", "cp URL FILE", 2, 2, describe_cp},
    {"verify", "verify [URL]", 0, 1, describe_verify},
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static const struct verb *want_verb(
    const char *name, const struct node *node, struct problems *list)
{
	const char *names[COUNT_OF(verbs)];
	const struct verb *verb = find_verb(name);
	const char *nearest;

	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		names[i] = verbs[i].name;
	nearest = verb ? NULL : text_nearest(name, names, COUNT_OF(verbs));
	if (nearest)
		NODE_PROBLEM(list, node, "s3 knows no '%s': did you mean %s?", name, nearest);
	else if (!verb)
		NODE_PROBLEM(list, node, "s3 knows no '%s': use ls, stat, cp or verify", name);
	return verb;
}

static void check_url(const char *url, const struct node *node, struct problems *list)
{
	if (web_is_template(url))
		return;
	if (strncmp(url, "s3://", 5) == 0 ? url[5] == '\0' || url[5] == '/'
	                                  : strstr(url, "://") != NULL)
		NODE_PROBLEM(list, node,
		    "'%s' is no S3 URL: write s3://BUCKET/KEY, or a path below the target's", url);
}

static void check_file(const char *file, const struct node *node, struct problems *list)
{
	size_t len = strlen(file);

	if (len == 0 || file[len - 1] == '/' || strcmp(file, "-") == 0)
		NODE_PROBLEM(
		    list, node, "s3 cp needs the name of the file to write, '%s' is none", file);
}

static json_t *take_words(
    const json_t *words, const struct verb *verb, const struct node *node, struct problems *list)
{
	const char *url = json_string_value(json_array_get(words, 1));
	const char *file = json_string_value(json_array_get(words, 2));

	if (url && strcmp(verb->name, "verify") == 0 && strcmp(url, "latest") == 0)
		url = NULL;
	if (url)
		check_url(url, node, list);
	if (file)
		check_file(file, node, list);
	return json_pack("{s:s, s:s*, s:s*}", "verb", verb->name, "url", url, "file", file);
}

static json_t *s3_parse(const struct node *value, struct problems *list)
{
	json_t *words = node_want_words(value, "s3", list);
	size_t before = list->errors;
	size_t count = json_array_size(words);
	const struct verb *verb;
	json_t *args = NULL;

	if (!words)
		return NULL;
	verb = want_verb(count ? json_string_value(json_array_get(words, 0)) : "", value, list);
	if (verb && (count - 1 < verb->least || count - 1 > verb->most))
		NODE_PROBLEM(list, value, "s3 %s is written `%s`", verb->name, verb->form);
	else if (verb)
		args = take_words(words, verb, value, list);
	json_decref(words);
	if (list->errors == before)
		return args;
	json_decref(args);
	return NULL;
}

static const struct node_key target_keys[] = {
    {"s3", WANT_TEXT, true, "s3://BUCKET or s3://BUCKET/PREFIX"},
    {"region", WANT_TEXT, false,
        "default: AWS_REGION, AWS_DEFAULT_REGION, the profile's, us-east-1"},
    {"endpoint", WANT_TEXT, false, "of a server that is not Amazon's, http:// or https://"},
    {"profile", WANT_TEXT, false, "of ~/.aws/config or ~/.aws/credentials; default: AWS_PROFILE"},
    {"tunnel", WANT_TEXT, false, "svc/NAME:PORT, through kubectl port-forward"},
    {NULL, WANT_ANY, false, NULL},
};

static json_t *s3_target_parse(const struct node *map, struct problems *list)
{
	size_t before = list->errors;
	const struct node *endpoint = node_get(map, "endpoint");
	json_t *target;
	struct err err;

	if (node_check_map(map, target_keys, "the target", list) > 0)
		return NULL;
	check_url(node_get(map, "s3")->text, node_get(map, "s3"), list);
	if (endpoint && !web_is_template(endpoint->text) &&
	    web_base_check(endpoint->text, &err) < 0)
		NODE_PROBLEM(list, endpoint, "%s", err.text);
	if (list->errors != before)
		return NULL;
	target = json_object();
	for (const struct node_key *key = target_keys; key->name; key++) {
		const struct node *value = node_get(map, key->name);

		if (value && strcmp(key->name, "tunnel") != 0)
			json_object_set_new(target, key->name, json_string(value->text));
	}
	return target;
}

static enum effect s3_effect(const json_t *args)
{
	(void)args;
	return EFFECT_READ;
}

bool s3_means_newest(const char *url)
{
	return !url || !*url || url[strlen(url) - 1] == '/';
}

/* " --option value", when the target has it. */
static void add_option(struct buf *out, const char *option, const char *value)
{
	if (!value)
		return;
	buf_addf(out, " %s ", option);
	buf_add_shell_word(out, value);
}

/* aws has no --connect-to: through a tunnel it is given the tunnel's address. */
static void add_endpoint(struct buf *out, const json_t *target)
{
	const char *endpoint = value_get_text(target, "endpoint");
	const char *address = value_get_text(target, "hostaddr");
	char *url;

	if (!endpoint || !address) {
		add_option(out, "--endpoint-url", endpoint);
		return;
	}
	url = mem_printf("%s://%s:%s", strncmp(endpoint, "https:", 6) == 0 ? "https" : "http",
	    address, value_get_text(target, "port"));
	add_option(out, "--endpoint-url", url);
	free(url);
}

static bool s3_place(const json_t *args, const json_t *target, char **host, char **port)
{
	const char *endpoint = value_get_text(target, "endpoint");

	(void)args;
	if (endpoint)
		web_url_place(endpoint, host, port);
	return true;
}

static void add_place(struct buf *out, const json_t *target)
{
	add_endpoint(out, target);
	add_option(out, "--region", value_get_text(target, "region"));
	add_option(out, "--profile", value_get_text(target, "profile"));
}

static char *full_url(const json_t *args, const json_t *target)
{
	return s3_place_url(value_get_text(args, "url"), target);
}

/* The bucket and the key of URL, which may hold `${…}`; false when they can't be told apart. */
static bool split_url(const char *url, char **bucket, const char **key)
{
	const char *at = url + 5;

	if (strncmp(url, "s3://", 5) != 0)
		return false;
	while (*at && *at != '/') {
		size_t len = strncmp(at, "${", 2) == 0 ? text_template_len(at) : 0;

		at += len ? len : 1;
	}
	*bucket = mem_textn(url + 5, (size_t)(at - url) - 5);
	*key = *at ? at + 1 : "";
	return true;
}

static void describe_ls(const json_t *args, const json_t *target, struct buf *out)
{
	char *url = full_url(args, target);

	buf_adds(out, "aws s3 ls ");
	buf_add_shell_word(out, url);
	buf_adds(out, " --recursive");
	add_place(out, target);
	free(url);
}

static void describe_stat(const json_t *args, const json_t *target, struct buf *out)
{
	char *url = full_url(args, target);
	char *bucket = NULL;
	const char *key;

	if (split_url(url, &bucket, &key)) {
		buf_adds(out, "aws s3api head-object");
		add_option(out, "--bucket", bucket);
		add_option(out, "--key", key);
	} else {
		buf_adds(out, "aws s3 ls ");
		buf_add_shell_word(out, url);
	}
	add_place(out, target);
	free(bucket);
	free(url);
}

static void describe_cp(const json_t *args, const json_t *target, struct buf *out)
{
	char *url = full_url(args, target);

	buf_adds(out, "aws s3 cp ");
	buf_add_shell_word(out, url);
	buf_addc(out, ' ');
	buf_add_shell_word(out, value_get_text(args, "file"));
	add_place(out, target);
	free(url);
}

/* The newest object's key goes into $key first. */
static void describe_newest(
    const char *bucket, const char *prefix, const json_t *target, struct buf *out)
{
	buf_adds(out, "key=$(aws s3api list-objects-v2");
	add_option(out, "--bucket", bucket);
	add_option(out, "--prefix", *prefix ? prefix : NULL);
	buf_adds(out, " --query 'sort_by(Contents, &LastModified)[-1].Key' --output text");
	add_place(out, target);
	buf_adds(out, ") && aws s3 cp ");
	buf_addf(out, "s3://");
	buf_add_shell_word(out, bucket);
	buf_adds(out, "/\"$key\" -");
	add_place(out, target);
	buf_adds(out, " | gunzip -t");
}

static void describe_verify(const json_t *args, const json_t *target, struct buf *out)
{
	char *url = full_url(args, target);
	char *bucket = NULL;
	const char *key = "";
	bool split = split_url(url, &bucket, &key);

	if (split && (!*key || s3_means_newest(value_get_text(args, "url")))) {
		describe_newest(bucket, key, target, out);
	} else {
		buf_adds(out, "aws s3 cp ");
		buf_add_shell_word(out, url);
		buf_adds(out, " -");
		add_place(out, target);
		buf_adds(out, " | gunzip -t");
	}
	free(bucket);
	free(url);
}

static void s3_describe(
    const json_t *args, const json_t *target, enum effect effect, struct buf *out)
{
	(void)effect;
	find_verb(value_get_text(args, "verb"))->describe(args, target, out);
}

static const struct adapter_field fields[] = {
    {"objects", "list", "ls: each with key, size, modified, etag; oldest first"},
    {"latest", "map", "ls: the newest of them"},
    {"count", "int", "ls: how many there are"},
    {"key", "string", "stat, cp, verify: the object's key"},
    {"size", "int", "stat, cp, verify: its size in bytes"},
    {"modified", "string", "stat, cp, verify: when it was written, RFC 3339"},
    {"etag", "string", "stat, cp, verify: its entity tag"},
    {"file", "string", "cp: the file that was written"},
    {"format", "string", "verify: gzip, zstd, xz …; null when it is none that is known"},
    {"gzip", "bool", "verify: is it packed with gzip?"},
    {"bytes", "int", "verify: its size unpacked"},
    {"lines", "int", "verify: how many lines it has, unpacked"},
    {"head", "list", "verify: the first 20 of them"},
    {"tail", "list", "verify: the last 10 of them"},
    {NULL, NULL, NULL},
};

const struct adapter adapter_s3 = {
    .name = "s3",
    .help =
        "look at objects in S3, fetch or verify one; fails on an error and when nothing is found",
    .forms = "ls [URL], stat URL, cp URL FILE, verify [URL]",
    .fields = fields,
    .succeeds = "something found",
    .decides = "count",
    .takes = ADAPTER_TEXT | ADAPTER_LIST,
    .target_kind = "s3",
    .target_keys = target_keys,
    .target_needed = false,
    .parse = s3_parse,
    .target_parse = s3_target_parse,
    .place = s3_place,
    .writes = "file",
    .effect = s3_effect,
    .describe = s3_describe,
    .start = s3_start,
    .cancel = s3_cancel,
    .release = s3_release,
};
