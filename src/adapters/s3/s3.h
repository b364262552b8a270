/*
 * What the s3 adapter's files share:
 *
 *	s3.c              the words of a runbook: forms, targets, the equivalent command
 *	place.c   a URL and a target → bucket, key, region, the server's address
 *	sign.c    a request's address and its signature
 *	xml.c     what the server answers: lists and errors
 *	error.c   an error as a sentence
 *	call.c    a call from start() to its end; one request after another
 *	list.c    ls: page after page
 *	object.c  stat, cp: one object
 *	verify.c  verify: one object, in pieces of bounded work
 *	gzip.c    its way through gunzip, nothing kept
 */
#ifndef FSOPS_S3_H
#define FSOPS_S3_H

#include <sys/types.h>

#include "adapters/s3/aws/aws.h"
#include "fsops/adapter.h"
#include "fsops/fresh.h"
#include "fsops/web.h"

extern const struct adapter adapter_s3; /* listed in registry.c */

/* Objects in one listing. */
#define S3_OBJECTS_MAX 100000

/* Objects that are kept in the result although no expression looks at them. */
#define S3_OBJECTS_SMALL 1000

/* A bucket and a key or prefix, and where they are. All owned. */
struct s3_place {
	char *bucket;
	char *key; /* "" for the whole bucket */
	char *region;
	char *endpoint;   /* NULL: Amazon's own */
	const char *host; /* what that is called before the region; NULL: "s3" */
	char *url;        /* "s3://bucket/key", for people */
};

/* What of it is given: URL as written (NULL: the target itself) and TARGET (may be NULL). Region and
 * endpoint that the target does not name are CONFIG's. */
int s3_place_find(struct s3_place *place, const char *url, const json_t *target,
    const struct aws_config *config, struct err *err);
void s3_place_release(struct s3_place *place);
/* URL as it is shown: joined to the target's. Owned. */
char *s3_place_url(const char *url, const json_t *target);

/* One request, addressed and signed. */
#define S3_HEADERS_MAX 5
struct s3_signed {
	char *url;
	char *headers[S3_HEADERS_MAX];
	size_t header_count;
};

/*
 * METHOD on KEY of the place's bucket ("" is the bucket itself), with QUERY, pairs of name and
 * value, sorted by name. WALL is the time.
 */
struct s3_query {
	const char *name;
	const char *value;
};
void s3_sign(struct s3_signed *out, const char *method, const struct s3_place *place,
    const char *key, const struct s3_query *query, size_t query_count,
    const struct aws_credentials *credentials, msec wall);
void s3_signed_release(struct s3_signed *signature);

/* One page of a listing, or an error, as it is read. */
struct s3_xml;
struct s3_page {
	char *token; /* of the next page; NULL: this was the last */
	char *code;  /* of an error document; NULL: none */
	char *message;
	char *region; /* where the bucket is instead, when the error tells */
};
/* OBJECT is called for each object, a new reference; -1 ends the reading. */
typedef int s3_object_fn(void *ctx, json_t *object, struct err *err);
struct s3_xml *s3_xml_new(s3_object_fn *object, void *ctx);
int s3_xml_add(struct s3_xml *xml, const char *data, size_t len, struct err *err);
/* The end: is the document whole? PAGE stays the xml's. */
int s3_xml_finish(struct s3_xml *xml, const struct s3_page **page, struct err *err);
void s3_xml_free(struct s3_xml *xml);

/* An answer that is an error, as a sentence; PAGE may be NULL (a HEAD has no body). */
void s3_explain(const struct s3_place *place, int status, const struct s3_page *page,
    const json_t *headers, struct err *err);

/* verify */
#define S3_HEAD_LINES 20
#define S3_TAIL_LINES 10
struct s3_gzip;
struct s3_gzip *s3_gzip_new(const char *key);
/* How many bytes of DATA were taken: fewer than LEN when that was work enough for one turn; call it
 * again with the rest. 0: it is damaged, ERR says how. LEN is not 0. */
size_t s3_gzip_add(struct s3_gzip *gzip, const char *data, size_t len, struct err *err);
/* -1: it is torn, damaged, or holds nothing. */
int s3_gzip_finish(struct s3_gzip *gzip, struct err *err);
/* `format`, `gzip`, `bytes`, `lines`, `head`, `tail` into RESULT; null or empty when the object is
 * not gzip. */
void s3_gzip_result(const struct s3_gzip *gzip, json_t *result);
void s3_gzip_free(struct s3_gzip *gzip);

/* Is the newest object below URL meant, not the object that it names? URL may be NULL. */
bool s3_means_newest(const char *url);

void s3_start(struct call *call);
void s3_cancel(struct call *call);
void s3_release(struct call *call);

#endif
