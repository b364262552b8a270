/* tls: shakes hands as a client would, and tells what it was shown. Invariant: nothing is sent but the handshake (and
 * what asks for it, with `starttls`); whatever is wrong with the certificates is told, and none of it stops the look. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fsops/authorities.h"
#include "fsops/certificate.h"
#include "fsops/dial.h"
#include "fsops/mem.h"
#include "fsops/text.h"
#include "fsops/value.h"
#include "fsops/web.h"
#include "share.h"

/* What a server may say before TLS begins. */
#define PLAIN_MAX 4096

struct starttls;

struct tls_call {
	struct call *call;
	char *what; /* "tls HOST:PORT", begins every sentence */
	char *name; /* that the certificate must be for */
	msec began;
	struct dial *dial;
	int fd; /* -1 */
	struct loop_watch *watch;
	const struct starttls *starttls; /* NULL: TLS from the first byte */
	size_t step;                     /* of it */
	char plain[PLAIN_MAX];
	size_t plain_len;
	SSL_CTX *context;
	SSL *ssl;
	json_t *result;
	json_t *problems; /* borrowed from result: sentences */
};

/* ---- words ---- */

static const struct node_key keys[] = {
    {"address", WANT_TEXT, true, "HOST:PORT"},
    {"name", WANT_TEXT, false,
        "the name that is asked for (SNI) and that the certificate must have; the host's by "
        "default"},
    {"starttls", WANT_TEXT, false, "postgres or smtp: what is spoken before TLS"},
    {"ca", WANT_TEXT, false, "a PEM file of whom to trust instead of the machine's authorities"},
    {NULL, WANT_ANY, false, NULL},
};

static const struct starttls *starttls_find(const char *name);

static void check_starttls(const struct node *node, struct problems *list)
{
	if (node && !strstr(node->text, "${") && !starttls_find(node->text))
		NODE_PROBLEM(list, node, "`starttls` is postgres or smtp, not '%s'", node->text);
}

static json_t *parse(const struct node *value, struct problems *list)
{
	bool map = value->kind == NODE_MAP;
	const struct node *address = map ? node_get(value, "address") : value;
	size_t before = list->errors;
	char host[DIAL_HOST_MAX];
	unsigned short port;
	struct err err;
	json_t *args;

	if (map && node_check_map(value, keys, "tls", list) > 0)
		return NULL;
	if (!node_want_text(address, "an address, HOST:PORT", list))
		return NULL;
	if (!strstr(address->text, "${") && dial_split(address->text, host, &port, &err) < 0)
		NODE_PROBLEM(list, address, "%s", err.text);
	args = json_pack("{s:s}", "address", address->text);
	for (size_t i = 1; map && keys[i].name; i++) {
		const struct node *node = node_get(value, keys[i].name);

		if (node)
			json_object_set_new(args, keys[i].name, json_string(node->text));
	}
	check_starttls(map ? node_get(value, "starttls") : NULL, list);
	if (list->errors == before)
		return args;
	json_decref(args);
	return NULL;
}

static int check(const json_t *args, struct err *err)
{
	const char *address = value_get_text(args, "address");
	const char *starttls = value_get_text(args, "starttls");
	char host[DIAL_HOST_MAX];
	unsigned short port;

	if (starttls && !strstr(starttls, "${") && !starttls_find(starttls))
		return err_set(
		    err, ERR_INPUT, "`starttls` is postgres or smtp, not '%s'", starttls);
	return strstr(address, "${") ? 0 : dial_split(address, host, &port, err);
}

/* The host of the address, unless another name is given; a new text. */
static char *name_of(const json_t *args)
{
	const char *name = value_get_text(args, "name");
	const char *address = value_get_text(args, "address");
	char host[DIAL_HOST_MAX];
	unsigned short port;

	if (name && *name)
		return mem_text(name);
	return mem_text(dial_split(address, host, &port, NULL) == 0 ? host : address);
}

/* The same of an address in which `${…}` may stand; NULL: it does not tell. */
static char *name_shown(const json_t *args)
{
	const char *name = value_get_text(args, "name");
	char *host, *port;

	if (name && *name)
		return mem_text(name);
	if (!share_address(value_get_text(args, "address"), &host, &port))
		return NULL;
	free(port);
	return host;
}

static void describe_name(const json_t *args, const char *name, struct buf *out)
{
	bool address = certificate_is_address(name);

	if (!address) {
		buf_adds(out, " -servername ");
		buf_add_shell_word(out, name);
	}
	if (!json_is_true(json_object_get(args, ADAPTER_JUDGED))) {
		buf_adds(out, " -verify_return_error");
		buf_adds(out, address ? " -verify_ip " : " -verify_hostname ");
		buf_add_shell_word(out, name);
	}
}

