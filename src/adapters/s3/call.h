/*
 * A call of the s3 adapter: what call.c (its life), list.c and object.c (what it asks
 * for) share.
 */
#ifndef FSOPS_S3_CALL_H
#define FSOPS_S3_CALL_H

#include "s3.h"

struct s3_call;

/* What a request is for. */
struct s3_operation {
	const char *method;
	/* Begin to receive; MAY be NULL. */
	int (*begin)(struct s3_call *s3, struct err *err);
	/* A piece of a good answer's body. */
	int (*data)(struct s3_call *s3, const char *data, size_t len, struct err *err);
	/* A good answer is there; it goes on with another request or ends the call. -1: it fails. */
	int (*done)(struct s3_call *s3, const struct web_reply *reply, struct err *err);
};

struct s3_call {
	struct call *call;
	const struct s3_operation *first; /* what the verb begins with */
	const struct s3_operation *now;
	struct s3_place place;
	struct aws_config *config;
	struct aws_lookup *lookup; /* set while it is asked who asks */
	struct aws_credentials credentials;
	bool renewed; /* what had been kept was refused once: not a second time */
	struct web_request *request;
	struct s3_xml *xml; /* a list, or an error that came instead of what was asked for */
	struct fresh *file;
	struct s3_gzip *gzip;
	struct buf rest;         /* of what came, not unpacked yet */
	struct loop_timer *turn; /* set while there is a rest: when it goes on */
	char *token;             /* of the page that is asked for */
	struct buf lines;        /* of the page that is read, for people */
	json_t *objects;         /* NULL: too many to keep for nobody */
	json_t *latest;
	long long count;
	bool newest;    /* verify the newest of the list */
	bool cancelled; /* may happen inside call_output() */
};

extern const struct s3_operation s3_list_operation;
extern const struct s3_operation s3_stat_operation;
extern const struct s3_operation s3_copy_operation;
extern const struct s3_operation s3_verify_operation;

/* Begin the next request; what belonged to the one before is freed. */
int s3_request(struct s3_call *s3, const struct s3_operation *operation, struct err *err);

/* The call fails with ERR, which is said to be about its URL. */
void s3_fail(struct s3_call *s3, const struct err *err);
/* key, size, modified and etag, as a reply's headers tell them; a new object. */
json_t *s3_object_result(const struct s3_call *s3, const struct web_reply *reply);

#endif
