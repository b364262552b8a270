/* One attempt to deliver a letter. Invariant: `done` comes once, from the loop, at most
 * DELIVERY_TIMEOUT after the start. */
#include "fsops/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "fsops/web.h"
#include "smtp.h"

/* So much of an answer is kept for the sentence that says why it was refused. */
#define ANSWER_KEPT 200

/* A server that wants us to wait longer is asked again after this. */
#define RETRY_AFTER_MAX 60

struct delivery {
	struct loop *loop;
	struct web_request *request; /* one of the two, until it has ended; neither: it could not */
	struct smtp *smtp;           /* be started */
	struct loop_timer *timer;    /* the deadline; or the report of what failed at the start */
	char *what;
	struct buf answer;
	struct err err; /* of the start */
	delivery_fn *done;
	void *ctx;
};

static void delivery_free(struct delivery *delivery)
{
	web_cancel(delivery->request);
	smtp_cancel(delivery->smtp);
	loop_cancel(delivery->timer);
	buf_release(&delivery->answer);
	free(delivery->what);
	free(delivery);
}

void delivery_cancel(struct delivery *delivery)
{
	if (delivery)
		delivery_free(delivery);
}

static void end(struct delivery *delivery, const struct delivery_end *how)
{
	delivery->done(delivery->ctx, how);
	delivery_free(delivery);
}

/* The server has said that it has the message. What becomes of the rest of its answer is no matter: who would
 * send the message again would send it twice. */
static bool is_taken(int status)
{
	return status >= 200 && status < 300;
}

bool delivery_is_taken(const struct delivery *delivery)
{
	return delivery && is_taken(web_status(delivery->request));
}

static void on_time(void *ctx)
{
	struct delivery *delivery = ctx;
	bool late = delivery->err.kind == ERR_NONE;
	char span[CLOCK_TEXT_MAX];

	delivery->timer = NULL;
	if (delivery_is_taken(delivery)) {
		end(delivery, &(struct delivery_end){.delivered = true});
		return;
	}
	clock_format_span(DELIVERY_TIMEOUT, span);
	if (late)
		err_set(
		    &delivery->err, ERR_TIMEOUT, "%s: no answer within %s", delivery->what, span);
	end(delivery, &(struct delivery_end){.again = late, .why = delivery->err.text});
}

static int on_data(
    void *ctx, const struct web_reply *reply, const char *data, size_t len, struct err *err)
{
	struct delivery *delivery = ctx;
	size_t room = delivery->answer.max - delivery->answer.len;

	(void)reply;
	(void)err;
	buf_add(&delivery->answer, data, len < room ? len : room);
	return 0;
}

/* HTTP: too early, too often, or the server's own trouble. */
static bool is_passing(int status)
{
	return status == 408 || status == 425 || status == 429 || status >= 500;
}

/* Retry-After in seconds; a date is not worth its while. */
static msec retry_after(const struct web_reply *reply)
{
	const char *text = value_get_text(reply->headers, "retry-after");
	long seconds = text ? strtol(text, NULL, 10) : 0;

	if (seconds <= 0)
		return 0;
	return (msec)(seconds < RETRY_AFTER_MAX ? seconds : RETRY_AFTER_MAX) * 1000;
}

/* "channel 'slack': status 403: invalid_token" */
static void refused(struct delivery *delivery, const struct web_reply *reply)
{
	struct delivery_end how = {.again = is_passing(reply->status), .after = retry_after(reply)};
	char *answer = delivery->answer.data;
	char *why;

	answer[strcspn(answer, "\r\n")] = '\0';
	value_clean(answer);
	why = mem_printf(
	    "%s: status %d%s%s", delivery->what, reply->status, *answer ? ": " : "", answer);
	how.why = why;
	end(delivery, &how);
	free(why);
}

static void on_done(void *ctx, const struct web_reply *reply, const struct err *err)
{
	struct delivery *delivery = ctx;

	delivery->request = NULL;
	if (is_taken(reply->status))
		end(delivery, &(struct delivery_end){.delivered = true});
	else if (err && reply->status < 200)
		end(delivery,
		    &(struct delivery_end){.again = !reply->tls_refused, .why = err->text});
	else
		refused(delivery, reply);
}

/* An array of texts as C strings; borrowed texts, the array is the caller's. */
static const char **texts(const json_t *list)
{
	const char **items = mem_alloc((json_array_size(list) + 1) * sizeof(*items));

	for (size_t i = 0; i < json_array_size(list); i++)
		items[i] = json_string_value(json_array_get(list, i));
	return items;
}

static void on_mailed(void *ctx, const struct smtp_end *how)
{
	struct delivery *delivery = ctx;

	delivery->smtp = NULL;
	end(delivery, &(struct delivery_end){
	                  .delivered = how->accepted, .again = how->again, .why = how->why});
}

static void start_mail(struct delivery *delivery, const json_t *letter)
{
	const char **to = texts(json_object_get(letter, "to"));
	const struct smtp_spec spec = {
	    .url = value_get_text(letter, "url"),
	    .from = value_get_text(letter, "from"),
	    .to = to,
	    .to_count = json_array_size(json_object_get(letter, "to")),
	    .user = value_get_text(letter, "user"),
	    .password = value_get_text(letter, "password"),
	    .starttls = value_get_text(letter, "starttls"),
	    .body = value_get_text(letter, "body"),
	    .what = delivery->what,
	    .done = on_mailed,
	    .ctx = delivery,
	};

	delivery->smtp = smtp_start(delivery->loop, &spec, &delivery->err);
	free(to);
}

static void start_web(struct delivery *delivery, const json_t *letter)
{
	const char *body = value_get_text(letter, "body");
	const char **headers = texts(json_object_get(letter, "headers"));
	const struct web_spec spec = {
	    .method = value_get_text(letter, "method"),
	    .url = value_get_text(letter, "url"),
	    .what = delivery->what,
	    .headers = headers,
	    .header_count = json_array_size(json_object_get(letter, "headers")),
	    .body = body,
	    .body_len = body ? strlen(body) : 0,
	    .data = on_data,
	    .done = on_done,
	    .ctx = delivery,
	};

	delivery->request = web_start(delivery->loop, &spec, &delivery->err);
	free(headers);
}

struct delivery *delivery_start(
    struct loop *loop, const char *what, const json_t *letter, delivery_fn *done, void *ctx)
{
	struct delivery *delivery = mem_alloc(sizeof(*delivery));
	bool begun;

	*delivery =
	    (struct delivery){.loop = loop, .what = mem_text(what), .done = done, .ctx = ctx};
	buf_init(&delivery->answer, ANSWER_KEPT);
	if (json_object_get(letter, "from"))
		start_mail(delivery, letter);
	else
		start_web(delivery, letter);
	begun = delivery->request || delivery->smtp;
	delivery->timer = loop_deadline(loop, begun ? DELIVERY_TIMEOUT : 0, on_time, delivery);
	return delivery;
}
