/*
 * Secrets: every text that leaves the program (terminal, events, dry run, error messages) passes
 * through one `struct redact`, which knows the values that must not be seen and writes *** in their
 * place, in whatever form they stand there:
 *
 *	base64 and base64url at any offset, padded or not, wrapped; hex in either case, with separators;
 *	percent-encoded with any set of safe characters; escapes of JSON (\n \u0026), Python, C and shells
 *	(\x26 \046 '"'"'), at any depth; entities of HTML and XML; one in another, as tools do (base64 of
 *	JSON of base64, a URL's percents in JSON); with the colours of a terminal, or what nobody sees, in it.
 *
 * A value of under REDACT_MIN_LEN characters would mask half the output and is refused, so that the person
 * is told rather than trusted to notice; so is one of nothing but quotes and backslashes. Masking takes time in proportion to the text, whatever the secrets are.
 */
#ifndef FSOPS_REDACT_H
#define FSOPS_REDACT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "fsops/buf.h"
#include "fsops/err.h"

#define REDACT_MIN_LEN  4
#define REDACT_LINE_MIN 8
#define REDACT_MASK     "***"

struct redact;

struct redact *redact_new(void);
void redact_free(struct redact *redact);

/* Mask VALUE from now on, and each of its lines that has REDACT_LINE_MIN characters (a private key). Of an
 * address or a connection string with a password in it (REDACT_MIN_LEN or more), the password too. Returns
 * -1 when it is too short, or too long to be kept (nothing is added). */
int redact_add(struct redact *redact, const char *value);

/* The same of LEN bytes that may hold a NUL. */
int redact_addn(struct redact *redact, const char *value, size_t len);

/* Of a value that fsops reads but that need not be one: only the password of an address or a connection
 * string in it (`scheme://user:password@host`, `password=…`), and the user of a web address that has no
 * password, which is a token. */
void redact_add_password(struct redact *redact, const char *value);

/* The same of a proxy's address, which may have no scheme: `user:password@host:port`. */
void redact_add_proxy(struct redact *redact, const char *value);

/* Mask any value: as text, and everything in a list or an object. */
int redact_add_value(struct redact *redact, const json_t *value);

/* Whether there is any secret; REDACT may be NULL. */
bool redact_any(const struct redact *redact);

/* Whether TEXT is a secret as a whole, as it was added. */
bool redact_has(const struct redact *redact, const char *text);

/* What of TEXT would be masked. */
struct redact_seen {
	size_t whole; /* places that hold secrets to their end */
	bool
	    cut; /* TEXT ends within one, behind the host if it is an address: what is there of it is masked
	             only as long as nothing follows */
};

struct redact_seen redact_look(const struct redact *redact, const char *text, size_t len);

/* Whether each secret that is whole in FROM is so in MADE, too, in any form: not only as many. */
bool redact_keeps_all(
    const struct redact *redact, const char *from, size_t from_len, const char *made, size_t len);

/* Whether PART stands somewhere in TEXT where nothing would be masked. */
bool redact_is_open(
    const struct redact *redact, const char *text, size_t len, const char *part, size_t part_len);

/* The text with secrets masked; a new C string. REDACT may be NULL. A text that was cut inside a
 * secret ends with the mask. */
char *redact_text(const struct redact *redact, const char *text, size_t len);
/* The same, added to OUT. */
void redact_into(const struct redact *redact, const char *text, size_t len, struct buf *out);

/* Mask the text of ERR. Both may be NULL. */
void redact_err(const struct redact *redact, struct err *err);

/* VALUE with every string in it masked (keys too), and numbers that are secrets; a new reference. */
json_t *redact_value(const struct redact *redact, const json_t *value);

/* A stream that comes in pieces: a secret may begin in one and end in another. */
struct redact_stream {
	struct masker *masker; /* made when the first piece comes */
};

void redact_stream_init(struct redact_stream *stream);
void redact_stream_release(struct redact_stream *stream);

/* Does all go through it as it is: there is no secret, and none of its pieces met one? */
bool redact_stream_is_open(const struct redact *redact, const struct redact_stream *stream);

/* OUT gets what is known to hold no secret, or the mask in its place. */
void redact_stream_add(const struct redact *redact, struct redact_stream *stream, const char *data,
    size_t len, struct buf *out);

/* How many bytes of a text a secret may take, whatever form it has (but for what makes a terminal show nothing, of which
 * there may be any amount in it). Grows when secrets are added. */
size_t redact_reach(const struct redact *redact);

/* Nothing more comes: OUT gets the rest. The stream may be used again. */
void redact_stream_finish(
    const struct redact *redact, struct redact_stream *stream, struct buf *out);

#endif
