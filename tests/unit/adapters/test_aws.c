/*
 * AWS: the files' syntax, words, times, and what a lookup finds without asking anybody. That all of it is what
 * botocore makes of the same is shown by tests/e2e/test_aws.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapters/s3/aws/private.h"
#include "adapters/s3/s3.h"
#include "fsops/mem.h"
#include "fsops/value.h"

static char folder[] = "/tmp/fsops-test-XXXXXX";
static struct loop *loop;

static const struct ini_case {
	const char *text;
	const char *says; /* JSON, or a piece of the error */
} ini_cases[] = {
    {"", "{}"},
    {"# only\n; comments\n\n", "{}"},
    {"[a]\nb=c\n", "{\"a\":{\"b\":\"c\"}}"},
    {"[a]\r\nb = c \r\n\r\n[d]\re:f", "{\"a\":{\"b\":\"c\"},\"d\":{\"e\":\"f\"}}"},
    {"[a] ; behind\nB = c # no comment\n", "{\"a\":{\"b\":\"c # no comment\"}}"},
    {"[a]]\nb = c = d : e\n", "{\"a]\":{\"b\":\"c = d : e\"}}"},
    {"[ a ]\nb =\n", "{\" a \":{\"b\":\"\"}}"},
    {"[a]\nb = 1\n  2\n\n  3\n\nc = 4\n", "{\"a\":{\"b\":\"1\\n2\\n\\n3\",\"c\":\"4\"}}"},
    {"[a]\nb = 1\n  # between\n  2\n", "{\"a\":{\"b\":\"1\\n2\"}}"},
    {"[a]\n  b = 1\n  c = 2\n    d = 3\n", "{\"a\":{\"b\":\"1\",\"c\":\"2\\nd = 3\"}}"},
    {"[a]\ns3 =\n  x = 1\n  y=2=3\nz = 4\n",
        "{\"a\":{\"s3\":{\"x\":\"1\",\"y\":\"2=3\"},\"z\":\"4\"}}"},
    {"[a]\ns3 =\n  x\n", "no 'key = value'"},
    {"[DEFAULT]\nr = 1\n[a]\nb=2\n[c]\nr=3\n",
        "{\"a\":{\"b\":\"2\",\"r\":\"1\"},\"c\":{\"r\":\"3\"}}"},
    {"[a]\nb\xc2\xa0= \xc2\xa0"
     "c\xe2\x80\xaf\n",
        "{\"a\":{\"b\":\"c\"}}"},
    {"[]\n", "no '[profile]' before"},
    {"b = c\n", "file:1: there is no '[profile]' before 'b = c'"},
    {"\xef\xbb\xbf[a]\n", "byte order mark"},
    {"[a]\n[a]\n", "file:2: a second section 'a'"},
    {"[a]\nb=1\nB : 2\n", "file:3: a second 'B'"},
    {"[a]\nwhat\n", "file:2: this is neither"},
    {"[a]\n= c\n", "file:2: this is neither"},
    {"[a\nb=c\n", "no '[profile]' before '[a'"},
    {"[a]\nb = \xff\n", "is not text in UTF-8"},
};

static void test_ini(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ini_cases); i++) {
		struct err err = {0};
		json_t *json =
		    aws_ini_parse("file", ini_cases[i].text, strlen(ini_cases[i].text), &err);
		char *text = json ? json_dumps(json, JSON_COMPACT) : mem_text(err.text);

		if (json ? strcmp(text, ini_cases[i].says) != 0 : !strstr(text, ini_cases[i].says))
			fail_msg("case %zu: %s, not %s", i, text, ini_cases[i].says);
		free(text);
		json_decref(json);
	}
}

static const struct words_case {
	const char *text;
	const char *words; /* joined with "|"; NULL: an error */
} words_cases[] = {
    {"", ""},
    {"  a\tb\n", "a|b"},
    {"'a b' \"c d\"e", "a b|c de"},
    {"a\\ b \\\"", "a b|\""},
    {"\"a\\b\\\"\\\\c$\"", "a\\b\"\\c$"},
    {"'a\\'", "a\\"},
    {"'' \"\"", "|"},
    {"a\"b", NULL},
    {"'", NULL},
    {"a\\", NULL},
    {"${x y}", "${x|y}"},
};

