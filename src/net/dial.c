/* Connections. Invariant: each attempt owns its socket until it wins or fails, and with the end of the dial
 * none is left but the one that is handed over. */
#include "fsops/dial.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fsops/mem.h"
#include "fsops/work.h"

/* So long an address is waited for alone (RFC 8305, section 5). */
#define NEXT_AFTER ((msec)250)
/* The most addresses that are tried. */
#define ATTEMPTS_MAX 16

struct attempt {
	struct dial *dial;
	const char *address; /* of the dial's */
	int fd;              /* -1: it has failed */
	struct loop_watch *watch;
};

struct dial {
	struct loop *loop;
	char host[DIAL_HOST_MAX];
	unsigned short port;
	dial_fn *done;
	void *ctx;
	msec began;
	struct resolve *resolve;
	struct loop_timer *timer; /* until the next address is tried */
	char *addresses[ATTEMPTS_MAX];
	size_t address_count;
	struct attempt attempts[ATTEMPTS_MAX]; /* one for each address that was tried */
	size_t count;
	size_t failed;
	size_t refused;
	int error; /* of the first that failed: its address is the one to be preferred */
};

static void attempt_end(struct attempt *attempt)
{
	loop_unwatch(attempt->watch);
	attempt->watch = NULL;
	if (attempt->fd >= 0)
		close(attempt->fd);
	attempt->fd = -1;
}

void dial_cancel(struct dial *dial)
{
	if (!dial)
		return;
	resolve_cancel(dial->resolve);
	loop_cancel(dial->timer);
	for (size_t i = 0; i < dial->count; i++)
		attempt_end(&dial->attempts[i]);
	for (size_t i = 0; i < dial->address_count; i++)
		free(dial->addresses[i]);
	free(dial);
}

static void tell(struct dial *dial, struct dialed *dialed)
{
	dialed->seconds = (double)(loop_now(dial->loop) - dial->began) / 1000;
	dial->done(dial->ctx, dialed);
	dial_cancel(dial);
}

static void tell_failed(struct dial *dial)
{
	static const struct {
		int error;
		const char *why;
		const char *remedy;
	} rows[] = {
	    {ECONNREFUSED, "connection refused", "is the service running, and is the port right?"},
	    {ENETUNREACH, "no route to its network", "check the VPN and this machine's network"},
	    {EHOSTUNREACH, "no route to it", "check the VPN and the address"},
	    {ETIMEDOUT, "no answer to the connection attempt", "check the address and firewalls"},
	    {0, "could not connect", "check the address and that the service runs"},
	};
	struct dialed dialed = {.fd = -1, .address = dial->count ? dial->attempts[0].address : ""};
	size_t row = 0;

	while (rows[row].error && rows[row].error != dial->error)
		row++;
	dialed.refused = dial->count && dial->refused == dial->count;
	if (rows[row].error)
		err_set(&dialed.err, ERR_REMOTE, "%s: %s", rows[row].why, rows[row].remedy);
	else
		err_set(&dialed.err, ERR_REMOTE, "%s (%s): %s", rows[row].why,
		    strerror(dial->error), rows[row].remedy);
	tell(dial, &dialed);
}

static void try_next(struct dial *dial);

static void on_failed(struct attempt *attempt, int error)
{
	struct dial *dial = attempt->dial;

	attempt_end(attempt);
	if (!dial->failed++)
		dial->error = error;
	dial->refused += error == ECONNREFUSED;
	try_next(dial);
}

static void on_connected(struct attempt *attempt)
{
	struct dialed dialed = {.fd = attempt->fd, .address = attempt->address};

	attempt->fd = -1; /* transferred */
	tell(attempt->dial, &dialed);
}

static void on_ready(void *ctx, int fd, int ready)
{
	struct attempt *attempt = ctx;
	int error = 0;
	socklen_t len = sizeof(error);

	(void)ready;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error)
		on_failed(attempt, error);
	else
		on_connected(attempt);
}

