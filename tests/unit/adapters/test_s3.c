/*
 * s3 against the sandbox's S3, whose judge of signatures is botocore, and against one that
 * misbehaves. The parts that need no server (signature, credentials, XML) are in test_s3_parts.c.
 */
#include "web_fake.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "adapters/s3/s3.h"

static struct server s3;
static struct server bad;
static char folder[] = "/tmp/fsops-test-XXXXXX";

static const struct parse_case {
	const char *yaml;
	const char *args; /* or the problem */
} parse_cases[] = {
    {"ls", "{\"verb\":\"ls\"}"},
    {"ls s3://b/p", "{\"url\":\"s3://b/p\",\"verb\":\"ls\"}"},
    {"stat /a/b", "{\"url\":\"/a/b\",\"verb\":\"stat\"}"},
    {"cp '${u}' '/tmp/${f}'", "{\"file\":\"/tmp/${f}\",\"url\":\"${u}\",\"verb\":\"cp\"}"},
    {"verify latest", "{\"verb\":\"verify\"}"},
    {"verify db/", "{\"url\":\"db/\",\"verb\":\"verify\"}"},
    {"[stat, 's3://b/a b']", "{\"url\":\"s3://b/a b\",\"verb\":\"stat\"}"},
    {"sl s3://b", "s3 knows no 'sl': did you mean ls?"},
    {"remove s3://b", "use ls, stat, cp or verify"},
    {"stat", "s3 stat is written `stat URL`"},
    {"ls a b", "s3 ls is written `ls [URL]`"},
    {"cp s3://b/k", "s3 cp is written `cp URL FILE`"},
    {"cp s3://b/k dir/", "needs the name of the file"},
    {"cp s3://b/k -", "needs the name of the file"},
    {"ls https://b/p", "is no S3 URL"},
    {"ls s3:///p", "is no S3 URL"},
    {"{a: b}", "s3"},
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(parse_cases); i++) {
		char *text = parse_text(&adapter_s3, parse_cases[i].yaml);

		assert_has(text, parse_cases[i].args);
		free(text);
	}
	assert_int_equal(adapter_s3.effect(NULL), EFFECT_READ);
}

#define TARGET "{\"s3\":\"s3://bkt/pre/\",\"region\":\"eu-west-1\",\"endpoint\":\"http://m:9\"}"
#define AT     " --endpoint-url http://m:9 --region eu-west-1"

static const struct describe_case {
	const char *args;
	const char *target;
	const char *line;
} describe_cases[] = {
    {"{\"verb\":\"ls\"}", TARGET, "aws s3 ls s3://bkt/pre/ --recursive" AT},
    {"{\"verb\":\"ls\",\"url\":\"s3://o/p\"}", "{\"s3\":\"s3://b\",\"profile\":\"ops\"}",
        "aws s3 ls s3://o/p --recursive --profile ops"},
    {"{\"verb\":\"stat\",\"url\":\"/a b\"}", TARGET,
        "aws s3api head-object --bucket bkt --key 'pre/a b'" AT},
    {"{\"verb\":\"stat\",\"url\":\"${results.x['/']}\"}", TARGET,
        "aws s3 ls '${results.x['\\''/'\\'']}'" AT},
    {"{\"verb\":\"stat\",\"url\":\"s3://${b['/']}/k\"}", NULL,
        "aws s3api head-object --bucket '${b['\\''/'\\'']}' --key k"},
    {"{\"verb\":\"cp\",\"url\":\"k\",\"file\":\"/tmp/x y\"}", TARGET,
        "aws s3 cp s3://bkt/pre/k '/tmp/x y'" AT},
    {"{\"verb\":\"verify\",\"url\":\"k.gz\"}", TARGET,
        "aws s3 cp s3://bkt/pre/k.gz -" AT " | gunzip -t"},
    {"{\"verb\":\"verify\"}", "{\"s3\":\"s3://bkt/pre\"}",
        "key=$(aws s3api list-objects-v2 --bucket bkt --prefix pre --query"
        " 'sort_by(Contents, &LastModified)[-1].Key' --output text) &&"
        " aws s3 cp s3://bkt/\"$key\" - | gunzip -t"},
};

static void test_describe(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(describe_cases); i++) {
		char *line =
		    describe_text(&adapter_s3, describe_cases[i].args, describe_cases[i].target);

		assert_string_equal(line, describe_cases[i].line);
		free(line);
	}
}

