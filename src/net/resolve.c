/* Names to addresses. Invariant: the thread sees only `struct query`, which the work owns; the
 * `struct resolve` lives on the loop, until its answer or its cancellation. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fsops/mem.h"
#include "fsops/work.h"

/* The most addresses of one name that anybody is told. */
#define ADDRESSES_MAX 64

struct query {
	struct resolve *resolve; /* for done(), which never comes after a cancellation */
	char *host;
	char *addresses[ADDRESSES_MAX];
	size_t count;
	char *why; /* NULL: there are addresses */
};

struct resolve {
	resolve_fn *done;
	void *ctx;
	struct work *work;        /* a name: answered by a thread */
	struct loop_timer *timer; /* a numeric address, or no thread: answered in the next round */
	struct query *query;      /* ours only with the timer */
};

static void query_free(void *arg)
{
	struct query *query = arg;

	for (size_t i = 0; i < query->count; i++)
		free(query->addresses[i]);
	free(query->host);
	free(query->why);
	free(query);
}

static bool known(const struct query *query, const char *address)
{
	for (size_t i = 0; i < query->count; i++)
		if (strcmp(query->addresses[i], address) == 0)
			return true;
	return false;
}

static void add_address(struct query *query, const struct addrinfo *info)
{
	char text[NI_MAXHOST];

	if (query->count >= ADDRESSES_MAX ||
	    getnameinfo(info->ai_addr, info->ai_addrlen, text, sizeof(text), NULL, 0,
	        NI_NUMERICHOST) != 0 ||
	    known(query, text))
		return;
	query->addresses[query->count++] = mem_text(text);
}

/* Without AI_ADDRCONFIG: it hides "localhost" on a machine that has no other network. */
static int look_up(struct query *query, int flags)
{
	struct addrinfo hints = {
	    .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags};
	struct addrinfo *list = NULL;
	int why = getaddrinfo(query->host, NULL, &hints, &list);

	if (why == 0)
		for (const struct addrinfo *info = list; info; info = info->ai_next)
			add_address(query, info);
	else
		query->why = mem_text(why == EAI_SYSTEM ? strerror(errno) : gai_strerror(why));
	if (list)
		freeaddrinfo(list);
	return why;
}

static void run(void *arg)
{
	look_up(arg, 0);
}

static void answer(struct resolve *resolve, const struct query *query)
{
	if (query->count)
		resolve->done(
		    resolve->ctx, (const char *const *)query->addresses, query->count, NULL);
	else
		resolve->done(resolve->ctx, NULL, 0, query->why ? query->why : "no address");
}

static void done(void *arg)
{
	struct query *query = arg;
	struct resolve *resolve = query->resolve;

	answer(resolve, query);
	free(resolve);
}

static void on_time(void *ctx)
{
	struct resolve *resolve = ctx;

	answer(resolve, resolve->query);
	query_free(resolve->query);
	free(resolve);
}

/* "[::1]" is how a URL writes "::1". */
static char *bare_host(const char *host)
{
	size_t len = strlen(host);

	if (len > 2 && host[0] == '[' && host[len - 1] == ']')
		return mem_textn(host + 1, len - 2);
	return mem_text(host);
}

struct resolve *resolve_start(struct loop *loop, const char *host, resolve_fn *fn, void *ctx)
{
	struct resolve *resolve = mem_alloc(sizeof(*resolve));
	struct query *query = mem_alloc(sizeof(*query));
	struct work_spec spec = {.run = run, .done = done, .release = query_free, .arg = query};
	struct err err;

	*resolve = (struct resolve){.done = fn, .ctx = ctx};
	query->resolve = resolve;
	query->host = bare_host(host);
	if (look_up(query, AI_NUMERICHOST) != 0) {
		free(query->why);
		query->why = NULL;
		resolve->work = work_start(loop, &spec, &err);
		if (!resolve->work)
			query->why = mem_text(err.text);
	}
	if (!resolve->work) {
		resolve->query = query; /* transferred */
		resolve->timer = loop_after(loop, 0, on_time, resolve);
	}
	return resolve;
}

void resolve_cancel(struct resolve *resolve)
{
	if (!resolve)
		return;
	work_abandon(resolve->work);
	loop_cancel(resolve->timer);
	if (resolve->query)
		query_free(resolve->query);
	free(resolve);
}
