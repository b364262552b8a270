/* tcp: whether a port takes connections, how soon, and what its server says first. Invariant: only whoever answers
 * tells that nothing listens there; a host that is silent or cannot be reached tells nothing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fsops/dial.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "share.h"

/* The first line of a server that speaks first: so much of it, and so long it is waited for. */
#define BANNER_MAX  1024
#define BANNER_WAIT ((msec)2000)

struct tcp_call {
	struct call *call;
	char *what; /* "tcp HOST:PORT", begins every sentence */
	struct dial *dial;
	int fd; /* connected, while the banner is waited for; -1 */
	struct loop_watch *watch;
	struct loop_timer *timer;
	json_t *result;
	char banner[BANNER_MAX];
	size_t len;
};

static json_t *parse(const struct node *value, struct problems *list)
{
	const char *text = node_want_text(value, "an address, HOST:PORT", list);
	char host[DIAL_HOST_MAX];
	unsigned short port;
	struct err err;

	if (!text)
		return NULL;
	if (!strstr(text, "${") && dial_split(text, host, &port, &err) < 0) {
		NODE_PROBLEM(list, value, "%s", err.text);
		return NULL;
	}
	return json_pack("{s:s}", "address", text);
}

static int check(const json_t *args, struct err *err)
{
	const char *text = value_get_text(args, "address");
	char host[DIAL_HOST_MAX];
	unsigned short port;

	return !text || strstr(text, "${") ? 0 : dial_split(text, host, &port, err);
}

static void describe(const json_t *args, const json_t *target, enum effect effect, struct buf *out)
{
	const char *address = value_get_text(args, "address");
	char *host, *port;

	(void)target;
	(void)effect;
	buf_adds(out, "nc -z ");
	if (!share_address(address, &host, &port)) {
		buf_add_shell_word(out, address);
		return;
	}
	buf_add_shell_word(out, host);
	buf_addc(out, ' ');
	buf_add_shell_word(out, port);
	free(host);
	free(port);
}

static void hang_up(struct tcp_call *tcp)
{
	dial_cancel(tcp->dial);
	tcp->dial = NULL;
	loop_cancel(tcp->timer);
	tcp->timer = NULL;
	loop_unwatch(tcp->watch);
	tcp->watch = NULL;
	if (tcp->fd >= 0)
		close(tcp->fd);
	tcp->fd = -1;
}

static void finish(struct tcp_call *tcp)
{
	const char *end = memchr(tcp->banner, '\n', tcp->len);
	size_t len = end ? (size_t)(end - tcp->banner) : tcp->len;

	hang_up(tcp);
	if (len > 0 && tcp->banner[len - 1] == '\r')
		len--;
	if (len) {
		json_object_set_new(tcp->result, "banner", value_text(tcp->banner, len));
		call_output(tcp->call, CHILD_STDOUT, tcp->banner, len);
		call_output(tcp->call, CHILD_STDOUT, "\n", 1);
	}
	call_done(tcp->call, tcp->result, NULL);
	tcp->result = NULL; /* transferred */
}

static void on_silent(void *ctx)
{
	struct tcp_call *tcp = ctx;

	tcp->timer = NULL;
	finish(tcp);
}

static void on_readable(void *ctx, int fd, int ready)
{
	struct tcp_call *tcp = ctx;
	ssize_t got = recv(fd, tcp->banner + tcp->len, sizeof(tcp->banner) - tcp->len, 0);

	(void)ready;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0)
		tcp->len += (size_t)got;
	if (got <= 0 || tcp->len == sizeof(tcp->banner) || memchr(tcp->banner, '\n', tcp->len))
		finish(tcp);
}

static void on_dialed(void *ctx, const struct dialed *dialed)
{
	struct tcp_call *tcp = ctx;
	json_t *result = json_pack("{s:b, s:s, s:f, s:n}", "connected", dialed->fd >= 0, "address",
	    dialed->address, "time", dialed->seconds, "banner");
	char *why = dialed->fd < 0 ? mem_printf("%s: %s", tcp->what, dialed->err.text) : NULL;

	tcp->dial = NULL;
	tcp->fd = dialed->fd;
	if (why && !dialed->refused) {
		call_fail(tcp->call, dialed->err.kind, "%s", why);
	} else if (why) {
		call_done(tcp->call, json_incref(result), why);
	} else {
		tcp->result = json_incref(result);
		if (!call_wants(tcp->call, "banner")) {
			finish(tcp);
		} else {
			tcp->watch =
			    loop_watch(tcp->call->loop, tcp->fd, LOOP_READ, on_readable, tcp);
			tcp->timer = loop_deadline(tcp->call->loop, BANNER_WAIT, on_silent, tcp);
		}
	}
	json_decref(result);
	free(why);
}

static void start(struct call *call)
{
	const char *address = value_get_text(call->args, "address");
	struct tcp_call *tcp = mem_alloc(sizeof(*tcp));
	char host[DIAL_HOST_MAX];
	unsigned short port;
	struct err err;

	*tcp = (struct tcp_call){.call = call, .what = mem_printf("tcp %s", address), .fd = -1};
	call->state = tcp;
	if (dial_split(address, host, &port, &err) < 0)
		call_fail(call, err.kind, "tcp: %s", err.text);
	else
		tcp->dial = dial_start(call->loop, host, port, on_dialed, tcp);
}

static void cancel(struct call *call)
{
	hang_up(call->state);
	call_gone(call);
}

static void release(struct call *call)
{
	struct tcp_call *tcp = call->state;

	if (!tcp)
		return;
	hang_up(tcp);
	json_decref(tcp->result);
	free(tcp->what);
	free(tcp);
}

static const struct adapter_field fields[] = {
    {"connected", "bool", "false: the host is there and refused it, nothing listens on this port"},
    {"address", "string", "the numeric address that it is connected to, or that refused it"},
    {"time", "double", "seconds until it was connected, the look-up of the name included"},
    {"banner", "string", "the first line of a server that speaks first, waited for 2 s; else null"},
    {NULL, NULL, NULL},
};

const struct adapter adapter_tcp = {
    .name = "tcp",
    .help = "connect to a port, and send nothing",
    .forms = "HOST:PORT",
    .fields = fields,
    .succeeds = "a connection",
    .decides = "connected",
    .takes = ADAPTER_TEXT,
    .parse = parse,
    .effect = effect_read,
    .describe = describe,
    .check = check,
    .start = start,
    .cancel = cancel,
    .release = release,
};