static void set_credentials(const char *id, const char *secret)
{
	setenv("AWS_ACCESS_KEY_ID", id, 1);
	setenv("AWS_SECRET_ACCESS_KEY", secret, 1);
	unsetenv("AWS_SESSION_TOKEN");
}

static void set_right_credentials(void)
{
	set_credentials("AKIASANDBOX000000001", "sandbox-secret-key-0000000000000000000001");
}

/* VERB on URL of BUCKET; FILE may be NULL. */
static void run_at(int port, const char *bucket, const char *verb, const char *url,
    const char *file, const char *wants)
{
	char *target = mem_printf(
	    "{\"s3\":\"s3://%s\",\"region\":\"us-east-1\",\"endpoint\":\"http://127.0.0.1:%d\"}",
	    bucket, port);
	json_t *args = json_pack("{s:s,s:s*,s:s*}", "verb", verb, "url", url, "file", file);
	char *text = json_dumps(args, 0);

	run_call(&adapter_s3, text, target, wants);
	if (last.why && (strstr(last.why, "sandbox-secret") || strstr(last.why, "s3cr3t")))
		fail_msg("a secret is shown: %s", last.why);
	free(text);
	json_decref(args);
	free(target);
}

static void run(const char *bucket, const char *verb, const char *url, const char *wants)
{
	run_at(s3.port, bucket, verb, url, NULL, wants);
}

static const json_t *member(const char *name)
{
	return json_object_get(last.result, name);
}

static void test_ls(void **state)
{
	const json_t *objects;

	(void)state;
	run("backups/db", "ls", NULL, NULL);
	assert_null(last.why);
	objects = member("objects");
	assert_int_equal(json_array_size(objects), 2);
	assert_int_equal(json_integer_value(member("count")), 2);
	assert_string_equal(value_get_text(json_array_get(objects, 0), "key"), "db/old.sql.gz");
	assert_string_equal(value_get_text(member("latest"), "key"), "db/new.sql.gz");
	assert_string_equal(
	    value_get_text(member("latest"), "modified"), "2026-11-18T11:07:40.000Z");
	assert_has(last.output.data, " db/old.sql.gz\n");
	run("backups", "ls", "db/old", NULL);
	assert_int_equal(json_integer_value(member("count")), 1);
}

/* Three pages, in an order that is not that of time. */
static void test_ls_pages(void **state)
{
	const json_t *objects;

	(void)state;
	run("many", "ls", NULL, " objects ");
	assert_null(last.why);
	objects = member("objects");
	assert_int_equal(json_array_size(objects), 2500);
	for (size_t i = 1; i < 2500; i++)
		assert_int_equal(
		    json_integer_value(json_object_get(json_array_get(objects, i), "size")), i);
	assert_int_equal(json_integer_value(json_object_get(member("latest"), "size")), 2499);
	run("many", "ls", NULL, " latest ");
	assert_true(json_is_null(member("objects")));
	assert_int_equal(json_integer_value(member("count")), 2500);
	assert_int_equal(json_integer_value(json_object_get(member("latest"), "size")), 2499);
}

static void test_ls_nothing(void **state)
{
	(void)state;
	run("empty", "ls", NULL, NULL);
	assert_has(last.why, "s3://empty: nothing found");
	assert_int_equal(json_integer_value(member("count")), 0);
	assert_true(json_is_null(member("latest")));
	run("backups", "ls", "no/such", NULL);
	assert_has(last.why, "s3://backups/no/such: nothing found");
}

/* Every key that the list tells must be found under that name: encoding and signature agree
 * with botocore's for all of them. */
static void test_tricky_keys(void **state)
{
	json_t *objects;
	const json_t *object;
	size_t i;

	(void)state;
	run("tricky", "ls", NULL, " objects ");
	assert_null(last.why);
	objects = json_incref(json_object_get(last.result, "objects"));
	assert_true(json_array_size(objects) >= 20);
	json_array_foreach(objects, i, object) {
		char *url = mem_printf("s3://tricky/%s", value_get_text(object, "key"));

		run("tricky", "stat", url, NULL);
		if (last.why)
			fail_msg("%s", last.why);
		assert_string_equal(
		    value_get_text(last.result, "key"), value_get_text(object, "key"));
		assert_int_equal(value_get_number(last.result, "size", -1),
		    strlen(value_get_text(object, "key")));
		free(url);
	}
	json_decref(objects);
	run("tricky", "ls", "a b+\xc3\xa9", NULL);
	assert_has(last.why, "nothing found");
}

