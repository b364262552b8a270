/*
 * A request's address and its signature.
 *
 * Invariant: what is signed is what is sent: path and query are encoded once, here, and go
 * into both.
 */
#include "s3.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

/* Nothing is ever sent with a body: the digest of nothing. */
static const char empty_digest[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/* Amazon's own server for a bucket. A dot in the name would not match the certificate of
 * *.s3.REGION.amazonaws.com, so such a bucket goes into the path. */
static char *amazon_base(const struct s3_place *place, bool *in_host)
{
	const char *suffix = strncmp(place->region, "cn-", 3) == 0 ? ".cn" : "";
	const char *service = place->host ? place->host : "s3";

	*in_host = !strpbrk(place->bucket, "._ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	return mem_printf("https://%s%s%s.%s.amazonaws.com%s", *in_host ? place->bucket : "",
	    *in_host ? "." : "", service, place->region, suffix);
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

/* Each line is owned by OUT. */
static void add_lines(
    struct s3_signed *out, const struct aws_header *headers, size_t count, char *authorization)
{
	for (size_t i = 0; i < count; i++)
		out->headers[out->header_count++] =
		    mem_printf("%s: %s", headers[i].name, headers[i].value);
	out->headers[out->header_count++] = authorization; /* transferred */
}

void s3_sign(struct s3_signed *out, const char *method, const struct s3_place *place,
    const char *key, const struct s3_query *query, size_t query_count,
    const struct aws_credentials *credentials, msec wall)
{
	char *base = base_url(place, key), *host = aws_host(base);
	char *text = query_text(query, query_count);
	const char *path = strchr(strstr(base, "://") + 3, '/');
	char stamp[AWS_STAMP_MAX];
	const struct aws_header headers[] = {{"host", host}, {"x-amz-content-sha256", empty_digest},
	    {"x-amz-date", stamp}, {"x-amz-security-token", credentials->token}};
	struct aws_signing signing = {.method = method,
	    .path = path ? path : "/",
	    .query = text,
	    .headers = headers,
	    .header_count = COUNT_OF(headers) - (credentials->token ? 0 : 1),
	    .digest = empty_digest,
	    .stamp = stamp,
	    .region = place->region,
	    .service = "s3",
	    .credentials = credentials};

	aws_stamp(wall, stamp);
	*out = (struct s3_signed){.url = *text ? mem_printf("%s?%s", base, text) : mem_text(base)};
	add_lines(out, headers, signing.header_count, aws_authorization(&signing));
	free(text);
	free(host);
	free(base);
}

void s3_signed_release(struct s3_signed *signature)
{
	for (size_t i = 0; i < signature->header_count; i++) {
		aws_wipe(signature->headers[i], strlen(signature->headers[i]));
		free(signature->headers[i]);
	}
	free(signature->url);
	*signature = (struct s3_signed){0};
}