static void describe(const json_t *args, const json_t *target, enum effect effect, struct buf *out)
{
	const char *starttls = value_get_text(args, "starttls");
	const char *ca = value_get_text(args, "ca");
	char *name = name_shown(args);

	(void)target;
	(void)effect;
	buf_adds(out, "openssl s_client -connect ");
	buf_add_shell_word(out, value_get_text(args, "address"));
	if (name)
		describe_name(args, name, out);
	else if (!json_is_true(json_object_get(args, ADAPTER_JUDGED)))
		buf_adds(out, " -verify_return_error");
	if (starttls) {
		buf_adds(out, " -starttls ");
		buf_add_shell_word(out, starttls);
	}
	if (ca) {
		buf_adds(out, " -CAfile ");
		buf_add_shell_word(out, ca);
	}
	buf_adds(out, " </dev/null");
	free(name);
}

/* ---- the call's end ---- */

static void hang_up(struct tls_call *tls)
{
	dial_cancel(tls->dial);
	tls->dial = NULL;
	loop_unwatch(tls->watch);
	tls->watch = NULL;
	SSL_free(tls->ssl);
	tls->ssl = NULL;
	SSL_CTX_free(tls->context);
	tls->context = NULL;
	if (tls->fd >= 0)
		close(tls->fd);
	tls->fd = -1;
	ERR_clear_error();
}

static void fail(struct tls_call *tls, enum err_kind kind, const char *why)
{
	char *text = mem_printf("%s: %s", tls->what, why);

	hang_up(tls);
	call_fail(tls->call, kind, "%s", text);
	free(text);
}

/* ---- what is wrong with the certificates ---- */

/* TEXT is taken; NULL: nothing. */
static void add_problem(struct tls_call *tls, char *text)
{
	json_t *problem = text ? value_text(text, strlen(text)) : NULL;
	json_t *other;
	size_t i;
	bool known = !problem;

	json_array_foreach(tls->problems, i, other)
		known = known || json_equal(problem, other);
	if (known)
		json_decref(problem);
	else
		json_array_append_new(tls->problems, problem);
	free(text);
}

static char *joined(const json_t *texts)
{
	struct buf out;
	json_t *text;
	size_t i;

	buf_init(&out, ERR_TEXT_MAX);
	buf_adds(&out, "");
	json_array_foreach(texts, i, text)
		buf_addf(&out, "%s%s", i ? ", " : "", json_string_value(text));
	return buf_detach(&out);
}

static void check_name(struct tls_call *tls, X509 *certificate)
{
	char *names = joined(json_object_get(tls->result, "names"));

	if (!certificate_fits(certificate, tls->name))
		add_problem(tls, mem_printf("it is for another name%s%s%s, not for '%s'",
		                     *names ? " (" : "", names, *names ? ")" : "", tls->name));
	free(names);
}

/* Told of each problem; goes on whatever it is. */
static int on_verify(int good, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());

	if (!good)
		add_problem(SSL_get_app_data(ssl), certificate_problem(store));
	return 1;
}

/* ---- the handshake ---- */

/* For people: what decides, a line each. */
static void print_result(struct tls_call *tls)
{
	char *names = joined(json_object_get(tls->result, "names"));
	char *text = mem_printf("%s\nfor %s\nby %s\nuntil %s, %.1f days\n",
	    value_get_text(tls->result, "protocol"), names, value_get_text(tls->result, "issuer"),
	    value_get_text(tls->result, "expires"), value_get_number(tls->result, "days", 0));

	call_output(tls->call, CHILD_STDOUT, text, strlen(text));
	free(text);
	free(names);
}

static void shown(struct tls_call *tls)
{
	X509 *certificate = SSL_get0_peer_certificate(tls->ssl);
	struct call *call = tls->call;
	char *why;
	char *all;

	if (!certificate) {
		fail(tls, ERR_REMOTE, "the server shows no certificate");
		return;
	}
	json_object_update_new(tls->result, certificate_facts(certificate));
	check_name(tls, certificate);
	json_object_set_new(tls->result, "protocol", json_string(SSL_get_version(tls->ssl)));
	json_object_set_new(tls->result, "cipher",
	    json_string(SSL_CIPHER_get_name(SSL_get_current_cipher(tls->ssl))));
	json_object_set_new(
	    tls->result, "time", json_real((double)(loop_now(call->loop) - tls->began) / 1000));
	print_result(tls);
	all = joined(tls->problems);
	why = *all ? mem_printf("%s: the certificate is not valid: %s", tls->what, all) : NULL;
	hang_up(tls);
	call_done(call, json_incref(tls->result), why);
	free(all);
	free(why);
}

