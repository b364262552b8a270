/*
 * The parts of s3 that need no server: signatures against the examples that Amazon publishes,
 * XML in pieces of every size, gzip byte by byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "adapters/s3/s3.h"
#include "fsops/mem.h"
#include "fsops/value.h"

static const struct aws_credentials example = {
    .id = (char *)"AKIAIOSFODNN7EXAMPLE",
    .secret = (char *)"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};

/* From "Signature Calculations for the Authorization Header" of the S3 API reference. */
static const struct sign_case {
	const char *query;
	const char *signature;
} sign_cases[] = {
    {"lifecycle=", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
    {"max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
};

static const char empty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const struct aws_header sign_headers[] = {{"host", "examplebucket.s3.amazonaws.com"},
    {"x-amz-content-sha256", empty}, {"x-amz-date", "20130524T000000Z"}};

static void test_published_signatures(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(sign_cases); i++) {
		struct aws_signing signing = {.method = "GET",
		    .path = "/",
		    .query = sign_cases[i].query,
		    .headers = sign_headers,
		    .header_count = COUNT_OF(sign_headers),
		    .digest = empty,
		    .stamp = "20130524T000000Z",
		    .region = "us-east-1",
		    .service = "s3",
		    .credentials = &example};
		char *line = aws_authorization(&signing);

		assert_non_null(strstr(line, sign_cases[i].signature));
		assert_non_null(strstr(
		    line, "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"));
		assert_null(strstr(line, "wJalr"));
		free(line);
	}
}

static const struct address_case {
	const char *bucket;
	const char *endpoint;
	const char *key;
	const char *url;
	const char *host;
} address_cases[] = {
    {"bkt", NULL, "a/b c", "https://bkt.s3.eu-west-1.amazonaws.com/a/b%20c?p=%2F%20%2B",
        "host: bkt.s3.eu-west-1.amazonaws.com"},
    {"bkt", NULL, "", "https://bkt.s3.eu-west-1.amazonaws.com/?p=%2F%20%2B",
        "host: bkt.s3.eu-west-1.amazonaws.com"},
    {"my.bkt", NULL, "k", "https://s3.eu-west-1.amazonaws.com/my.bkt/k?p=%2F%20%2B",
        "host: s3.eu-west-1.amazonaws.com"},
    {"bkt", "http://minio:9000/", "\xc3\xa9+%", "http://minio:9000/bkt/%C3%A9%2B%25?p=%2F%20%2B",
        "host: minio:9000"},
    {"bkt", "https://minio:443/s3", "", "https://minio:443/s3/bkt?p=%2F%20%2B", "host: minio"},
    {"bkt", "http://minio:80", "../x", "http://minio:80/bkt/../x?p=%2F%20%2B", "host: minio"},
};

static void test_addresses(void **state)
{
	const struct s3_query query = {"p", "/ +"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(address_cases); i++) {
		const struct address_case *row = &address_cases[i];
		struct s3_place place = {.bucket = (char *)row->bucket,
		    .region = (char *)"eu-west-1",
		    .endpoint = (char *)row->endpoint};
		struct s3_signed out;

		s3_sign(&out, "GET", &place, row->key, &query, 1, &example, 0);
		assert_string_equal(out.url, row->url);
		assert_string_equal(out.headers[0], row->host);
		assert_string_equal(out.headers[2], "x-amz-date: 19700101T000000Z");
		s3_signed_release(&out);
	}
}

/* XML */

static const char list_text[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult "
    "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
    "<Name>b</Name><Contents><Key>a%2Bb+c%25%zz%00&amp;</"
    "Key><LastModified>2026-11-20T03:04:05.000Z</"
    "LastModified>"
    "<ETag>&quot;e&quot;</ETag><Size>5368709120</Size><Owner><ID>x</ID><Key>not "
    "this</Key></Owner></Contents>"
    "<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
    "<NextContinuationToken>t/=+</NextContinuationToken></ListBucketResult>";

static int keep_object(void *ctx, json_t *object, struct err *err)
{
	(void)err;
	json_array_append_new(ctx, object);
	return 0;
}

static void test_xml_in_pieces(void **state)
{
	const struct s3_page *page;
	struct err err;

	(void)state;
	for (size_t step = 1; step < 60; step++) {
		json_t *objects = json_array();
		struct s3_xml *xml = s3_xml_new(keep_object, objects);
		const json_t *object;

		for (size_t at = 0; at < sizeof(list_text) - 1; at += step) {
			size_t left = sizeof(list_text) - 1 - at;

			assert_int_equal(
			    s3_xml_add(xml, list_text + at, left < step ? left : step, &err), 0);
		}
		assert_int_equal(s3_xml_finish(xml, &page, &err), 0);
		assert_string_equal(page->token, "t/=+");
		assert_null(page->code);
		object = json_array_get(objects, 0);
		assert_string_equal(value_get_text(object, "key"), "a+b c%%zz%00&");
		assert_int_equal(json_integer_value(json_object_get(object, "size")), 5368709120);
		s3_xml_free(xml);
		json_decref(objects);
	}
}

static void add_times(
    struct s3_xml *xml, const char *text, size_t times, int *result, struct err *err)
{
	for (size_t i = 0; i < times && *result == 0; i++)
		*result = s3_xml_add(xml, text, strlen(text), err);
}

/* A token without end is refused early; a long text or many small tokens are none. */
static void check_endless(const char *begin, const char *piece, const char *says)
{
	json_t *objects = json_array();
	struct s3_xml *xml = s3_xml_new(keep_object, objects);
	struct err err;
	int result = 0;

	add_times(xml, begin, 1, &result, &err);
	add_times(xml, piece, 200000, &result, &err);
	if (says) {
		assert_int_equal(result, -1);
		assert_non_null(strstr(err.text, says));
	} else {
		assert_int_equal(result, 0);
	}
	s3_xml_free(xml);
	json_decref(objects);
}

static void test_xml_endless(void **state)
{
	(void)state;
	check_endless("", "x", "one tag of it is over 64 KiB");
	check_endless("<", "x", "one tag of it is over 64 KiB");
	check_endless("<Error a='", "x", "one tag of it is over 64 KiB");
	check_endless("<Error><!--", "x", "one tag of it is over 64 KiB");
	check_endless("<Error><?a ", "x", "one tag of it is over 64 KiB");
	check_endless("<Error>&", "x", "one tag of it is over 64 KiB");
	check_endless("<Error></", "x", "one tag of it is over 64 KiB");
	check_endless("<Error><Code>", "x", "a field is too long");
	check_endless("<Error><![CDATA[", "x", NULL);
	check_endless("<Error>", "x", NULL);
	check_endless("<Error>", "<a b='c'/>", NULL);
	check_endless("<Error>", "<!-- c -->", NULL);
	check_endless("<Error>", "<?a b?>", NULL);
}

/* gzip */

static size_t pack_bytes(const void *text, size_t text_len, unsigned char *out, size_t size)
{
	z_stream stream = {0};
	size_t len;

	assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, 0), Z_OK);
	stream.next_in = (unsigned char *)(uintptr_t)text;
	stream.avail_in = (unsigned)text_len;
	stream.next_out = out;
	stream.avail_out = (unsigned)size;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	len = size - stream.avail_out;
	deflateEnd(&stream);
	return len;
}