static void test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(words_cases); i++) {
		struct words words;
		struct err err;
		struct buf joined;
		int result = aws_words(words_cases[i].text, &words, &err);

		assert_int_equal(result, words_cases[i].words ? 0 : -1);
		buf_init(&joined, BUF_TEXT_MAX);
		for (size_t j = 0; j < words.count; j++)
			buf_addf(&joined, "%s%s", j ? "|" : "", words.items[j]);
		if (words_cases[i].words)
			assert_string_equal(joined.data, words_cases[i].words);
		buf_release(&joined);
		words_release(&words);
	}
}

static void test_times(void **state)
{
	static const char *const good[] = {"2026-11-29T12:00:00Z", "2026-11-29T12:00:00UTC",
	    "2026-11-29T12:00:00.123456Z", "2026-11-29T13:00:00+01:00", "2026-11-29T08:30:00-0330",
	    "2026-11-29 12:00:00+00:00"};
	static const char *const bad[] = {"", "tomorrow", "2026-11-29", "2026-11-29T12:00:00 CET",
	    "2026-13-29T12:00:00Z", "2026-11-29T12:00:00+01:00x"};
	msec wall;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		assert_int_equal(aws_time(good[i], &wall), 0);
		assert_int_equal(wall, 1795953600000);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(aws_time(bad[i], &wall), -1);
}

/* --- lookups --- */

