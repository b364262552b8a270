/*
 * A TCP connection, without blocking: the addresses of a name are tried one after another, a new one each
 * time the last one fails or gives no answer for a while, and the first that takes it wins (as RFC 8305
 * has it).
 *
 *	struct dial *dial = dial_start(loop, host, port, on_dialed, ctx);
 *	… on_dialed(ctx, &dialed)       // once, from the loop; forget the pointer then
 *	— or dial_cancel(dial)          // it never comes
 */
#ifndef FSOPS_DIAL_H
#define FSOPS_DIAL_H

#include "fsops/err.h"
#include "fsops/loop.h"

/* As long as a host's name may be, with its end. */
#define DIAL_HOST_MAX 256

struct dial;

struct dialed {
	int fd; /* connected, non-blocking, close-on-exec, whoever is told owns it; -1: ERR says why */
	const char *address; /* numeric, that it is connected to or that refused it; "": none */
	double seconds;      /* from the start */
	bool refused;        /* every address refused it: nothing listens there */
	struct err err;      /* without the sentence's beginning, which names what was wanted */
};

typedef void dial_fn(void *ctx, const struct dialed *dialed);

/* HOST is a name or a numeric address, PORT numeric. */
struct dial *dial_start(
    struct loop *loop, const char *host, unsigned short port, dial_fn *done, void *ctx);
void dial_cancel(struct dial *dial); /* NULL is allowed */

/* "HOST:PORT" or "[IPv6]:PORT" apart. -1 and ERR (ERR_INPUT): it is none. */
int dial_split(const char *text, char host[DIAL_HOST_MAX], unsigned short *port, struct err *err);

#endif