static size_t pack(const char *text, unsigned char *out, size_t size)
{
	return pack_bytes(text, strlen(text), out, size);
}

/* Two members, cut at every length: only the whole, and the first alone, are good. */
static void test_gzip_cut_anywhere(void **state)
{
	unsigned char packed[400];
	size_t first = pack("one\ntwo\n", packed, sizeof(packed));
	size_t whole = first + pack("three\nfour", packed + first, sizeof(packed) - first);

	(void)state;
	for (size_t len = 0; len <= whole; len++) {
		struct s3_gzip *gzip = s3_gzip_new("x.gz");
		bool good = len == first || len == whole;
		struct err err;

		for (size_t i = 0; i < len; i++)
			assert_int_equal(s3_gzip_add(gzip, (char *)packed + i, 1, &err), 1);
		assert_int_equal(s3_gzip_finish(gzip, &err), good ? 0 : -1);
		s3_gzip_free(gzip);
	}
}

/* One bit changed anywhere in the data, checksum or length is always noticed; only the last byte
 * before the checksum may have bits that mean nothing. */
static void test_gzip_changed_anywhere(void **state)
{
	unsigned char packed[400];
	size_t whole = pack("one\ntwo\nthree\nfour\n", packed, sizeof(packed));

	(void)state;
	for (size_t at = 10; at < whole; at++) {
		struct s3_gzip *gzip = s3_gzip_new("x.gz");
		struct err err;
		int result;

		if (at == whole - 9) {
			s3_gzip_free(gzip);
			continue;
		}
		packed[at] ^= 0x10;
		result = s3_gzip_add(gzip, (char *)packed, whole, &err) ? s3_gzip_finish(gzip, &err)
		                                                        : -1;
		assert_int_equal(result, -1);
		packed[at] ^= 0x10;
		s3_gzip_free(gzip);
	}
}

