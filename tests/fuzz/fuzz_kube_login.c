/*
 * Fuzzing of what a login plugin prints, which comes in two pieces.
 *
 * Invariant: it gives a login or a reason, once. A login has a token without line ends, or both halves of a
 * certificate.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "kube/login.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- What plugin.c asks of others --- */

static struct child_spec started;

struct child *child_start(struct children *children, const struct child_spec *spec, struct err *err)
{
	static char running;

	(void)children;
	(void)err;
	started = *spec;
	return (struct child *)&running;
}

int child_signal(const struct child *child)
{
	(void)child;
	return 0;
}

void child_kill(struct child *child)
{
	(void)child;
}

struct loop_timer *loop_after(struct loop *loop, msec delay, void (*fn)(void *ctx), void *ctx)
{
	(void)loop;
	(void)delay;
	(void)fn;
	(void)ctx;
	abort(); /* it was started */
}

void loop_cancel(struct loop_timer *timer)
{
	if (timer)
		abort();
}

void kube_use(struct kube *kube)
{
	kube->users++;
}

void kube_unuse(struct kube *kube)
{
	kube->users--;
}

void kube_said(struct kube_caller *caller, const char *text, size_t len)
{
	(void)caller;
	(void)text;
	(void)len;
}

void kube_secret(struct kube_caller *caller, const char *text)
{
	(void)caller;
	(void)text;
}

/* Instead of what libcurl would take: any that begin so. */
bool kube_pem_pair(const struct kube_blob *cert, const struct kube_blob *key)
{
	return strncmp(cert->data, "CERT", 4) == 0 && strncmp(key->data, "KEY", 3) == 0;
}

/* --- Who waits for it --- */

struct told {
	size_t times;
	bool refused;
};

static void on_ready(void *ctx, const char *why)
{
	struct told *told = ctx;

	told->times++;
	told->refused = why;
	if (why && strncmp(why, "getting credentials: ", 21) != 0)
		abort();
}

static void check_login(const struct kube_login *login, bool refused)
{
	if (login->there == refused || (login->token && !*login->token))
		abort();
	if (login->token && strpbrk(login->token, "\r\n"))
		abort();
	if (!login->cert.data != !login->key.data ||
	    (login->there && !login->token && !login->cert.data))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kube kube = {.config = {.exec = json_pack("{s:s, s:s, s:s}", "apiVersion",
	                                   "client.authentication.k8s.io/v1", "command", "login",
	                                   "interactiveMode", "Never")}};
	struct told told = {.times = 0};
	struct kube_waiter waiter = {.ready = on_ready, .ctx = &told};
	struct kube_login login = {.kube = &kube, .waiters = &waiter};
	const char *text = (const char *)data;

	kube_plugin_start(&login);
	started.output(started.ctx, CHILD_STDERR, text, size);
	started.output(started.ctx, CHILD_STDOUT, text, size / 2);
	started.output(started.ctx, CHILD_STDOUT, text + size / 2, size - size / 2);
	started.ended(started.ctx, 0);
	if (told.times != 1 || kube.users)
		abort();
	check_login(&login, told.refused);
	kube_plugin_forget(&login);
	json_decref(kube.config.exec);
	return 0;
}
