/*
 * A mail to an SMTP server. libcurl speaks SMTP in part without its multi interface (it waits for the
 * answer to the mail, and to QUIT, inside one call), so each mail has a thread of its own.
 *
 *	me->smtp = smtp_start(loop, &spec, &err);
 *	… done() once, from the loop; forget the pointer then
 *	smtp_cancel(me->smtp);      // or this, and done() never comes
 */
#ifndef FSOPS_NOTIFY_SMTP_H
#define FSOPS_NOTIFY_SMTP_H

#include <stdbool.h>
#include <stddef.h>

#include "fsops/err.h"
#include "fsops/loop.h"

struct smtp_end {
	bool accepted;   /* the server took the mail for everybody it is to */
	bool again;      /* it did not, but another attempt may do it */
	const char *why; /* a sentence that begins with `what`; NULL when accepted */
};

struct smtp_spec {
	const char *url; /* web_smtp_check() */
	const char *from;
	const char *const *to;
	size_t to_count;
	const char *user; /* NULL: no login */
	const char *password;
	const char *starttls; /* "never", "try"; else it is required, as it always is with USER */
	const char *body;     /* the whole mail, lines end in CRLF */
	const char *what;
	void (*done)(void *ctx, const struct smtp_end *end);
	void *ctx;
};

struct smtp;

/* Everything in SPEC is copied. NULL: ERR, and nothing was started. */
struct smtp *smtp_start(struct loop *loop, const struct smtp_spec *spec, struct err *err);
void smtp_cancel(struct smtp *smtp); /* NULL is allowed */

#endif
