/*
 * AWS signature version 4.
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html)
 *
 * libcurl can sign too (CURLOPT_AWS_SIGV4), but in 7.88 it signs the path as it was given it,
 * does not sort the query and sends no x-amz-content-sha256, without which S3 refuses; its
 * later versions differ again. So the signature is made here, the same with every libcurl.
 *
 * Invariant: what is signed is what is sent: the caller gives each part as it goes over the wire.
 */
#include "aws.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/sha256.h"

#define DAY_LEN 8

void aws_stamp(msec wall, char stamp[AWS_STAMP_MAX])
{
	time_t seconds = (time_t)(wall / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(stamp, AWS_STAMP_MAX, "%Y%m%dT%H%M%SZ", &tm);
}

char *aws_host(const char *url)
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
    const struct aws_signing *s, const char *day, unsigned char key[SHA256_SIZE])
{
	const char *const parts[] = {day, s->region, s->service, "aws4_request"};
	char *first = mem_printf("AWS4%s", s->credentials->secret);
	unsigned char next[SHA256_SIZE];

	hmac_sha256(first, strlen(first), parts[0], strlen(parts[0]), key);
	for (size_t i = 1; i < COUNT_OF(parts); i++) {
		hmac_sha256(key, SHA256_SIZE, parts[i], strlen(parts[i]), next);
		memcpy(key, next, SHA256_SIZE);
	}
	aws_wipe(first, strlen(first));
	free(first);
}

/* "host;x-amz-date" */
static void add_names(struct buf *out, const struct aws_signing *s)
{
	for (size_t i = 0; i < s->header_count; i++)
		buf_addf(out, "%s%s", i ? ";" : "", s->headers[i].name);
}

/* The request as the server will rebuild it, digested. */
static void canonical_digest(const struct aws_signing *s, char digest[SHA256_TEXT])
{
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	buf_addf(&text, "%s\n%s\n%s\n", s->method, s->path, s->query);
	for (size_t i = 0; i < s->header_count; i++)
		buf_addf(&text, "%s:%s\n", s->headers[i].name, s->headers[i].value);
	buf_addc(&text, '\n');
	add_names(&text, s);
	buf_addf(&text, "\n%s", s->digest);
	sha256_text(text.data, text.len, digest);
	aws_wipe(text.data, text.len);
	buf_release(&text);
}

char *aws_authorization(const struct aws_signing *s)
{
	char *day = mem_textn(s->stamp, DAY_LEN);
	char *scope = mem_printf("%s/%s/%s/aws4_request", day, s->region, s->service);
	unsigned char key[SHA256_SIZE], signature[SHA256_SIZE];
	char digest[SHA256_TEXT], hex[SHA256_TEXT];
	struct buf header;
	char *text;

	canonical_digest(s, digest);
	text = mem_printf("AWS4-HMAC-SHA256\n%s\n%s\n%s", s->stamp, scope, digest);
	signing_key(s, day, key);
	hmac_sha256(key, sizeof(key), text, strlen(text), signature);
	sha256_hex(signature, hex);
	buf_init(&header, BUF_TEXT_MAX);
	buf_addf(&header,
	    "Authorization: AWS4-HMAC-SHA256 Credential=%s/%s,SignedHeaders=", s->credentials->id,
	    scope);
	add_names(&header, s);
	buf_addf(&header, ",Signature=%s", hex);
	free(text);
	free(scope);
	free(day);
	return buf_detach(&header);
}
