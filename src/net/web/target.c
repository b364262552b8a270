/*
 * What a target gives the requests that go to it: headers, a login, whom to trust, a client certificate.
 *
 * Invariant: it goes to the target's own origin and to no other, neither to a whole URL that an action
 * names nor to where an answer leads; and a login stands in no file, but comes from a variable.
 *
 * The target as JSON: {"url", "headers", "secret_headers": {name: value}, "bearer", "user", "password",
 * "ca", "cert", "key", "folder": of the platform's file}; all but "url" may be missing.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fsops/base64.h"
#include "fsops/mem.h"
#include "fsops/redact.h"
#include "fsops/value.h"
#include "fsops/web.h"

const struct secret_key web_target_secrets[] = {{"bearer", SECRET_TEXT}, {"password", SECRET_TEXT},
    {"secret_headers", SECRET_HEADERS}, {NULL, SECRET_TEXT}};

/* The most that a certificate with its chain, or a key, may be. */
#define PEM_MAX ((size_t)1024 * 1024)

static const char *const file_keys[] = {"ca", "cert", "key"};

/* --- headers --- */

int web_header_check(const char *name, const char *value, struct err *err)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
	                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (!*name || name[strspn(name, token)])
		return err_set(err, ERR_INPUT, "'%s' is no name for an HTTP header", name);
	for (; *value; value++)
		if (((unsigned char)*value < ' ' && *value != '\t') || *value == 0x7f)
			return err_set(err, ERR_INPUT,
			    "the header '%s' holds a line break or a control character: it would "
			    "become a header of its own",
			    name);
	return 0;
}

/* curl's "Name;" sends a header with an empty value. */
static char *header_line(const char *name, const char *value)
{
	return *value ? mem_printf("%s: %s", name, value) : mem_printf("%s;", name);
}

void web_header_show(struct buf *out, const char *name, const char *value)
{
	char *line = header_line(name, value);

	buf_adds(out, " -H ");
	buf_add_shell_word(out, line);
	free(line);
}

static bool has_header(const json_t *headers, const char *name)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)headers, key, value) {
		if (strcasecmp(key, name) == 0)
			return true;
	}
	return false;
}

/* --- parse --- */

/* A secret in a file that many read is none. */
static void need_variable(
    const struct node *node, const char *what, const char *name, struct problems *list)
{
	if (node->text && *node->text && !web_is_template(node->text))
		NODE_PROBLEM(list, node,
		    "%s stands in the file: take it from a variable, \"${env.%s}\", and set that "
		    "where fsops runs",
		    what, name);
}

static void parse_headers(const struct node *map, json_t *target, struct problems *list)
{
	json_t *plain = json_object();
	json_t *secret = json_object();

	for (size_t i = 0; map && i < map->count; i++) {
		const char *name = map->keys[i]->text;
		const char *text = node_want_text(map->items[i], "a header", list);
		struct err err;

		if (!text)
			continue;
		if (web_header_check(name, web_is_template(text) ? "" : text, &err) < 0)
			NODE_PROBLEM(list, map->items[i], "%s", err.text);
		if (strcasecmp(name, "Authorization") == 0 || strcasecmp(name, "Cookie") == 0)
			need_variable(map->items[i], "what lets one in", "API_TOKEN", list);
		json_object_set_new(
		    secret_header_name(name) ? secret : plain, name, json_string(text));
	}
	if (json_object_size(plain))
		json_object_set(target, "headers", plain);
	if (json_object_size(secret))
		json_object_set(target, "secret_headers", secret);
	json_decref(plain);
	json_decref(secret);
}

static const struct node_key basic_keys[] = {
    {"user", WANT_TEXT, true, "the user's name"},
    {"password", WANT_TEXT, true, "from a variable: ${env.API_PASSWORD}"},
    {NULL, WANT_ANY, false, NULL},
};

static void parse_login(const struct node *map, json_t *target, struct problems *list)
{
	const struct node *bearer = node_get(map, "bearer");
	const struct node *basic = node_get(map, "basic");
	const struct node *headers = node_get(map, "headers");
	bool own = has_header(json_object_get(target, "secret_headers"), "Authorization");

	if ((bearer && basic) || (own && (bearer || basic)))
		NODE_PROBLEM(list, own ? headers : basic,
		    "a request has one 'Authorization': by `bearer`, by `basic` or as a header, "
		    "not by several");
	if (bearer) {
		need_variable(bearer, "the token", "API_TOKEN", list);
		json_object_set_new(target, "bearer", json_string(bearer->text));
	}
	if (!basic || node_check_map(basic, basic_keys, "basic", list) > 0)
		return;
	need_variable(node_get(basic, "password"), "the password", "API_PASSWORD", list);
	json_object_set_new(target, "user", json_string(node_get(basic, "user")->text));
	json_object_set_new(target, "password", json_string(node_get(basic, "password")->text));
}

