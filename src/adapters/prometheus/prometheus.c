/*
 * prometheus: an instant query, as one number or as a list of series.
 *
 * The query goes as a form (POST), since a URL's length is limited and a query's is not;
 * it is a read all the same. Invariant: `value` is a number only when the answer was exactly
 * one number; no data, NaN, infinities and several series are never taken for one.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/adapter.h"
#include "fsops/json_read.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "fsops/web.h"

#include "answer.h"
#include "promql.h"
#include "range.h"

extern const struct adapter adapter_prometheus;

#define QUERY_PATH "/api/v1/query"

/* Of a query in a sentence. */
#define QUERY_SHOWN 200

struct prometheus_call {
	struct call *call;
	struct web_request *request;
	char *what; /* "prometheus http://…" */
	struct buf body;
	bool cancelled; /* may happen inside call_output() */
};

static json_t *prometheus_parse(const struct node *value, struct problems *list)
{
	const char *query = node_want_text(value, "prometheus (a PromQL query)", list);

	if (!query)
		return NULL;
	if (!query[strspn(query, " \t\r\n")]) {
		NODE_PROBLEM(list, value, "prometheus needs a PromQL query, this is empty");
		return NULL;
	}
	return json_pack("{s:s}", "query", query);
}

static const struct node_key prometheus_target_keys[] = {
    {"prometheus", WANT_TEXT, true, "the URL it is reached at"},
    WEB_TARGET_KEYS,
};

static json_t *prometheus_target_parse(const struct node *map, struct problems *list)
{
	return web_target_parse(map, prometheus_target_keys, list);
}

static enum effect prometheus_effect(const json_t *args)
{
	(void)args;
	return EFFECT_READ;
}

static char *query_url(const json_t *args, const json_t *target)
{
	const char *base = value_get_text(target, "url");

	return web_url_join(base ? base : "", range_is(args) ? RANGE_PATH : QUERY_PATH);
}

static void prometheus_describe(
    const json_t *args, const json_t *target, enum effect effect, struct buf *out)
{
	char *query = mem_printf("query=%s", value_get_text(args, "query"));
	char *url = query_url(args, target);

	(void)effect;
	buf_adds(out, "curl -sS --fail");
	web_through_show(target, out);
	web_extra_show(target, url, NULL, out);
	buf_adds(out, " --data-urlencode ");
	buf_add_shell_word(out, query);
	buf_addc(out, ' ');
	buf_add_shell_word(out, url);
	free(url);
	free(query);
}

static const char *call_query(const struct prometheus_call *p)
{
	return value_get_text(p->call->args, "query");
}

/* What is wrong with an answer by default; NULL: nothing. Owned. */
static char *unexpected(const struct prometheus_call *p, const struct answer *answer)
{
	size_t count = json_array_size(answer->series);

	if (!json_is_null(answer->value))
		return NULL;
	if (answer->sample)
		return mem_printf("%s: the value is %s: probably a division by zero, or no traffic "
		                  "(query: %.*s)",
		    p->what, answer->sample, QUERY_SHOWN, call_query(p));
	if (count == 0)
		return mem_printf(
		    "%s: no data: the query returned an empty vector: is it scraped, and "
		    "are the labels right? (query: %.*s)",
		    p->what, QUERY_SHOWN, call_query(p));
	if (count == 1)
		return mem_printf("%s: the one sample is no number (query: %.*s)", p->what,
		    QUERY_SHOWN, call_query(p));
	/* Several are what was asked for when an expression looks at `series`. */
	if (call_wants(p->call, "series"))
		return NULL;
	return mem_printf(
	    "%s: %zu series where one value is needed: aggregate them (sum, max, avg), "
	    "or look at `series` (query: %.*s)",
	    p->what, count, QUERY_SHOWN, call_query(p));
}

/* One series for people, as Prometheus writes it: name{label="value"} number. */
static void show_item(const json_t *series, struct buf *out)
{
	const json_t *labels = json_object_get(series, "metric");
	const json_t *samples = json_object_get(series, "values");
	const json_t *sample = samples ? json_array_get(samples, json_array_size(samples) - 1)
	                               : json_object_get(series, "value");
	const char *name = value_get_text(labels, "__name__");
	const char *number = json_string_value(json_array_get(sample, 1));
	const char *between = "";
	const char *key;
	json_t *value;

	buf_addf(out, "%s{", name ? name : "");
	json_object_foreach((json_t *)(uintptr_t)labels, key, value) {
		if (strcmp(key, "__name__") == 0)
			continue;
		buf_addf(out, "%s%s=\"%s\"", between, key, json_string_value(value));
		between = ",";
	}
	buf_addf(out, "} %s\n", number ? number : "?");
}

