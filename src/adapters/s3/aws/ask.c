/*
 * One small HTTP request of a lookup: its answer whole, within a time and a size.
 * Invariant: of what comes nothing is kept beyond AWS_ANSWER_MAX, and it is wiped with the lookup.
 */
#include "private.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

/* Credentials are some kilobytes. */
#define AWS_ANSWER_MAX ((size_t)256 * 1024)

static void stop_waiting(struct aws_lookup *lookup)
{
	loop_cancel(lookup->timer);
	lookup->timer = NULL;
}

static int on_data(
    void *ctx, const struct web_reply *reply, const char *data, size_t len, struct err *err)
{
	struct aws_lookup *lookup = ctx;

	(void)reply;
	if (lookup->text.len + len <= AWS_ANSWER_MAX)
		return buf_add(&lookup->text, data, len);
	return err_set(err, ERR_LIMIT, "the answer is over %zu KiB, which no credentials are",
	    AWS_ANSWER_MAX / 1024);
}

static void on_done(void *ctx, const struct web_reply *reply, const struct err *err)
{
	struct aws_lookup *lookup = ctx;

	lookup->request = NULL;
	stop_waiting(lookup);
	if (err)
		lookup->err = *err;
	aws_go_on(lookup, lookup->answer(lookup, err ? 0 : reply->status));
}

static void on_late(void *ctx)
{
	struct aws_lookup *lookup = ctx;

	lookup->timer = NULL;
	web_cancel(lookup->request);
	lookup->request = NULL;
	aws_fail(lookup, ERR_TIMEOUT, "no answer in time");
	aws_go_on(lookup, lookup->answer(lookup, 0));
}

enum aws_try aws_ask(struct aws_lookup *lookup, const struct aws_ask *ask,
    enum aws_try (*answer)(struct aws_lookup *lookup, int status))
{
	struct web_spec spec = {.method = ask->method,
	    .url = ask->url,
	    .what = ask->what,
	    .direct = ask->direct,
	    .headers = ask->headers,
	    .header_count = ask->header_count,
	    .body = ask->body,
	    .body_len = ask->body ? strlen(ask->body) : 0,
	    .data = on_data,
	    .done = on_done,
	    .ctx = lookup};

	lookup->err.kind = ERR_NONE;
	lookup->answer = answer;
	aws_wipe(lookup->text.data, lookup->text.len);
	buf_clear(&lookup->text);
	lookup->request = web_start(lookup->spec.loop, &spec, &lookup->err);
	if (!lookup->request)
		return AWS_FAILED;
	lookup->timer = loop_after(lookup->spec.loop, ask->timeout, on_late, lookup);
	return AWS_WAIT;
}

static void on_again(void *ctx)
{
	struct aws_lookup *lookup = ctx;

	lookup->timer = NULL;
	aws_go_on(lookup, lookup->again(lookup));
}

enum aws_try aws_ask_again(struct aws_lookup *lookup, msec delay, aws_try_fn *fn)
{
	lookup->again = fn;
	lookup->timer = loop_after(lookup->spec.loop, delay, on_again, lookup);
	return AWS_WAIT;
}
