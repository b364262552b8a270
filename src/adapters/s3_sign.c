/*
 * A request's address and its signature, AWS signature version 4.
 *
 * libcurl can sign too (CURLOPT_AWS_SIGV4), but in 7.88 it signs the path as it was given it,
 * does not sort the query and sends no x-amz-content-sha256, without which S3 refuses; its
 * later versions differ again. So the signature is made here, the same with every libcurl.
 *
 * Invariant: what is signed is what is sent: path and query are encoded once, here, and go
 * into both.
 */
#include "s3.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fsops/mem.h"
#include "fsops/sha256.h"

/* Nothing is ever sent with a body: the digest of nothing. */
static const char empty_digest[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#define STAMP_MAX 17 /* "20130524T000000Z" */
#define DAY_LEN   8

/* Amazon's own server for a bucket. A dot in the name would not match the certificate of
 * *.s3.REGION.amazonaws.com, so such a bucket goes into the path. */
static char *amazon_base(const struct s3_place *place, bool *in_host)
{
	const char *suffix = strncmp(place->region, "cn-", 3) == 0 ? ".cn" : "";

	*in_host = !strpbrk(place->bucket, "._ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	if (*in_host)
		return mem_printf(
		    "https://%s.s3.%s.amazonaws.com%s", place->bucket, place->region, suffix);
	return mem_printf("https://s3.%s.amazonaws.com%s", place->region, suffix);
}

/* The URL without its query. */
static char *base_url(const struct s3_place *place, const char *key)
{
	bool in_host = false;
	char *base = place->endpoint ? mem_text(place->endpoint) : amazon_base(place, &in_host);
	char *encoded = web_encode(key, "/");
	char *path =
	    in_host ? mem_printf("/%s", encoded) : mem_printf("/%s/%s", place->bucket, encoded);
	char *url;

	if (!in_host && !*key)
		path[strlen(path) - 1] = '\0'; /* "/bucket", not "/bucket/" */
	url = web_url_join(base, path);
	free(path);
	free(encoded);
	free(base);
	return url;
}

static char *query_text(const struct s3_query *query, size_t count)
{
	struct buf out;

	buf_init(&out, BUF_TEXT_MAX);
	for (size_t i = 0; i < count; i++) {
		char *name = web_encode(query[i].name, "");
		char *value = web_encode(query[i].value, "");

		buf_addf(&out, "%s%s=%s", i ? "&" : "", name, value);
		free(value);
		free(name);
	}
	return buf_detach(&out);
}

/* The host as HTTP sends it: the port only when it is not the scheme's own. */
static char *host_of(const char *url)
{
	const char *host = strstr(url, "://") + 3;
	size_t len = strcspn(host, "/?#");
	const char *usual = strncmp(url, "https:", 6) == 0 ? ":443" : ":80";
	size_t tail = strlen(usual);

	if (len > tail && strncmp(host + len - tail, usual, tail) == 0)
		len -= tail;
	return mem_textn(host, len);
}

/* HMAC over HMAC: the secret, the day, the region, the service. */
static void signing_key(
    const char *secret, const char *day, const char *region, unsigned char key[SHA256_SIZE])
{
	const char *const parts[] = {day, region, "s3", "aws4_request"};
	char *first = mem_printf("AWS4%s", secret);
	unsigned char next[SHA256_SIZE];

	hmac_sha256(first, strlen(first), parts[0], strlen(parts[0]), key);
	for (size_t i = 1; i < COUNT_OF(parts); i++) {
		hmac_sha256(key, SHA256_SIZE, parts[i], strlen(parts[i]), next);
		memcpy(key, next, SHA256_SIZE);
	}
	s3_wipe(first, strlen(first));
	free(first);
}

static const char *signed_names(const struct s3_signing *s)
{
	return s->credentials->token ? "host;x-amz-content-sha256;x-amz-date;x-amz-security-token"
	                             : "host;x-amz-content-sha256;x-amz-date";
}

/* The request as the server will rebuild it, digested. */
static void canonical_digest(const struct s3_signing *s, char digest[SHA256_TEXT])
{
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	buf_addf(&text, "%s\n%s\n%s\nhost:%s\nx-amz-content-sha256:%s\nx-amz-date:%s\n", s->method,
	    s->path, s->query, s->host, empty_digest, s->stamp);
	if (s->credentials->token)
		buf_addf(&text, "x-amz-security-token:%s\n", s->credentials->token);
	buf_addf(&text, "\n%s\n%s", signed_names(s), empty_digest);
	sha256_text(text.data, text.len, digest);
	buf_release(&text);
}

char *s3_authorization(const struct s3_signing *s)
{
	char *scope = mem_printf("%s/%s/s3/aws4_request", s->day, s->region);
	unsigned char key[SHA256_SIZE], signature[SHA256_SIZE];
	char digest[SHA256_TEXT], hex[SHA256_TEXT];
	char *text, *header;

	canonical_digest(s, digest);
	text = mem_printf("AWS4-HMAC-SHA256\n%s\n%s\n%s", s->stamp, scope, digest);
	signing_key(s->credentials->secret, s->day, s->region, key);
	hmac_sha256(key, sizeof(key), text, strlen(text), signature);
	sha256_hex(signature, hex);
	header = mem_printf(
	    "Authorization: AWS4-HMAC-SHA256 Credential=%s/%s,SignedHeaders=%s,Signature=%s",
	    s->credentials->id, scope, signed_names(s), hex);
	free(text);
	free(scope);
	return header;
}

static void add(struct s3_signed *out, char *header)
{
	out->headers[out->header_count++] = header; /* transferred */
}

void s3_sign(struct s3_signed *out, const char *method, const struct s3_place *place,
    const char *key, const struct s3_query *query, size_t query_count,
    const struct s3_credentials *credentials, msec wall)
{
	time_t seconds = (time_t)(wall / 1000);
	char *base = base_url(place, key);
	char *host = host_of(base);
	char *text = query_text(query, query_count);
	const char *path = strchr(strstr(base, "://") + 3, '/');
	char stamp[STAMP_MAX], day[DAY_LEN + 1];
	struct tm tm;
	struct s3_signing s = {.method = method,
	    .path = path ? path : "/",
	    .query = text,
	    .host = host,
	    .stamp = stamp,
	    .day = day,
	    .region = place->region,
	    .credentials = credentials};

	gmtime_r(&seconds, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	strftime(day, sizeof(day), "%Y%m%d", &tm);
	*out = (struct s3_signed){.url = *text ? mem_printf("%s?%s", base, text) : mem_text(base)};
	add(out, mem_printf("Host: %s", host));
	add(out, mem_printf("x-amz-content-sha256: %s", empty_digest));
	add(out, mem_printf("x-amz-date: %s", stamp));
	if (credentials->token)
		add(out, mem_printf("x-amz-security-token: %s", credentials->token));
	add(out, s3_authorization(&s));
	free(text);
	free(host);
	free(base);
}

void s3_signed_release(struct s3_signed *signature)
{
	for (size_t i = 0; i < signature->header_count; i++) {
		s3_wipe(signature->headers[i], strlen(signature->headers[i]));
		free(signature->headers[i]);
	}
	free(signature->url);
	*signature = (struct s3_signed){0};
}