/* What the answer says, a line a series; of a scalar or string the one value. */
static void show(const struct prometheus_call *p, const json_t *data)
{
	const json_t *result = json_object_get(data, "result");
	const char *only = json_string_value(json_array_get(result, 1));
	struct buf text;

	buf_init(&text, WEB_BODY_MAX);
	if (only)
		buf_addf(&text, "%s\n", only);
	for (size_t i = 0; !only && i < json_array_size(result); i++)
		show_item(json_array_get(result, i), &text);
	if (text.len)
		call_output(p->call, CHILD_STDOUT, text.data, text.len);
	buf_release(&text);
}

/* An answer may be of a part of the data only: who reads it must know. */
static void show_notes(const struct prometheus_call *p, const char *kind, const json_t *notes)
{
	struct buf text;

	buf_init(&text, WEB_BODY_MAX);
	for (size_t i = 0; i < json_array_size(notes); i++)
		buf_addf(&text, "%s: %s\n", kind, json_string_value(json_array_get(notes, i)));
	if (text.len && !p->cancelled)
		call_output(p->call, CHILD_STDERR, text.data, text.len);
	buf_release(&text);
}

/* The list NAME of REPLY as texts, whatever it holds; a new reference. */
static json_t *notes_of(const json_t *reply, const char *name)
{
	const json_t *given = json_object_get(reply, name);
	json_t *notes = json_array();

	for (size_t i = 0; i < json_array_size(given); i++) {
		char *text = value_to_text(json_array_get(given, i));

		json_array_append_new(notes, json_string(text));
		free(text);
	}
	if (json_is_string(given))
		json_array_append(notes, (json_t *)(uintptr_t)given);
	return notes;
}

/*
 * Is it about a part of the data only? Prometheus and Thanos warn then (of a store, a remote read, a rule
 * of their language), with status 200; VictoriaMetrics says isPartial. `infos` are about the query.
 */
static bool is_partial(const json_t *reply, const json_t *warnings)
{
	return json_array_size(warnings) || json_is_true(json_object_get(reply, "isPartial"));
}

/* One series, or a curve is nobody's. */
static void finish_range(struct prometheus_call *p, const json_t *reply)
{
	const json_t *result = json_object_get(json_object_get(reply, "data"), "result");
	json_t *warnings = notes_of(reply, "warnings");

	if (json_array_size(result) != 1 || is_partial(reply, warnings))
		call_fail(p->call, ERR_UNKNOWN, "%s: no single whole series", p->what);
	else
		call_done(p->call,
		    json_pack("{s:o}", "values",
		        range_values(
		            json_object_get(json_array_get(result, 0), "values"), p->call->args)),
		    NULL);
	json_decref(warnings);
}

static void finish(struct prometheus_call *p, const json_t *reply)
{
	struct answer answer;
	json_t *warnings;
	json_t *infos;
	char *why;

	if (answer_read(json_object_get(reply, "data"), &answer) < 0) {
		json_decref(answer.value);
		call_fail(p->call, ERR_REMOTE,
		    "%s: the answer is of a kind that is not known: is this a Prometheus?",
		    p->what);
		return;
	}
	warnings = notes_of(reply, "warnings");
	infos = notes_of(reply, "infos");
	show(p, json_object_get(reply, "data"));
	show_notes(p, "warning", warnings);
	show_notes(p, "info", infos);
	if (!p->cancelled) {
		why = unexpected(p, &answer);
		call_done(p->call,
		    json_pack("{s:O, s:O, s:O, s:O, s:b}", "value", answer.value, "series",
		        answer.series, ADAPTER_WARNINGS, warnings, "infos", infos, ADAPTER_PARTIAL,
		        is_partial(reply, warnings)),
		    why);
		free(why);
	}
	json_decref(answer.value);
	json_decref(answer.series);
	json_decref(warnings);
	json_decref(infos);
}

/* Prometheus tells what is wrong in JSON, also with status 400, 422 and 503. JSON: the body; UNREAD: why it
 * is none. */
static void fail_with_reply(struct prometheus_call *p, const struct web_reply *reply,
    const json_t *json, const char *unread)
{
	const char *type = value_get_text(json, "errorType");
	const char *text = value_get_text(json, "error");

	if (type && text)
		call_fail(p->call, ERR_REMOTE, "%s: %s: %s (query: %.*s)", p->what, type, text,
		    QUERY_SHOWN, call_query(p));
	else if (reply->status != 200)
		call_fail(p->call, ERR_REMOTE,
		    "%s: status %d%s%s, and not from a Prometheus: check the target's URL%s",
		    p->what, reply->status, *reply->proxy ? ", from or through " : "", reply->proxy,
		    *reply->proxy ? ", http_proxy and no_proxy" : "");
	else if (!json)
		call_fail(p->call, ERR_REMOTE,
		    "%s: the answer is not what a Prometheus answers, %s: check the target's URL",
		    p->what, unread);
	else
		call_fail(p->call, ERR_REMOTE,
		    "%s: the answer is not what a Prometheus answers: check the target's URL",
		    p->what);
}

