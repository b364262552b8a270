/*
 * Fuzzing the files of the aws command, and what gives credentials: the input's first byte says as what it is read.
 *
 * Invariants: a file that is read has sections of small-letter keys, whose values are text or one level of it; an
 * error names the file. Words hold no blank that was not quoted. Credentials that are taken have both halves.
 */
#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/s3/aws/private.h"
#include "fsops/mem.h"
#include "fsops/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_value(const json_t *value)
{
	const char *key;
	json_t *inner;

	if (json_is_string(value))
		return;
	if (!json_is_object(value))
		abort();
	json_object_foreach((json_t *)(uintptr_t)value, key, inner)
		if (!json_is_string(inner))
			abort();
}

static void check_section(const json_t *section)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)section, key, value) {
		for (const char *c = key; *c; c++)
			if (isupper((unsigned char)*c))
				abort();
		check_value(value);
	}
}

static void read_ini(const char *text, size_t len)
{
	struct err err = {0};
	json_t *sections = aws_ini_parse("the-file", text, len, &err);
	const char *name;
	json_t *section;

	if (!sections && !strstr(err.text, "the-file"))
		abort();
	json_object_foreach(sections, name, section) {
		struct words words;

		check_section(section);
		if (aws_words(name, &words, NULL) == 0)
			words_release(&words);
	}
	json_decref(sections);
}

static void read_words(const char *text, size_t len)
{
	char *copy = mem_textn(text, len);
	bool quoted = strpbrk(copy, "'\"\\");
	struct words words;

	if (aws_words(copy, &words, NULL) == 0) {
		for (size_t i = 0; i < words.count; i++)
			if (!quoted && (strpbrk(words.items[i], " \t\r\n") || !*words.items[i]))
				abort();
		words_release(&words);
	} else if (!quoted && strlen(copy) < TEXT_WORDS_MAX) {
		abort();
	}
	free(copy);
}

static void read_time(const char *text, size_t len)
{
	char *copy = mem_textn(text, len);
	msec wall = 0;

	aws_time(copy, &wall);
	free(copy);
}

static void read_credentials(const char *text, size_t len)
{
	static const struct aws_members members = {
	    "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"};
	struct aws_lookup lookup = {0};
	json_t *json = json_loadb(text, len, 0, NULL);

	if (!aws_json_take(&lookup, json, &members) && (!lookup.found.id || !*lookup.found.secret))
		abort();
	aws_credentials_release(&lookup.found);
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const char *text, size_t len) = {
	    read_ini, read_words, read_time, read_credentials};

	if (size)
		readers[data[0] % COUNT_OF(readers)]((const char *)data + 1, size - 1);
	return 0;
}
