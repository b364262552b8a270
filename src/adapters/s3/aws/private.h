/* What the files of this folder share, and nobody else sees. */
#ifndef FSOPS_AWS_PRIVATE_H
#define FSOPS_AWS_PRIVATE_H

#include "aws.h"
#include "fsops/buf.h"
#include "fsops/web.h"

/* A longer chain of roles is a mistake; STS would not do it in one request's time either. */
#define AWS_ROLES_MAX 16

/* Of a file, of what a process prints, of a small answer. */
#define AWS_TEXT_MAX ((size_t)1024 * 1024)

struct aws_config {
	char *profile; /* in use: "default" when nobody names one */
	bool named;    /* by the target: then keys in the environment don't count */
	char *config_path;
	char *credentials_path;
	struct err config_err; /* why a file that is there was passed over, as botocore does */
	struct err credentials_err;
	json_t *own;         /* the config file's profiles */
	json_t *credentials; /* the credentials file's sections */
	json_t *profiles;    /* both; the credentials file wins */
	json_t *sessions;    /* [sso-session NAME] */
	json_t *services;    /* [services NAME] */
};

/* A variable that is set and not empty, or NULL. */
const char *aws_variable(const char *name);
/* A path with its ~ and variables filled in, as os.path does it; owned. */
char *aws_path(const char *path);
/* A small file whole; BUF is initialised here, and holds a secret most likely. */
int aws_read_file(struct buf *buf, const char *path, struct err *err);
/* The profile's own table, or NULL; and the text of one key of PROFILE, or NULL. */
const json_t *aws_profile(const struct aws_config *config, const char *profile);
const char *aws_setting(const struct aws_config *config, const char *profile, const char *key);

/* What a provider says. */
enum aws_try {
	AWS_NEXT,   /* nothing here: ask the next one */
	AWS_FOUND,  /* lookup->found */
	AWS_WAIT,   /* asked somebody; aws_go_on() follows */
	AWS_FAILED, /* it is configured and does not work: lookup->err */
};

/* A role to be taken with the credentials of what stands behind it. Texts are the config's. */
struct aws_role {
	const char *profile;
	const char *arn;
	const char *session_name;
	const char *external_id;
	long duration; /* seconds; 0: STS' own */
};

typedef enum aws_try aws_try_fn(struct aws_lookup *lookup);

struct aws_lookup {
	struct aws_lookup *next; /* of all that are under way */
	struct aws_lookup_spec spec;
	char *region;
	char *key;           /* what its credentials are kept under */
	bool waiting;        /* for another one with the same key */
	const char *profile; /* whose providers are asked now */
	const char *source;  /* only the provider that credential_source calls so; NULL: any */
	bool of_profile;     /* only those of a source_profile */
	size_t provider;     /* the next one's index */
	struct aws_role roles[AWS_ROLES_MAX];
	size_t role_count;
	struct aws_credentials found;
	bool dear; /* somebody was asked for them: kept for the next call */
	struct err err;
	char *remark; /* why the instance's metadata service gave nothing */
	/* what is under way */
	struct loop_timer *timer;
	struct web_request *request;
	struct child *child;
	struct buf text;   /* what it has answered or printed */
	struct buf errors; /* what a process has complained of */
	enum aws_try (*answer)(struct aws_lookup *lookup, int status);
	aws_try_fn *again;
	int attempts;
	/* of the metadata service */
	char *metadata_token;
	char *role_name;
	/* after a cancel */
	void (*gone)(void *ctx);
	void *gone_ctx;
};

/* Go on after AWS_WAIT, from the loop only. */
void aws_go_on(struct aws_lookup *lookup, enum aws_try result);
/* AWS_FAILED, with lookup->err. */
enum aws_try aws_fail(struct aws_lookup *lookup, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The lookup whose process belongs to CALL. */
struct aws_lookup *aws_lookup_of(const struct call *call);
/* A secret was read. */
void aws_secret(struct aws_lookup *lookup, const char *value);

/* ask.c */
struct aws_ask {
	const char *method;
	const char *url;
	const char *what; /* begins every error sentence */
	const char *const *headers;
	size_t header_count;
	const char *body; /* NULL: none */
	msec timeout;
	bool direct; /* never through a proxy: it would be told the secrets of this machine */
};
/* ANSWER gets lookup->text and the status; 0: none, lookup->err says why. */
enum aws_try aws_ask(struct aws_lookup *lookup, const struct aws_ask *ask,
    enum aws_try (*answer)(struct aws_lookup *lookup, int status));
/* FN again, DELAY later. */
enum aws_try aws_ask_again(struct aws_lookup *lookup, msec delay, aws_try_fn *fn);

/* json.c: which members hold what. */
struct aws_members {
	const char *id;
	const char *secret;
	const char *token;   /* need not be there */
	const char *expires; /* a time as text, or milliseconds; need not be there */
};
/* JSON → lookup->found. NULL, or what is missing or wrong in it: "SecretAccessKey is missing". */
const char *aws_json_take(
    struct aws_lookup *lookup, const json_t *json, const struct aws_members *members);
/* A time as AWS writes it ("2026-11-29T12:00:00Z", "…+00:00", "…UTC") → wall milliseconds; -1: it is
 * none. */
int aws_time(const char *text, msec *wall);

/* sts.c: ROLE with lookup->found, or by a web identity's TOKEN. */
enum aws_try aws_sts_assume(struct aws_lookup *lookup, const struct aws_role *role);
enum aws_try aws_sts_web_identity(
    struct aws_lookup *lookup, const struct aws_role *role, const char *token);

/* The cache, for chain.c. Borrowed; NULL: nothing that is good for long enough. */
const struct aws_credentials *aws_cache_find(const char *key, msec wall);
void aws_cache_keep(const char *key, const struct aws_credentials *credentials);
char *aws_cache_key(const struct aws_config *config, const char *region);

/* The providers. */
aws_try_fn aws_env_try, aws_role_try, aws_web_identity_try, aws_sso_try, aws_login_try,
    aws_shared_try, aws_process_try, aws_own_try, aws_ec2_file_try, aws_boto_try, aws_container_try,
    aws_imds_try;

#endif
