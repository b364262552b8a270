/*
 * Where an S3 object is: a URL, joined to a target's, and the target's region and endpoint.
 * Invariant: a place that was found has a bucket whose name may stand in a host name or path.
 */
#include "s3.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"

#define SCHEME     "s3://"
#define SCHEME_LEN 5

static bool is_url(const char *text)
{
	return strncmp(text, SCHEME, SCHEME_LEN) == 0;
}

char *s3_place_url(const char *url, const json_t *target)
{
	const char *base = value_get_text(target, "s3");
	size_t len = base ? strlen(base) : 0;

	if (!url || !*url)
		return mem_text(base ? base : "");
	if (is_url(url) || !base || strncmp(url, "${", 2) == 0)
		return mem_text(url);
	while (len > SCHEME_LEN && base[len - 1] == '/')
		len--;
	return mem_printf("%.*s/%s", (int)len, base, url + strspn(url, "/"));
}

static int check_bucket(const char *bucket, const char *url, struct err *err)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

	if (*bucket && !bucket[strspn(bucket, letters)])
		return 0;
	return err_set(err, ERR_INPUT, "'%s' names no bucket: write s3://BUCKET/KEY", url);
}

static int check_region(const char *region, struct err *err)
{
	if (*region && !region[strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		return 0;
	return err_set(err, ERR_INPUT, "'%s' is no name of an AWS region", region);
}

/* The first of three that is there. */
static char *first_of(const char *a, const char *b, const char *c)
{
	return mem_text(a ? a : b ? b : c);
}

int s3_place_find(struct s3_place *place, const char *url, const json_t *target,
    const struct aws_config *config, struct err *err)
{
	const char *slash;

	*place = (struct s3_place){.url = s3_place_url(url, target)};
	if (!is_url(place->url)) {
		err_set(err, ERR_INPUT,
		    "s3: '%s' is no URL: write s3://BUCKET/KEY, or name a target of the kind s3",
		    place->url);
		goto out;
	}
	slash = strchr(place->url + SCHEME_LEN, '/');
	place->bucket =
	    slash ? mem_textn(place->url + SCHEME_LEN, (size_t)(slash - place->url) - SCHEME_LEN)
	          : mem_text(place->url + SCHEME_LEN);
	place->key = mem_text(slash ? slash + 1 : "");
	place->region =
	    first_of(value_get_text(target, "region"), aws_config_region(config), "us-east-1");
	place->endpoint =
	    first_of(value_get_text(target, "endpoint"), aws_config_endpoint(config, "s3"), NULL);
	place->host = aws_config_s3_host(config);
	if (check_bucket(place->bucket, place->url, err) < 0 ||
	    check_region(place->region, err) < 0)
		goto out;
	if (place->endpoint && web_base_check(place->endpoint, err) < 0) {
		err_prefix(err, "s3: endpoint");
		goto out;
	}
	return 0;
out:
	s3_place_release(place);
	return -1;
}

void s3_place_release(struct s3_place *place)
{
	free(place->bucket);
	free(place->key);
	free(place->region);
	free(place->endpoint);
	free(place->url);
	*place = (struct s3_place){0};
}