/* What DATA is found to be under this name: "" for good, else the error. */
static char *verdict(const char *name, const void *data, size_t len)
{
	struct s3_gzip *gzip = s3_gzip_new(name);
	struct err err = {0};
	size_t at = 0;
	bool bad = false;

	while (at < len && !bad) {
		size_t taken = s3_gzip_add(gzip, (const char *)data + at, len - at, &err);

		at += taken;
		bad = taken == 0;
	}
	if (!bad)
		bad = s3_gzip_finish(gzip, &err) < 0;
	s3_gzip_free(gzip);
	return mem_text(bad ? err.text : "");
}

static void check_verdict(const char *name, const void *data, size_t len, const char *says)
{
	char *found = verdict(name, data, len);

	if (*says ? !strstr(found, says) : *found)
		fail_msg("%s: '%s', not '%s'", name, found, says);
	free(found);
}

/* A backup that is whole, and nothing can be restored from it. */
static void test_nothing_in_it(void **state)
{
	static const char zeros[10240];
	unsigned char packed[400];
	size_t one = pack("", packed, sizeof(packed));
	size_t two = one + pack("", packed + one, sizeof(packed) - one);
	size_t three = two + pack("x", packed + two, sizeof(packed) - two);

	(void)state;
	check_verdict("x.sql.gz", packed, one, "a gzip of nothing (20 bytes)");
	check_verdict("x.sql.gz", packed, two, "a gzip of nothing (40 bytes)");
	check_verdict("x.sql.gz", packed, three, "");
	check_verdict("no-ending", packed, one, "a gzip of nothing");
	check_verdict(
	    "x.sql.gz", packed, pack(" \n\t\r\n", packed, sizeof(packed)), "zeros and blanks");
	check_verdict("x.tar", zeros, sizeof(zeros), "zeros and blanks");
	check_verdict("x.sql", "\n", 1, "zeros and blanks");
	check_verdict("x.sql", "", 0, "it is empty");
	check_verdict("x.sql", "\n;", 2, "");
}

/* TEXT of LEN bytes packed LAYERS times, into OUT of SIZE bytes. */
static size_t pack_again(const void *text, size_t len, int layers, unsigned char *out, size_t size)
{
	unsigned char inner[2000];

	while (layers-- > 0) {
		memcpy(inner, text, len);
		len = pack_bytes(inner, len, out, size);
		text = out;
	}
	return len;
}