static void test_stat(void **state)
{
	(void)state;
	run("backups", "stat", "db/new.sql.gz", NULL);
	assert_null(last.why);
	assert_string_equal(value_get_text(last.result, "modified"), "2026-11-18T11:07:40.000Z");
	assert_int_equal(strlen(value_get_text(last.result, "etag")), 32);
	assert_true(value_get_number(last.result, "size", 0) > 100);
	run("backups", "stat", "nothing", NULL);
	assert_failed(
	    ERR_REMOTE, "s3://backups/nothing: status 404 NoSuchKey: there is no such object");
	run("backups", "stat", "s3://backups", NULL);
	assert_failed(ERR_INPUT, "s3://backups: this names a bucket");
}

static char *in_folder(const char *name)
{
	return mem_printf("%s/%s", folder, name);
}

static size_t count_entries(const char *path)
{
	DIR *dir = opendir(path);
	size_t count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

static void test_cp(void **state)
{
	char *file = in_folder("copy");
	struct stat info;
	struct buf text;

	(void)state;
	run_at(s3.port, "backups", "cp", "other/plain.txt", file, NULL);
	assert_null(last.why);
	assert_string_equal(value_get_text(last.result, "file"), file);
	assert_int_equal(stat(file, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_int_equal(buf_read_file(&text, file, 1000, NULL), 0);
	assert_string_equal(text.data, "plain text\n");
	buf_release(&text);
	run_at(s3.port, "backups", "cp", "other/plain.txt", file, NULL);
	assert_failed(ERR_SYSTEM, "is there already and is never overwritten");
	unlink(file);
	run_at(s3.port, "backups", "cp", "other/empty.gz", file, NULL);
	assert_null(last.why);
	assert_int_equal(stat(file, &info), 0);
	assert_int_equal(info.st_size, 0);
	unlink(file);
	free(file);
}

/* Nothing is left of a copy that failed. */
static void test_cp_fails(void **state)
{
	char *file = in_folder("copy");
	size_t before = count_entries(folder);

	(void)state;
	run_at(s3.port, "backups", "cp", "nothing", file, NULL);
	assert_failed(ERR_REMOTE,
	    "s3://backups/nothing: status 404 NoSuchKey: The specified key does not exist."
	    ": look at what is there");
	run_at(bad.port, "half", "cp", "k", file, NULL);
	assert_failed(ERR_REMOTE, "closed the connection half-way, after 12 of 100 bytes");
	run_at(s3.port, "backups", "cp", "other/plain.txt", "/nowhere/x", NULL);
	assert_failed(ERR_SYSTEM, "unable to write '/nowhere/x': No such file");
	assert_int_equal(count_entries(folder), before);
	free(file);
}

/* /dev/full says "no space left" to every write; the link makes it the temporary file. */
static void test_full_disk(void **state)
{
	struct err err;
	char *path = in_folder("full");
	struct fresh *file =
	    fresh_open(&(struct fresh_place){.path = path, .fixed = FRESH_FIXED}, &err);
	int fd = -1, found = -1;
	struct stat mine, other;

	(void)state;
	assert_non_null(file);
	for (fd = 3; fd < 64 && found < 0; fd++)
		if (fstat(fd, &mine) == 0 && S_ISREG(mine.st_mode) && mine.st_size == 0 &&
		    (mine.st_mode & 0777) == 0600 && stat(folder, &other) == 0 &&
		    mine.st_dev == other.st_dev)
			found = fd;
	fd = open("/dev/full", O_WRONLY);
	assert_true(found >= 0 && fd >= 0);
	dup2(fd, found);
	close(fd);
	assert_int_equal(fresh_write(file, "x", 1, &err), -1);
	assert_has(err.text, "No space left on device: make room there");
	fresh_free(file);
	assert_int_equal(access(path, F_OK), -1);
	free(path);
}

static void test_verify(void **state)
{
	const json_t *head, *tail;

	(void)state;
	run("backups", "verify", "db/new.sql.gz", NULL);
	assert_null(last.why);
	head = member("head");
	assert_true(json_is_true(member("gzip")));
	assert_int_equal(json_integer_value(member("lines")), 1000);
	assert_int_equal(json_integer_value(member("bytes")), 8893);
	assert_int_equal(json_array_size(head), 20);
	assert_string_equal(json_string_value(json_array_get(head, 0)), "line 1");
	assert_string_equal(json_string_value(json_array_get(head, 19)), "line 20");
	assert_has(last.output.data, "line 20\n[\xE2\x80\xA6]\nline 991\n");
	tail = member("tail");
	assert_int_equal(json_array_size(tail), 10);
	assert_string_equal(json_string_value(json_array_get(tail, 0)), "line 991");
	assert_string_equal(json_string_value(json_array_get(tail, 9)), "line 1000");
	run("backups", "verify", "other/two.gz", NULL);
	assert_int_equal(json_integer_value(member("lines")), 1001);
	run("backups", "verify", "other/padded.gz", NULL);
	assert_int_equal(json_integer_value(member("lines")), 1000);
	run("backups", "verify", "other/long.gz", NULL);
	assert_int_equal(json_integer_value(member("bytes")), 100004);
	assert_int_equal(json_string_length(json_array_get(member("head"), 0)), 512 + 3);
	assert_string_equal(json_string_value(json_array_get(member("head"), 1)), "end");
	assert_int_equal(
	    json_array_size(member("tail")), 1); /* of the line before it the half is there */
	assert_string_equal(json_string_value(json_array_get(member("tail"), 0)), "end");
	run("backups", "verify", "other/large.gz", NULL);
	assert_int_equal(json_integer_value(member("bytes")), 64 * 1024 * 1024);
	assert_int_equal(json_array_size(member("tail")), 1);
	assert_has(json_string_value(json_array_get(member("tail"), 0)), "\xE2\x80\xA6");
	run("backups", "verify", "other/plain.txt", NULL);
	assert_null(last.why);
	assert_true(json_is_false(member("gzip")));
	assert_int_equal(json_integer_value(member("size")), 11);
	assert_true(json_is_null(member("bytes")));
}

static void test_verify_newest(void **state)
{
	(void)state;
	run("backups", "verify", "db/", NULL);
	assert_null(last.why);
	assert_string_equal(value_get_text(last.result, "key"), "db/new.sql.gz");
	run("backups/db", "verify", NULL, NULL);
	assert_string_equal(value_get_text(last.result, "key"), "db/new.sql.gz");
	run("backups", "verify", "none/", NULL);
	assert_failed(ERR_REMOTE, "s3://backups/none/: nothing found to verify");
}

static const struct torn_case {
	const char *key;
	const char *why;
} torn_cases[] = {
    {"other/torn.sql.gz", "bytes: the backup is torn"},
    {"other/header.gz", "gzip ends early after 5 bytes: the backup is torn"},
    {"other/flipped.gz", "gzip is damaged near byte"},
    {"other/crc.gz", "(incorrect data check)"},
    {"other/trailing.gz", "something else follows the packed data"},
    {"other/misnamed.gz", "it is not gzip, although its name says so"},
    {"other/empty.gz", "it is empty: there is nothing to restore from"},
    {"nothing.gz", "NoSuchKey"},
};

static void test_verify_torn(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(torn_cases); i++) {
		run("backups", "verify", torn_cases[i].key, NULL);
		assert_failed(ERR_REMOTE, torn_cases[i].why);
		assert_has(last.why, torn_cases[i].key);
	}
}

static void test_refused(void **state)
{
	(void)state;
	run("nosuch", "ls", NULL, NULL);
	assert_failed(ERR_REMOTE,
	    "s3://nosuch: status 404 NoSuchBucket: The specified bucket does not exist:");
	set_credentials("AKIASANDBOX000000001", "wrong");
	run("backups", "ls", NULL, NULL);
	assert_failed(ERR_REMOTE, "SignatureDoesNotMatch");
	assert_has(last.why, "check the secret access key, and this machine's clock");
	run("backups", "stat", "db/new.sql.gz", NULL);
	assert_failed(ERR_REMOTE, "status 403 AccessDenied: access denied");
	set_credentials("AKIANOBODY", "wrong");
	run("backups", "ls", NULL, NULL);
	assert_failed(ERR_REMOTE, "InvalidAccessKeyId");
	unsetenv("AWS_ACCESS_KEY_ID");
	run("backups", "ls", NULL, NULL);
	assert_failed(ERR_INPUT, "AWS_SECRET_ACCESS_KEY is set, AWS_ACCESS_KEY_ID is not");
	set_right_credentials();
	setenv("AWS_SESSION_TOKEN", "tok/en+==", 1);
	run("backups", "ls", NULL, NULL);
	assert_null(last.why);
	unsetenv("AWS_SESSION_TOKEN");
	run_call(&adapter_s3, "{\"verb\":\"ls\",\"url\":\"x\"}", NULL, NULL);
	assert_failed(ERR_INPUT, "s3: 'x' is no URL");
	run_call(&adapter_s3, "{\"verb\":\"ls\",\"url\":\"s3://a b/\"}", NULL, NULL);
	assert_failed(ERR_INPUT, "names no bucket");
}

static const struct bad_case {
	const char *bucket;
	const char *why;
	enum err_kind kind;
} bad_cases[] = {
    {"bomb", "document type", ERR_REMOTE},
    {"torn", "what it answered is not S3's XML", ERR_REMOTE},
    {"html", "it is neither a list nor an error", ERR_REMOTE},
    {"words", "what it answered is not S3's XML", ERR_REMOTE},
    {"nothing", "what it answered is not S3's XML", ERR_REMOTE},
    {"deep", "nested too deep", ERR_REMOTE},
    {"longkey", "a field is too long", ERR_REMOTE},
    {"oddsize", "no key, size or time", ERR_REMOTE},
    {"oddtime", "no key, size or time", ERR_REMOTE},
    {"tokenless", "not said where", ERR_REMOTE},
    {"circle", "round in a circle", ERR_REMOTE},
    {"late", "InternalError", ERR_REMOTE},
    {"region", "(the bucket is in eu-west-1): set the target's `region`", ERR_REMOTE},
    {"expired", "renew AWS_SESSION_TOKEN", ERR_REMOTE},
    {"denied", "check what these credentials may do", ERR_REMOTE},
    {"gateway", "status 502: the request was refused", ERR_REMOTE},
    {"bare", "status 403 AccessDenied", ERR_REMOTE},
    {"endless", "more than 100000 objects, the most that is listed", ERR_LIMIT},
};

static void test_bad_server(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad_cases); i++) {
		run_at(bad.port, bad_cases[i].bucket, "ls", NULL, NULL, NULL);
		assert_failed(bad_cases[i].kind, bad_cases[i].why);
		assert_has(last.why, "s3://");
	}
	run_at(1, "any", "ls", NULL, NULL, NULL);
	assert_failed(ERR_REMOTE, "s3://any: connection refused by 127.0.0.1 port 1");
}

