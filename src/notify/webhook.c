/*
 * webhook: JSON to any address; statuspage: the same by another name, for a status page.
 * Invariant: the body is built as JSON from a tree whose texts were filled in one by one, so no value
 * can break out of its place.
 */
#include "kinds.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fsops/mem.h"
#include "fsops/value.h"

static const struct node_key keys[] = {
    CHANNEL_KEYS,
    {"url", WANT_TEXT, true, "where it is sent to"},
    {"method", WANT_TEXT, false, "default: POST"},
    {"headers", WANT_MAP, false, "headers of the request: {name: value}"},
    {"json", WANT_ANY, false,
        "the body, in which texts may hold ${message.text} and the like; default: the message"},
    {NULL, WANT_ANY, false, NULL},
};

static const char *const methods[] = {"POST", "PUT", "PATCH"};

static bool is_method(const char *text)
{
	for (size_t i = 0; i < COUNT_OF(methods); i++)
		if (strcmp(methods[i], text) == 0)
			return true;
	return false;
}

/* RFC 9110's token. */
static bool is_header_name(const char *name)
{
	return *name &&
	       name[strspn(name, "!#$%&'*+-.^_`|~0123456789"
	                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

static bool is_one_line(const char *text)
{
	return text[strcspn(text, "\r\n")] == '\0';
}

static int add_header(json_t *lines, const char *name, const char *value, struct err *err)
{
	if (!is_one_line(value))
		return err_set(err, ERR_INPUT, "the header '%s' has a line break in it", name);
	json_array_append_new(
	    lines, *value ? json_sprintf("%s: %s", name, value) : json_sprintf("%s;", name));
	return 0;
}

/* A header of the channel's own takes the place of ours. */
static int add_headers(json_t *letter, const json_t *headers, struct err *err)
{
	json_t *lines = json_object_get(letter, "headers");
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)headers, name, value) {
		if (strcasecmp(name, "Content-Type") == 0)
			json_array_clear(lines);
	}
	json_object_foreach((json_t *)headers, name, value) {
		char *text = value_to_text(value);
		int result = add_header(lines, name, text, err);

		free(text);
		if (result < 0)
			return -1;
	}
	return 0;
}

static json_t *write_letter(const json_t *config, const json_t *message, struct err *err)
{
	const char *method = value_get_text(config, "method");
	json_t *body = json_object_get(config, "json");
	json_t *letter = json_letter(method ? method : "POST", said(config, "url"),
	    body ? json_incref(body) : json_incref((json_t *)message));

	if (add_headers(letter, json_object_get(config, "headers"), err) == 0)
		return letter;
	json_decref(letter);
	return NULL;
}

static void check_headers(const struct node *headers, struct problems *list)
{
	for (size_t i = 0; headers && i < headers->count; i++) {
		const struct node *name = headers->keys[i];

		if (!is_header_name(name->text))
			NODE_PROBLEM(list, name, "'%s' is no name of a header", name->text);
		node_want_text(headers->items[i], "the value of a header", list);
	}
}

static void check(const struct node *map, struct problems *list)
{
	const struct node *method = node_get(map, "method");

	check_url(map, "url", list);
	check_headers(node_get(map, "headers"), list);
	if (method && !is_method(method->text))
		NODE_PROBLEM(
		    list, method, "'method' must be POST, PUT or PATCH, not '%s'", method->text);
}

static const struct secret_key secrets[] = {{"url", SECRET_ADDRESS}, {"headers", SECRET_HEADERS},
    {"json", SECRET_HOLES}, {NULL, SECRET_TEXT}};

const struct channel_kind channel_webhook = {
    .name = "webhook",
    .help = "JSON to any address",
    .keys = keys,
    .secrets = secrets,
    .check = check,
    .write = write_letter,
};

const struct channel_kind channel_statuspage = {
    .name = "statuspage",
    .help = "a status page that takes JSON; as webhook",
    .keys = keys,
    .secrets = secrets,
    .check = check,
    .write = write_letter,
};
