/*
 * http: one request, and what came back.
 *
 * Invariant: what is sent is what describe() shows: the method, URL, headers and body of
 * the arguments, nothing that a reply talked it into. Redirects are followed only when the
 * runbook says so, only for reads, and headers given for one server go to no other.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fsops/adapter.h"
#include "fsops/mem.h"
#include "fsops/text.h"
#include "fsops/value.h"
#include "fsops/web.h"

#include "http.h"

static const struct method {
	const char *name;
	enum effect effect;
} methods[] = {
    {"GET", EFFECT_READ},
    {"HEAD", EFFECT_READ},
    {"OPTIONS", EFFECT_READ},
    {"POST", EFFECT_CHANGE},
    {"PUT", EFFECT_CHANGE},
    {"PATCH", EFFECT_CHANGE},
    {"DELETE", EFFECT_DESTROY},
};

static const struct method *find_method(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(methods); i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return NULL;
}

enum effect http_effect(const json_t *args)
{
	const char *name = value_get_text(args, "method");
	const struct method *method = name ? find_method(name) : NULL;

	return method ? method->effect : EFFECT_DESTROY;
}

/* Upper-case, as it goes over the wire; a template stays as it is. */
static json_t *method_value(const char *text)
{
	char *upper = mem_text(text);
	json_t *value;

	for (char *c = upper; *c && !web_is_template(text); c++)
		*c = (char)toupper((unsigned char)*c);
	value = json_string(upper);
	free(upper);
	return value;
}

static int check_method(const char *name, struct err *err)
{
	const char *names[COUNT_OF(methods)];
	const char *nearest;

	if (find_method(name))
		return 0;
	for (size_t i = 0; i < COUNT_OF(methods); i++)
		names[i] = methods[i].name;
	nearest = text_nearest(name, names, COUNT_OF(methods));
	if (nearest)
		return err_set(
		    err, ERR_INPUT, "unknown HTTP method '%s': did you mean %s?", name, nearest);
	return err_set(err, ERR_INPUT,
	    "unknown HTTP method '%s': use GET, HEAD, OPTIONS, POST, PUT, PATCH or DELETE", name);
}

