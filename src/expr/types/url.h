/* URLs as Go's net/url and so Kubernetes' API server read them; of ours nothing is fetched here. */
#ifndef EXPR_URL_H
#define EXPR_URL_H

#include "expr/calc.h"

/* The parts of a URL; what they are is in RFC 3986. All are texts without a NUL byte at their end. */
struct url_part {
	const char *data;
	size_t len;
};

struct url {
	struct url_part text;     /* as it was given */
	struct url_part scheme;   /* in small letters */
	struct url_part user;     /* "name:password", as it stands */
	struct url_part host;     /* with the port; %XX are decoded */
	struct url_part path;     /* with what must be escaped escaped */
	struct url_part opaque;   /* of "mailto:a@b" what is after the colon */
	struct url_part query;    /* as it stands, without '?' */
	struct url_part fragment; /* as it stands, without '#' */
};

/* Whether TEXT is an absolute URL, or an absolute path. NULL, or what is wrong. */
const char *url_check(const char *text, size_t len);

/* Take TEXT, which must live as long as the evaluation, apart; *WHY gets what is wrong. -1 with
 * calc->error filled when a ceiling was reached. */
int url_parse(struct calc *calc, const char *text, size_t len, struct url *out, const char **why);

/* The host without its port and brackets; the port, "" without one. */
struct url_part url_hostname(const struct url *url);
struct url_part url_port(const struct url *url);

bool url_equal(const struct url *a, const struct url *b);

/* PART with %XX, and '+' when it is of a QUERY, decoded into OUT. Returns the length, or -1: a
 * wrong %XX. OUT has room for PART.len bytes, and may be PART.data. */
ssize_t url_decode(struct url_part part, bool query, char *out);

#endif