#define BYTES(text) text, sizeof(text) - 1
static const struct empty {
	const char *name;
	const char *data;
	size_t len;
	const char *says;
} empties[] = {
    {"x.xz",
        BYTES("\xfd"
              "7zXZ\0\0\x04\xe6\xd6\xb4"
              "F\0\0\0\0\x1c\xdf"
              "D!\x1f\xb6\xf3}\x01\0\0\0\0\x04YZ"),
        "an xz"},
    {"x.xz",
        BYTES("\xfd"
              "7zXZ\0\0\0\xff\x12\xd9"
              "A\0\0\0\0\x1c\xdf"
              "D!\x06r\x9ez\x01\0\0\0\0\0YZ"),
        "an xz"},
    {"x.bz2", BYTES("BZh9\x17rE8P\x90\0\0\0\0"), "a bzip2"},
    {"x.bz2", BYTES("BZh1\x17rE8P\x90\0\0\0\0"), "a bzip2"},
    {"x.zst", BYTES("(\xb5/\xfd$\0\x01\0\0\x99\xe9\xd8Q"), "a zstd"},
    {"x.zst", BYTES("(\xb5/\xfd \0\x01\0\0"), "a zstd"},
    {"x.lz4",
        BYTES("\x04\"M\x18"
              "d@\xa7\0\0\0\0\x05]\xcc\x02"),
        "an lz4"},
    {"x.zip", BYTES("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), "a zip"},
    {"x.zip", BYTES("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\3\0all"), "a zip"},
};

/* As themselves, and in up to six gzips. */
static void test_nothing_packed(void **state)
{
	unsigned char packed[2000];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(empties); i++) {
		const struct empty *one = &empties[i];

		check_verdict(one->name, one->data, one->len, one->says);
		check_verdict(one->name, one->data, one->len, " of nothing (");
		check_verdict("x", one->data, one->len, one->says);
		for (int layers = 1; layers <= 6; layers++)
			check_verdict("x.gz", packed,
			    pack_again(one->data, one->len, layers, packed, sizeof(packed)),
			    one->says);
	}
	for (int layers = 2; layers <= 7; layers++)
		check_verdict("x.gz", packed, pack_again("", 0, layers, packed, sizeof(packed)),
		    "what it unpacks to: it is empty, a gzip of nothing (20 bytes)");
	for (int layers = 1; layers <= 12; layers++)
		check_verdict(
		    "x.gz", packed, pack_again("x", 1, layers, packed, sizeof(packed)), "");
	check_verdict(
	    "x.gz", packed, pack_again(" \n", 2, 3, packed, sizeof(packed)), "zeros and blanks");
	/* Not nothing: a small one of each, and a gzip in a gzip that says nothing at all. */
	check_verdict("x.zst", BYTES("(\xb5/\xfd \x01\x09\0\0x"), "");
	check_verdict("x.xz",
	    BYTES("\xfd"
	          "7zXZ\0\0\x04\xe6\xd6\xb4"
	          "F\x02\0!\x01\x16"),
	    "");
	check_verdict("x.gz", packed,
	    pack_again(BYTES("\x1f\x8b\x08 no gzip"), 1, packed, sizeof(packed)), "");
}

static void test_formats(void **state)
{
	static const char zstd[] = "\x28\xb5\x2f\xfd\x04\x00";

	(void)state;
	check_verdict("x.zst", zstd, sizeof(zstd), "");
	check_verdict("x.sql", zstd, sizeof(zstd), "");
	check_verdict("x.xz", zstd, sizeof(zstd), "it is not xz, although");
	check_verdict("x.zst", "(no such table)", 15, "it is not zstd, although");
	check_verdict("x.gz", "(no such table)", 15, "it is not gzip, although");
	check_verdict("x.zst", "\x28\xb5", 2, "it is not zstd, although");
}

/* Half of gzip's mark alone: the next piece tells. */
static void test_first_byte_alone(void **state)
{
	static const char *const names[] = {"x.sql", "x.gz"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct s3_gzip *gzip = s3_gzip_new(names[i]);
		struct err err;

		assert_int_equal(s3_gzip_add(gzip, "\x1f", 1, &err), 1);
		assert_int_equal(s3_gzip_add(gzip, "text", 4, &err), i == 0 ? 4 : 0);
		if (i == 0)
			assert_int_equal(s3_gzip_finish(gzip, &err), 0);
		s3_gzip_free(gzip);
	}
}

/* A megabyte of gzip that is a gigabyte: each turn takes a bounded part of it. */
static void test_bomb_in_turns(void **state)
{
	size_t size = (size_t)64 << 20, turns = 0, len, at = 0;
	char *text = mem_alloc(size + 1);
	unsigned char *packed = mem_alloc(size);
	struct s3_gzip *gzip = s3_gzip_new("x.gz");
	json_t *result = json_object();
	struct err err;

	(void)state;
	memset(text, 'x', size);
	len = pack(text, packed, size);
	assert_true(len < 80000);
	for (; at < len; turns++) {
		size_t taken = s3_gzip_add(gzip, (char *)packed + at, len - at, &err);

		assert_true(taken > 0);
		at += taken;
	}
	assert_in_range(turns, 12, 20);
	assert_int_equal(s3_gzip_finish(gzip, &err), 0);
	s3_gzip_result(gzip, result);
	assert_int_equal(json_integer_value(json_object_get(result, "bytes")), size);
	assert_string_equal(value_get_text(result, "format"), "gzip");
	s3_gzip_free(gzip);
	json_decref(result);
	free(packed);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_published_signatures),
	    cmocka_unit_test(test_addresses),
	    cmocka_unit_test(test_xml_in_pieces),
	    cmocka_unit_test(test_xml_endless),
	    cmocka_unit_test(test_nothing_in_it),
	    cmocka_unit_test(test_nothing_packed),
	    cmocka_unit_test(test_formats),
	    cmocka_unit_test(test_first_byte_alone),
	    cmocka_unit_test(test_bomb_in_turns),
	    cmocka_unit_test(test_gzip_cut_anywhere),
	    cmocka_unit_test(test_gzip_changed_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