static void test_cancel(void **state)
{
	char *file = in_folder("cancelled");
	char *target =
	    mem_printf("{\"s3\":\"s3://hang\",\"endpoint\":\"http://127.0.0.1:%d\"}", bad.port);
	char *copy =
	    mem_printf("{\"verb\":\"cp\",\"url\":\"s3://large/900000000\",\"file\":\"%s\"}", file);
	size_t before = count_entries(folder);

	(void)state;
	for (msec delay = 0; delay <= 60; delay += 30) {
		cancel_call(&adapter_s3, "{\"verb\":\"ls\"}", target, delay);
		cancel_call(&adapter_s3, copy, target, delay);
		cancel_call(&adapter_s3, "{\"verb\":\"verify\",\"url\":\"s3://large/900000000\"}",
		    target, delay);
	}
	assert_int_equal(count_entries(folder), before);
	free(copy);
	free(target);
	free(file);
}

static int setup(void **state)
{
	char *store;

	(void)state;
	loop = loop_new(&clock_system);
	assert_non_null(mkdtemp(folder));
	store = in_folder("store");
	set_right_credentials();
	server_start(&s3, "s3", store, NULL);
	server_start(&bad, "s3bad", NULL, NULL);
	free(store);
	return 0;
}

static int teardown(void **state)
{
	char *command[] = {"rm", "-rf", folder, NULL};
	pid_t pid;

	(void)state;
	server_stop(&s3);
	server_stop(&bad);
	fake_reset(&last, NULL);
	buf_release(&last.output);
	loop_free(loop);
	pid = fork();
	if (pid == 0) {
		execvp("rm", command);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse),
	    cmocka_unit_test(test_describe),
	    cmocka_unit_test(test_ls),
	    cmocka_unit_test(test_ls_pages),
	    cmocka_unit_test(test_ls_nothing),
	    cmocka_unit_test(test_tricky_keys),
	    cmocka_unit_test(test_stat),
	    cmocka_unit_test(test_cp),
	    cmocka_unit_test(test_cp_fails),
	    cmocka_unit_test(test_full_disk),
	    cmocka_unit_test(test_verify),
	    cmocka_unit_test(test_verify_newest),
	    cmocka_unit_test(test_verify_torn),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_bad_server),
	    cmocka_unit_test(test_cancel),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