/* A socket that is connecting to ADDRESS; -1 and errno. */
static int begin(const char *address, unsigned short port)
{
	const struct addrinfo hints = {
	    .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *info = NULL;
	char service[8];
	int fd = -1;

	snprintf(service, sizeof(service), "%u", (unsigned)port);
	errno = EADDRNOTAVAIL;
	if (getaddrinfo(address, service, &hints, &info) != 0)
		return -1;
	fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, info->ai_addr, info->ai_addrlen) < 0 && errno != EINPROGRESS) {
		int error = errno;

		close(fd);
		fd = -1;
		errno = error;
	}
	freeaddrinfo(info);
	return fd;
}

static void on_next(void *ctx)
{
	struct dial *dial = ctx;

	dial->timer = NULL;
	try_next(dial);
}

/* The next address at once; the one after it in a while. */
static void try_next(struct dial *dial)
{
	struct attempt *attempt;

	loop_cancel(dial->timer);
	dial->timer = NULL;
	if (dial->count == dial->address_count) {
		if (dial->failed == dial->count)
			tell_failed(dial);
		return;
	}
	attempt = &dial->attempts[dial->count];
	*attempt = (struct attempt){.dial = dial, .address = dial->addresses[dial->count]};
	dial->count++;
	attempt->fd = begin(attempt->address, dial->port);
	if (attempt->fd < 0) {
		on_failed(attempt, errno);
		return;
	}
	attempt->watch = loop_watch(dial->loop, attempt->fd, LOOP_WRITE, on_ready, attempt);
	if (dial->count < dial->address_count)
		dial->timer = loop_after(dial->loop, NEXT_AFTER, on_next, dial);
}

static void on_resolved(void *ctx, const char *const *addresses, size_t count, const char *why)
{
	struct dial *dial = ctx;
	struct dialed dialed = {.fd = -1, .address = ""};

	dial->resolve = NULL;
	if (why) {
		err_set(&dialed.err, ERR_REMOTE,
		    "could not resolve '%s' (%s): check the name, and this machine's DNS",
		    dial->host, why);
		tell(dial, &dialed);
		return;
	}
	for (size_t i = 0; i < count && i < ATTEMPTS_MAX; i++)
		dial->addresses[dial->address_count++] = mem_text(addresses[i]);
	try_next(dial);
}

struct dial *dial_start(
    struct loop *loop, const char *host, unsigned short port, dial_fn *done, void *ctx)
{
	struct dial *dial = mem_alloc(sizeof(*dial));

	dial->loop = loop;
	snprintf(dial->host, sizeof(dial->host), "%s", host);
	dial->port = port;
	dial->done = done;
	dial->ctx = ctx;
	dial->began = loop_now(loop);
	dial->resolve = resolve_start(loop, dial->host, on_resolved, dial);
	return dial;
}

static int read_port(const char *text, unsigned short *port)
{
	unsigned value = 0;

	if (!*text || strlen(text) > strlen("65535") || strspn(text, "0123456789") != strlen(text))
		return -1;
	for (; *text; text++)
		value = value * 10 + (unsigned)(*text - '0');
	if (!value || value > 65535)
		return -1;
	*port = (unsigned short)value;
	return 0;
}

int dial_split(const char *text, char host[DIAL_HOST_MAX], unsigned short *port, struct err *err)
{
	const char *colon = strrchr(text, ':');
	bool bracketed = *text == '[' && colon && colon[-1] == ']';
	size_t len;

	text += bracketed;
	len = colon ? (size_t)(colon - text) - bracketed : 0;
	if (!len || len >= DIAL_HOST_MAX || read_port(colon + 1, port) < 0 ||
	    (!bracketed && memchr(text, ':', len)) || strcspn(text, "/@[ \t\r\n") < len)
		return err_set(err, ERR_INPUT,
		    "'%s' is not HOST:PORT (an IPv6 address stands in brackets: [2001:db8::1]:443)",
		    text - bracketed);
	memcpy(host, text, len);
	host[len] = '\0';
	return 0;
}
