/*
 * Amazon's side of the s3 adapter: who asks, and signatures. What botocore (the library under the aws
 * command) would use, from the same files, variables and services, in the same order.
 *
 *	struct aws_config *config = aws_config_load(profile, &err);       // files, variables
 *	region = aws_config_region(config);
 *	lookup = aws_lookup_start(&(struct aws_lookup_spec){…});          // then done() once, from the loop
 *
 *	ini.c        the files' syntax, as Python's configparser reads it
 *	words.c      words, as Python's shlex splits them
 *	config.c     files and variables → profiles, region, endpoints
 *	chain.c      the providers in their order; one lookup from its start to its end
 *	cache.c      what was found and is good for a while
 *	static.c     keys that are written down: variables, files
 *	role.c       roles on top of other credentials, and web identities, by STS
 *	sts.c        a request to STS and its answer
 *	process.c    credential_process
 *	container.c  ECS, and EKS pod identities
 *	imds.c       the instance's metadata service
 *	sso.c        IAM Identity Center, after `aws sso login`
 *	json.c       credentials as JSON
 *	ask.c        one small HTTP request of a lookup
 *	sign.c       signature version 4
 */
#ifndef FSOPS_AWS_H
#define FSOPS_AWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "fsops/child.h"
#include "fsops/clock.h"
#include "fsops/err.h"
#include "fsops/loop.h"
#include "fsops/text.h"

struct aws_credentials {
	char *id;
	char *secret;
	char *token;  /* NULL: none */
	msec expires; /* on the wall clock; 0: not known, or never */
};

/* Wipes them. */
void aws_credentials_release(struct aws_credentials *credentials);
void aws_credentials_copy(struct aws_credentials *to, const struct aws_credentials *from);
/* Overwrite a secret before it is freed. */
void aws_wipe(char *text, size_t len);

/* --- files and variables --- */

/*
 * TEXT in the syntax of ~/.aws/config: {section: {key: text, or {key: text} when it is nested}}, a new
 * object. NAME is the file's, for messages. Errors are those of Python's configparser, each with its
 * line: no section, twice the same section or key, neither section nor key, not UTF-8.
 */
json_t *aws_ini_parse(const char *name, const char *text, size_t len, struct err *err);

/* Split as Python's shlex.split(): an open quote or a backslash at the end is an error. */
int aws_words(const char *text, struct words *out, struct err *err);

struct aws_config;
struct call;

/* PROFILE as the target names it, or NULL: as the environment does. Errors: a file that can't be
 * parsed, a profile that is in none. Reads files, asks nobody. */
struct aws_config *aws_config_load(const char *profile, struct err *err);
void aws_config_free(struct aws_config *config); /* NULL is allowed */

/* Borrowed; NULL when neither the environment nor the profile says one. */
const char *aws_config_region(const struct aws_config *config);
/* The URL that stands for SERVICE's own ("s3", "sts"), likewise. */
const char *aws_config_endpoint(const struct aws_config *config, const char *service);

/* What Amazon's own S3 is called before the region: "s3", "s3-fips", "s3.dualstack" …; a static text. */
const char *aws_config_s3_host(const struct aws_config *config);

/* --- who asks --- */

struct aws_lookup;

struct aws_lookup_spec {
	struct loop *loop;
	struct children *children;
	struct call *call;               /* is told of processes of it that had to be ended */
	const struct aws_config *config; /* lives until the end */
	const char *region;              /* where to ask STS; copied */
	/* MAY be NULL. Each secret, at the moment that it is read. */
	void (*secret)(void *ctx, const char *value);
	/* The end, once, from the loop; the lookup is gone then. CREDENTIALS is borrowed, NULL when there
	 * are none: ERR says why. */
	void (*done)(void *ctx, const struct aws_credentials *credentials, const struct err *err);
	void *ctx;
};

/* Never calls back from inside. */
struct aws_lookup *aws_lookup_start(const struct aws_lookup_spec *spec);
/* Give up; done() never comes. True: a process is being ended, GONE comes from the loop when it is. The
 * lookup is not the caller's any more. */
bool aws_lookup_cancel(struct aws_lookup *lookup, void (*gone)(void *ctx), void *ctx);
/* Free it when the loop runs no more. NULL is allowed. */
void aws_lookup_forget(struct aws_lookup *lookup);

/* The server refused what CONFIG's lookup had found: it is not used again. True: it had been kept from
 * before, so that looking it up anew may help. */
bool aws_cache_drop(const struct aws_config *config, const char *region);
void aws_cache_clear(void);

/* --- signatures --- */

/* One header, its name in small letters. */
struct aws_header {
	const char *name;
	const char *value;
};

/* Everything that goes into one signature, as it goes over the wire. */
struct aws_signing {
	const char *method;
	const char *path;                 /* encoded */
	const char *query;                /* encoded and sorted; "" when there is none */
	const struct aws_header *headers; /* sorted by name */
	size_t header_count;
	const char *digest; /* of the body, in hexadecimal */
	const char *stamp;  /* "20130524T000000Z" */
	const char *region;
	const char *service; /* "s3" */
	const struct aws_credentials *credentials;
};

/* The Authorization header's line; owned. */
char *aws_authorization(const struct aws_signing *signing);

#define AWS_STAMP_MAX 17
/* WALL as "20130524T000000Z". */
void aws_stamp(msec wall, char stamp[AWS_STAMP_MAX]);
/* The host of URL as HTTP sends it: the port only when it is not the scheme's own; owned. */
char *aws_host(const char *url);

#endif