static void parse_files(
    const struct node *map, const char *url, json_t *target, struct problems *list)
{
	const char *file = map->document ? map->document->file : "";
	const char *slash = strrchr(file, '/');
	const struct node *key = node_get(map, "key");
	char *folder = slash ? mem_textn(file, (size_t)(slash - file) + 1) : mem_text("");
	bool any = false;

	for (size_t i = 0; i < COUNT_OF(file_keys); i++) {
		const struct node *node = node_get(map, file_keys[i]);

		if (!node)
			continue;
		any = true;
		json_object_set_new(target, file_keys[i], json_string(node->text));
		if (!*node->text)
			NODE_PROBLEM(list, node, "'%s' must name a file", file_keys[i]);
		if (strncmp(url, "http://", strlen("http://")) == 0)
			NODE_PROBLEM(
			    list, node, "'%s' is for https://, and this is %s", file_keys[i], url);
	}
	if (key && !node_get(map, "cert"))
		NODE_PROBLEM(
		    list, key, "'key' is the key of a client certificate: name that in 'cert'");
	if (any)
		json_object_set_new(target, "folder", json_string(folder));
	free(folder);
}

json_t *web_target_parse(const struct node *map, const struct node_key *keys, struct problems *list)
{
	size_t before = list->errors;
	const struct node *url;
	json_t *target;
	struct err err;

	if (node_check_map(map, keys, "the target", list) > 0)
		return NULL;
	url = node_get(map, keys[0].name);
	if (!web_is_template(url->text) && web_base_check(url->text, &err) < 0) {
		NODE_PROBLEM(list, url, "%s", err.text);
		return NULL;
	}
	target = json_pack("{s:s}", "url", url->text);
	parse_headers(node_get(map, "headers"), target, list);
	parse_login(map, target, list);
	parse_files(map, url->text, target, list);
	if (list->errors == before)
		return target;
	json_decref(target);
	return NULL;
}

/* --- a request --- */

void web_extra_add(struct web_extra *extra, const char *name, const char *value)
{
	MEM_PUSH_ROOM(extra->lines, extra->count);
	extra->lines[extra->count++] = header_line(name, value);
}

struct web_spec web_extra_spec(const struct web_extra *extra)
{
	return (struct web_spec){.headers = (const char *const *)extra->lines,
	    .header_count = extra->count,
	    .ca = extra->ca,
	    .cert_data = {extra->cert.data, extra->cert.len},
	    .key_data = {extra->key.data, extra->key.len}};
}

static void wipe(struct buf *pem)
{
	if (pem->data)
		explicit_bzero(pem->data, pem->len);
	buf_release(pem);
}

void web_extra_release(struct web_extra *extra)
{
	for (size_t i = 0; i < extra->count; i++)
		free(extra->lines[i]);
	free(extra->lines);
	free(extra->ca);
	wipe(&extra->cert);
	wipe(&extra->key);
	*extra = (struct web_extra){0};
}

static int add_headers(
    struct web_extra *extra, const json_t *headers, const json_t *own, struct err *err)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)headers, name, value) {
		char *text = value_to_text(value);
		int bad = has_header(own, name) ? 0 : web_header_check(name, text, err);

		if (!bad && !has_header(own, name))
			web_extra_add(extra, name, text);
		free(text);
		if (bad)
			return err_prefix(err, "the target");
	}
	return 0;
}