/* What OpenSSL says of a handshake that failed, in other words; the last row has the rest. */
static const struct {
	const char *piece;
	const char *why;
} handshake_rows[] = {
    {"wrong version", "what it answered is not TLS: check the port, or does it want `starttls`?"},
    {"unsupported protocol",
        "it speaks only an old version of TLS, which is not safe and not spoken here"},
    {"unexpected eof",
        "the server closed the connection in the handshake: is the service healthy, and does it "
        "speak TLS on this port?"},
    {"", NULL},
};

static void handshake_failed(struct tls_call *tls, int error)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;
	size_t row = 0;
	char *text;

	if (!reason)
		reason = error == SSL_ERROR_SYSCALL && errno ? strerror(errno) : "unexpected eof";
	while (!strstr(reason, handshake_rows[row].piece))
		row++;
	text =
	    handshake_rows[row].why
	        ? mem_text(handshake_rows[row].why)
	        : mem_printf("the handshake failed (%s): check the server's TLS settings", reason);
	fail(tls, ERR_REMOTE, text);
	free(text);
}

static void on_handshake(void *ctx, int fd, int ready)
{
	struct tls_call *tls = ctx;
	int done, error;

	(void)fd;
	(void)ready;
	ERR_clear_error();
	errno = 0;
	done = SSL_connect(tls->ssl);
	error = SSL_get_error(tls->ssl, done);
	if (done == 1)
		shown(tls);
	else if (error == SSL_ERROR_WANT_READ)
		loop_watch_set(tls->watch, LOOP_READ);
	else if (error == SSL_ERROR_WANT_WRITE)
		loop_watch_set(tls->watch, LOOP_WRITE);
	else
		handshake_failed(tls, error);
}

static void shake_hands(struct tls_call *tls)
{
	struct err err;

	tls->context =
	    authorities_take(tls->call->loop, value_get_text(tls->call->args, "ca"), &err);
	if (!tls->context) {
		fail(tls, err.kind, err.text);
		return;
	}
	tls->ssl = SSL_new(tls->context);
	if (!tls->ssl || SSL_set_fd(tls->ssl, tls->fd) != 1)
		mem_exhausted();
	SSL_set_verify(tls->ssl, SSL_VERIFY_PEER, on_verify);
	SSL_set_app_data(tls->ssl, tls);
	if (!certificate_is_address(tls->name))
		SSL_set_tlsext_host_name(tls->ssl, tls->name);
	loop_unwatch(tls->watch);
	tls->watch = loop_watch(tls->call->loop, tls->fd, LOOP_WRITE, on_handshake, tls);
}

/* ---- what comes before it ---- */

enum reply { REPLY_MORE, REPLY_GOOD, REPLY_BAD };

/* A step: what is sent (NULL: nothing), and what must come back before the next. */
struct starttls {
	const char *name;
	struct {
		const char *send;
		size_t len;
		const char *wanted; /* how the reply begins */
	} steps[4];                 /* ends with a step that wants nothing */
	enum reply (*read)(const char *text, size_t len, const char *wanted);
};

static enum reply read_byte(const char *text, size_t len, const char *wanted)
{
	return !len ? REPLY_MORE : len == 1 && *text == *wanted ? REPLY_GOOD : REPLY_BAD;
}

/* The last line of a reply has a blank behind its code (RFC 5321, section 4.2.1). */
static enum reply read_smtp(const char *text, size_t len, const char *wanted)
{
	const char *end = text + len;
	const char *line = text;

	for (const char *next; (next = memchr(line, '\n', (size_t)(end - line))); line = next + 1) {
		if (next - line < 4 || strncmp(line, wanted, 3) != 0)
			return REPLY_BAD;
		/* What came behind it came before it was asked for: it would be read as if TLS had brought it. */
		if (line[3] == ' ')
			return next + 1 == end ? REPLY_GOOD : REPLY_BAD;
	}
	return REPLY_MORE;
}

#define SEND(text) text, sizeof(text) - 1

static const struct starttls starttls[] = {
    /* SSLRequest: the length, and 1234 and 5679 (PostgreSQL's protocol, 55.7) */
    {"postgres", {{SEND("\0\0\0\x08\x04\xd2\x16\x2f"), "S"}}, read_byte},
    {"smtp", {{NULL, 0, "220"}, {SEND("EHLO fsops\r\n"), "250"}, {SEND("STARTTLS\r\n"), "220"}},
        read_smtp},
};

static const struct starttls *starttls_find(const char *name)
{
	for (size_t i = 0; name && i < COUNT_OF(starttls); i++)
		if (strcmp(starttls[i].name, name) == 0)
			return &starttls[i];
	return NULL;
}

static void refused_tls(struct tls_call *tls)
{
	json_t *said = value_text(tls->plain, tls->plain_len);
	char *text =
	    mem_printf("it does not offer TLS by %s: it answered '%.*s'", tls->starttls->name,
	        (int)strcspn(json_string_value(said), "\r\n"), json_string_value(said));

	fail(tls, ERR_REMOTE, text);
	free(text);
	json_decref(said);
}

