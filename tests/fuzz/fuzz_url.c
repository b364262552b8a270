/*
 * Fuzzing what tells a place: URLs of HTTP, mail, Redis and S3, and the dates of HTTP answers.
 *
 * Invariant: what was accepted as a URL holds neither blank, control character nor password, and has a host; what is
 * percent-encoded holds only what a URL may hold; a date is one that RFC 3339 knows.
 */
#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/redis/redis.h"
#include "adapters/s3/aws/aws.h"
#include "adapters/s3/s3.h"
#include "fsops/err.h"
#include "fsops/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_web(const char *text)
{
	struct err err = {0};
	char *host = NULL;
	char *port = NULL;
	char *joined;

	if (web_url_check(text, &err) != 0) {
		if (!err.text[0])
			abort(); /* refused without a word */
		return;
	}
	for (const char *at = text; *at; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7f)
			abort();
	if (!web_url_place(text, &host, &port) || !*host || !*port)
		abort();
	free(host);
	free(port);
	joined = web_url_join(text, "/x");
	free(joined);
}

static void check_encoded(const char *text)
{
	char *encoded = web_encode(text, "/");

	for (const char *at = encoded; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("-._~/%", *at))
			abort();
	free(encoded);
}

static void check_date(const char *text)
{
	char out[CLOCK_TEXT_MAX];

	if (web_date(text, out) == 0 && (strlen(out) < 20 || out[strlen(out) - 1] != 'Z'))
		abort();
}

static void check_redis(const char *text)
{
	struct redis_place place = {0};
	struct err err = {0};

	if (redis_place_parse(&place, text, &err) != 0 && !err.text[0])
		abort();
	redis_place_release(&place);
}

/* Nobody's: no file, and nothing in the environment. Loaded once. */
static const struct aws_config *no_config(void)
{
	static struct aws_config *config;
	struct err err;

	if (!config) {
		setenv("AWS_CONFIG_FILE", "/dev/null", 1);
		setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
		config = aws_config_load(NULL, &err);
	}
	return config;
}

static void check_s3(const char *text)
{
	json_t *target =
	    json_pack("{s:s, s:s}", "url", "s3://bucket/prefix", "region", "us-east-1");
	struct s3_place place = {0};
	struct err err = {0};

	if (s3_place_find(&place, text, target, no_config(), &err) == 0) {
		if (!place.bucket || !*place.bucket || !place.key || !place.region)
			abort();
	} else if (!err.text[0]) {
		abort();
	}
	s3_place_release(&place);
	json_decref(target);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_textn((const char *)data, size);
	struct err err = {0};

	check_web(text);
	check_encoded(text);
	check_date(text);
	check_redis(text);
	check_s3(text);
	web_base_check(text, &err);
	web_smtp_check(text, &err);
	free(text);
	return 0;
}