static int check_url(const char *url, struct err *err)
{
	if (*url != '/')
		return web_url_check(url, err);
	for (const char *c = url; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return err_set(err, ERR_INPUT,
			    "the path holds a blank, a line break or a control character: write it "
			    "percent-encoded (%%20)");
	return 0;
}

/* Check what is known; with FINAL everything must be. */
static int check_text(
    const char *text, bool final, int (*check)(const char *, struct err *), struct err *err)
{
	return !final && web_is_template(text) ? 0 : check(text, err);
}

int http_check(const json_t *args, bool final, struct err *err)
{
	const char *method = value_get_text(args, "method");
	const char *url = value_get_text(args, "url");
	const char *name;
	json_t *value;

	if (!method || !url)
		return err_set(err, ERR_INPUT, "a method and a URL are needed");
	if (check_text(method, final, check_method, err) < 0 ||
	    check_text(url, final, check_url, err) < 0)
		return -1;
	json_object_foreach(json_object_get(args, "headers"), name, value) {
		char *text = value_to_text(value);
		int bad = !final && (web_is_template(name) || web_is_template(text))
		              ? 0
		              : web_header_check(name, text, err);

		free(text);
		if (bad)
			return -1;
	}
	return 0;
}

/* `METHOD URL` or `URL`. */
static json_t *parse_words(const struct node *value, struct problems *list)
{
	json_t *words = node_want_words(value, "http", list);
	size_t count = json_array_size(words);
	json_t *args = NULL;

	if (!words)
		return NULL;
	if (count == 1 || count == 2) {
		const char *method =
		    count == 2 ? json_string_value(json_array_get(words, 0)) : "GET";

		args = json_pack("{s:o, s:O}", "method", method_value(method), "url",
		    json_array_get(words, count - 1));
	} else {
		NODE_PROBLEM(list, value,
		    "http must be `METHOD URL` or `URL`, but this has %zu words", count);
	}
	json_decref(words);
	return args;
}

static json_t *parse_headers(const struct node *map, struct problems *list)
{
	json_t *headers = json_object();

	for (size_t i = 0; map && i < map->count; i++) {
		const char *text = node_want_text(map->items[i], "a header", list);

		if (text)
			json_object_set_new(headers, map->keys[i]->text, json_string(text));
	}
	return headers;
}

static const struct node_key map_keys[] = {
    {"method", WANT_TEXT, false, "GET, or POST when there is a body"},
    {"url", WANT_TEXT, true, "a URL, or a path of the target's"},
    {"headers", WANT_MAP, false, "header names and their values"},
    {"body", WANT_TEXT, false, "the body as it is sent"},
    {"json", WANT_ANY, false, "the body as data, sent as JSON"},
    {"follow", WANT_BOOL, false, "follow redirects (reads only)"},
    {NULL, WANT_ANY, false, NULL},
};

static void parse_body(const struct node *map, json_t *args, struct problems *list)
{
	const struct node *body = node_get(map, "body");
	const struct node *json = node_get(map, "json");

	if (body && json)
		NODE_PROBLEM(list, json, "http has both `body` and `json`: one of them is enough");
	if (body)
		json_object_set_new(args, "body", json_string(body->text));
	if (json)
		json_object_set_new(args, "json", node_to_json(json));
}

static json_t *parse_map(const struct node *map, struct problems *list)
{
	const struct node *method = node_get(map, "method");
	const struct node *follow = node_get(map, "follow");
	bool has_body = node_get(map, "body") || node_get(map, "json");
	json_t *args;

	if (node_check_map(map, map_keys, "http", list) > 0)
		return NULL;
	args = json_pack("{s:o, s:s, s:o}", "method",
	    method_value(method     ? method->text
	                 : has_body ? "POST"
	                            : "GET"),
	    "url", node_get(map, "url")->text, "headers",
	    parse_headers(node_get(map, "headers"), list));
	parse_body(map, args, list);
	if (follow) {
		json_object_set_new(args, "follow", node_to_json(follow));
		if (json_is_true(json_object_get(args, "follow")) &&
		    http_effect(args) != EFFECT_READ)
			NODE_PROBLEM(list, follow,
			    "`follow` is for GET, HEAD and OPTIONS: a change goes where it was "
			    "approved for");
	}
	return args;
}

static json_t *http_parse(const struct node *value, struct problems *list)
{
	size_t before = list->errors;
	json_t *args = value->kind == NODE_MAP ? parse_map(value, list) : parse_words(value, list);
	struct err err;

	if (args && list->errors == before && http_check(args, false, &err) < 0)
		NODE_PROBLEM(list, value, "%s", err.text);
	if (list->errors == before)
		return args;
	json_decref(args);
	return NULL;
}

static const struct node_key http_target_keys[] = {
    {"http", WANT_TEXT, true, "the URL it is reached at"},
    WEB_TARGET_KEYS,
};

static json_t *http_target_parse(const struct node *map, struct problems *list)
{
	return web_target_parse(map, http_target_keys, list);
}

char *http_url(const json_t *args, const json_t *target)
{
	const char *url = value_get_text(args, "url");
	const char *base = value_get_text(target, "url");

	return *url == '/' && base ? web_url_join(base, url) : mem_text(url);
}

/* A whole URL of another server is not reached through the target's tunnel. */
static bool http_place(const json_t *args, const json_t *target, char **host, char **port)
{
	const char *url = value_get_text(args, "url");
	char *own_host = NULL;
	char *own_port = NULL;
	bool own = true;

	web_place(args, target, host, port);
	if (*url != '/' && !web_is_template(url) && *host)
		own = web_url_place(url, &own_host, &own_port) &&
		      strcasecmp(own_host, *host) == 0 && strcmp(own_port, *port) == 0;
	free(own_host);
	free(own_port);
	return own;
}

static void describe_headers(const json_t *args, struct buf *out)
{
	const char *name;
	json_t *value;

	json_object_foreach(json_object_get(args, "headers"), name, value) {
		char *text = value_to_text(value);

		web_header_show(out, name, text);
		free(text);
	}
	if (json_object_get(args, "json") && !http_has_header(args, "Content-Type"))
		web_header_show(out, "Content-Type", "application/json");
}

/* How curl is told the method; -X is for those that it has no word for. */
static void describe_method(const json_t *args, bool has_body, struct buf *out)
{
	const char *method = value_get_text(args, "method");

	if (strcmp(method, "HEAD") == 0 && !has_body) {
		buf_adds(out, " -I");
	} else if (strcmp(method, has_body ? "POST" : "GET") != 0) {
		buf_adds(out, " -X ");
		buf_add_shell_word(out, method);
	}
}

/* Only its own server is told the target's login. */
static bool http_logs_in(const json_t *args, const json_t *target)
{
	const char *base = value_get_text(target, "url");
	char *url = http_url(args, target);
	bool own = base && web_same_origin(base, url);

	free(url);
	return own;
}

static void http_describe(
    const json_t *args, const json_t *target, enum effect effect, struct buf *out)
{
	char *body = http_body(args);
	char *url = http_url(args, target);

	(void)effect;
	buf_adds(out, "curl -sS");
	if (!json_is_true(json_object_get(args, ADAPTER_JUDGED)))
		buf_adds(out, " --fail");
	describe_method(args, body != NULL, out);
	if (json_is_true(json_object_get(args, "follow")))
		buf_addf(out, " -L --max-redirs %d --proto-redir =http,https", HTTP_HOPS_MAX);
	if (strpbrk(url, "[]{}") && !web_is_template(url))
		buf_adds(out, " --globoff");
	web_through_show(target, out);
	web_extra_show(target, url, json_object_get(args, "headers"), out);
	describe_headers(args, out);
	if (body) {
		buf_adds(out, " --data-raw ");
		buf_add_shell_word(out, body);
	}
	buf_addc(out, ' ');
	buf_add_shell_word(out, url);
	free(url);
	free(body);
}

static const struct adapter_field fields[] = {
    {"status", "int", "the HTTP status; null when the certificate was refused"},
    {"headers", "map", "the reply's headers, names in lower case"},
    {"body", "string", "the reply's body"},
    {"json", "any", "the body as data; null when it is not JSON"},
    {"json_error", "string", "why `json` is null, and where; only there when `json` was asked for"},
    {"time", "double", "seconds until the whole reply was there"},
    {"tls_expires", "string", "when the server's certificate ends, RFC 3339; null without TLS"},
    {"reused", "bool",
        "by a connection that was there already, so that `time` holds no handshake; never when "
        "`tls_expires` is asked for, nor for a change"},
    {ADAPTER_UNDONE, "bool",
        "a change that is to be sent somewhere else (301, 307, 308), so that nothing was done; "
        "only there when "
        "it is true"},
    {NULL, NULL, NULL},
};

const struct adapter adapter_http = {
    .name = "http",
    .help = "an HTTP request; fails on a status that is not 200 to 299 and on a TLS certificate "
            "that is not valid",
    .forms = "METHOD URL, URL, {method, url, headers, body, json, follow}",
    .fields = fields,
    .succeeds = "a status of 200 to 299",
    .decides = "status",
    .takes = ADAPTER_TEXT,
    .keys = map_keys,
    .target_kind = "http",
    .target_keys = http_target_keys,
    .target_secrets = web_target_secrets,
    .target_needed = false,
    .parse = http_parse,
    .target_parse = http_target_parse,
    .place = http_place,
    .effect = http_effect,
    .logs_in = http_logs_in,
    .describe = http_describe,
    .embeds = "url",
    .embed = http_embed,
    .start = http_start,
    .cancel = http_cancel,
    .release = http_release,
};
