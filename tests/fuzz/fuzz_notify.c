/*
 * Fuzzing of what is sent: the input is a title and a text, parted by a NUL, for every kind of channel.
 *
 * Invariant: a JSON body is JSON in which each text is what was said, nothing else; no title of a mail makes
 * a header line, and its lines are as short as mail servers want them.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/channel.h"
#include "fsops/mem.h"
#include "fsops/redact.h"
#include "fsops/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
	const char *kind;
	const char *config;
} channels[] = {
    {"slack", "{\"webhook\": \"http://x\"}"},
    {"pagerduty", "{\"routing_key\": \"k\"}"},
    {"webhook", "{\"url\": \"http://x\", \"json\": {\"a\": [\"${message.title}\", "
                "\"-${message.text}-\", {\"b\": \"${message}\"}]}}"},
    {"ping", "{\"url\": \"http://x\"}"},
    {"mail", "{\"smtp\": \"smtp://h\", \"from\": \"a@x\", \"to\": [\"b@x\"]}"},
};

static void check_template(const char *body, const json_t *message)
{
	json_t *whole = json_loads(body, 0, NULL);
	json_t *list = json_object_get(whole, "a");
	const char *text = json_string_value(json_array_get(list, 1));

	if (json_object_size(whole) != 1 || json_array_size(list) != 3 || !text ||
	    !json_equal(json_array_get(list, 0), json_object_get(message, "title")) ||
	    strlen(text) != strlen(value_get_text(message, "text")) + 2 ||
	    !json_equal(json_object_get(json_array_get(list, 2), "b"), message))
		abort();
	json_decref(whole);
}

static void check_mail(const char *body)
{
	static const char *const names[] = {
	    "Date: ", "From: ", "To: ", "Subject: ", "Message-ID: ", "Auto-Submitted: ",
	    "MIME-Version: ", "Content-Type: ", "Content-Transfer-Encoding: ", " "};
	const char *end = strstr(body, "\r\n\r\n");

	for (const char *line = body, *stop; *line; line = stop + 2) {
		bool known = line >= end;

		stop = strstr(line, "\r\n");
		if (!stop || stop - line > 78 || memchr(line, '\n', (size_t)(stop - line)))
			abort();
		for (size_t i = 0; i < COUNT_OF(names); i++)
			known = known || strncmp(line, names[i], strlen(names[i])) == 0;
		if (!known)
			abort();
	}
}

static void check_letter(size_t index, const json_t *letter, const json_t *message)
{
	const char *body = value_get_text(letter, "body");

	if (!body)
		abort();
	if (strcmp(channels[index].kind, "webhook") == 0)
		check_template(body, message);
	else if (strcmp(channels[index].kind, "mail") == 0)
		check_mail(body);
}

static json_t *message_of(const uint8_t *data, size_t size)
{
	const uint8_t *gap = memchr(data, 0, size);
	size_t title = gap ? (size_t)(gap - data) : size;
	char *first = mem_textn((const char *)data, title);
	char *rest = gap ? mem_textn((const char *)gap + 1, size - title - 1) : mem_text("");
	json_t *message;

	value_clean(first);
	value_clean(rest);
	message = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:n}", "event", "failed",
	    "action", "trigger", "title", first, "text", rest, "run", "R", "runbook", "b",
	    "platform", "p", "level", "ok", "rid", "u", "exit");
	free(first);
	free(rest);
	return message;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *message = message_of(data, size);
	json_t *names = json_pack("{s:{}}", "env");
	struct platform platform = {.name = "p"};
	struct channel_names with = {&platform, names, redact_new()};

	for (size_t i = 0; i < COUNT_OF(channels); i++) {
		struct channel channel = {.name = "c",
		    .kind = channel_kind_find(channels[i].kind),
		    .config = json_loads(channels[i].config, 0, NULL)};
		struct err err;
		json_t *letter = channel_letter(&with, &channel, message, &err);

		if (letter)
			check_letter(i, letter, message);
		json_decref(letter);
		json_decref(channel.config);
	}
	json_decref(names);
	json_decref(message);
	redact_free(with.redact);
	return 0;
}