static int add_bearer(struct web_extra *extra, const char *token, struct err *err)
{
	char *value;

	if (!*token)
		return err_set(
		    err, ERR_INPUT, "the target's `bearer` is empty: is its variable set?");
	for (const char *c = token; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return err_set(err, ERR_INPUT,
			    "the target's `bearer` holds a blank, a line break or a control "
			    "character: "
			    "a token has none");
	value = mem_printf("Bearer %s", token);
	web_extra_add(extra, "Authorization", value);
	free(value);
	return 0;
}

/* RFC 7617. */
static int add_basic(
    struct web_extra *extra, const char *user, const char *password, struct err *err)
{
	char *login;
	struct buf value;

	if (strchr(user, ':'))
		return err_set(err, ERR_INPUT,
		    "the user of the target's `basic` holds a ':', where its password would begin");
	if (web_header_check("basic", user, err) < 0 ||
	    web_header_check("basic", password, err) < 0)
		return err_set(err, ERR_INPUT,
		    "the target's `basic` holds a line break or a control character");
	login = mem_printf("%s:%s", user, password);
	buf_init(&value, strlen(login) * 2 + BUF_TEXT_MAX);
	buf_adds(&value, "Basic ");
	base64_encode(&value, login, strlen(login));
	web_extra_add(extra, "Authorization", value.data);
	buf_release(&value);
	free(login);
	return 0;
}

static int add_login(
    struct web_extra *extra, const json_t *target, const json_t *own, struct err *err)
{
	const char *bearer = value_get_text(target, "bearer");
	const char *user = value_get_text(target, "user");
	const char *password = value_get_text(target, "password");

	if (has_header(own, "Authorization"))
		return 0;
	if (bearer)
		return add_bearer(extra, bearer, err);
	return user && password ? add_basic(extra, user, password, err) : 0;
}

/* A relative name stands for the file beside the platform's. Owned; NULL: there is none. */
static char *file_of(const json_t *target, const char *key)
{
	const char *name = value_get_text(target, key);
	const char *folder = value_get_text(target, "folder");

	if (!name)
		return NULL;
	return *name == '/' || !folder ? mem_text(name) : mem_printf("%s%s", folder, name);
}

/* What the file holds that KEY names; nothing, when there is none. */
static int read_pem(struct buf *pem, const json_t *target, const char *key, struct err *err)
{
	char *file = file_of(target, key);
	int result = file ? buf_read_file(pem, file, PEM_MAX, err) : 0;

	if (file && result == 0 && !pem->len)
		result = err_set(err, ERR_INPUT, "the file '%s' is empty", file);
	if (result < 0)
		err_prefix(err, "the target's `%s`", key);
	free(file);
	return result;
}

/* libcurl's words for a file that is not there name neither the key nor the file. */
static int check_authorities(const char *file, struct err *err)
{
	if (!file || buf_check_file(file, err) == 0)
		return 0;
	return err_prefix(err, "the target's `ca`");
}

int web_extra_make(struct web_extra *extra, const json_t *target, const char *url,
    const json_t *own, struct err *err)
{
	const char *base = value_get_text(target, "url");

	*extra = (struct web_extra){0};
	if (!base || !web_same_origin(base, url))
		return 0;
	extra->ca = file_of(target, "ca");
	if (check_authorities(extra->ca, err) < 0 ||
	    read_pem(&extra->cert, target, "cert", err) < 0 ||
	    read_pem(&extra->key, target, "key", err) < 0 ||
	    add_headers(extra, json_object_get(target, "headers"), own, err) < 0 ||
	    add_headers(extra, json_object_get(target, "secret_headers"), own, err) < 0)
		return -1;
	return add_login(extra, target, own, err);
}

/* --- for people --- */

/* What is too short to be masked is not shown at all. */
static const char *shown(const char *secret)
{
	return strlen(secret) < REDACT_MIN_LEN ? REDACT_MASK : secret;
}

static void show_headers(const json_t *headers, bool secret, const json_t *own, struct buf *out)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)headers, name, value) {
		char *text = value_to_text(value);

		if (!has_header(own, name))
			web_header_show(out, name, secret ? shown(text) : text);
		free(text);
	}
}

static void show_login(const json_t *target, struct buf *out)
{
	const char *bearer = value_get_text(target, "bearer");
	const char *user = value_get_text(target, "user");
	const char *password = value_get_text(target, "password");
	char *text = NULL;

	if (bearer) {
		text = mem_printf("Bearer %s", shown(bearer));
		web_header_show(out, "Authorization", text);
	} else if (user && password) {
		text = mem_printf("%s:%s", user, shown(password));
		buf_adds(out, " -u ");
		buf_add_shell_word(out, text);
	}
	free(text);
}

/* URL up to its first `${`, when its origin is whole there; else NULL. A new string. */
static char *until_hole(const char *url)
{
	const char *authority = strstr(url, "://");
	const char *hole = strstr(url, "${");

	if (!hole)
		return mem_text(url);
	if (!authority || authority > hole)
		return NULL;
	authority += strlen("://");
	return authority + strcspn(authority, "/?#") < hole ? mem_textn(url, (size_t)(hole - url))
	                                                    : NULL;
}

/* A URL, or the target's own, may be a template still. What a `${…}` behind the host becomes changes nothing at the
 * origin, as for the run. One before its end hides the origin, but not that the URL begins with all of the target's. */
static bool seems_for(const json_t *target, const char *url)
{
	const char *base = value_get_text(target, "url");
	size_t len = base ? strlen(base) : 0;
	char *one = base ? until_hole(base) : NULL;
	char *other = until_hole(url);
	bool seems;

	while (len && base[len - 1] == '/')
		len--;
	if (one && other)
		seems = web_same_origin(one, other);
	else
		seems = base && strncmp(url, base, len) == 0 &&
		        strchr("/?#", url[len]); /* or its end */
	free(one);
	free(other);
	return seems;
}

void web_extra_show(const json_t *target, const char *url, const json_t *own, struct buf *out)
{
	static const char *const options[] = {" --cacert ", " --cert ", " --key "};

	if (!seems_for(target, url))
		return;
	for (size_t i = 0; i < COUNT_OF(file_keys); i++) {
		char *file = file_of(target, file_keys[i]);

		if (file) {
			buf_adds(out, options[i]);
			buf_add_shell_word(out, file);
		}
		free(file);
	}
	show_headers(json_object_get(target, "headers"), false, own, out);
	show_headers(json_object_get(target, "secret_headers"), true, own, out);
	if (!has_header(own, "Authorization"))
		show_login(target, out);
}
