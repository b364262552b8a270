/* `kubectl logs`: the logs themselves, one after the other, as they come. Invariant: nothing of a log is kept. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "logs.h"
#include "span.h"

/* With a selector so many lines, unless a number is asked for. */
#define TAIL_SELECTED "10"

static void read_next(struct logs *logs);

/* ---- what is asked for ---- */

static void add_flag(struct buf *query, const char *name, bool on)
{
	if (on)
		kube_query_add(query, name, "true");
}

static void add_since(const struct native *native, struct buf *query)
{
	const char *since = native_value(native, NATIVE_SINCE);
	const char *moment = native_value(native, NATIVE_SINCE_TIME);
	int64_t nanos = 0;
	char text[32];

	if (since && span_read(since, &nanos) && nanos) {
		snprintf(text, sizeof(text), "%" PRId64, (nanos + 500000000) / 1000000000);
		kube_query_add(query, "sinceSeconds", text);
	}
	if (moment && *moment)
		kube_query_add(query, "sinceTime", moment);
}

static void add_tail(const struct native *native, struct buf *query)
{
	const char *tail = native_value(native, NATIVE_TAIL);
	const char *labels = native_value(native, NATIVE_SELECTOR);

	if (tail ? strcmp(tail, "-1") != 0 : labels && *labels)
		kube_query_add(query, "tailLines", tail ? tail : TAIL_SELECTED);
}

static char *query_of(const struct native *native, const char *container)
{
	const char *limit = native_value(native, NATIVE_LIMIT_BYTES);
	struct buf query;

	buf_init(&query, BUF_TEXT_MAX);
	kube_query_add(&query, "container", container);
	add_flag(&query, "follow", native_on(native, NATIVE_FOLLOW));
	if (limit && strcmp(limit, "0") != 0)
		kube_query_add(&query, "limitBytes", limit);
	add_flag(&query, "previous", native_on(native, NATIVE_PREVIOUS));
	add_since(native, &query);
	add_tail(native, &query);
	add_flag(&query, "timestamps", native_on(native, NATIVE_TIMESTAMPS));
	return buf_detach(&query);
}

/* ---- what comes ---- */

/* Each line with where it is from before it. */
static void print_prefixed(struct logs *logs, const char *data, size_t len)
{
	const struct log_source *source = &logs->sources[logs->at];
	char *prefix = mem_printf("[pod/%s/%s] ", source->pod, source->container);
	struct buf out;

	buf_init(&out, len * (strlen(prefix) + 1) + strlen(prefix));
	while (len) {
		const char *end = memchr(data, '\n', len);
		size_t line = end ? (size_t)(end - data) + 1 : len;

		if (!logs->line_begun)
			buf_adds(&out, prefix);
		buf_add(&out, data, line);
		logs->line_begun = !end;
		data += line;
		len -= line;
	}
	api_print(logs->api, out.data, out.len);
	buf_release(&out);
	free(prefix);
}

static int on_data(void *ctx, const char *data, size_t len, struct err *err)
{
	struct logs *logs = ctx;

	if (logs->api->ended)
		return err_set(err, ERR_LIMIT, "it is not wanted any more");
	if (native_on(&logs->api->native, NATIVE_PREFIX))
		print_prefixed(logs, data, len);
	else
		api_print(logs->api, data, len);
	return 0;
}

static void on_done(void *ctx, const struct kube_reply *reply)
{
	struct logs *logs = ctx;

	logs->request = NULL;
	if (logs->api->ended)
		return;
	if (reply->end != KUBE_DONE) {
		char *torn = reply->status ? mem_printf("error: %s", reply->message) : NULL;

		api_fail(logs->api, reply->end == KUBE_FAILED && torn ? torn : reply->line);
		free(torn);
		return;
	}
	logs->at++;
	read_next(logs);
}

static void read_next(struct logs *logs)
{
	static const struct kube_kind pods = {
	    .group = "", .version = "v1", .plural = "pods", .namespaced = true};
	const struct log_source *source = &logs->sources[logs->at];
	char *query, *path;

	if (logs->at == logs->source_count) {
		api_end(logs->api, 0);
		return;
	}
	logs->line_begun = false;
	query = query_of(&logs->api->native, source->container);
	path = kube_path(&pods, source->namespace, source->pod, "log", query);
	logs->request = kube_start(logs->api->kube, &logs->api->caller,
	    &(struct kube_ask){.path = path,
	        .accept = "application/json, */*",
	        .data = on_data,
	        .done = on_done,
	        .ctx = logs});
	free(query);
	free(path);
}

/* Several that are followed are read at once: that is kubectl's. */
void logs_read(struct logs *logs)
{
	if (native_on(&logs->api->native, NATIVE_FOLLOW) && logs->source_count > 1) {
		api_leave(logs->api);
		return;
	}
	api_complain(logs->api, logs->notes.data, logs->notes.len);
	read_next(logs);
}