static void clear_environment(void)
{
	static const char *const names[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
	    "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION",
	    "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		unsetenv(names[i]);
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
}

static void write_file(const char *name, const char *variable, const char *text)
{
	char *path = mem_printf("%s/%s", folder, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	setenv(variable, path, 1);
	free(path);
}

static struct found {
	bool ended;
	struct aws_credentials credentials;
	struct err err;
	json_t *secrets;
} found;

static void on_found(void *ctx, const struct aws_credentials *credentials, const struct err *err)
{
	(void)ctx;
	assert_false(found.ended);
	found.ended = true;
	if (credentials)
		aws_credentials_copy(&found.credentials, credentials);
	else
		found.err = *err;
	loop_stop(loop);
}

static void on_secret(void *ctx, const char *value)
{
	(void)ctx;
	json_array_append_new(found.secrets, json_string(value));
}

static void look_up(const char *profile)
{
	struct aws_config *config;
	struct aws_lookup_spec spec = {
	    .loop = loop, .region = "us-east-1", .done = on_found, .secret = on_secret};

	aws_credentials_release(&found.credentials);
	json_decref(found.secrets);
	found = (struct found){.secrets = json_array()};
	config = aws_config_load(profile, &found.err);
	if (!config)
		return;
	spec.config = config;
	aws_lookup_start(&spec);
	assert_false(found.ended);
	loop_run(loop);
	assert_true(found.ended);
	aws_config_free(config);
}

static void check_found(const char *profile, const char *id, const char *secret, const char *token)
{
	look_up(profile);
	if (!found.credentials.id)
		fail_msg("%s", found.err.text);
	assert_string_equal(found.credentials.id, id);
	assert_string_equal(found.credentials.secret, secret);
	if (token)
		assert_string_equal(found.credentials.token, token);
	else
		assert_null(found.credentials.token);
	assert_int_equal(json_array_size(found.secrets), token ? 2 : 1);
}

static void check_none(const char *profile, const char *why)
{
	look_up(profile);
	assert_null(found.credentials.id);
	if (!strstr(found.err.text, why))
		fail_msg("'%s' is not in '%s'", why, found.err.text);
}

static const char credentials_text[] =
    "[default]\naws_access_key_id = ID1\naws_secret_access_key=S=1/+ \n"
    "[ops]\naws_session_token = T2\naws_secret_access_key = S2\n"
    "aws_access_key_id = ID2\n[half]\naws_access_key_id = ID3\n";
static const char config_text[] =
    "[profile own]\naws_access_key_id = ID4\naws_secret_access_key = S4\nregion = eu-west-1\n"
    "[profile loop]\nrole_arn = r\nsource_profile = pool\n[profile pool]\nrole_arn = "
    "r\nsource_profile = loop\n"
    "[profile lost]\nrole_arn = r\nsource_profile = nowhere\n[profile both]\nrole_arn = "
    "r\nsource_profile = own\n"
    "credential_source = Environment\n[profile neither]\nrole_arn = r\n[profile mfa]\nrole_arn = "
    "r\n"
    "source_profile = own\nmfa_serial = m\n[profile odd]\nrole_arn = r\ncredential_source = Moon\n"
    "[profile env]\nrole_arn = r\ncredential_source = Environment\n[profile bare]\nrole_arn = r\n"
    "source_profile = nothing\n[profile nothing]\n[profile sso]\nsso_session = s\nsso_account_id = "
    "1\n"
    "sso_role_name = r\n[profile far]\nsso_account_id = 1\nsso_role_name = r\nsso_start_url = u\n"
    "sso_region = evil.example/\n[profile login]\nlogin_session = x\n[profile "
    "empty]\ncredential_process =\n"
    "[profile open]\ncredential_process = 'a\n[profile web]\nweb_identity_token_file = "
    "/nowhere/token\n"
    "role_arn = r\n[profile norole]\nweb_identity_token_file = /nowhere/token\n";

static void write_files(void)
{
	clear_environment();
	write_file("credentials", "AWS_SHARED_CREDENTIALS_FILE", credentials_text);
	write_file("config", "AWS_CONFIG_FILE", config_text);
}

static void test_keys(void **state)
{
	(void)state;
	write_files();
	check_found(NULL, "ID1", "S=1/+", NULL);
	check_found("ops", "ID2", "S2", "T2");
	check_found("own", "ID4", "S4", NULL);
	setenv("AWS_PROFILE", "ops", 1);
	check_found(NULL, "ID2", "S2", "T2");
	setenv("AWS_ACCESS_KEY_ID", "ID9", 1);
	check_none(NULL, "AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not");
	setenv("AWS_SECRET_ACCESS_KEY", "S9", 1);
	check_found(NULL, "ID9", "S9", NULL);
	check_found("default", "ID1", "S=1/+", NULL);
	setenv("AWS_SECRET_ACCESS_KEY", "S9\nX-Evil: 1", 1);
	check_none(NULL, "hold a blank, a line break");
	setenv("AWS_PROFILE", "gone", 1);
	check_none(NULL, "no AWS profile 'gone' (AWS_PROFILE says so) in '/tmp/");
}

static const struct none_case {
	const char *profile;
	const char *why;
} none_cases[] = {
    {"half", "'half' in '/tmp/"},
    {"half", "has no aws_secret_access_key"},
    {"nobody", "no AWS profile 'nobody' (the target's `profile` says so)"},
    {"loop", "'pool': its source_profile 'loop' leads back"},
    {"lost", "'lost': its source_profile 'nowhere' is in neither"},
    {"both", "both source_profile and credential_source"},
    {"neither", "neither source_profile nor credential_source"},
    {"mfa", "'mfa' wants a code of an MFA device"},
    {"odd", "credential_source 'Moon' is none"},
    {"env", "its credential_source Environment gives no credentials"},
    {"bare", "'bare': its source_profile 'nothing' has no credentials"},
    {"nothing", "say in profile 'nothing' where they come from"},
    {"sso", "aws sso login --profile sso"},
    {"far", "sso_region 'evil.example/' is no name"},
    {"login", "aws configure export-credentials --profile login"},
    {"empty", "credential_process is empty"},
    {"open", "credential_process: a quote is never closed"},
    {"web", "token (AWS_WEB_IDENTITY_TOKEN_FILE or web_identity_token_file): unable to open"},
    {"norole", "a web identity's token and no role"},
};

static void test_none(void **state)
{
	(void)state;
	write_files();
	for (size_t i = 0; i < COUNT_OF(none_cases); i++)
		check_none(none_cases[i].profile, none_cases[i].why);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/", 1);
	check_none(NULL, "no AWS credentials: set AWS_ACCESS_KEY_ID");
	setenv("AWS_SECRET_ACCESS_KEY", "S9", 1);
	check_none(NULL, "AWS_SECRET_ACCESS_KEY is set, AWS_ACCESS_KEY_ID is not");
	write_file("config", "AWS_CONFIG_FILE", "[a]\n[a]\n");
	check_none(NULL, "config:2: a second section");
}

/* Many that want the same at once, and some of them give up. */
static void test_many(void **state)
{
	struct aws_lookup_spec spec = {.loop = loop, .region = "us-east-1", .done = on_found};
	struct aws_config *config;
	struct aws_lookup *lookups[8];

	(void)state;
	write_files();
	look_up(NULL); /* empties what was found before */
	config = aws_config_load("ops", &found.err);
	spec.config = config;
	for (size_t i = 0; i < COUNT_OF(lookups); i++)
		lookups[i] = aws_lookup_start(&spec);
	for (size_t i = 0; i < COUNT_OF(lookups) - 1; i++)
		assert_false(aws_lookup_cancel(lookups[i], NULL, NULL));
	aws_credentials_release(&found.credentials);
	found.ended = false;
	loop_run(loop);
	assert_true(found.ended);
	aws_config_free(config);
}

static void check_place(const char *target, const char *region, const char *endpoint)
{
	json_t *json = target ? json_loads(target, 0, NULL) : NULL;
	struct aws_config *config;
	struct s3_place place;
	struct err err = {0};

	config = aws_config_load(value_get_text(json, "profile"), &err);
	if (!config || s3_place_find(&place, "s3://b/k/e y", json, config, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(place.region, region);
	assert_string_equal(place.key, "k/e y");
	assert_string_equal(place.endpoint ? place.endpoint : "", endpoint);
	s3_place_release(&place);
	aws_config_free(config);
	json_decref(json);
}

static void test_place(void **state)
{
	struct aws_config *config;
	struct s3_place place;
	struct err err;

	(void)state;
	write_files();
	write_file("config", "AWS_CONFIG_FILE",
	    "[profile p]\nregion = eu-west-1\nendpoint_url = http://p\nservices = s\n[services "
	    "s]\ns3 =\n"
	    "  endpoint_url = http://s\n[profile q]\nendpoint_url = http://q\n");
	check_place(NULL, "us-east-1", "");
	check_place("{\"s3\":\"s3://b\",\"profile\":\"p\"}", "eu-west-1", "http://s");
	check_place("{\"s3\":\"s3://b\",\"profile\":\"q\"}", "us-east-1", "http://q");
	check_place(
	    "{\"s3\":\"s3://b\",\"profile\":\"p\",\"region\":\"x\",\"endpoint\":\"http://t\"}", "x",
	    "http://t");
	setenv("AWS_ENDPOINT_URL", "http://all", 1);
	setenv("AWS_DEFAULT_REGION", "eu-north-1", 1);
	check_place("{\"s3\":\"s3://b\",\"profile\":\"p\"}", "eu-north-1", "http://all");
	setenv("AWS_ENDPOINT_URL_S3", "http://s3", 1);
	check_place("{\"s3\":\"s3://b\",\"profile\":\"p\"}", "eu-north-1", "http://s3");
	setenv("AWS_REGION", "evil.example/", 1);
	config = aws_config_load(NULL, &err);
	assert_int_equal(s3_place_find(&place, "s3://b", NULL, config, &err), -1);
	assert_non_null(strstr(err.text, "no name of an AWS region"));
	aws_config_free(config);
}

static const struct host_case {
	const char *profile;
	const char *host;
} host_cases[] = {
    {"", "s3"},
    {"use_fips_endpoint = true", "s3-fips"},
    {"use_dualstack_endpoint = True", "s3.dualstack"},
    {"use_fips_endpoint = true\nuse_dualstack_endpoint = true", "s3-fips.dualstack"},
    {"use_fips_endpoint = false\ns3 =\n  use_dualstack_endpoint = true", "s3.dualstack"},
};

static void test_hosts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(host_cases); i++) {
		char *text = mem_printf("[profile p]\n%s\n", host_cases[i].profile);
		struct aws_config *config;
		struct err err;

		write_files();
		write_file("config", "AWS_CONFIG_FILE", text);
		config = aws_config_load("p", &err);
		assert_string_equal(aws_config_s3_host(config), host_cases[i].host);
		aws_config_free(config);
		free(text);
	}
}

static void test_cache(void **state)
{
	struct aws_credentials one = {
	    .id = (char *)"ID", .secret = (char *)"S", .expires = 3600000};

	(void)state;
	aws_cache_keep("k", &one);
	assert_string_equal(aws_cache_find("k", 0)->id, "ID");
	assert_non_null(aws_cache_find("k", 2999999));
	assert_null(aws_cache_find("other", 0));
	assert_null(aws_cache_find("k", 3000000)); /* ten minutes before its end it is renewed */
	assert_null(aws_cache_find("k", 0));
	one.expires = 0;
	aws_cache_keep("k", &one);
	aws_cache_keep("k", &one);
	assert_non_null(aws_cache_find("k", INT64_MAX));
	aws_cache_clear();
	assert_null(aws_cache_find("k", 0));
}

static int setup(void **state)
{
	(void)state;
	loop = loop_new(&clock_system);
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const names[] = {"credentials", "config"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char *path = mem_printf("%s/%s", folder, names[i]);

		unlink(path);
		free(path);
	}
	aws_credentials_release(&found.credentials);
	json_decref(found.secrets);
	loop_free(loop);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ini),
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_times),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_none),
	    cmocka_unit_test(test_many),
	    cmocka_unit_test(test_place),
	    cmocka_unit_test(test_hosts),
	    cmocka_unit_test(test_cache),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