/* Sends what the step begins with; -1: it was not taken. A few bytes always fit. */
static int send_step(struct tls_call *tls)
{
	const char *text = tls->starttls->steps[tls->step].send;
	size_t len = tls->starttls->steps[tls->step].len;

	tls->plain_len = 0;
	if (text && send(tls->fd, text, len, MSG_NOSIGNAL) != (ssize_t)len) {
		fail(tls, ERR_REMOTE, "the server closed the connection before TLS");
		return -1;
	}
	return 0;
}

static void on_plain(void *ctx, int fd, int ready)
{
	struct tls_call *tls = ctx;
	/* A byte too many is TLS's already. */
	size_t room = tls->starttls->read == read_byte ? 1 : sizeof(tls->plain) - tls->plain_len;
	ssize_t got = recv(fd, tls->plain + tls->plain_len, room, 0);

	(void)ready;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		fail(tls, ERR_REMOTE, "the server closed the connection before TLS");
		return;
	}
	tls->plain_len += (size_t)got;
	switch (tls->starttls->read(
	    tls->plain, tls->plain_len, tls->starttls->steps[tls->step].wanted)) {
	case REPLY_GOOD:
		tls->step++;
		if (!tls->starttls->steps[tls->step].wanted)
			shake_hands(tls);
		else
			send_step(tls);
		break;
	case REPLY_MORE:
		if (tls->plain_len == sizeof(tls->plain))
			refused_tls(tls);
		break;
	case REPLY_BAD:
		refused_tls(tls);
		break;
	}
}

static void on_dialed(void *ctx, const struct dialed *dialed)
{
	struct tls_call *tls = ctx;

	tls->dial = NULL;
	tls->fd = dialed->fd;
	if (dialed->fd < 0) {
		fail(tls, dialed->err.kind, dialed->err.text);
		return;
	}
	json_object_set_new(tls->result, "address", json_string(dialed->address));
	if (!tls->starttls) {
		shake_hands(tls);
	} else if (send_step(tls) == 0) {
		tls->watch = loop_watch(tls->call->loop, tls->fd, LOOP_READ, on_plain, tls);
	}
}

/* ---- the call ---- */

static void start(struct call *call)
{
	const char *address = value_get_text(call->args, "address");
	const char *before = value_get_text(call->args, "starttls");
	struct tls_call *tls = mem_alloc(sizeof(*tls));
	char host[DIAL_HOST_MAX];
	unsigned short port;
	struct err err;

	tls->call = call;
	tls->fd = -1;
	tls->what = mem_printf("tls %s", address);
	tls->name = name_of(call->args);
	tls->began = loop_now(call->loop);
	tls->problems = json_array();
	tls->result = json_pack("{s:o}", "problems", tls->problems);
	tls->starttls = starttls_find(before);
	call->state = tls;
	if (check(call->args, &err) < 0 || dial_split(address, host, &port, &err) < 0)
		call_fail(call, err.kind, "tls: %s", err.text);
	else
		tls->dial = dial_start(call->loop, host, port, on_dialed, tls);
}

static void cancel(struct call *call)
{
	hang_up(call->state);
	call_gone(call);
}

static void release(struct call *call)
{
	struct tls_call *tls = call->state;

	if (!tls)
		return;
	hang_up(tls);
	json_decref(tls->result);
	free(tls->name);
	free(tls->what);
	free(tls);
}

static const struct adapter_field fields[] = {
    {"days", "double", "days until the certificate expires; negative: since it did"},
    {"expires", "string", "when, RFC 3339"},
    {"names", "list", "the names and addresses that it is for"},
    {"subject", "string", "whose it is"},
    {"issuer", "string", "who signed it"},
    {"problems", "list",
        "what is wrong with it and with its chain, a sentence each; empty: it is valid"},
    {"protocol", "string", "the version that was agreed on: TLSv1.3"},
    {"cipher", "string", "and the cipher"},
    {"address", "string", "the numeric address that it is connected to"},
    {"time", "double", "seconds until the handshake's end, the look-up of the name included"},
    {NULL, NULL, NULL},
};

const struct adapter adapter_tls = {
    .name = "tls",
    .help = "shake hands with a TLS server, and look at its certificate",
    .forms = "HOST:PORT, {address, name, starttls, ca}",
    .fields = fields,
    .succeeds = "a certificate that is valid for the name",
    .decides = "problems",
    .takes = ADAPTER_TEXT,
    .keys = keys,
    .parse = parse,
    .effect = effect_read,
    .describe = describe,
    .check = check,
    .start = start,
    .cancel = cancel,
    .release = release,
};
