/*
 * Fuzzing of JSON from outside, as a Prometheus, a web server or a command gives it.
 *
 * Invariant: what jansson reads is read, and as the same, unless a ceiling was reached; what is read is finite and reads
 * the same when it is written again; a refusal has a reason and a place inside the text.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/json_read.h"

#define MAX ((size_t)1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_finite(const json_t *value)
{
	const char *key;
	json_t *member;
	size_t i;

	if (json_is_real(value) && !isfinite(json_real_value(value)))
		abort();
	json_array_foreach((json_t *)value, i, member)
		check_finite(member);
	json_object_foreach((json_t *)value, key, member)
		check_finite(member);
}

static void check_again(const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	struct err err = {0};
	json_t *again = text ? json_read("it", text, strlen(text), 8 * MAX, &err) : NULL;

	if (!again || !json_equal(again, value))
		abort();
	json_decref(again);
	free(text);
}

static void check_refused(const struct err *err, size_t size)
{
	const char *byte = strstr(err->text, "(byte ");

	if (!err->text[0] || (byte && strtoull(byte + 6, NULL, 10) > size + 1))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES;
	struct err err = {0};
	json_t *value = json_read("it", (const char *)data, size, MAX, &err);
	json_t *plain = json_loadb((const char *)data, size, flags, NULL);

	/* jansson passes over a zero byte behind a number. */
	if (plain && !memchr(data, 0, size) &&
	    (value ? !json_equal(plain, value) : err.kind != ERR_LIMIT))
		abort();
	if (!value)
		check_refused(&err, size);
	else
		check_finite(value);
	if (value)
		check_again(value);
	json_decref(plain);
	json_decref(value);
	return 0;
}