static int on_data(
    void *ctx, const struct web_reply *reply, const char *data, size_t len, struct err *err)
{
	struct prometheus_call *p = ctx;

	(void)reply;
	if (buf_add(&p->body, data, len) < 0)
		return err_set(err, ERR_LIMIT,
		    "%s: the reply is over %d MiB, the most that is read: aggregate the series "
		    "(query: %.*s)",
		    p->what, WEB_BODY_MAX / 1024 / 1024, QUERY_SHOWN, call_query(p));
	return 0;
}

static void on_done(void *ctx, const struct web_reply *reply, const struct err *err)
{
	struct prometheus_call *p = ctx;
	struct err unread = {0};
	json_t *json;
	const char *status;

	p->request = NULL;
	if (err) {
		call_fail(p->call, err->kind, "%s", err->text);
		return;
	}
	json = json_read("it", p->body.data, p->body.len, WEB_BODY_MAX, &unread);
	status = value_get_text(json, "status");
	/* A page that says "success" from something in between is no answer. */
	if (reply->status == 200 && status && strcmp(status, "success") == 0)
		(range_is(p->call->args) ? finish_range : finish)(p, json);
	else
		fail_with_reply(p, reply, json, unread.text);
	json_decref(json);
}

static struct web_request *ask(struct prometheus_call *p, const char *url, struct err *err)
{
	const json_t *target = p->call->target;
	char *query = web_encode(call_query(p), "");
	char *form = range_form(p->call->args, query);
	char *through = web_through(url, target);
	struct web_request *request = NULL;
	struct web_extra extra;
	struct web_spec spec;

	if (web_extra_make(&extra, target, url, NULL, err) == 0) {
		web_extra_add(&extra, "Content-Type", "application/x-www-form-urlencoded");
		spec = web_extra_spec(&extra);
		spec.method = "POST";
		spec.again = true; /* a query */
		spec.fresh = p->call->fresh;
		spec.url = url;
		spec.what = p->what;
		spec.through = through;
		spec.body = form;
		spec.body_len = strlen(form);
		spec.data = on_data;
		spec.done = on_done;
		spec.ctx = p;
		request = web_start(p->call->loop, &spec, err);
	} else {
		err_prefix(err, "%s", p->what);
	}
	web_extra_release(&extra);
	free(through);
	free(form);
	free(query);
	return request;
}

static void prometheus_start(struct call *call)
{
	struct prometheus_call *p = mem_alloc(sizeof(*p));
	char *url = query_url(call->args, call->target);
	struct err err;

	call->state = p;
	p->call = call;
	p->what = mem_printf("prometheus %s", value_get_text(call->target, "url"));
	buf_init(&p->body, WEB_BODY_MAX);
	p->request = ask(p, url, &err);
	if (!p->request)
		call_fail(call, err.kind, "%s", err.text);
	free(url);
}

static void prometheus_cancel(struct call *call)
{
	struct prometheus_call *p = call->state;
	char *waiting = web_waits_for_proxy(p->request);

	p->cancelled = true;
	if (waiting)
		call_waiting(call, waiting);
	free(waiting);
	web_cancel(p->request);
	p->request = NULL;
	call_gone(call);
}

static void prometheus_release(struct call *call)
{
	struct prometheus_call *p = call->state;

	if (!p)
		return;
	web_cancel(p->request);
	buf_release(&p->body);
	free(p->what);
	free(p);
	call->state = NULL;
}

static const struct adapter_field fields[] = {
    {"value", "double", "the number, when the answer is exactly one; null otherwise"},
    {"series", "list",
        "each series: its labels and `value` (`values` too when a range was asked for)"},
    {"warnings", "list", "what the server warned of"},
    {"partial", "bool",
        "it warned, or said isPartial: the answer is about a part of the data only, and never well "
        "by itself unless an expression names `partial`"},
    {"infos", "list", "what it noted about the query"},
    {NULL, NULL, NULL},
};

const struct adapter adapter_prometheus = {
    .name = "prometheus",
    .help = "a PromQL query; fails on an error, and when there is no data",
    .forms = "PROMQL",
    .fields = fields,
    .succeeds = "an answer with data",
    .takes = ADAPTER_TEXT,
    .target_kind = "prometheus",
    .target_keys = prometheus_target_keys,
    .target_secrets = web_target_secrets,
    .target_needed = true,
    .parse = prometheus_parse,
    .target_parse = prometheus_target_parse,
    .place = web_place,
    .effect = prometheus_effect,
    .describe = prometheus_describe,
    .embeds = "query",
    .embed = promql_embed,
    .over = range_args,
    .start = prometheus_start,
    .cancel = prometheus_cancel,
    .release = prometheus_release,
};
